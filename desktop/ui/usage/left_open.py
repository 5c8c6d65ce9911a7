"""What can be said of a request that was left open when the program ended: that it was not charged."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from desktop.storage.ledger_values import LedgerRow, State
from desktop.ui.labels import plain_label
from models.money import exact


class LeftOpen(QWidget):
    """`not_charged(id)` when the user says so of the row that is shown; hidden for all other rows."""

    not_charged = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._row: LedgerRow | None = None
        self._words = plain_label(self, "muted")
        self._words.setObjectName("left-open-words")
        self._words.setWordWrap(True)
        button = QPushButton("It was not charged", self)
        button.setObjectName("not-charged")
        button.setAccessibleName("This request was not charged")
        button.clicked.connect(self._tell)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(12)
        line.addWidget(self._words, 1)
        line.addWidget(button)
        self.hide()

    def show_row(self, row: LedgerRow | None) -> None:
        """The row that is chosen in the table."""
        self._row = row if row is not None and row.state is State.EXPIRED and row.counts.nano else None
        self.setVisible(self._row is not None)
        if self._row is not None:
            self._words.setText(
                f"Inshore ended before this answer did. It counts {exact(self._row.counts)} against your "
                "budgets, the most it can have cost, until the gateway’s statement tells."
            )

    def _tell(self) -> None:
        if self._row is not None:
            self.not_charged.emit(self._row.id)
