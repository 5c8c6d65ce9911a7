"""The single lines of the record: a table that reads them page by page as one scrolls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from desktop.storage.outbound_reports import RecordFilter, RecordRow
from models.units import size

_PAGE, _HEIGHT_PX = 200, 340
_HEADINGS = ("Time", "Host", "For", "Out", "In", "Decision", "Mode", "Conversation")
_WIDTHS = (112, 158, 112, 84, 84, 84, 68, 96)
_NUMBERS = (3, 4)
_STRETCHED = 7

Read = Callable[[RecordFilter, RecordRow | None, int], tuple[RecordRow, ...]]
_Index = QModelIndex | QPersistentModelIndex


class LineModel(QAbstractTableModel):
    """The lines of a filter, newest first; `read(filter, after, limit)` brings the next ones."""

    def __init__(self, read: Read, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._read, self._wanted = read, RecordFilter()
        self._titles: Mapping[int, str] = {}
        self._rows: list[RecordRow] = []
        self._more = False

    def show_rows(self, wanted: RecordFilter, titles: Mapping[int, str]) -> None:
        """Begin anew with the first page."""
        self.beginResetModel()
        self._wanted, self._titles = wanted, titles
        self._rows = list(self._read(wanted, None, _PAGE))
        self._more = len(self._rows) == _PAGE
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(_HEADINGS)

    def canFetchMore(self, parent: _Index) -> bool:
        return self._more and not parent.isValid()

    def fetchMore(self, parent: _Index) -> None:
        rows = self._read(self._wanted, self._rows[-1], _PAGE)
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
        return _alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return cell(self._rows[index.row()], index.column(), self._titles)
        if role == Qt.ItemDataRole.ToolTipRole:
            return details(self._rows[index.row()], self._titles)
        return _alignment(index.column()) if role == Qt.ItemDataRole.TextAlignmentRole else None


def cell(row: RecordRow, column: int, titles: Mapping[int, str]) -> str:
    """One cell's words."""
    sent = row.sent
    decision = "refused" if sent.refused else "allowed"
    words = (
        f"{datetime.fromtimestamp(sent.at):%m-%d %H:%M}",
        sent.host,
        sent.purpose,
        size(sent.bytes_out),
        size(sent.bytes_in),
        decision,
        sent.mode or "–",
        conversation_words(sent.conversation_id, titles),
    )
    return words[column]


def conversation_words(conversation_id: int | None, titles: Mapping[int, str]) -> str:
    """The title, or what stands for one."""
    if conversation_id is None:
        return "–"
    return titles.get(conversation_id, "deleted since")


def details(row: RecordRow, titles: Mapping[int, str]) -> str:
    """The line in full, with what has no column of its own."""
    sent = row.sent
    parts = (
        f"{datetime.fromtimestamp(sent.at):%Y-%m-%d %H:%M:%S}",
        f"{sent.method} {sent.host}, for {sent.purpose}",
        conversation_words(sent.conversation_id, titles) if sent.conversation_id is not None else "",
        f"{sent.bytes_out:,} bytes out, {sent.bytes_in:,} bytes in",
        f"Refused: {sent.refused}" if sent.refused else "",
        f"Answered with status {sent.status}" if sent.status is not None else "",
    )
    return "\n".join(part for part in parts if part)


class LineTable(QTableView):
    """The table. It gives way in width: it scrolls sideways; the conversation gets the width that is left."""

    def __init__(self, read: Read, parent: QWidget) -> None:
        super().__init__(parent)
        self.lines = LineModel(read, self)
        self.setModel(self.lines)
        self.setObjectName("record-lines")
        self.setAccessibleName("What left, the newest first")
        plain_table(self)
        self.setFixedHeight(_HEIGHT_PX)
        for section, width in enumerate(_WIDTHS):
            self.horizontalHeader().resizeSection(section, width)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        header = self.horizontalHeader()
        others = header.length() - header.sectionSize(_STRETCHED)
        header.resizeSection(_STRETCHED, max(_WIDTHS[_STRETCHED], self.viewport().width() - others))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 120)


def plain_table(view: QTableView) -> None:
    """A table to read: rows are chosen, nothing is edited, no grid."""
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setTabKeyNavigation(False)
    view.setShowGrid(False)
    view.setWordWrap(False)
    view.verticalHeader().hide()
    view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    view.verticalHeader().setDefaultSectionSize(view.fontMetrics().height() + 12)
    view.horizontalHeader().setHighlightSections(False)


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in _NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
