"""The outbound record as a CSV file that is whole or not there, written a piece at a time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

from desktop.storage.outbound_reports import RecordRow
from desktop.storage.usage_export import as_csv
from models.errors import AppError
from models.plain import shown


def line_values(row: RecordRow, titles: Mapping[int, str]) -> dict[str, object]:
    """One line of the record; None is unknown, or for no conversation."""
    sent, conversation = row.sent, row.sent.conversation_id
    return {
        "at": datetime.fromtimestamp(sent.at, UTC).isoformat(timespec="milliseconds"),
        "host": sent.host,
        "purpose": sent.purpose,
        "method": sent.method,
        "conversation": conversation,
        "title": titles.get(conversation) if conversation is not None else None,
        "bytes_out": sent.bytes_out,
        "bytes_in": sent.bytes_in,
        "status": sent.status,
        "decision": "refused" if sent.refused else "allowed",
        "why": sent.refused or None,
        "mode": sent.mode or None,
    }


class RecordFile:
    """Takes lines in any number of pieces; `finish` puts the file in the place of one that was there.

    Only this user can read it. Every method raises AppError for what the disk did.
    """

    def __init__(self, path: Path, titles: Mapping[int, str]) -> None:
        self._path, self._titles, self._begun = Path(os.path.realpath(path)), titles, False
        self._part = self._path.with_name(f".{self._path.name[:80]}.{token_hex(4)}.part")
        try:
            self._file = os.fdopen(os.open(self._part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
        except OSError as error:
            raise self._failed(error) from error

    def add(self, rows: Iterable[RecordRow]) -> None:
        """The next lines."""
        lines = list(as_csv(line_values(row, self._titles) for row in rows))
        self._write("".join(lines[1:] if self._begun else lines))
        self._begun = True

    def finish(self) -> None:
        """Make it the file."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.replace(self._path)
        except OSError as error:
            raise self._failed(error) from error

    def drop(self) -> None:
        """Leave nothing behind. Never raises."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _write(self, text: str) -> None:
        try:
            self._file.write(text.encode("utf-8", "replace"))
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> AppError:
        return AppError(
            f"“{shown(self._path)}” can’t be written: {error.strerror or error}.",
            "Choose another folder, or free some space.",
            title="The record was not exported.",
            details=repr(error),
        )
