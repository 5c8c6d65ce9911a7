"""The record by day and by conversation: a short table whose rows narrow the lines below."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QTableView, QWidget

from desktop.storage.outbound_reports import RecordSums
from desktop.ui.record.table import plain_table
from models.units import size

_WIDTHS = (220, 96, 96, 96, 96)
_MOST_SHOWN = 6
_Index = QModelIndex | QPersistentModelIndex
Group = tuple[object, str, RecordSums]
"""What a row stands for, its words, and its sums."""


class GroupModel(QAbstractTableModel):
    """The groups in their order."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.groups: Sequence[Group] = ()
        self._heading = ""

    def show_groups(self, heading: str, groups: Sequence[Group]) -> None:
        """Show others."""
        self.beginResetModel()
        self._heading, self.groups = heading, groups
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.groups)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(_WIDTHS)

    def headerData(
        self, section: int, side: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if side is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (self._heading, "Requests", "Out", "In", "Refused")[section]
        return _alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        _value, words, sums = self.groups[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            out, came = size(sums.bytes_out), size(sums.bytes_in)
            return (words, f"{sums.requests - sums.refused:,}", out, came, f"{sums.refused:,}")[
                index.column()
            ]
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{words}\n{sums.bytes_out:,} bytes out, {sums.bytes_in:,} bytes in"
        return _alignment(index.column()) if role == Qt.ItemDataRole.TextAlignmentRole else None


class GroupTable(QTableView):
    """`chosen(value)` when a row is clicked, or entered by keyboard."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._groups = GroupModel(self)
        self.setModel(self._groups)
        self.setObjectName("record-groups")
        plain_table(self)
        for section, width in enumerate(_WIDTHS):
            self.horizontalHeader().resizeSection(section, width)
        self.clicked.connect(self._choose)
        self.activated.connect(self._choose)

    def show_groups(self, heading: str, groups: Sequence[Group]) -> None:
        """Show these, as high as they need, up to six rows."""
        self._groups.show_groups(heading, groups)
        self.setAccessibleName(f"What left, by {heading.lower()}")
        rows = min(max(len(groups), 1), _MOST_SHOWN)
        row = self.verticalHeader().defaultSectionSize()
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + rows * row + 8)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        header = self.horizontalHeader()
        others = header.length() - header.sectionSize(0)
        header.resizeSection(0, max(_WIDTHS[0], self.viewport().width() - others))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 60)

    def _choose(self, index: QModelIndex) -> None:
        self.chosen.emit(self._groups.groups[index.row()][0])


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
