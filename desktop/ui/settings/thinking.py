"""How long models may think, for all conversations that have nothing else set."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.system.options import NUMBERS
from desktop.ui.choice import Choice
from desktop.ui.labels import plain_label
from desktop.ui.options.fields import number

_KEY = "thinking_budget"
_OFFERED = (512, 1_024, 2_048, 4_096)
_OWN = -1


class ThinkingBudget(QWidget):
    """A choice of lengths in tokens; `chosen(int | None)`, None being no limit."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._value: int | None = None
        self.choice = Choice(self)
        self.choice.setObjectName("thinking-budget")
        self.choice.setAccessibleName("Thinking budget")
        self.choice.addItem("No limit", None)
        for tokens in _OFFERED:
            self.choice.addItem(f"{tokens:,} tokens", tokens)
        self.choice.addItem("Another number…", _OWN)
        self.choice.setMinimumWidth(170)
        self.own = QLineEdit(self)
        self.own.setObjectName("thinking-budget-own")
        self.own.setAccessibleName("Thinking budget in tokens")
        self.own.setPlaceholderText("Tokens")
        self.own.setFixedWidth(110)
        self._problem = plain_label(self, "problem")
        self.choice.activated.connect(lambda _index: self._on_choice())
        self.own.editingFinished.connect(self._on_own)
        self._build()

    def show_value(self, value: int | None) -> None:
        """What is set."""
        self._value = value
        offered = value is None or value in _OFFERED
        self.choice.setCurrentIndex(self.choice.findData(value if offered else _OWN))
        self.own.setText("" if value is None else number(_KEY, value))
        self.own.setVisible(not offered)
        self._say("")

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.choice)
        row.addWidget(self.own)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self._problem)

    def _on_choice(self) -> None:
        value = self.choice.currentData()
        if value == _OWN:
            self.own.setVisible(True)
            self.own.setFocus()
            return
        self.show_value(value)
        self.chosen.emit(value)

    def _on_own(self) -> None:
        if not self.own.text().strip():
            return
        try:
            value = int(NUMBERS[_KEY].parsed(self.own.text()))
        except ValueError as error:
            self._say(str(error))
            return
        self._say("")
        if value != self._value:
            self._value = value
            self.chosen.emit(value)

    def _say(self, problem: str) -> None:
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
