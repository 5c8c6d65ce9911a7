"""The record by day and by conversation: a short table whose rows narrow the lines below."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import QAbstractItemView, QWidget

from desktop.storage.outbound_reports import RecordSums
from desktop.ui.tables import Column, Table, TableModel
from models.units import size

_MOST_SHOWN = 6
_NUMBERS = tuple(Column(heading, 96, is_number=True) for heading in ("Requests", "Out", "In", "Refused"))
Group = tuple[object, str, RecordSums]
"""What a row stands for, its words, and its sums."""


class GroupModel(TableModel[Group]):
    """The groups in their order."""

    def __init__(self) -> None:
        super().__init__(_columns(""))

    def show_groups(self, heading: str, groups: Sequence[Group]) -> None:
        """Show others."""
        self.show(groups, _columns(heading))

    def cell(self, row: Group, column: int) -> str:
        _value, words, sums = row
        out, came = size(sums.bytes_out), size(sums.bytes_in)
        return (words, f"{sums.requests - sums.refused:,}", out, came, f"{sums.refused:,}")[column]

    def details(self, row: Group) -> str:
        _value, words, sums = row
        return f"{words}\n{sums.bytes_out:,} bytes out, {sums.bytes_in:,} bytes in"


class GroupTable(Table):
    """`chosen(value)` when a row is clicked, or entered by keyboard."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        self._groups = GroupModel()
        super().__init__(self._groups, "record-groups", 0, parent)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.clicked.connect(self._choose)
        self.activated.connect(self._choose)

    def show_groups(self, heading: str, groups: Sequence[Group]) -> None:
        """Show these, as high as they need, up to six rows."""
        self._groups.show_groups(heading, groups)
        self.setAccessibleName(f"What left, by {heading.lower()}")
        self.setFixedHeight(self.height_of(min(max(len(groups), 1), _MOST_SHOWN)) + 8)

    def _choose(self, index: QModelIndex) -> None:
        if (group := self._groups.row(index)) is not None:
            self.chosen.emit(group[0])


def _columns(heading: str) -> tuple[Column, ...]:
    return (Column(heading, 220), *_NUMBERS)
