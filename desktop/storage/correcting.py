"""Takes a gateway's figures over from its statement, where ours were estimates or an answer was left open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop.storage.ledger_values import Outcome, Settlement, State
from desktop.storage.reconciling import Report
from models.chat import Usage
from models.reconciling import Group, Pair
from models.statement import Line

if TYPE_CHECKING:
    from desktop.storage.ledger import Ledger
    from desktop.storage.ledger_values import LedgerRow

_SOURCE = "by the gateway’s statement"


@dataclass(frozen=True, slots=True)
class Correction:
    """One row of ours, and the statement's line of it; None where it is not in there, so not charged."""

    row_id: int
    line: Line | None


def corrections(report: Report) -> tuple[Correction, ...]:
    """What a statement can correct: estimates, and what an earlier run left open.

    What was left open counts against budgets until then. It is let go of where the statement of that very
    gateway covers its time without it; a statement that names no times, or no gateway, says nothing there.
    """
    pairs = [pair for group in (Group.MATCHED, Group.DIFFERING) for pair in report.found.groups[group]]
    stated = [Correction(pair.ours.id, pair.theirs) for pair in pairs if pair.ours and _can_settle(pair)]
    return (*stated, *_not_charged(report))


def correct(ledger: Ledger, steps: Sequence[Correction]) -> int:
    """Enter them; how many. One that changed meanwhile is left as it is. Raises StorageError."""
    done = 0
    for step in steps:
        row = ledger.get(step.row_id)
        if step.line is None:
            if row.state is State.EXPIRED:
                ledger.release(row.id, f"not charged, {_SOURCE}")
                done += 1
        elif row.state is State.EXPIRED or (row.state is State.SETTLED and row.estimated):
            note = f"{row.note}; {_SOURCE}" if row.note else _SOURCE
            usage = Usage(step.line.prompt, _cached(row, step.line), None, step.line.completion)
            name = step.line.request_id or None
            outcome = row.outcome or Outcome.STOPPED
            ledger.settle(row.id, Settlement(outcome, usage, request_id=name, note=note))
            done += 1
    return done


def _cached(row: LedgerRow, line: Line) -> int | None:
    """A statement doesn’t name cached tokens; what the gateway told of them with its answer stays true."""
    cached = row.usage.cached_tokens
    return None if cached is None or cached > (line.prompt or 0) else cached


def correction_words(steps: Sequence[Correction]) -> str:
    """What could be entered, as a sentence."""
    stated = sum(1 for step in steps if step.line is not None)
    gone = len(steps) - stated
    parts = []
    if stated:
        what = "request was" if stated == 1 else "requests were"
        parts.append(f"{stated:,} {what} estimated here, or left open; the statement has the figures.")
    if gone:
        what, it = ("request that was", "it") if gone == 1 else ("requests that were", "they")
        parts.append(f"{gone:,} {what} left open here {_are(gone)} not in it, so {it} need not count.")
    return " ".join(parts)


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _can_settle(pair: Pair) -> bool:
    ours, line = pair.ours, pair.theirs
    if ours is None or line is None or line.prompt is None or line.completion is None:
        return False
    return ours.estimated or ours.left_open


def _not_charged(report: Report) -> Iterator[Correction]:
    times = [line.at for line in report.statement.lines if line.at is not None]
    whole = len(times) == len(report.statement.lines) and not report.statement.unread
    if not report.provider or not times or not whole:
        return
    first, last = min(times), max(times)
    for pair in report.found.groups[Group.ONLY_OURS]:
        if pair.ours is not None and pair.ours.left_open and first <= pair.ours.at <= last:
            yield Correction(pair.ours.id, None)
