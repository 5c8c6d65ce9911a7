"""Writes an answer of `ask` into the usage ledger, before and after each attempt at it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from desktop.commands.services import Services
from desktop.commands.terminal import Terminal
from desktop.storage.booking import UNCHARGED, broken_off, finished, heard_of, settlement_of
from desktop.storage.ledger_values import Attempt, Outcome, Place, Settlement
from models.chat import ChatEvent, ChatRequest, Finished, ReasoningDelta, TextDelta, Usage
from models.errors import AppError, StorageBusy, StorageError
from models.money import short
from models.pricing import absurdity, cost_of

if TYPE_CHECKING:
    from desktop.storage.conditions import Condition
    from desktop.storage.ledger import Ledger
    from models.budget import Budget, BudgetState
    from models.gateway import attempts

_T = TypeVar("_T")
_PATIENCE_S = 0.2


class Books:
    """The rows of one answer: the first is written before anything is asked, each is settled once.

    A gateway's attempts are told to `attempted`, a local answer's end to `finish`; `fail` and `stop` settle
    what is still open. The file is open for moments only, so the window can start meanwhile; while the window
    holds it, attempts wait beside it. Where none can be kept that is said in one line, and the answer is
    given all the same.
    """

    def __init__(
        self,
        services: Services,
        terminal: Terminal,
        first: Attempt,
        budgets: Sequence[Budget] = (),
        *,
        raised: bool = False,
        request: ChatRequest | None = None,
    ) -> None:
        """Write the first row. Raises OverBudget, and StorageError where a budget can't be looked at.

        With `raised` this one answer may exceed the budgets. `request` is what was read for a local one.
        """
        self._request, self._began, self._tokens, self._thought = request, time.monotonic(), 0, 0
        self._services, self._terminal, self._first = services, terminal, first
        self._attempt = first
        self._raised = raised
        self._told = self._waiting = self._begun = self._blocked = False
        self._sent_at = time.time()
        self._id: int | None = None
        self._budgets = budgets
        self._id = self._reserved(first)
        self._begun = True

    def _reserved(self, attempt: Attempt) -> int | None:
        budgets = self._budgets
        if not budgets:
            return self._write(lambda ledger: ledger.reserve(attempt).id)
        reservation = self._opened(
            lambda ledger: ledger.reserve(attempt, budgets, raised=budgets if self._raised else ())
        )
        for state in reservation.warnings:
            used, limit = short(state.used), short(state.budget.limit)
            self._terminal.note(
                f"With this message up to {used} of {limit} are used: {state.budget.words()}."
            )
        return reservation.id

    def cost(self, usage: Usage) -> dict[str, object]:
        """For a program: whole nano-units, null where the price or the tokens aren't known."""
        if self._first.place is Place.LOCAL:
            return {"nano": 0, "currency": "CNY"}
        price = self._first.price
        if price is None:
            return {"nano": None, "currency": None}
        cost = None if usage.flagged or absurdity(usage) else cost_of(usage, price)
        return {"nano": cost.nano if cost else None, "currency": price.currency}

    def attempted(self, told: attempts.Attempt) -> None:
        """A gateway's attempt has ended; one after the first has a row of its own."""
        self._told = True
        settlement, number = settlement_of(told), self._first.number + told.number - 1
        if self._id is not None:
            self._settle(settlement)
        elif self._waiting:
            self._keep(replace(self._first, number=number), settlement)
        elif told.number > 1:
            again = replace(self._first, number=number)
            self._write(lambda ledger: ledger.settle(ledger.reserve(again).id, settlement))

    async def repeating(self, number: int) -> None:
        """Write another attempt, once the one before has ended. Raises what the first does."""
        if self._waiting:  # it is kept when it has ended
            return
        self._begun = self._told = False
        self._attempt = replace(self._first, number=self._first.number + number - 1)
        self._id = self._reserved(self._attempt)
        self._begun = True

    def heard(self, event: ChatEvent) -> None:
        """A part of a local answer, as it is told how many tokens there were up to it."""
        if isinstance(event, ReasoningDelta | TextDelta):
            self._tokens = max(self._tokens + 1, event.tokens)
        if isinstance(event, ReasoningDelta):
            self._thought = self._tokens

    def finish(self, event: Finished) -> None:
        """A local answer ended by itself."""
        self._settle(finished(event, time.monotonic() - self._began))

    def fail(self, error: AppError) -> None:
        """By an error."""
        self._break_off(error, Settlement(Outcome.FAILED, self._untold(), note=type(error).__name__))

    def stop(self) -> None:
        """By the user."""
        self._break_off(None, Settlement(Outcome.STOPPED, self._untold()))

    def _break_off(self, error: AppError | None, remote: Settlement) -> None:
        if self._first.place is Place.REMOTE or self._request is None:
            self._settle(remote)
            return
        heard = heard_of(self._request, self._tokens, self._thought)
        self._settle(broken_off(error, heard, time.monotonic() - self._began))

    def _untold(self) -> Usage:
        """What a gateway never was asked for costs nothing; each of its attempts is told."""
        return Usage() if self._told or self._first.place is Place.LOCAL else UNCHARGED

    def _settle(self, settlement: Settlement) -> None:
        from desktop.storage.late_ends import enter_end

        row_id, self._id = self._id, None
        if row_id is not None:
            self._blocked = False
            attempt = self._attempt
            if self._write(lambda ledger: enter_end(ledger, row_id, attempt, settlement)) is False:
                self._terminal.note("This answer is missing in your usage: its file is another one by now.")
            if self._blocked:
                self._keep(self._attempt, settlement, row_id)
        elif self._waiting and not self._told:
            self._told = True
            self._keep(self._first, settlement)

    def _keep(self, attempt: Attempt, settlement: Settlement, row_id: int | None = None) -> None:
        """Until the window, which holds the ledger, enters it; `row_id` is where it was written before."""
        from desktop.storage.usage_pending import UsagePending, Waiting

        try:
            pending = UsagePending(self._services.paths.usage_pending)
            pending.add(Waiting(attempt, self._sent_at, settlement, row_id))
        except StorageError as error:
            self._terminal.note(f"This answer is missing in your usage: {error.cause}")

    def _write(self, step: Callable[[Ledger], _T]) -> _T | None:
        try:
            return self._opened(step)
        except StorageBusy:
            self._waiting, self._blocked = not self._begun, self._begun
        except StorageError as error:
            self._terminal.note(f"This answer is missing in your usage: {error.cause}")
        return None

    def _opened(self, step: Callable[[Ledger], _T]) -> _T:
        from desktop.storage.database import open_database
        from desktop.storage.ledger import Ledger
        from desktop.storage.usage_pending import UsagePending

        paths = self._services.paths
        paths.create()
        with closing(
            open_database(paths.database, backups=paths.backups, patience_s=_PATIENCE_S)
        ) as connection:
            UsagePending(paths.usage_pending).move_into(connection)
            return step(Ledger(connection))


@contextmanager
def kept(
    services: Services,
    terminal: Terminal,
    first: Attempt,
    request: ChatRequest,
    budgets: Sequence[Budget] = (),
    *,
    raised: bool = False,
) -> Iterator[Books]:
    """The books of one answer, closed however it ends. Raises what `Books` does before anything is sent.

    With `raised` it may exceed the budgets.
    """
    books = Books(services, terminal, first, budgets, raised=raised, request=request)
    try:
        yield books
    except AppError as error:
        books.fail(error)
        raise
    finally:
        books.stop()  # nothing is left to settle but where the user ended it


def states_now(services: Services, budgets: Sequence[Budget]) -> Sequence[BudgetState]:
    """What counts against each budget now. Raises StorageError where that can't be looked at."""
    if not budgets:
        return ()
    from desktop.storage.database import open_database
    from desktop.storage.ledger import Ledger

    services.paths.create()
    database, backups = services.paths.database, services.paths.backups
    with closing(open_database(database, backups=backups, patience_s=_PATIENCE_S)) as connection:
        return Ledger(connection).budget_states(budgets)


def conditions_now(services: Services, models: Sequence[str]) -> Mapping[str, Condition]:
    """How gateways' models ("provider/name") did lately; nothing where that can't be looked at."""
    from desktop.storage.conditions import health_book
    from desktop.storage.database import open_database

    if not models or not services.paths.database.exists():
        return {}
    database, backups = services.paths.database, services.paths.backups
    try:
        with closing(open_database(database, backups=backups, patience_s=_PATIENCE_S)) as connection:
            book = health_book(connection)
            return {model: book.of(model.partition("/")[0], model) for model in models}
    except StorageError:
        return {}
