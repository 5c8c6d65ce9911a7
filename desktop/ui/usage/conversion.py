"""A rate of the user's own, to read amounts of one currency in another."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.system.rates import number
from desktop.ui.choice import Choice
from desktop.ui.labels import plain_label
from models.errors import BadInput
from models.money import Rate, parse_nano

_CURRENCIES = ("CNY", "USD", "EUR", "GBP")


class Conversion(QFrame):
    """`changed(Rate | None)`. What is no rate stays with its reason under it, and changes nothing."""

    changed = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("conversion")
        self.setProperty("card", True)
        title = plain_label(self, "strong")
        title.setText("Read costs in another currency")
        words = plain_label(self, "muted")
        words.setText("For reading only, at a rate that you enter. Currencies are never added.")
        self._base, self._quote = self._choice("rate-from", "From"), self._choice("rate-to", "To")
        self._quote.setCurrentIndex(1)
        self.field = QLineEdit(self)
        self.field.setObjectName("rate")
        self.field.setAccessibleName("How much one unit of the first currency is worth in the second")
        self.field.setPlaceholderText("Rate, such as 0.14")
        self.field.editingFinished.connect(self._take)
        self._problem = plain_label(self, "problem")
        self._problem.setObjectName("rate-problem")
        self._problem.hide()
        row = QHBoxLayout()
        row.setSpacing(8)
        for part in ("1", self._base, "=", self.field, self._quote):
            row.addWidget(part if isinstance(part, QWidget) else self._sign(part))
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(8)
        column.addWidget(title)
        column.addWidget(words)
        column.addLayout(row)
        column.addWidget(self._problem)

    def show_rate(self, rate: Rate | None) -> None:
        """The one that holds."""
        if rate is not None:
            self._base.setCurrentText(rate.base)
            self._quote.setCurrentText(rate.quote)
            self.field.setText(number(rate.nano))

    def _sign(self, text: str) -> QWidget:
        label = plain_label(self)
        label.setText(text)
        label.setWordWrap(False)
        return label

    def _choice(self, name: str, words: str) -> Choice:
        choice = Choice(self)
        choice.setObjectName(name)
        choice.setAccessibleName(f"{words} which currency" if words == "From" else "To which currency")
        choice.addItems(_CURRENCIES)
        choice.activated.connect(lambda _index: self._take())
        return choice

    def _take(self) -> None:
        problem, rate = "", None
        text = self.field.text().strip()
        try:
            rate = self._rate(text) if text else None
        except BadInput as error:
            problem = f"{error.cause} {error.hint}".strip()
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        self.field.setAccessibleDescription(problem)
        if not problem:
            self.changed.emit(rate)

    def _rate(self, text: str) -> Rate:
        nano = parse_nano(text, what="The rate")
        base, quote = self._base.currentText(), self._quote.currentText()
        if not nano:
            raise BadInput("A rate of 0 says nothing.", "Give a number such as 0.14.")
        if base == quote:
            raise BadInput("Both currencies are the same.", "Choose two.")
        return Rate(base, quote, nano)
