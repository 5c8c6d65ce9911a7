"""The card of budgets: how much of each is used, and where they are added, changed and removed."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from desktop.services.usage import UsageService
from desktop.ui.labels import plain_label
from desktop.ui.theme import Appearance
from desktop.ui.usage.budget_form import BudgetForm
from desktop.ui.usage.budget_row import BudgetRow
from models.budget import Budget

_WORDS = (
    "What may be spent at gateways. Before a message is sent, the most that it can cost is set aside; where "
    "that does not fit, it is not sent, and you are asked. At 80 % you are warned."
)


class BudgetsCard(QFrame):
    """Follows the service; `removed(Budget)` after it was done, to offer to undo it."""

    removed = Signal(object)

    def __init__(self, service: UsageService, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("budgets")
        self.setProperty("card", True)
        self._service, self._look = service, look
        self._rows: list[BudgetRow] = []
        self._form: BudgetForm | None = None
        title = plain_label(self, "strong")
        title.setText("Budgets")
        words = plain_label(self, "muted")
        words.setText(_WORDS)
        self._empty = plain_label(self, "muted")
        self._empty.setText("None is set: what gateways charge is not limited here.")
        self._add = QPushButton("Add a budget", self)
        self._add.setObjectName("add-budget")
        self._add.clicked.connect(lambda: self._open(None))
        self._list, self._place = QVBoxLayout(), QVBoxLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        for widget in (title, words, self._empty):
            column.addWidget(widget)
        column.addLayout(self._list)
        column.addLayout(self._place)
        column.addWidget(self._add, 0, Qt.AlignmentFlag.AlignLeft)
        service.budgets_changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show what counts against each budget now."""
        for row in self._rows:
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        names = self._service.providers()
        self._rows = [
            BudgetRow(state, names.get(state.budget.provider, ""), self._look, self)
            for state in self._service.budget_states()
        ]
        for row in self._rows:
            row.change_requested.connect(self._open)
            row.remove_requested.connect(self._remove)
            self._list.addWidget(row)
            row.show()
        self._empty.setVisible(not self._rows)

    def _open(self, before: Budget | None) -> None:
        self._close()
        form = BudgetForm(
            self._service.providers(), lambda budget: self._service.put_budget(budget, before), before, self
        )
        form.entered.connect(self._close)
        form.left.connect(self._close)
        self._form = form
        self._place.addWidget(form)
        form.show()
        form.limit.setFocus()  # first: what hides with the focus hands it on, and the page scrolls there
        self._add.hide()

    def _close(self) -> None:
        if self._form is not None:
            self._add.show()
            self._add.setFocus()
            self._place.removeWidget(self._form)
            self._form.hide()
            self._form.deleteLater()
            self._form = None

    def _remove(self, budget: Budget) -> None:
        self._service.remove_budget(budget)
        self.removed.emit(budget)
