"""What the library tells of a model file, and how it knows that a file is still the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.gguf import read_header
from models.shapes import Shape, of_header
from models.suitability import check_chat_model, parts_by_name, size_bytes

Signature = tuple[tuple[int, ...], ...]
"""Numbers of all its parts that are there; others as soon as one is written, replaced, gone or back."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A chat model by its header. `size_bytes` is that of all its parts."""

    name: str
    architecture: str
    parameters: str
    quantisation: str
    context_length: int | None
    licence: str
    size_bytes: int
    shape: Shape | None


def read_facts(path: Path) -> FileFacts:
    """Read a file's header, some milliseconds; raises a ModelError if it is no complete chat model."""
    header = read_header(path)
    check_chat_model(path, header)
    return FileFacts(
        name=header.name,
        architecture=header.architecture,
        parameters=header.parameters_label,
        quantisation=header.quantisation,
        context_length=header.context_length,
        licence=header.licence,
        size_bytes=size_bytes(path, header),
        shape=of_header(header),
    )


def signature_of(path: Path) -> Signature:
    """One `stat` a part; empty if the file can't be looked at."""
    found = []
    for part in parts_by_name(path):
        try:
            info = part.stat()
        except (OSError, ValueError):
            break
        found.append((info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns))
    return tuple(found)
