"""A file for others that is whole or not there: written beside its place, then put into it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Self

from models.errors import AppError
from models.plain import shown


class WholeFile:
    """Takes text in any number of pieces; `finish` puts the file in the place of one that was there.

    Only this user can read it. For what the disk did, every method raises an AppError with the title
    `failed`; the file that was there stays until `finish` has returned.
    """

    def __init__(self, path: Path, failed: str) -> None:
        self._path = Path(os.path.realpath(path))
        self._part = self._path.with_name(f".{self._path.name[:80]}.{token_hex(4)}.part")
        self._translated = _Translated(path, failed)
        with self._translated:
            self._file = os.fdopen(os.open(self._part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")

    def write(self, text: str) -> None:
        """The next piece; what UTF-8 can't hold becomes “?”."""
        with self._translated:
            self._file.write(text.encode("utf-8", "replace"))

    def finish(self) -> None:
        """Make it the file."""
        with self._translated:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.replace(self._path)

    def drop(self) -> None:
        """Leave nothing half written behind; nothing after `finish`. Never raises."""
        with suppress(OSError):  # what could not be written is thrown away anyhow
            self._file.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)


class _Translated:
    """Turns what the disk did into words."""

    def __init__(self, path: Path, failed: str) -> None:
        self._path, self._failed = path, failed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, exc: BaseException | None, _trace: TracebackType | None) -> None:
        if isinstance(exc, OSError):
            raise AppError(
                f"“{shown(self._path)}” can’t be written: {exc.strerror or exc}.",
                "Choose another folder, or free some space.",
                title=self._failed,
                details=repr(exc),
            ) from exc
