"""Our side of a gateway's statement: the rows it can be about, and what differs as lists for others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from desktop.storage.ledger_values import LedgerRow, Place, State
from desktop.storage.usage_values import UsageFilter
from models.money import exact
from models.pricing import Cost
from models.reconciling import Group, Ours, Pair, Reconciliation, Sums, reconcile
from models.statement import Line, Statement

GROUPS: Mapping[Group, str] = {
    Group.MATCHED: "Matched",
    Group.DIFFERING: "Differing",
    Group.ONLY_THEIRS: "Only in the statement",
    Group.ONLY_OURS: "Only here",
    Group.UNPAID: "Free here, and not in it",
}
"""The groups in words."""
DIFFERENT = (Group.DIFFERING, Group.ONLY_THEIRS, Group.ONLY_OURS)


@dataclass(frozen=True, slots=True)
class Report:
    """A statement that was compared, with what each group and all of them add up to.

    `provider` is the gateway that it is from, None where nobody said.
    """

    statement: Statement
    found: Reconciliation
    sums: Mapping[Group, Sums]
    whole: Sums
    provider: str | None = None

    def count(self, group: Group) -> int:
        """How many requests are in a group."""
        return len(self.found.groups[group])


def wanted(lines: Sequence[Line], provider: str | None, window_s: float) -> UsageFilter:
    """The rows that a statement can be about: a gateway's, of its days and those beside them."""
    times = [line.at for line in lines if line.at is not None]
    if not times or len(times) < len(lines):  # a line that names only its request may be of any day
        return UsageFilter(provider=provider, place=Place.REMOTE)
    first, last = (date.fromtimestamp(moment) for moment in (min(times) - window_s, max(times) + window_s))
    day = timedelta(days=1)
    return UsageFilter(
        (first - day).toordinal(), (last + day).toordinal(), provider=provider, place=Place.REMOTE
    )


def compared(
    statement: Statement, rows: Iterable[LedgerRow], window_s: float, provider: str | None = None
) -> Report:
    """Match them. Rows from before or after the statement’s time can’t be missing in it. Any thread."""
    times = [line.at for line in statement.lines if line.at is not None]
    named = {line.request_id for line in statement.lines}
    ours = [_ours(row) for row in rows]
    if times:
        first, last = min(times) - window_s, max(times) + window_s
        ours = [one for one in ours if first <= one.at <= last or one.request_id in named]
    found = reconcile(statement.lines, ours, window_s=window_s)
    return Report(statement, found, {group: found.sums(group) for group in Group}, found.sums(), provider)


def difference_rows(report: Report) -> Iterator[dict[str, object]]:
    """All that is not the same on both sides, for `as_csv` or JSON; amounts are whole nano-units."""
    for group in DIFFERENT:
        for pair in report.found.groups[group]:
            yield pair_values(group, pair)
    for one in report.statement.unread:
        yield {
            **pair_values(None, Pair(None, None)),
            "group": "unread",
            "line": one.number,
            "differs": one.why,
        }


def pair_values(group: Group | None, pair: Pair) -> dict[str, object]:
    """One request on both sides; None is unknown or not there."""
    theirs, ours = pair.theirs, pair.ours
    difference = pair.difference
    return {
        "group": group.value if group else None,
        "differs": "; ".join(pair.differs),
        "line": theirs.number if theirs else None,
        "id": ours.id if ours else None,
        "request_id": (theirs and theirs.request_id) or (ours and ours.request_id) or None,
        "their_time": _moment(theirs.at if theirs else None),
        "our_time": _moment(ours.at if ours else None),
        "their_model": (theirs.model or None) if theirs else None,
        "our_model": ours.model if ours else None,
        "their_prompt_tokens": theirs.prompt if theirs else None,
        "our_prompt_tokens": ours.prompt if ours else None,
        "their_completion_tokens": theirs.completion if theirs else None,
        "our_completion_tokens": ours.completion if ours else None,
        **_amount("their", theirs.cost if theirs else None),
        **_amount("our", ours.cost if ours else None),
        "difference_nano": difference.nano if difference is not None else None,
        "estimated_here": ours.estimated if ours else None,
    }


def report_values(report: Report) -> dict[str, object]:
    """Counts and sums for programs: whole nano-units, each currency by itself."""
    groups = {
        group.value: {"count": report.count(group), **_sums_values(report.sums[group])} for group in Group
    }
    return {
        "groups": groups,
        "all": _sums_values(report.whole),
        "unread": [{"line": one.number, "why": one.why} for one in report.statement.unread],
    }


def difference_words(sums: Sums) -> str:
    """What the statement has more or less than we do, each currency by itself, as a sentence."""
    parts = [
        f"{exact(Cost(abs(cost.nano), cost.currency))} {'more' if cost.nano > 0 else 'less'}"
        for cost in sums.differences.values()
        if cost.nano
    ]
    if not parts:
        return "The statement and what was written here come to the same."
    return f"In all, the statement has {' and '.join(parts)} than was written here."


def _ours(row: LedgerRow) -> Ours:
    return Ours(
        row.id,
        row.sent_at,
        row.attempt.model,
        row.request_id or "",
        row.usage.prompt_tokens,
        row.usage.completion_tokens,
        row.cost,
        bool(row.estimated),
        (row.duration_ms or 0) / 1000,
        row.state is State.EXPIRED,
    )


def _moment(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _amount(whose: str, cost: Cost | None) -> dict[str, object]:
    return {
        f"{whose}_cost_nano": cost.nano if cost else None,
        f"{whose}_currency": (cost.currency or None) if cost else None,
    }


def _sums_values(sums: Sums) -> dict[str, object]:
    sides = {"theirs": sums.theirs, "ours": sums.ours, "difference": sums.differences}
    return {side: {name: cost.nano for name, cost in costs.items()} for side, costs in sides.items()}
