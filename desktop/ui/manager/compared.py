"""What decides between models, side by side; below one another in a narrow window."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from desktop.ui.labels import plain_label
from desktop.ui.manager.marks import Swatch
from desktop.ui.theme import Appearance
from models.offer import Offer, parameters_words, price_words, strengths_words

_HEADINGS = ("", "Size", "Licence", "Here", "Price", "Good at")
_IN_A_ROW = 2  # of a narrow legend


class ComparedFacts(QFrame):
    """A column for each model, or in a narrow window a block for each."""

    def __init__(self, offers: Sequence[Offer], look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._offers, self._look = offers, look
        self.setProperty("card", True)
        self.setObjectName("compared-facts")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(16, 12, 16, 12)
        self._shown = QWidget(self)
        self._column.addWidget(self._shown)
        self.show_narrow(False)

    def show_narrow(self, narrow: bool) -> None:
        """Lay all of it out anew."""
        self._column.removeWidget(self._shown)
        self._shown.hide()
        self._shown.deleteLater()
        self._shown = QWidget(self)
        grid = QGridLayout(self._shown)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        if narrow:
            self._add_blocks(grid)
        else:
            self._add_columns(grid)
        self._column.addWidget(self._shown)
        self._shown.show()

    def _add_columns(self, grid: QGridLayout) -> None:
        for row, heading in enumerate(_HEADINGS, start=1):
            grid.addWidget(self._heading(heading), row, 0)
        for column, offer in enumerate(self._offers, start=1):
            grid.setColumnStretch(column, 1)
            grid.setColumnMinimumWidth(column, 96)
            swatch = Swatch(column - 1, self._look, self._shown)
            grid.addWidget(swatch, 0, column, Qt.AlignmentFlag.AlignLeft)
            for row, (words, role) in enumerate(_facts(offer), start=1):
                grid.addWidget(self._value(words, role), row, column)

    def _add_blocks(self, grid: QGridLayout) -> None:
        grid.setColumnStretch(1, 1)
        for number, offer in enumerate(self._offers):
            (name, role), *facts = _facts(offer)
            if number:
                grid.setRowMinimumHeight(grid.rowCount(), 8)
            top = grid.rowCount() + bool(number)
            grid.addWidget(Swatch(number, self._look, self._shown), top, 0, Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(self._value(name, role), top, 1)
            for row, (heading, (words, role)) in enumerate(zip(_HEADINGS[1:], facts, strict=True), top + 1):
                grid.addWidget(self._heading(heading), row, 0)
                grid.addWidget(self._value(words, role), row, 1)

    def _heading(self, words: str) -> QLabel:
        label = self._value(words, "muted")
        label.setWordWrap(False)
        return label

    def _value(self, words: str, role: str) -> QLabel:
        label = plain_label(self._shown, role)
        label.setText(words)
        label.setAlignment(Qt.AlignmentFlag.AlignTop)
        return label


def legend(offers: Sequence[Offer], look: Appearance, parent: QWidget, *, narrow: bool) -> QWidget:
    """Each model's pattern and name, in one row, or two by two where it is narrow."""
    shown = QWidget(parent)
    grid = QGridLayout(shown)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(8)
    for number, offer in enumerate(offers):
        row, column = divmod(number, _IN_A_ROW if narrow else len(offers))
        label = plain_label(shown, "meta")
        label.setText(offer.model.name)
        grid.addWidget(Swatch(number, look, shown), row, 2 * column)
        grid.addWidget(label, row, 2 * column + 1)
        grid.setColumnStretch(2 * column + 1, 1)
    return shown


def _facts(offer: Offer) -> list[tuple[str, str]]:
    verdict = offer.verdict[:1].upper() + offer.verdict[1:]
    return [
        (offer.model.name, "strong"),
        (parameters_words(offer.model) or "not known", ""),
        (offer.label.text, ""),
        (f"{verdict}. {offer.reason}", ""),
        (price_words(offer.price) if offer.price else "not at the gateway", ""),
        (", ".join(strengths_words(offer.model)), ""),
    ]
