"""The outbound record as a page shows it: filtered, page by page, with its sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import apsw

from desktop.storage.local_days import QUARTER, by_day
from desktop.storage.sqlite import translated
from models.outbound import Sent

_COLUMNS = "id, at, host, purpose, method, bytes_out, bytes_in, status, refused, conversation_id, mode"
_SUMS = "count(*), coalesce(sum(bytes_out), 0), coalesce(sum(bytes_in), 0), coalesce(sum(refused <> ''), 0)"


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Which lines: from `since` to before `until` (unix seconds), of a host, of a conversation.

    `refused` True are those that did not leave, False those that did; None leaves out none.
    """

    since: float | None = None
    until: float | None = None
    host: str = ""
    conversation_id: int | None = None
    refused: bool | None = None


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A line with its place in the file."""

    id: int
    sent: Sent


@dataclass(frozen=True, slots=True)
class RecordSums:
    """What lines come to; `requests` counts those that were `refused`, too."""

    requests: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    refused: int = 0


class OutboundReports:
    """Reads the record. One thread only; every method raises StorageError. 100,000 lines take about 0.1 s."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def rows(self, wanted: RecordFilter, after: RecordRow | None, limit: int) -> tuple[RecordRow, ...]:
        """The newest first; the next ones after a row."""
        where, values = _where(wanted)
        if after is not None:
            where += " AND (at, id) < (?, ?)"
            values += [after.sent.at, after.id]
        sql = f"SELECT {_COLUMNS} FROM outbound WHERE {where} ORDER BY at DESC, id DESC LIMIT ?"  # noqa: S608
        return tuple(RecordRow(row[0], Sent(*row[1:])) for row in self._read(sql, [*values, limit]))

    def sums(self, wanted: RecordFilter) -> RecordSums:
        """All lines together."""
        where, values = _where(wanted)
        (row,) = self._read(f"SELECT {_SUMS} FROM outbound WHERE {where}", values)  # noqa: S608
        return RecordSums(*row)

    def by_day(self, wanted: RecordFilter) -> list[tuple[date, RecordSums]]:
        """By the days of this machine's clock, the newest first."""
        return [(day, RecordSums(*sums)) for day, sums in by_day(self._grouped(QUARTER, wanted, "1"))]

    def by_conversation(self, wanted: RecordFilter) -> list[tuple[int | None, RecordSums]]:
        """By conversation, the one that sent most first; None is what was for no conversation."""
        rows = self._grouped("conversation_id", wanted, "3 DESC")
        return [(row[0], RecordSums(*row[1:])) for row in rows]

    def hosts(self) -> list[str]:
        """All hosts there are lines of, by name."""
        return [row[0] for row in self._read("SELECT DISTINCT host FROM outbound ORDER BY host", [])]

    def _grouped(self, by: str, wanted: RecordFilter, order: str) -> Sequence[Any]:
        where, values = _where(wanted)
        sql = f"SELECT {by}, {_SUMS} FROM outbound WHERE {where} GROUP BY 1 ORDER BY {order}"  # noqa: S608
        return self._read(sql, values)

    def _read(self, sql: str, values: Sequence[object]) -> Sequence[Any]:
        with translated():
            return self._connection.execute(sql, tuple(values)).fetchall()


def _where(wanted: RecordFilter) -> tuple[str, list[object]]:
    parts: list[tuple[str, object]] = [
        ("at >= ?", wanted.since),
        ("at < ?", wanted.until),
        ("host = ?", wanted.host or None),
        ("conversation_id = ?", wanted.conversation_id),
        ("(refused <> '') = ?", None if wanted.refused is None else int(wanted.refused)),
    ]
    held = [(sql, value) for sql, value in parts if value is not None]
    return " AND ".join(("1", *(sql for sql, _value in held))), [value for _sql, value in held]
