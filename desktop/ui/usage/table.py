"""The single attempts behind the figures: a table that reads its rows page by page as one scrolls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.storage.ledger_values import LedgerRow, Outcome, Place, Purpose, State
from desktop.storage.usage_values import UsageFilter
from desktop.ui.choice import Choice
from desktop.ui.labels import plain_label
from desktop.ui.tables import Column, PagedModel, Table
from desktop.ui.usage.left_open import LeftOpen
from models.money import exact

_HEIGHT_PX = 320
_COLUMNS = (
    Column("Time", 164),
    Column("Model", 170),
    Column("Cost", 124, is_number=True),
    Column("Read", 88, is_number=True),
    Column("Written", 88, is_number=True),
    Column("Where", 118),
    Column("Ended", 96),
    Column("Took", 72, is_number=True),
    Column("For", 80),
)
_MODEL = 1
_NOBODY: Mapping[str, str] = {}
_STATES = {State.SENT: "running", State.EXPIRED: "not settled", State.RELEASED: "not charged"}
_OUTCOMES = {Outcome.FINISHED: "finished", Outcome.STOPPED: "stopped", Outcome.FAILED: "failed"}
_PLACES = (("Anywhere", None), ("On this machine", Place.LOCAL), ("At gateways", Place.REMOTE))
_PURPOSES = (("For anything", None), *((f"For: {one.value}", one.value) for one in Purpose))

Read = Callable[[UsageFilter, int | None, int], tuple[LedgerRow, ...]]
Names = Callable[[], Mapping[str, str]]


class RowModel(PagedModel[LedgerRow]):
    """The rows of a filter, newest first; `read(filter, before, limit)` brings the next ones."""

    def __init__(self, read: Read, names: Names, models: Names) -> None:
        super().__init__(_COLUMNS)
        self._read, self._names, self._wanted = read, names, UsageFilter()
        self._read_models: Names = models
        self._models: Mapping[str, str] = {}

    def show_rows(self, wanted: UsageFilter) -> None:
        """Begin anew with the first page."""
        self._wanted, self._models = wanted, self._read_models()
        self.begin()

    def read_after(self, row: LedgerRow | None, limit: int) -> tuple[LedgerRow, ...]:
        return self._read(self._wanted, None if row is None else row.id, limit)

    def cell(self, row: LedgerRow, column: int) -> str:
        return cell(row, column, self._names(), self._models)

    def details(self, row: LedgerRow) -> str:
        return details(row)


def cell(row: LedgerRow, column: int, names: Mapping[str, str], models: Mapping[str, str] = _NOBODY) -> str:
    """One cell's words, with gateways' and models' names by their ids; unknown is a dash, never zero."""
    attempt, usage = row.attempt, row.usage
    about = "≈ " if row.estimated else ""
    match column:
        case 0:
            return f"{datetime.fromtimestamp(row.sent_at):%Y-%m-%d %H:%M}"
        case 1:
            return models.get(attempt.model) or attempt.model.removeprefix(f"{attempt.provider}/")
        case 5:
            here = attempt.place is Place.LOCAL
            return "this machine" if here else names.get(attempt.provider, attempt.provider)
        case 3 | 4:
            count = usage.prompt_tokens if column == 3 else usage.completion_tokens
            return "–" if count is None else f"{about}{count:,}"
        case 2:
            return "–" if row.cost is None else f"{about if row.cost.currency else ''}{exact(row.cost)}"
        case 7:
            return "–" if row.duration_ms is None else f"{row.duration_ms / 1000:.1f} s"
        case 8:
            return attempt.purpose
    return _STATES.get(row.state) or (_OUTCOMES[row.outcome] if row.outcome else "–")


def details(row: LedgerRow) -> str:
    """What has no column of its own."""
    price = row.attempt.price
    parts = (
        row.attempt.model,
        row.attempt.route_reason,
        f"Price: {price.source}, {price.as_of}".rstrip(", ") if price else "",
        f"Not believed: {row.flaw}" if row.flaw else "",
        row.note or "",
        f"Request {row.request_id}" if row.request_id else "",
    )
    return "\n".join(part for part in parts if part)


class RowTable(QFrame):
    """The table with its filters."""

    def __init__(self, read: Read, names: Names, models: Names, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self._wanted = UsageFilter()
        self.rows = RowModel(read, names, models)
        self.view = Table(self.rows, "usage-rows", _MODEL, self)
        self.view.setAccessibleName("Requests, the newest first")
        self.view.setFixedHeight(_HEIGHT_PX)
        self._place = self._choice("usage-where", "Where the requests were answered", _PLACES)
        self._purpose = self._choice("usage-purpose", "What the requests were for", _PURPOSES)
        title = plain_label(self, "strong")
        title.setText("Requests")
        filters = QHBoxLayout()
        filters.setSpacing(8)
        filters.addWidget(self._place)
        filters.addWidget(self._purpose)
        filters.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(8)
        column.addWidget(title)
        column.addLayout(filters)
        column.addWidget(self.view)
        self.left_open = LeftOpen(self)
        column.addWidget(self.left_open)
        self.view.selectionModel().currentRowChanged.connect(
            lambda index, _before: self.left_open.show_row(self.rows.row(index))
        )
        self.rows.modelReset.connect(lambda: self.left_open.show_row(None))

    def show_rows(self, wanted: UsageFilter) -> None:
        """Show the rows of the page's filter that the table's own filters let through."""
        self._wanted = wanted
        self.rows.show_rows(self.wanted())

    def wanted(self) -> UsageFilter:
        """What is shown, and what an export writes."""
        place = _PLACES[self._place.currentIndex()][1]
        return replace(self._wanted, place=place, purpose=_PURPOSES[self._purpose.currentIndex()][1])

    def _choice(self, name: str, words: str, choices: tuple[tuple[str, object], ...]) -> Choice:
        choice = Choice(self)
        choice.setObjectName(name)
        choice.setAccessibleName(words)
        choice.addItems([text for text, _value in choices])
        choice.activated.connect(lambda _index: self.rows.show_rows(self.wanted()))
        return choice
