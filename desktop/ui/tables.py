"""Tables to read: rows are chosen and nothing is edited, and one column gets the width that is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

_PAGE, _ROW_PX = 200, 12

Row = TypeVar("Row")
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and the least width in pixels; numbers stand at the right."""

    heading: str
    width: int
    is_number: bool = False


class TableModel(QAbstractTableModel, Generic[Row]):
    """Rows in their order. What stands in them say `cell` and `details`."""

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self.columns = columns
        self._rows: list[Row] = []

    def cell(self, row: Row, column: int) -> str:
        """One cell's words."""
        raise NotImplementedError

    def details(self, row: Row) -> str:
        """What the tooltip says of a row."""
        raise NotImplementedError

    def show(self, rows: Sequence[Row], columns: Sequence[Column] | None = None) -> None:
        """Show these instead, under other columns where some are given."""
        self.beginResetModel()
        self._rows, self.columns = list(rows), columns or self.columns
        self.endResetModel()

    def row(self, index: _Index) -> Row | None:
        """What is shown there."""
        return self._rows[index.row()] if index.isValid() else None

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def headerData(
        self, section: int, side: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if side is Qt.Orientation.Vertical:  # never shown
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].heading
        return self._alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.cell(self._rows[index.row()], index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.details(self._rows[index.row()])
        return self._alignment(index.column()) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def _alignment(self, column: int) -> Qt.AlignmentFlag:
        right = self.columns[column].is_number
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter


class PagedModel(TableModel[Row]):
    """Reads its rows a page at a time, as one scrolls; `begin` reads the first page."""

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__(columns)
        self._more = False

    def read_after(self, row: Row | None, limit: int) -> Sequence[Row]:
        """The next rows, at most so many; None is the first ones."""
        raise NotImplementedError

    def begin(self) -> None:
        """Begin anew with the first page."""
        rows = self.read_after(None, _PAGE)
        self._more = len(rows) == _PAGE
        self.show(rows)

    def canFetchMore(self, parent: _Index) -> bool:
        return self._more and not parent.isValid()

    def fetchMore(self, parent: _Index) -> None:
        rows = self.read_after(self._rows[-1], _PAGE)
        self._more = len(rows) == _PAGE
        if rows:
            self.beginInsertRows(QModelIndex(), len(self._rows), len(self._rows) + len(rows) - 1)
            self._rows += rows
            self.endInsertRows()


class Table(QTableView):
    """Shows a model, and owns it. It scrolls sideways where it is narrow; one column gets what is left."""

    def __init__(self, model: TableModel[Row], name: str, stretched: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._least, self._stretched = model.columns[stretched].width, stretched
        model.setParent(self)
        self.setModel(model)
        self.setObjectName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        rows, header = self.verticalHeader(), self.horizontalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + _ROW_PX)
        header.setHighlightSections(False)
        for section, column in enumerate(model.columns):
            header.resizeSection(section, column.width)

    def height_of(self, rows: int) -> int:
        """Pixels of the headings and so many rows."""
        return self.horizontalHeader().sizeHint().height() + rows * self.verticalHeader().defaultSectionSize()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        header = self.horizontalHeader()
        others = header.length() - header.sectionSize(self._stretched)
        header.resizeSection(self._stretched, max(self._least, self.viewport().width() - others))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 60)
