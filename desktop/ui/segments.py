"""A few choices beside each other, of which one holds: a span of time, or what is listed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QPushButton, QSizePolicy, QWidget


class Segments(QWidget):
    """`chosen(value)` when the user takes another one; the arrow keys go through them."""

    chosen = Signal(object)

    def __init__(self, name: str, words: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(words)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._name, self._words = name, words
        self._group = QButtonGroup(self)
        self._values: list[object] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        self._group.idClicked.connect(lambda number: self.chosen.emit(self._values[number]))

    def show_choices(self, choices: Sequence[tuple[object, str]], current: object) -> None:
        """What there is to choose, and what holds now."""
        values = [value for value, _words in choices]
        if values != self._values:
            self._make(choices)
        for number, value in enumerate(values):
            self._group.button(number).setChecked(value == current)

    def _make(self, choices: Sequence[tuple[object, str]]) -> None:
        for button in self._group.buttons():
            self._group.removeButton(button)
            self._grid.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._values = [value for value, _words in choices]
        for number, (_value, words) in enumerate(choices):
            button = QPushButton(words, self)
            button.setObjectName(f"{self._name}-{words.lower().replace(' ', '-')}")
            button.setAccessibleName(f"{self._words}: {words}")
            button.setCheckable(True)
            button.setProperty("segment", True)
            self._group.addButton(button, number)
            button.show()
        self._lay_out()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def minimumSizeHint(self) -> QSize:
        """It can be as narrow as the widest choice."""
        widest = max((button.sizeHint().width() for button in self._group.buttons()), default=0)
        return QSize(widest, super().minimumSizeHint().height())

    def _lay_out(self) -> None:
        """In one row, or in as many as the width needs."""
        buttons = self._group.buttons()
        widths = [button.sizeHint().width() + self._grid.spacing() for button in buttons]
        columns = len(buttons)
        while columns > 1 and sum(widths[:columns]) > max(self.width(), widths[0]) + self._grid.spacing():
            columns -= 1
        for number, button in enumerate(buttons):
            self._grid.addWidget(button, *divmod(number, max(columns, 1)))
        for column in range(self._grid.columnCount() + 1):
            self._grid.setColumnStretch(column, 0)
        self._grid.setColumnStretch(len(buttons), 1)
