"""The single attempts behind the figures: a table that reads its rows page by page as one scrolls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desktop.storage.ledger_values import LedgerRow, Outcome, Place, Purpose, State
from desktop.storage.usage_values import UsageFilter
from desktop.ui.choice import Choice
from desktop.ui.labels import plain_label
from desktop.ui.usage.left_open import LeftOpen
from models.money import exact

_PAGE, _HEIGHT_PX = 200, 320
_HEADINGS = ("Time", "Model", "Cost", "Read", "Written", "Where", "Ended", "Took", "For")
_WIDTHS = (164, 150, 124, 88, 88, 118, 96, 72, 80)
_NUMBERS = (2, 3, 4, 7)
_STATES = {State.SENT: "running", State.EXPIRED: "not settled", State.RELEASED: "not charged"}
_OUTCOMES = {Outcome.FINISHED: "finished", Outcome.STOPPED: "stopped", Outcome.FAILED: "failed"}
_PLACES = (("Anywhere", None), ("On this machine", Place.LOCAL), ("At gateways", Place.REMOTE))
_PURPOSES = (("For anything", None), *((f"For: {one.value}", one.value) for one in Purpose))

Read = Callable[[UsageFilter, int | None, int], tuple[LedgerRow, ...]]
_Index = QModelIndex | QPersistentModelIndex


class RowModel(QAbstractTableModel):
    """The rows of a filter, newest first; `read(filter, before, limit)` brings the next ones."""

    def __init__(self, read: Read, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._read = read
        self._wanted = UsageFilter()
        self._rows: list[LedgerRow] = []
        self._more = False

    def show_rows(self, wanted: UsageFilter) -> None:
        """Begin anew with the first page."""
        self.beginResetModel()
        self._wanted = wanted
        self._rows = list(self._read(wanted, None, _PAGE))
        self._more = len(self._rows) == _PAGE
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(_HEADINGS)

    def row(self, index: _Index) -> LedgerRow | None:
        """What is shown there."""
        return self._rows[index.row()] if index.isValid() else None

    def canFetchMore(self, parent: _Index) -> bool:
        return self._more and not parent.isValid()

    def fetchMore(self, parent: _Index) -> None:
        rows = self._read(self._wanted, self._rows[-1].id, _PAGE)
        self._more = len(rows) == _PAGE
        if rows:
            self.beginInsertRows(QModelIndex(), len(self._rows), len(self._rows) + len(rows) - 1)
            self._rows += rows
            self.endInsertRows()

    def headerData(
        self, section: int, side: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if side is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _HEADINGS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return cell(self._rows[index.row()], index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return details(self._rows[index.row()])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        return None


def cell(row: LedgerRow, column: int) -> str:
    """One cell's words; unknown is a dash, never zero."""
    attempt, usage = row.attempt, row.usage
    about = "≈ " if row.estimated else ""
    match column:
        case 0:
            return f"{datetime.fromtimestamp(row.sent_at):%Y-%m-%d %H:%M}"
        case 1:
            return attempt.model.removeprefix(f"{attempt.provider}/")
        case 5:
            return "this machine" if attempt.place is Place.LOCAL else attempt.provider
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
        row.attempt.route_reason,
        f"Price: {price.source}, {price.as_of}".rstrip(", ") if price else "",
        f"Not believed: {row.flaw}" if row.flaw else "",
        row.note or "",
        f"Request {row.request_id}" if row.request_id else "",
    )
    return "\n".join(part for part in parts if part)


class RowTable(QFrame):
    """The table with its filters."""

    def __init__(self, read: Read, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self._wanted = UsageFilter()
        self.rows = RowModel(read, self)
        self.view = self._make_view()
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

    def _make_view(self) -> QTableView:
        view = _View(self)
        view.setObjectName("usage-rows")
        view.setAccessibleName("Requests, the newest first")
        view.setModel(self.rows)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setTabKeyNavigation(False)
        view.setShowGrid(False)
        view.setWordWrap(False)
        view.setFixedHeight(_HEIGHT_PX)
        view.verticalHeader().hide()
        view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        view.verticalHeader().setDefaultSectionSize(view.fontMetrics().height() + 12)
        header = view.horizontalHeader()
        header.setHighlightSections(False)
        for section, width in enumerate(_WIDTHS):
            header.resizeSection(section, width)
        return view


class _View(QTableView):
    """Gives way in width: it scrolls sideways. The model gets the width that is left."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        header = self.horizontalHeader()
        others = header.length() - header.sectionSize(1)
        header.resizeSection(1, max(_WIDTHS[1], self.viewport().width() - others))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 120)


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in _NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
