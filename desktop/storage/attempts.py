"""Who was asked for each answer, written down before anything is sent, so that nothing is sent twice."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import apsw

from desktop.storage.sqlite import transaction, translated

_INSERT = """
INSERT INTO attempt (key, turn_id, number, series, door, model, begun_at, begins_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING number
"""
_REOPEN = """
UPDATE message SET status = 'running', text = ?, reasoning = ?, receipt = ?, error = NULL WHERE id = ?
"""
_TRIES = "SELECT number, series, door, model, begins_at, error FROM attempt WHERE turn_id = ? ORDER BY number"


@dataclass(frozen=True, slots=True)
class Tried:
    """One try at an answer. `error` is its kind, "" where it ended well, None where nobody knows.

    `begins_at` is how many characters the answer had when it began.
    """

    number: int
    series: int
    door: str
    model: str
    begins_at: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Partial:
    """What an answer has when another goes on with it."""

    text: str = ""
    reasoning: str = ""
    receipt: Mapping[str, object] | None = None


class AttemptStore:
    """In the conversations' file. One thread only; each step is on the disk when it returns.

    Every method raises StorageError for what the disk or the file did, and then nothing has changed.
    """

    def __init__(self, connection: apsw.Connection, now: Callable[[], float] = time.time) -> None:
        self._connection, self._now = connection, now

    def tries(self, turn_id: int) -> Sequence[Tried]:
        """All tries at an answer, oldest first."""
        with translated():
            return [Tried(*row) for row in self._connection.execute(_TRIES, (turn_id,))]

    def claim(self, turn_id: int, key: str, tried: Tried, partial: Partial) -> bool:
        """Write down that this try begins, with what the answer has, which is RUNNING from then on.

        False where the key, or the number within the turn, was claimed before; then nothing has changed.
        All of it is one transaction: whatever happens afterwards, it is not sent a second time.
        """
        values = (key, turn_id, tried.number, tried.series, tried.door, tried.model)
        with translated(), transaction(self._connection):
            row = self._connection.execute(_INSERT, (*values, self._now(), tried.begins_at)).fetchone()
            if row is None:
                return False
            receipt = json.dumps(dict(partial.receipt)) if partial.receipt else None
            self._connection.execute(_REOPEN, (partial.text, partial.reasoning, receipt, turn_id))
        return True

    def ended(self, turn_id: int, number: int, error: str) -> None:
        """How a try ended: the error's kind, or "". What was written once stays."""
        with translated(), transaction(self._connection):
            self._connection.execute(
                "UPDATE attempt SET error = ? WHERE turn_id = ? AND number = ? AND error IS NULL",
                (error, turn_id, number),
            )
