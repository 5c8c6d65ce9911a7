"""Writes each attempt at an answer into the usage ledger, before it is sent and when it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal

from desktop.services.settings import SettingsService
from models.chat import ChatRequest, Finished, Usage
from models.errors import AppError, StorageError
from models.route import Route

if TYPE_CHECKING:
    from desktop.storage.ledger import Ledger
    from desktop.storage.ledger_values import Attempt, LedgerRow, Settlement
    from models.budget import Budget
    from models.candidates import Budget as Means
    from models.gateway import attempts
    from models.pricing import Cost, Price

T = TypeVar("T")
NOTHING_HEARD = Usage()


@dataclass(slots=True)
class Account:
    """What one answer costs so far. `nano` of `currency`; None is unknown. `row` is the one still open."""

    first: Attempt
    budgets: tuple[Budget, ...] = ()
    raised: bool = False
    row: int | None = None
    told: bool = False
    nano: int | None = 0
    currency: str = ""
    estimated: bool = False
    thinking_nano: int = 0
    began: float = field(default_factory=time.monotonic)

    def values(self) -> dict[str, object]:
        """For the answer's receipt."""
        values: dict[str, object] = {
            "nano": self.nano,
            "currency": self.currency,
            "estimated": self.estimated,
        }
        return values | ({"thinking_nano": self.thinking_nano} if self.thinking_nano else {})

    def carry(self, receipt: Mapping[str, object] | None, *, anew: bool = False) -> None:
        """What an answer that is gone on with has cost already; one begun `anew` only what is known of it."""
        before = (receipt or {}).get("cost")
        if not isinstance(before, Mapping) or (anew and not before.get("nano")):
            return
        nano, currency = before.get("nano"), before.get("currency")
        same = not self.currency or currency == self.currency
        self.nano = nano if isinstance(nano, int) and same else None
        self.currency = self.currency or (currency if isinstance(currency, str) else "")
        self.estimated = bool(before.get("estimated"))
        thinking = before.get("thinking_nano")
        self.thinking_nano = thinking if isinstance(thinking, int) and same else 0

    def follow(self, before: Account, told: int | None) -> None:
        """What the try before this one has cost is known only now; so much of it was `told` to this one."""
        if before.nano is None or told is None or self.nano is None:
            self.nano = None
        elif more := before.nano - told:
            same = not self.currency or self.currency == before.currency
            self.nano = self.nano + more if same else None
            self.currency = self.currency or before.currency
        self.estimated = self.estimated or before.estimated

    def add(self, row: LedgerRow) -> None:
        """What a settled row cost."""
        if row.cost is None:
            self.nano = None
        elif not row.free and self.nano is not None:
            self.nano += row.cost.nano
            self.currency = row.cost.currency or self.currency
            self.thinking_nano += row.thinking_nano
        nothing = row.cost is not None and not row.cost.nano  # as where a gateway broke down
        self.estimated = self.estimated or (bool(row.estimated) and not nothing)


class BookService(QObject):
    """Keeps the books of the answers in the window. GUI thread only.

    `changed` after a row was written or settled. `warned` carries a sentence: a budget is nearly used up,
    or a row can't be written; the answer is given all the same, where no budget is to be kept to.
    """

    changed = Signal()
    warned = Signal(str)

    def __init__(
        self,
        make: Callable[[], Ledger],
        settings: SettingsService,
        price: Callable[[str], Price | None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._make, self._settings, self._price = make, settings, price

    @cached_property
    def _ledger(self) -> Ledger:
        """Made before anything is sent: what an earlier run left open counts as expired then."""
        ledger = self._make()
        self._try(ledger.expire_open)
        return ledger

    def take_in(self, move: Callable[[], int]) -> None:
        """Enter what the command line could not while the window held the file."""
        moved = self._try(move)
        if moved:
            self.changed.emit()

    def open(
        self,
        route: Route,
        request: ChatRequest,
        conversation_id: int,
        turn_id: int,
        *,
        raised: bool = False,
        number: int = 1,
    ) -> tuple[Account, ChatRequest]:
        """Write the first attempt as sent; the account, and the request within what the budgets allow.

        `number` is which try of the answer this is; what a gateway tries again by itself comes after it.

        Raises OverBudget, or StorageError where a budget can't be looked at. With `raised` this one
        message may exceed them.
        """
        from desktop.storage import booking

        budgets = self._settings.values.budgets if route.backend == "gateway" else ()
        request = booking.limited(request) if budgets else request
        price = self._price(route.model) if route.backend == "gateway" else None
        first = booking.attempt_of(route, request, price, conversation_id=conversation_id, turn_id=turn_id)
        first = replace(first, number=max(number, 1))
        account = Account(first, budgets, raised, currency=price.currency if price else "")
        self._reserve(account, first)
        return account, request

    def repeat(self, account: Account, number: int) -> None:
        """Write another attempt as sent, once the one before has ended. Raises what `open` does.

        The budgets are those of now, where the request has an end that they can be kept by.
        """
        if account.first.completion_limit is not None:
            account.budgets = self._settings.values.budgets
        self._reserve(account, replace(account.first, number=account.first.number + number - 1))

    def _reserve(self, account: Account, attempt: Attempt) -> None:
        from models.money import short

        budgets = account.budgets
        try:
            reservation = self._ledger.reserve(attempt, budgets, raised=budgets if account.raised else ())
        except StorageError as error:
            if budgets:
                raise
            self.warned.emit(f"This answer will be missing in your usage. {error.cause}")
            return
        account.row = reservation.id
        for state in reservation.warnings:
            used, limit = short(state.used), short(state.budget.limit)
            self.warned.emit(f"With this message up to {used} of {limit} are used: {state.budget.words()}.")
        self.changed.emit()

    def most(self, route: Route, request: ChatRequest, conversation_id: int, price: Price) -> Cost | None:
        """What a message would cost at most by another route; None where that does not fit, either."""
        from desktop.storage import booking
        from models.pricing import worst_case

        request = booking.limited(request)
        attempt = booking.attempt_of(route, request, price, conversation_id=conversation_id)
        if not self._try(lambda: self._ledger.would_fit(attempt, self._settings.values.budgets)):
            return None
        return worst_case(attempt.prompt_limit or 0, attempt.completion_limit or 0, price)

    def means(self, conversation_id: int | None) -> Means | None:
        """What the budgets leave for one answer; None where none is set, or it can't be looked at now."""
        from models.means import means

        budgets = self._settings.values.budgets
        states = self._try(lambda: self._ledger.budget_states(budgets, conversation_id)) if budgets else None
        return means(states, "CNY") if states else None

    def attempted(self, account: Account, told: attempts.Attempt) -> None:
        """A gateway's attempt has ended; one that could not be written before is written now."""
        from desktop.storage import booking

        account.told = True
        settlement = booking.settlement_of(told)
        if account.row is None:
            again = replace(account.first, number=account.first.number + told.number - 1)
            self._write(account, lambda: self._ledger.settle(self._ledger.reserve(again).id, settlement))
        else:
            self._settle(account, settlement)

    def finish(
        self,
        account: Account,
        event: Finished | None,
        error: AppError | None = None,
        heard: Usage = NOTHING_HEARD,
    ) -> None:
        """The answer has ended, and nothing more comes of it: a local one's end, or one never asked for.

        `heard` is what there was of a local one that broke off.
        """
        from desktop.storage import booking
        from desktop.storage.ledger_values import Place

        if account.row is None:
            return
        if account.first.place is Place.REMOTE:
            self._settle(account, booking.never_asked(error))
            return
        took_s = time.monotonic() - account.began
        ended = booking.finished(event, took_s) if event else booking.broken_off(error, heard, took_s)
        self._settle(account, ended)

    def _try(self, step: Callable[[], T]) -> T | None:
        try:
            return step()
        except StorageError as error:
            self.warned.emit(f"Your usage can’t be written. {error.cause}")
            return None

    def _settle(self, account: Account, settlement: Settlement) -> None:
        row, account.row = account.row, None
        if row is not None:
            self._write(account, lambda: self._ledger.settle(row, settlement))

    def _write(self, account: Account, step: Callable[[], LedgerRow]) -> None:
        try:
            account.add(step())
        except StorageError as error:
            self.warned.emit(f"This answer is not complete in your usage. {error.cause}")
        self.changed.emit()
