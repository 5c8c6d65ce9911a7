"""Keeps what model files' headers said from one start to the next: reading 500 of them takes seconds."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from models.file_facts import FileFacts, Signature
from models.shapes import Shape

_VERSION = 1  # to be raised when a header is read in another way than before
_LARGEST = 32 << 20
_BOUND = 1 << 63
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)

Known = Mapping[Path, tuple[Signature, FileFacts]]


class KeptFacts:
    """A JSON file that can be made again. What of it can't be understood is not there; a disk that fails
    costs time only. Any thread, any number of processes: the last one to write wins.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[Path, tuple[Signature, FileFacts]]:
        """Facts by file, each with the signature that the file had when they were read."""
        try:
            with self._path.open("rb") as file:
                content = json.loads(file.read(_LARGEST))
            items = content["files"].items() if content["version"] == _VERSION else ()
            read = ((Path(name), _entry(value)) for name, value in items)
            return {path: entry for path, entry in read if entry is not None}
        except _UNREADABLE:
            return {}

    def write(self, known: Known) -> None:
        """Replace all of it."""
        files = {str(path): {"is": sign, "says": asdict(facts)} for path, (sign, facts) in known.items()}
        part = self._path.with_name(f"{self._path.name}.{secrets.token_hex(4)}.part")
        try:
            part.write_text(json.dumps({"version": _VERSION, "files": files}, separators=(",", ":")))
            part.replace(self._path)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _entry(value: Any) -> tuple[Signature, FileFacts] | None:
    try:
        signature = tuple(_numbers(one) for one in value["is"])
        facts = FileFacts(**value["says"] | {"shape": _shape(value["says"]["shape"])})
    except _UNREADABLE:
        return None
    return (signature, facts) if _makes_sense(facts) else None


def _shape(value: Any) -> Shape | None:
    if value is None:
        return None
    shape = Shape(**value | {"kv_heads": _numbers(value["kv_heads"]), "windows": _numbers(value["windows"])})
    single = {f.name: getattr(shape, f.name) for f in fields(shape)}
    for name in ("kv_heads", "windows", "keeps_values", "trained_context"):
        single.pop(name)
    _numbers(list(single.values()))
    if not len(shape.kv_heads) == len(shape.windows) == shape.layers or type(shape.keeps_values) is not bool:
        raise ValueError
    if not _maybe_number(shape.trained_context):
        raise ValueError
    return shape


def _makes_sense(facts: FileFacts) -> bool:
    texts = (facts.name, facts.architecture, facts.parameters, facts.quantisation, facts.licence)
    numbers = _maybe_number(facts.context_length) and type(facts.size_bytes) is int
    return numbers and all(type(text) is str for text in texts)


def _numbers(values: Any) -> tuple[int, ...]:
    if not all(type(value) is int and 0 <= value < _BOUND for value in values):
        raise ValueError
    return tuple(values)


def _maybe_number(value: object) -> bool:
    return value is None or (type(value) is int and 0 <= value < _BOUND)
