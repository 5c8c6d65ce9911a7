"""One budget: what it is for, a bar of what counts against it, and how to change or remove it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from desktop.ui.labels import plain_label
from desktop.ui.theme import Appearance
from desktop.ui.usage.marks import Fill
from models.budget import WARNING_PERCENT, Budget, BudgetState, Period
from models.money import exact

PERIODS = {
    Period.DAY: "Each day",
    Period.MONTH: "Each month",
    Period.CONVERSATION: "Each conversation",
    Period.ALWAYS: "In all",
}


class BudgetRow(QWidget):
    """`change_requested(Budget)` and `remove_requested(Budget)`."""

    change_requested = Signal(object)
    remove_requested = Signal(object)

    def __init__(self, state: BudgetState, provider: str, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._state = state
        name = budget_name(state.budget, provider)
        title = plain_label(self)
        title.setText(name)
        used = plain_label(self, "meta-warn" if state.warns else "meta")
        used.setObjectName("budget-used")
        used.setText(used_words(state))
        top = QHBoxLayout()
        top.setSpacing(4)
        top.addWidget(title, 1)
        for words, button_name, signal in (
            ("Change", "change-budget", self.change_requested),
            ("Remove", "remove-budget", self.remove_requested),
        ):
            button = QPushButton(words, self)
            button.setObjectName(button_name)
            button.setAccessibleName(f"{words}: {name}")
            button.setProperty("link", True)
            button.clicked.connect(lambda _on, signal=signal: signal.emit(state.budget))
            top.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 4)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(BudgetBar(state, name, look, self))
        column.addWidget(used)


class BudgetBar(QWidget):
    """Solid below 80 %, hatched in the colour of warnings from there on; a line marks the 80 %."""

    def __init__(self, state: BudgetState, name: str, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._state, self._look = state, look
        self.setObjectName("budget-bar")
        self.setAccessibleName(f"{name}: {used_words(state)}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(160, 14)

    @property
    def fill(self) -> Fill:
        return Fill("warn", Qt.BrushStyle.BDiagPattern) if self._state.warns else Fill("offshore")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), self._look.theme
        box = QRectF(0.5, 1.5, self.width() - 1, 11)
        painter.setPen(QPen(theme.colour("outline"), 1))
        painter.setBrush(theme.colour("sunken"))
        painter.drawRect(box)
        used, limit = self._state.used.nano, self._state.budget.limit.nano
        if used > 0:
            wide = min(
                max(2, (self.width() - 1) * used // limit if limit else self.width()), self.width() - 1
            )
            self.fill.draw(painter, QRectF(0.5, 1.5, wide, 11), theme)
        painter.setPen(QPen(theme.colour("text"), 1))
        mark = box.left() + int(box.width()) * WARNING_PERCENT // 100
        painter.drawLine(int(mark), 0, int(mark), 14)
        painter.end()


def budget_name(budget: Budget, provider: str = "") -> str:
    """ "Each month, at XiDao: ¥50"."""
    where = f", at {provider or budget.provider}" if budget.provider else ""
    return f"{PERIODS[budget.period]}{where}: {exact(budget.limit)}"


def used_words(state: BudgetState) -> str:
    """ "¥41 of ¥50 used, 82 %. ¥9 left."; a reserved amount counts as used."""
    used, limit = state.used.nano, state.budget.limit.nano
    share = f", {_percent(used, limit)}" if limit else ""
    words = f"{exact(state.used)} of {exact(state.budget.limit)} used{share}."
    if used >= limit:
        return f"{words} Nothing is left: only this machine answers."
    return f"{words} {'Only ' if state.warns else ''}{exact(state.left)} left."


def _percent(used: int, limit: int) -> str:
    """Rounded down, so that no warning is missing at "80 %"."""
    return "< 1 %" if 0 < used * 100 < limit else f"{used * 100 // limit} %"
