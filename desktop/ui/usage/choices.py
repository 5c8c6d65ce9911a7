"""A few choices beside each other, of which one holds: the span, and what the charts show."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSizePolicy, QWidget


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
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self._row.addStretch(1)
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
            self._row.removeWidget(button)
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
            self._row.insertWidget(number, button)
            button.show()
