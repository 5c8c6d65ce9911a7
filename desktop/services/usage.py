"""What was used and spent, for the window: figures, rows, budgets and exports, read when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from desktop.services.export import Export, Pieces
from desktop.services.settings import SettingsService
from desktop.services.usage_names import names_of
from desktop.storage.ledger import Ledger
from desktop.storage.ledger_values import LedgerRow, State
from desktop.storage.table_file import Table
from desktop.storage.usage import UsageReports
from desktop.storage.usage_export import row_values, totals_values
from desktop.storage.usage_values import ModelKey, Panel, Span, Totals, UsageFilter
from desktop.system.budgets import read
from models.budget import Budget, BudgetState, Period
from models.errors import AppError, BadInput
from models.money import Rate, parse_nano
from models.pricing import Cost, Price

_T = TypeVar("_T")
_MOST_TODAY = 3_000
_OTHER_NAMES: Mapping[str, str] = {"RMB": "CNY"}  # in RMB no model is priced, so no message would fit


@dataclass(frozen=True, slots=True)
class Figures:
    """What the page shows at one moment. `titles` are those of the conversations that still exist.

    `today` are the rows, where the span is today and they are few enough to be shown by the hour. `names`
    are what the panel’s models are called.
    """

    span: Span
    wanted: UsageFilter
    panel: Panel
    titles: Mapping[int, str] = field(default_factory=dict)
    today: tuple[LedgerRow, ...] = ()
    names: Mapping[ModelKey, str] = field(default_factory=dict)


class UsageService(QObject):
    """Reads the ledger; GUI thread only. A million rows take up to 0.2 s, so ask once for what is shown.

    `changed` when a row was added or settled since, `budgets_changed` when the budgets are others,
    `exported(path)` once a file is whole, `failed` with an AppError for what could not be read or written.
    """

    changed = Signal()
    budgets_changed = Signal()
    exported = Signal(str)
    failed = Signal(object)

    def __init__(
        self,
        reports: UsageReports,
        ledger: Ledger,
        settings: SettingsService,
        *,
        prices: Callable[[], Mapping[str, Price]] = dict,
        titles: Callable[[], Mapping[int, str]] = dict,
        model_names: Callable[[], Mapping[str, str]] = dict,
        conversation: Callable[[], int | None] = lambda: None,
        today: Callable[[], date] = date.today,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._reports, self._ledger, self._settings = reports, ledger, settings
        self._prices, self._titles, self._conversation, self._today = prices, titles, conversation, today
        self._model_names = model_names
        self._exports: list[Export] = []
        self._budgets = settings.values.budgets
        settings.changed.connect(self._look_at_budgets)

    # -- figures

    def note_change(self) -> None:
        """Somebody added or settled a row."""
        self.changed.emit()

    def wanted(self, span: Span, model: str | None = None) -> UsageFilter:
        """The rows of a span that ends today."""
        return UsageFilter.over(span, self._today(), model=model)

    def figures(self, span: Span, model: str | None = None) -> Figures | None:
        """For a span and one model or all; None where the ledger can’t be read, which `failed` tells."""
        wanted = self.wanted(span, model)
        unread: Panel | None = None
        panel = self._read(lambda: self._reports.panel(wanted), unread)
        if panel is None:
            return None
        few = span is Span.TODAY and panel.totals.attempts <= _MOST_TODAY
        rows = self.rows(wanted, before=None, limit=_MOST_TODAY) if few else ()
        keys = [key for key, _sums in panel.by_model]
        names = names_of(keys, self._model_names(), self.providers())
        return Figures(span, wanted, panel, self._titles(), rows, names)

    def rows(self, wanted: UsageFilter, *, before: int | None, limit: int) -> tuple[LedgerRow, ...]:
        """A page of single attempts, the newest first."""
        nothing: tuple[LedgerRow, ...] = ()
        return self._read(lambda: self._reports.rows(wanted, before=before, limit=limit), nothing)

    def release(self, row_id: int) -> None:
        """The user knows that an attempt that was left open was not charged; one that wasn't stays."""

        def step() -> None:
            if self._ledger.get(row_id).state is State.EXPIRED:
                self._ledger.release(row_id, "not charged, as you said")
                self.changed.emit()

        self._read(step, None)

    def model_names(self) -> Mapping[str, str]:
        """What models are called, by their ids, as far as they are known."""
        return self._model_names()

    def prices(self) -> Mapping[str, Price]:
        """What gateways' models cost, as far as it is known, by the model's id."""
        return self._prices()

    @property
    def rate(self) -> Rate | None:
        """At which amounts are shown in another currency as well."""
        return self._settings.values.rate

    def keep_rate(self, rate: Rate | None) -> None:
        """Use another rate from today on; None for none."""
        dated = replace(rate, as_of=self._today().isoformat()) if rate else None
        if dated is None or self.rate is None or replace(dated, as_of=self.rate.as_of) != self.rate:
            self._settings.update(rate=dated)

    # -- budgets

    def providers(self) -> Mapping[str, str]:
        """The gateways that are set up: names by id."""
        return {one.id: one.name for one in self._settings.values.providers}

    def budgets(self) -> tuple[Budget, ...]:
        """As they are set, in their order."""
        return self._settings.values.budgets

    def budget_states(self) -> tuple[BudgetState, ...]:
        """What counts against each of `budgets` now; a conversation's is of the one that is open."""
        return self._read(self._states, ())

    def put_budget(self, budget: Budget, instead_of: Budget | None = None) -> None:
        """Add a budget, or change one. Raises BadInput where another is for the same already."""
        others = [one for one in self.budgets() if one != instead_of]
        if any(_same(one, budget) for one in others):
            raise BadInput(
                f"There is a budget in {budget.limit.currency} for this already.", "Change that one."
            )
        if instead_of in self.budgets():
            changed = tuple(budget if one == instead_of else one for one in self.budgets())
        else:
            changed = (*self.budgets(), budget)
        self._settings.update(budgets=changed)

    def remove_budget(self, budget: Budget) -> None:
        """Take it away; nothing where it is gone."""
        self._settings.update(budgets=tuple(one for one in self.budgets() if one != budget))

    def _states(self) -> tuple[BudgetState, ...]:
        """A conversation that isn't stored yet has used nothing."""
        number = self._conversation()
        known = self._ledger.budget_states(self.budgets(), number)
        by_budget = {state.budget: state for state in known}
        return tuple(
            by_budget.get(one) or BudgetState(one, Cost(0, one.limit.currency)) for one in self.budgets()
        )

    def _look_at_budgets(self) -> None:
        if self._settings.values.budgets != self._budgets:
            self._budgets = self._settings.values.budgets
            self.budgets_changed.emit()

    # -- export

    def export(self, path: Path, form: Table, wanted: UsageFilter, span: Span) -> None:
        """Write every row of a filter to a file, piece by piece while the window goes on."""
        sums = self._read(lambda: self._reports.totals(wanted), Totals())
        head = {"period": span.value, "model": wanted.model, "totals": totals_values(sums)}
        newest = self.rows(wanted, before=None, limit=1)
        pieces = self._pieces(wanted, newest[0].id + 1) if newest else iter(())
        export = Export(path, form, "The usage was not exported.", pieces, self, head)
        export.finished.connect(self.exported)
        export.failed.connect(self.failed)
        self._exports.append(export)
        export.start()

    def close(self) -> None:
        """The window closes: an export that isn't whole leaves nothing behind."""
        for export in self._exports:
            export.cancel()

    def _pieces(self, wanted: UsageFilter, before: int) -> Pieces:
        """The rows before an id, so that those which come meanwhile aren’t in it."""
        while rows := self._reports.rows(wanted, before=before, limit=500):
            yield [row_values(row) for row in rows]
            before = rows[-1].id

    def _read(self, read: Callable[[], _T], nothing: _T) -> _T:
        try:
            return read()
        except AppError as error:
            self.failed.emit(error)
            return nothing


def _same(one: Budget, other: Budget) -> bool:
    return (one.period, one.provider, one.limit.currency) == (
        other.period,
        other.provider,
        other.limit.currency,
    )


def budget_of(period: Period, provider: str, currency: str, limit: str) -> Budget:
    """A budget from what was typed. Raises BadInput, which names what to change."""
    letters = currency.strip().upper()
    letters = _OTHER_NAMES.get(letters, letters)
    nano = parse_nano(limit, what="The limit")
    found, bad = read([{"scope": period.value, "currency": letters, "limit": limit.strip(),
                        "provider": provider}])  # fmt: skip
    if bad or not found:
        raise BadInput("The currency can’t be used.", "Give three letters, such as CNY or USD.")
    if not nano:
        raise BadInput("With a limit of 0 nothing could be sent.", "Give an amount such as 12.50.")
    return found[0]
