"""Where a budget is entered: what for, at which gateway, in which currency, how much."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop.services.usage import budget_of
from desktop.system.rates import number
from desktop.ui.choice import Choice
from desktop.ui.labels import plain_label
from desktop.ui.usage.budget_row import PERIODS
from models.budget import Budget
from models.errors import BadInput


class BudgetForm(QWidget):
    """`entered()` once the budget was taken, `left` where the user thought better of it.

    `take(budget)` may raise BadInput, whose words are shown under the fields, and everything stays.
    """

    entered = Signal()
    left = Signal()

    def __init__(
        self,
        providers: Mapping[str, str],
        take: Callable[[Budget], None],
        before: Budget | None,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("budget-form")
        self._take = take
        self._period = self._choice("budget-period", "How long it adds up", [*PERIODS.items()])
        known = {"": "Any gateway", **providers}
        if before is not None and before.provider not in known:
            known[before.provider] = before.provider
        self._provider = self._choice("budget-provider", "Which gateway it is for", [*known.items()])
        self.limit = self._field("budget-limit", "Limit", "12.50")
        self.currency = self._field("budget-currency", "Currency, three letters", "CNY")
        self.currency.setText("CNY")
        self._problem = plain_label(self, "problem")
        self._problem.setObjectName("budget-problem")
        self._problem.hide()
        self._build(before)
        if before is not None:
            self._fill(before)

    def _build(self, before: Budget | None) -> None:
        save = QPushButton("Save the budget" if before else "Add the budget", self)
        save.setObjectName("save-budget")
        save.setProperty("primary", True)
        save.clicked.connect(self._save)
        leave = QPushButton("Cancel", self)
        leave.setObjectName("leave-budget")
        leave.clicked.connect(self.left)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(8)
        grid.addWidget(self._period, 0, 0)
        grid.addWidget(self._provider, 0, 1)
        grid.addWidget(self.limit, 1, 0)
        grid.addWidget(self.currency, 1, 1)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(save)
        row.addWidget(leave)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(8)
        column.addLayout(grid)
        column.addWidget(self._problem)
        column.addLayout(row)

    def _fill(self, budget: Budget) -> None:
        self._period.setCurrentIndex(self._period.findData(budget.period.value))
        self._provider.setCurrentIndex(self._provider.findData(budget.provider))
        self.limit.setText(number(budget.limit.nano))
        self.currency.setText(budget.limit.currency)

    def _choice(self, name: str, words: str, choices: list[tuple[str, str]]) -> Choice:
        choice = Choice(self)
        choice.setObjectName(name)
        choice.setAccessibleName(words)
        choice.setMinimumContentsLength(8)
        for value, text in choices:
            choice.addItem(text, str(value))
        return choice

    def _field(self, name: str, words: str, example: str) -> QLineEdit:
        field = QLineEdit(self)
        field.setObjectName(name)
        field.setAccessibleName(words)
        field.setPlaceholderText(f"{words}, such as {example}" if name == "budget-limit" else example)
        field.returnPressed.connect(self._save)
        field.textEdited.connect(lambda _text: self._say(""))
        return field

    def _save(self) -> None:
        try:
            period = next(one for one in PERIODS if one.value == self._period.currentData())
            provider, currency = self._provider.currentData(), self.currency.text()
            self._take(budget_of(period, provider, currency, self.limit.text()))
        except BadInput as error:
            self._say(f"{error.cause} {error.hint}".strip())
            return
        self.entered.emit()

    def _say(self, problem: str) -> None:
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        self.limit.setAccessibleDescription(problem)
