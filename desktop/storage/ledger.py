"""The ledger: each attempt is written before it is sent, within its budgets, and settled once after.

A row is never deleted, and what was known before sending never changes; triggers see to both. One row
goes one way: sent → settled, or sent → expired → settled or released; an estimated settlement can be
corrected once by a reported one. Rows are ordered by id, whatever the clock did.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, datetime

import apsw

from desktop.storage.ledger_rows import COLUMNS, row_of
from desktop.storage.ledger_values import (
    Attempt,
    LedgerRow,
    Place,
    Reservation,
    Settlement,
    State,
)
from desktop.storage.sqlite import transaction, translated
from models.budget import Budget, BudgetState, Period, applicable, check_known, refused, window
from models.chat import Usage
from models.errors import OverBudget
from models.pricing import Cost, absurdity, cost_of, worst_case

_BEFORE = (
    "conversation_id, turn_id, purpose, provider, model, place, route_reason, attempt, sent_at, day, "
    "prompt_limit, completion_limit, currency, price_input_nano, price_output_nano, price_cached_nano, "
    "price_tiers, price_source, price_as_of, reserved_nano, raised, state, counts_nano"
)
_INSERT = f"INSERT INTO usage ({_BEFORE}) VALUES ({', '.join('?' * 23)}) RETURNING id"  # noqa: S608
_SETTLE = """
UPDATE usage SET state = 'settled', outcome = ?, counted = ?, prompt_tokens = ?, cached_tokens = ?,
    reasoning_tokens = ?, completion_tokens = ?, flaw = ?, duration_ms = ?, ttft_ms = ?, speed_mtps = ?,
    request_id = ?, note = ?, cost_nano = ?, counts_nano = ?
WHERE id = ?
"""
_EXPIRE = "UPDATE usage SET state = 'expired', note = ? WHERE state = 'sent' RETURNING id"
_RELEASE = "UPDATE usage SET state = 'released', note = ?, counts_nano = 0 WHERE id = ? AND state = 'expired'"
_ROW = f"SELECT {COLUMNS} FROM usage WHERE id = ?"  # noqa: S608
_USED = "SELECT coalesce(sum(counts_nano), 0) FROM {} WHERE currency = ? AND day BETWEEN ? AND ?"
_EXPIRED_NOTE = "Inshore ended before this answer did"
_SLACK_TOKENS = 1_000  # what a gateway's own template may add to a prompt


class Ledger:
    """The usage ledger in the conversations' file. One thread only; each step is on the disk when it returns.

    Every method raises StorageError for what the disk or the file did, and then nothing has changed.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        now: Callable[[], float] = time.time,
        local_day: Callable[[float], date] = lambda moment: datetime.fromtimestamp(moment).date(),
    ) -> None:
        self._connection, self._now, self._local_day = connection, now, local_day

    def at(self, moment: float) -> Ledger:
        """The same one with its clock at a moment (unix seconds): for what is written down later."""
        return Ledger(self._connection, lambda: moment, self._local_day)

    # -- before sending

    def reserve(
        self, attempt: Attempt, budgets: Iterable[Budget] = (), *, raised: Collection[Budget] = ()
    ) -> Reservation:
        """Write the attempt as sent, with its worst case set aside in every budget, or raise OverBudget.

        The check and the row are one transaction, so no two attempts can both get what is left once.
        `raised` are budgets the user lets this one message exceed. Local answers are free and always go.
        """
        kept = () if attempt.place is Place.LOCAL else self._binding(attempt, budgets, raised)
        reserved = _reserved(attempt)
        with translated(), transaction(self._connection):
            states = self._states(kept, attempt.conversation_id)
            if reserved is not None:
                _check(states, reserved, attempt)
            row = self._connection.execute(_INSERT, self._before(attempt, reserved, raised=bool(raised))).get
        warnings = (BudgetState(one.budget, one.used + reserved) for one in states if reserved is not None)
        return Reservation(int(row), reserved, tuple(one for one in warnings if one.warns))

    def would_fit(self, attempt: Attempt, budgets: Iterable[Budget]) -> bool:
        """Whether `reserve` would let this attempt go now; nothing is written."""
        try:
            kept = self._binding(attempt, budgets, ())
        except OverBudget:
            return False
        reserved = _reserved(attempt)
        with translated():
            states = self._states(kept, attempt.conversation_id)
        return reserved is None or all(one.fits(reserved) for one in states)

    def budget_states(
        self, budgets: Iterable[Budget], conversation_id: int | None = None
    ) -> tuple[BudgetState, ...]:
        """What counts against each budget now, reservations included; in the order given.

        A budget for a conversation is left out where none is named.
        """
        kept = [
            one for one in budgets if conversation_id is not None or one.period is not Period.CONVERSATION
        ]
        with translated():
            return self._states(kept, conversation_id)

    # -- after

    def settle(self, row_id: int, settlement: Settlement) -> LedgerRow:
        """Write how an attempt ended; the settled row.

        A usage that can't be true is flagged and kept out of all sums. Unless the cost is known from the
        gateway's own figures, the reservation goes on counting against budgets. An estimate can be
        settled again with the gateway's figures; settling anything else twice raises ValueError, as it
        is our mistake.
        """
        with translated(), transaction(self._connection):
            before = self._row(row_id)
            correcting = (
                before.state is State.SETTLED and settlement.reported and before.estimated is not False
            )
            if before.state not in (State.SENT, State.EXPIRED) and not correcting:
                raise ValueError(f"attempt {row_id} is settled already")
            self._connection.execute(_SETTLE, (*_after(before, settlement), row_id))
            return self._row(row_id)

    def expire_open(self, note: str = _EXPIRED_NOTE) -> Sequence[int]:
        """Mark what an earlier run left open; their ids. For the start of the program, before any sending.

        The gateway may have charged them, so their reservations go on counting until each of them is
        settled with the gateway's figures or released.
        """
        with translated(), transaction(self._connection):
            return [int(row[0]) for row in self._connection.execute(_EXPIRE, (note,))]

    def release(self, row_id: int, note: str) -> None:
        """Let an expired attempt count no more, because the user knows it was not charged."""
        with translated(), transaction(self._connection):
            self._connection.execute(_RELEASE, (note, row_id))
            if self._connection.changes() != 1:
                raise ValueError(f"attempt {row_id} has not expired")

    def get(self, row_id: int) -> LedgerRow:
        """One row; raises KeyError if there is none."""
        with translated():
            return self._row(row_id)

    def _row(self, row_id: int) -> LedgerRow:
        row = self._connection.execute(_ROW, (row_id,)).fetchone()
        if row is None:
            raise KeyError(row_id)
        return row_of(row)

    # -- budgets

    def _binding(
        self, attempt: Attempt, budgets: Iterable[Budget], raised: Collection[Budget]
    ) -> tuple[Budget, ...]:
        """Those to keep to, once it is sure that they can be kept."""
        in_conversation = attempt.conversation_id is not None
        bound = applicable(budgets, attempt.provider, in_conversation=in_conversation)
        kept = tuple(one for one in bound if one not in raised)
        check_known(kept, attempt.price)
        if kept and (attempt.prompt_limit is None or attempt.completion_limit is None):
            raise ValueError("an attempt within a budget has limits for its prompt and its answer")
        price = attempt.price
        return tuple(one for one in kept if price is not None and one.limit.currency == price.currency)

    def _states(self, budgets: Iterable[Budget], conversation_id: int | None) -> tuple[BudgetState, ...]:
        return tuple(BudgetState(one, self._used(one, conversation_id)) for one in budgets)

    def _used(self, budget: Budget, conversation_id: int | None) -> Cost:
        days = window(budget.period, self._local_day(self._now()))
        of_conversation = budget.period is Period.CONVERSATION
        query = _USED.format("usage_conversation_daily" if of_conversation else "usage_daily")
        values: list[object] = [budget.limit.currency, days.first, days.last]
        if of_conversation:
            query += " AND conversation_id = ?"
            values.append(conversation_id)
        if budget.provider:
            query += " AND provider = ?"
            values.append(budget.provider)
        return Cost(int(self._connection.execute(query, values).get), budget.limit.currency)

    def _before(self, attempt: Attempt, reserved: Cost | None, *, raised: bool) -> tuple[object, ...]:
        moment, price = self._now(), attempt.price
        tiers = (
            [[t.above_tokens, t.input_nano, t.output_nano, t.cached_nano] for t in price.tiers]
            if price
            else []
        )
        return (
            attempt.conversation_id, attempt.turn_id, attempt.purpose, attempt.provider, attempt.model,
            attempt.place, attempt.route_reason, attempt.number, float(moment),
            self._local_day(moment).toordinal(), attempt.prompt_limit, attempt.completion_limit,
            price.currency if price else "", price.input_nano if price else None,
            price.output_nano if price else None, price.cached_nano if price else None,
            json.dumps(tiers) if tiers else None, price.source if price else None,
            price.as_of if price else None, reserved.nano if reserved else None, raised, State.SENT,
            reserved.nano if reserved else 0,
        )  # fmt: skip


def _reserved(attempt: Attempt) -> Cost | None:
    """The worst case; None where it isn't known, as where the price or a limit isn't."""
    if attempt.price is None or attempt.prompt_limit is None or attempt.completion_limit is None:
        return None
    return worst_case(attempt.prompt_limit, attempt.completion_limit, attempt.price)


def _check(states: Iterable[BudgetState], reserved: Cost, attempt: Attempt) -> None:
    if attempt.price is None or attempt.prompt_limit is None or attempt.completion_limit is None:
        return
    tight = [one for one in states if not one.fits(reserved)]
    if tight:
        least = min(tight, key=lambda one: one.left.nano)
        raise refused(least, attempt.prompt_limit, attempt.completion_limit, attempt.price)


def _after(before: LedgerRow, settlement: Settlement) -> tuple[object, ...]:
    flaw = _flaw(before.attempt, settlement)
    usage = Usage() if flaw else settlement.usage
    cost = _cost(before.attempt, usage)
    sure = settlement.reported or usage.prompt_tokens == 0  # an estimate of nothing is that nobody read it
    counts = _counts(before, cost, sure=sure)
    return (
        settlement.outcome, "reported" if settlement.reported else "estimated", usage.prompt_tokens,
        usage.cached_tokens if usage.prompt_tokens is not None else None,
        usage.reasoning_tokens if usage.completion_tokens is not None else None,
        usage.completion_tokens, flaw or None,
        _else(settlement.duration_ms, before.duration_ms), _else(settlement.ttft_ms, before.ttft_ms),
        _else(settlement.speed_mtps, before.speed_mtps), settlement.request_id or before.request_id,
        settlement.note or (before.note if before.state is State.SETTLED else None),
        None if cost is None else cost.nano,
        counts.nano,
    )  # fmt: skip


def _counts(before: LedgerRow, cost: Cost | None, *, sure: bool) -> Cost:
    """What the gateway itself said, or surely did not do; else as much as it can have charged."""
    nothing = Cost(0, before.counts.currency)
    if sure and cost is not None:
        return cost
    return before.reserved or cost or nothing


def _else(value: int | None, before: int | None) -> int | None:
    return before if value is None else value


def _cost(attempt: Attempt, usage: Usage) -> Cost | None:
    """Free on this machine; unknown where the price or the tokens are."""
    if attempt.place is Place.LOCAL:
        return Cost(0, "")
    return cost_of(usage, attempt.price) if attempt.price is not None else None


def _flaw(attempt: Attempt, settlement: Settlement) -> str:
    """Why a usage isn't believed: it can't be true at all, or not of this request."""
    usage = settlement.usage
    flaw = f"can’t be true: {usage.flagged}" if usage.flagged else absurdity(usage)
    if flaw or not settlement.reported:
        return flaw
    for name, count, limit in (
        ("prompt", usage.prompt_tokens, attempt.prompt_limit),
        ("completion", usage.completion_tokens, attempt.completion_limit),
    ):
        if count is not None and limit is not None and count > 2 * limit + _SLACK_TOKENS:
            return f"more {name} tokens are reported than the request allows"
    return ""
