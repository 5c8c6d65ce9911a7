"""When each model answered last, and what its file was like then: one small JSON file."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_LARGEST = 1 << 20
_MOST = 1000
_BOUND = 1 << 62
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Note:
    """`used_at` in unix seconds; size and time of the file when it answered."""

    used_at: float
    size_bytes: int
    modified_ns: int


class Noted:
    """The notes of models by their ids. A disk that fails costs the notes and nothing else. One thread."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path, self._clock = path, clock
        self._notes: dict[str, Note] | None = None

    def of(self, model_id: str) -> Note | None:
        """What is known; None if it never answered."""
        return self._all().get(model_id)

    def has_changed(self, model_id: str, file: Path) -> bool:
        """Whether the file is another than when it answered last; False where that isn't known."""
        note, info = self.of(model_id), _info(file)
        return note is not None and info is not None and info != (note.size_bytes, note.modified_ns)

    def answered(self, model_id: str, file: Path) -> None:
        """It has answered now."""
        info = _info(file)
        if info is None:
            return
        notes = self._all()
        notes.pop(model_id, None)
        notes[model_id] = Note(self._clock(), *info)
        self._notes = dict(list(notes.items())[-_MOST:])
        self._write(self._notes)

    def _all(self) -> dict[str, Note]:
        if self._notes is None:
            self._notes = self._read()
        return self._notes

    def _read(self) -> dict[str, Note]:
        try:
            with self._path.open("rb") as file:
                values = json.loads(file.read(_LARGEST))
            return {str(name): note for name, value in values.items() if (note := _note(value)) is not None}
        except _UNREADABLE:
            return {}

    def _write(self, notes: dict[str, Note]) -> None:
        part = self._path.with_name(f"{self._path.name}.{secrets.token_hex(4)}.part")
        try:
            part.write_text(json.dumps({name: asdict(note) for name, note in notes.items()}, indent=1) + "\n")
            part.replace(self._path)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _note(value: Any) -> Note | None:
    try:
        note = Note(value["used_at"], value["size_bytes"], value["modified_ns"])
    except (KeyError, TypeError):
        return None
    numbers = (note.used_at, note.size_bytes, note.modified_ns)
    good = all(type(number) in (int, float) and 0 <= number < _BOUND for number in numbers)
    return note if good else None


def _info(file: Path) -> tuple[int, int] | None:
    try:
        info = file.stat()
    except (OSError, ValueError):
        return None
    return info.st_size, info.st_mtime_ns
