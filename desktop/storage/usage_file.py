"""An export of the ledger as a file that is whole or not there, written a piece at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Self

from desktop.storage.ledger_values import LedgerRow
from desktop.storage.usage_export import as_csv, row_values
from models.errors import AppError
from models.plain import shown


class Table(StrEnum):
    """The forms of an export; the value is the file's suffix."""

    CSV = "csv"
    JSON = "json"


class UsageFile:
    """Takes rows in any number of pieces; `finish` puts the file in the place of one that was there.

    Only this user can read it. Every method raises AppError for what the disk did, and the file that was
    there stays until `finish` has returned. CSV has one line for each row, JSON the `head` and "rows".
    """

    def __init__(self, path: Path, form: Table, head: Mapping[str, object]) -> None:
        self._path = Path(os.path.realpath(path))
        self._form, self._count = form, 0
        self._part = self._path.with_name(f".{self._path.name[:80]}.{token_hex(4)}.part")
        with _Translated(self._path):
            self._file = os.fdopen(os.open(self._part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
        if form is Table.JSON:
            self._write(json.dumps(dict(head), ensure_ascii=False)[:-1] + ', "rows": [')

    def add(self, rows: Iterable[LedgerRow]) -> None:
        """The next rows."""
        self.add_values(row_values(row) for row in rows)

    def add_values(self, rows: Iterable[Mapping[str, object]]) -> None:
        """The next rows as their values; all have the same names."""
        values = list(rows)
        if self._form is Table.JSON:
            lines = (json.dumps(one, ensure_ascii=False) for one in values)
            text = "".join(f"{',' if self._count + n else ''}\n{line}" for n, line in enumerate(lines))
        else:
            table = as_csv(values)
            text = "".join(line for n, line in enumerate(table) if n or not self._count)
        self._count += len(values)
        self._write(text)

    def finish(self) -> int:
        """Make it the file; how many rows it has."""
        if self._form is Table.JSON:
            self._write("\n]}\n")
        with _Translated(self._path):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.replace(self._path)
        return self._count

    def drop(self) -> None:
        """Leave nothing behind. Never raises."""
        with suppress(OSError):  # what could not be written is thrown away anyhow
            self._file.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _write(self, text: str) -> None:
        with _Translated(self._path):
            self._file.write(text.encode("utf-8", "replace"))


class _Translated:
    """Turns what the disk did into words."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, exc: BaseException | None, _trace: TracebackType | None) -> None:
        if isinstance(exc, OSError):
            raise AppError(
                f"“{shown(self._path)}” can’t be written: {exc.strerror or exc}.",
                "Choose another folder, or free some space.",
                title="The usage was not exported.",
                details=repr(exc),
            ) from exc
