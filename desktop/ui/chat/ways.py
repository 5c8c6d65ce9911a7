"""What can be done about a message that does not fit into a budget: a line and a button for each way."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QPushButton, QWidget

from desktop.ui.labels import ElidedLabel
from models.ways_on import Kind, Way

_TITLES = {
    Kind.SHORTEN: "A shorter answer",
    Kind.CHEAPER: "A cheaper model",
    Kind.LOCAL: "This machine",
    Kind.RAISE: "More money",
}
_GAP = 10
_BUTTONS = {
    Kind.SHORTEN: "Shorten it",
    Kind.CHEAPER: "Ask this one",
    Kind.LOCAL: "Answer here",
    Kind.RAISE: "Raise once",
}


class Ways(QWidget):
    """`chosen(Way)` when the user takes one; each is for one message only."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("ways-on")
        self.setAccessibleName("What you can do instead")
        self._shown: tuple[Way, ...] = ()
        self._grid = grid = QGridLayout(self)
        grid.setContentsMargins(0, 6, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(0, 1)
        self.hide()

    def show_ways(self, ways: Sequence[Way]) -> None:
        """Offer these; hidden where there are none."""
        if tuple(ways) != self._shown:
            self._shown = tuple(ways)
            self._clear()
            for row, way in enumerate(ways):
                self._add(row, way)
        self.setVisible(bool(ways))

    def _add(self, row: int, way: Way) -> None:
        title, words = ElidedLabel(self, "strong"), ElidedLabel(self)
        title.setText(_TITLES[way.kind])
        words.setText(described(way))
        words.setToolTip(words.text())
        button = QPushButton(_BUTTONS[way.kind], self)
        button.setObjectName(f"way-{way.kind.value}")
        button.setAccessibleName(f"{_BUTTONS[way.kind]}: {words.text()}")
        button.clicked.connect(lambda _on: self.chosen.emit(way))
        self._grid.addWidget(title, 3 * row, 0)
        self._grid.addWidget(words, 3 * row + 1, 0)
        self._grid.addWidget(button, 3 * row, 1, 2, 1, Qt.AlignmentFlag.AlignVCenter)
        self._grid.setRowMinimumHeight(max(3 * row - 1, 2), _GAP if row else 0)

    def _clear(self) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()


def described(way: Way) -> str:
    """What a way means, in numbers."""
    match way.kind:
        case Kind.SHORTEN:
            return f"At most {way.tokens:,} tokens"
        case Kind.CHEAPER:
            return f"At most {way.amount} · {way.name}"
        case Kind.LOCAL:
            return f"Free · {way.name}"
        case _ if way.amount:
            return f"By up to {way.amount}, only this time"
        case _:
            return "At a price that isn’t known, only this time"
