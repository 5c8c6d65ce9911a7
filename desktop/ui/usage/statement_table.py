"""The requests of a comparison: theirs and ours beside each other, in a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from models.money import exact
from models.pricing import Cost
from models.reconciling import Pair

_HEADINGS = ("Time", "Model", "Cost there", "Cost here", "Tokens there", "Tokens here", "What differs")
_WIDTHS = (152, 120, 100, 100, 118, 118, 320)
_NUMBERS = (2, 3, 4, 5)
_MOST_ROWS, _ROW_PX = 8, 12
_Index = QModelIndex | QPersistentModelIndex


class PairModel(QAbstractTableModel):
    """The pairs of one group, in its order."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pairs: Sequence[Pair] = ()

    def show_pairs(self, pairs: Sequence[Pair]) -> None:
        """Show these instead."""
        self.beginResetModel()
        self._pairs = pairs
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._pairs)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(_HEADINGS)

    def headerData(
        self, section: int, side: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if side is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _HEADINGS[section]
        return _alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return cell(self._pairs[index.row()], index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return details(self._pairs[index.row()])
        return _alignment(index.column()) if role == Qt.ItemDataRole.TextAlignmentRole else None


def cell(pair: Pair, column: int) -> str:
    """One cell's words; a dash for what is not known or not there."""
    theirs, ours = pair.theirs, pair.ours
    match column:
        case 0:
            at = theirs.at if theirs is not None and theirs.at is not None else ours.at if ours else None
            return "–" if at is None else f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M}"
        case 1:
            name = (theirs and theirs.model) or (ours and ours.model) or "–"
            return name.rpartition("/")[2] or name
        case 2:
            return _money(theirs.cost if theirs else None)
        case 3:
            return _money(ours.cost if ours else None)
        case 4:
            return _tokens(theirs.prompt, theirs.completion) if theirs else "–"
        case 5:
            return _tokens(ours.prompt, ours.completion) if ours else "–"
    return "; ".join(pair.differs)


def details(pair: Pair) -> str:
    """What has no column of its own."""
    theirs, ours = pair.theirs, pair.ours
    request = (theirs and theirs.request_id) or (ours and ours.request_id)
    names = dict.fromkeys(one.model for one in (theirs, ours) if one is not None and one.model)
    parts = (
        "; ".join(pair.differs),
        " · ".join(names),
        f"Line {theirs.number} of the statement" if theirs else "",
        f"Request {request}" if request else "",
        "Counted here, as the gateway told no numbers" if ours and ours.estimated else "",
    )
    return "\n".join(filter(None, parts))


def _money(cost: Cost | None) -> str:
    return "–" if cost is None else exact(cost)


def _tokens(prompt: int | None, completion: int | None) -> str:
    return " + ".join("–" if count is None else f"{count:,}" for count in (prompt, completion))


class PairTable(QTableView):
    """Gives way in width: it scrolls sideways. What differs gets the width that is left."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.pairs = PairModel(self)
        self.setObjectName("statement-rows")
        self.setAccessibleName("Requests of the statement beside those written here")
        self.setModel(self.pairs)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + _ROW_PX)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        for section, width in enumerate(_WIDTHS):
            header.resizeSection(section, width)

    def show_pairs(self, pairs: Sequence[Pair]) -> None:
        """Show these, as many of them at once as are few."""
        self.pairs.show_pairs(pairs)
        rows = min(max(len(pairs), 2), _MOST_ROWS) * self.verticalHeader().defaultSectionSize()
        frame = self.horizontalHeader().sizeHint().height() + self.horizontalScrollBar().sizeHint().height()
        self.setFixedHeight(rows + frame + 4)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        header, last = self.horizontalHeader(), len(_WIDTHS) - 1
        others = header.length() - header.sectionSize(last)
        header.resizeSection(last, max(_WIDTHS[last], self.viewport().width() - others))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 120)


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in _NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
