"""Attempts of the command line on their way into the ledger, whose file the window may be holding.

Each line is a whole attempt, written once it has ended. Lines wait beside the file until somebody can enter
them; they are then rows like any other, with the time at which they were sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

import apsw

from desktop.storage.held_file import held, let_go
from desktop.storage.late_ends import enter_end
from desktop.storage.ledger import Ledger
from desktop.storage.ledger_values import Attempt, Outcome, Place, Purpose, Settlement
from desktop.storage.sqlite import translated
from models.chat import Usage
from models.pricing import Price, Tier

_LARGEST = 64 << 20
_ENTERED = """
SELECT id FROM usage WHERE day BETWEEN ? AND ? AND sent_at = ? AND provider = ? AND model = ? AND attempt = ?
"""
_OPTIONAL = (int, type(None))
_KINDS: Mapping[str, tuple[type, ...]] = {
    "provider": (str,), "model": (str,), "route_reason": (str,), "number": (int,),
    "conversation_id": _OPTIONAL, "turn_id": _OPTIONAL, "prompt_limit": _OPTIONAL,
    "completion_limit": _OPTIONAL, "reported": (bool,), "duration_ms": _OPTIONAL, "ttft_ms": _OPTIONAL,
    "speed_mtps": _OPTIONAL, "request_id": (str, type(None)), "note": (str, type(None)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Waiting:
    """One attempt that has ended. `sent_at` is in seconds since 1970.

    One with a `row_id` was entered as sent already, before somebody else held the file.
    """

    attempt: Attempt
    sent_at: float
    settlement: Settlement
    row_id: int | None = None


class UsagePending:
    """The file of attempts that wait. Any number of programs may write to it. Raises StorageError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, one: Waiting) -> None:
        """Keep it; on the disk when this returns."""
        text = json.dumps(asdict(one), ensure_ascii=True) + "\n"
        with translated(self._path), held(self._path) as file:
            file.write(text.encode())

    def move_into(self, connection: apsw.Connection) -> int:
        """Enter all of them into the ledger; how many. Those not entered yet stay if that fails.

        What is no line of ours is dropped: half a line that a full disk left.
        """
        if not self._path.exists():
            return 0
        with translated(self._path), held(self._path) as file:
            file.seek(0)
            lines = file.read(_LARGEST).splitlines(keepends=True)
            moved = 0
            try:
                for one in _parsed(lines):
                    _enter(connection, one)
                    moved += 1
            except BaseException:
                kept = list(_sound(lines))[moved:]
                file.truncate(0)
                file.write(b"".join(kept))
                raise
            let_go(file, self._path)
        return moved


def _enter(connection: apsw.Connection, one: Waiting) -> None:
    """Once, also where the program ended after it had been entered and before it was off the file."""
    ledger, row_id = Ledger(connection, now=lambda: one.sent_at), one.row_id
    if row_id is None:
        row_id = _entered(connection, one)
    if row_id is None:
        row_id = ledger.reserve(one.attempt).id
    enter_end(ledger, row_id, one.attempt, one.settlement)


def _entered(connection: apsw.Connection, one: Waiting) -> int | None:
    """Its row, known by the moment at which it was sent, whatever the time zone was."""
    day = date.fromtimestamp(one.sent_at).toordinal()
    attempt = one.attempt
    with translated():
        found = connection.execute(
            _ENTERED, (day - 1, day + 1, one.sent_at, attempt.provider, attempt.model, attempt.number)
        ).fetchone()
    return int(found[0]) if found is not None else None


def _sound(lines: list[bytes]) -> Iterator[bytes]:
    return (line for line in lines if _read(line) is not None)


def _parsed(lines: list[bytes]) -> Iterator[Waiting]:
    return (one for line in lines if (one := _read(line)) is not None)


def _read(line: bytes) -> Waiting | None:
    try:
        values: Any = json.loads(line)
        sent_at = float(values["sent_at"])
        if not 0 <= sent_at < 4e9:
            return None
        row_id = values.get("row_id")
        if row_id is not None and (type(row_id) is not int or not 0 < row_id < 1 << 63):
            return None
        return Waiting(_attempt(values["attempt"]), sent_at, _settlement(values["settlement"]), row_id)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _attempt(values: dict[str, Any]) -> Attempt:
    plain = _plain(values, Attempt)
    if any(type(value) is int and value < 0 for value in plain.values()) or plain["number"] < 1:
        raise ValueError
    price = values["price"]
    if price is not None:
        price = Price(**{**price, "tiers": tuple(Tier(**tier) for tier in price["tiers"])})
    return Attempt(place=Place(values["place"]), purpose=Purpose(values["purpose"]), price=price, **plain)


def _settlement(values: dict[str, Any]) -> Settlement:
    plain = _plain(values, Settlement)
    if any(type(value) is int and value < 0 for value in plain.values()):
        raise ValueError
    return Settlement(outcome=Outcome(values["outcome"]), usage=Usage(**values["usage"]), **plain)


def _plain(values: dict[str, Any], kind: type[Attempt | Settlement]) -> dict[str, Any]:
    """The fields that are texts and numbers, as they have to be."""
    plain = {field.name: values[field.name] for field in fields(kind) if field.name in _KINDS}
    if any(type(value) not in _KINDS[name] for name, value in plain.items()):
        raise TypeError
    return plain
