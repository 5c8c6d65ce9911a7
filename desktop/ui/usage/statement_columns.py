"""Which column of a statement is what: guessed from its headings, and changed by whoever knows better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.ui.choice import Choice
from desktop.ui.labels import plain_label
from models.statement import WORDS, Column, Mapped

_NONE = -1
_ANY = "Any gateway"
_NARROW = 560


class ColumnsForm(QWidget):
    """`changed` when something else was chosen; `mapped()` and `provider()` say what holds."""

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("statement-columns")
        self._choices = {column: self._choice(column.value, WORDS[column]) for column in Column}
        self._provider = self._choice("provider", "The gateway that it is from")
        self.currency = QLineEdit(self)
        self.currency.setObjectName("statement-currency-name")
        self.currency.setAccessibleName("Currency of costs that don’t name theirs, three letters")
        self.currency.setPlaceholderText("CNY")
        self.currency.setMaxLength(3)
        self.currency.editingFinished.connect(self._tell)
        self._said: tuple[Mapped, str | None] | None = None
        self._build()

    def show_header(self, header: Sequence[str], mapped: Mapped, providers: Mapping[str, str]) -> None:
        """The columns there are, and which of them is what as far as it is known."""
        for column, choice in self._choices.items():
            choice.clear()
            choice.addItem("Not in it", _NONE)
            for at, name in enumerate(header):
                choice.addItem(name, at)
            choice.setCurrentIndex(mapped.columns.get(column, _NONE) + 1)
        self._provider.clear()
        for value, name in {"": _ANY, **providers}.items():
            self._provider.addItem(name, value)
        self._provider.setCurrentIndex(1 if len(providers) == 1 else 0)
        self.currency.setText(mapped.currency)
        self._said = (self.mapped(), self.provider())

    def mapped(self) -> Mapped:
        """What is chosen; of two that name one column the first has it."""
        columns: dict[Column, int] = {}
        for column, choice in self._choices.items():
            at = choice.currentData()
            if at != _NONE and at not in columns.values():
                columns[column] = at
        return Mapped(columns, self.currency.text().strip().upper())

    def provider(self) -> str | None:
        """The gateway’s id; None is any."""
        return self._provider.currentData() or None

    def _tell(self) -> None:
        if (now := (self.mapped(), self.provider())) != self._said:
            self._said = now
            self.changed.emit()

    def _choice(self, name: str, words: str) -> Choice:
        choice = Choice(self)
        choice.setObjectName(f"statement-{name}")
        choice.setAccessibleName(f"The column of: {words}" if name != "provider" else words)
        choice.setMinimumContentsLength(7)
        choice.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        choice.activated.connect(lambda _index: self._tell())
        return choice

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out(3 if self.width() >= _NARROW else 2)

    def _build(self) -> None:
        named: list[tuple[str, QWidget]] = [
            (WORDS[column], choice) for column, choice in self._choices.items()
        ]
        named += [("Costs without one are in", self.currency), ("Gateway", self._provider)]
        self._grid = grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        self._cells = [self._cell(words, field) for words, field in named]
        self._across = 0
        self._lay_out(2)

    def _lay_out(self, across: int) -> None:
        if across == self._across:
            return
        self._across = across
        for number, cell in enumerate(self._cells):
            self._grid.addWidget(cell, *divmod(number, across))
        for column in range(3):
            self._grid.setColumnStretch(column, int(column < across))

    def _cell(self, words: str, field: QWidget) -> QWidget:
        cell = QWidget(self)
        label = plain_label(cell, "meta")
        label.setText(words)
        label.setBuddy(field)
        column = QVBoxLayout(cell)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(label)
        column.addWidget(field)
        return cell
