"""What of the files and folders that somebody points at can become models of the library."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from models.errors import AppError
from models.gguf import read_header
from models.plain import plain
from models.suitability import check_chat_model, parts, size_bytes

_MOST_FILES = 1000
_PART = re.compile(r"(?P<stem>.+)-\d{5}-of-(?P<count>\d{5})\.gguf")
_NO_FILE = "There is no such file any more."
_NOT_GGUF = "It is not a model. A model’s file ends in “.gguf”."
_EMPTY = "No model’s file (“.gguf”) is in this folder. Folders within it are not searched."
_UNREADABLE = "This folder can’t be read. Check who may open it."


class How(StrEnum):
    """Use the file where it lies, or bring it into Inshore's folder and leave or take the original."""

    IN_PLACE = "in place"
    COPY = "copy"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A complete chat model: all of its files, the first part first, and their size together.

    `linked` if one of them is a link, whose target belongs to somebody else.
    """

    files: tuple[Path, ...]
    name: str
    size_bytes: int
    linked: bool = False

    @property
    def path(self) -> Path:
        """What the library remembers it by."""
        return self.files[0]


@dataclass(frozen=True, slots=True)
class Refused:
    """What can't be a model, and why in a sentence."""

    path: Path
    words: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was found, in the order it was given; nothing twice."""

    candidates: tuple[Candidate, ...] = ()
    refused: tuple[Refused, ...] = ()


def gather(paths: Sequence[Path]) -> Gathered:
    """Look at files, and at the .gguf files directly in folders; a model in several files is one.

    Any of its parts stands for all. Reads headers only, 30 ms at most for each. Never raises an AppError.
    """
    found: dict[Path, Candidate | Refused] = {}
    for path in paths:
        absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
        for file in _files(absolute, found):
            first = _first_part(file)
            if first not in found:
                found[first] = _look(first)
    return Gathered(
        tuple(one for one in found.values() if isinstance(one, Candidate)),
        tuple(one for one in found.values() if isinstance(one, Refused)),
    )


def _files(path: Path, found: dict[Path, Candidate | Refused]) -> Iterator[Path]:
    """The file itself, or a folder's; a folder without any is put among the refused."""
    if not os.path.isdir(path):  # noqa: PTH112 - Path's raises where a folder may not be searched
        yield path
        return
    try:
        inside = sorted(file for file in path.iterdir() if file.suffix.lower() == ".gguf")
    except OSError:
        found[path] = Refused(path, _UNREADABLE)
        return
    files = [file for file in inside[:_MOST_FILES] if os.path.isfile(file)]  # noqa: PTH113 - as above
    if not files:
        found[path] = Refused(path, _EMPTY)
    yield from files


def _first_part(path: Path) -> Path:
    match = _PART.fullmatch(path.name)
    return path.with_name(f"{match['stem']}-00001-of-{match['count']}.gguf") if match else path


def _look(path: Path) -> Candidate | Refused:
    if not os.path.isfile(path):  # noqa: PTH113 - as above
        return Refused(path, _NO_FILE)
    try:
        header = read_header(path)
        check_chat_model(path, header)
        files = tuple(parts(path, header))
        size = size_bytes(path, header)
    except AppError as error:
        named = path.suffix.lower() == ".gguf"
        return Refused(path, f"{error.title} {error.cause}" if named else _NOT_GGUF)
    linked = any(file.is_symlink() for file in files)
    return Candidate(files, header.name or plain(path.stem), size, linked)
