"""What left this machine: one line for each request, kept for 90 days, without anything that was said."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

import apsw

from desktop.storage.local_days import QUARTER, bounds_of, by_day
from desktop.storage.sqlite import transaction, translated
from models.outbound import Sent
from models.plain import plain

KEPT_DAYS = 90
_DAY_S = 86_400
_LONGEST = 300
_MOST = 1 << 62
_COLUMNS = "at, host, purpose, method, bytes_out, bytes_in, status, refused, conversation_id, mode"
_INSERT = f"INSERT INTO outbound ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_BETWEEN = f"SELECT {_COLUMNS} FROM outbound WHERE at >= ? AND at < ? ORDER BY at, id"  # noqa: S608
_OF_ONE = f"SELECT {_COLUMNS} FROM outbound WHERE conversation_id = ? ORDER BY at, id"  # noqa: S608
_DAYS = f"""
SELECT {QUARTER}, count(*), sum(bytes_out), sum(bytes_in), sum(refused <> '') FROM outbound GROUP BY 1
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Day:
    """One day of this machine's clock; `requests` counts those that were `refused`, too."""

    day: date
    requests: int
    bytes_out: int
    bytes_in: int
    refused: int


class OutboundLog:
    """The record in the conversations' file. One thread only; lines are on the disk when `add` returns.

    Every method raises StorageError for what the disk or the file did, and then nothing has changed.
    """

    def __init__(self, connection: apsw.Connection, now: Callable[[], float] = time.time) -> None:
        self._connection = connection
        self._now = now

    def add(self, lines: Iterable[Sent]) -> None:
        """Keep these, all or none."""
        rows = [_row(line) for line in lines]
        if rows:
            with translated(), transaction(self._connection):
                self._connection.executemany(_INSERT, rows)

    def on(self, day: date) -> list[Sent]:
        """What left on a day of this machine's clock, the oldest first."""
        with translated():
            return [Sent(*row) for row in self._connection.execute(_BETWEEN, bounds_of(day))]

    def of(self, conversation_id: int) -> list[Sent]:
        """What left for a conversation, the oldest first."""
        with translated():
            return [Sent(*row) for row in self._connection.execute(_OF_ONE, (conversation_id,))]

    def days(self) -> list[Day]:
        """The days on which something left or was to leave, the newest first."""
        with translated():
            quarters = self._connection.execute(_DAYS).fetchall()
        return [Day(day, *counts) for day, counts in by_day(quarters)]

    def prune(self, days: int = KEPT_DAYS) -> int:
        """Delete what is older than so many days; how many lines that were."""
        with translated(), transaction(self._connection):
            before = (self._now() - days * _DAY_S,)
            self._connection.execute("DELETE FROM sent_content WHERE at < ?", before)
            self._connection.execute("DELETE FROM outbound WHERE at < ?", before)
            return self._connection.changes()


def _row(line: Sent) -> tuple[object, ...]:
    """A line as it is stored: no text longer than a sentence, no number that SQLite can't hold."""
    texts = (plain(text, _LONGEST) for text in (line.host, line.purpose, line.method))
    counts = (min(max(0, count), _MOST) for count in (line.bytes_out, line.bytes_in))
    return (
        float(line.at),
        *texts,
        *counts,
        line.status,
        plain(line.refused, _LONGEST),
        line.conversation_id,
        plain(line.mode, _LONGEST),
    )
