"""What is asked of the catalogue: words, licence, task, and what a model must be able to do."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from desktop.ui.check import CheckBox
from desktop.ui.choice import Choice
from models.advice import Who
from models.licences import Tier
from models.selection import Order, Task, Wish

_NARROW = 640
_LICENCES = (
    ("Any licence", None),
    ("Fully open only", Tier.OPEN),
    ("Conditions, but not restricted", Tier.CONDITIONAL),
    ("I am an individual or start-up", Who.INDIVIDUAL),
    ("We are a large company", Who.COMPANY),
    ("I need the most freedom", Who.FREEDOM),
)
_TASKS = (
    ("Any task", None),
    ("General", Task.GENERAL),
    ("Code", Task.CODE),
    ("Mathematics", Task.MATH),
    ("Chinese", Task.CHINESE),
)
_ORDERS = tuple((f"{order.value[:1].upper()}{order.value[1:]}", order) for order in Order)


class Filters(QWidget):
    """The row of filters; `changed` carries the Wish."""

    changed = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # it wraps instead
        self._search = QLineEdit(self)
        self._search.setObjectName("search-models")
        self._search.setAccessibleName("Search the catalogue")
        self._search.setPlaceholderText("Name, publisher, what it is good at…")
        self._search.textChanged.connect(self._tell)
        self._licence = self._choice("filter-licence", "Licence", _LICENCES)
        self._task = self._choice("filter-task", "Task", _TASKS)
        self._order = self._choice("sort-models", "Order", _ORDERS)
        self._fits = self._check("filter-fits", "Runs here")
        self._thinking = self._check("filter-thinking", "Thinks")
        self._images = self._check("filter-images", "Sees images")
        self._rows = self._lay_out()

    def wish(self) -> Wish:
        """What is asked for now."""
        return Wish(
            text=self._search.text(),
            fits=self._fits.isChecked(),
            licence=_LICENCES[self._licence.currentIndex()][1],
            task=_TASKS[self._task.currentIndex()][1],
            thinking=self._thinking.isChecked(),
            images=self._images.isChecked(),
            order=_ORDERS[self._order.currentIndex()][1],
        )

    def clear(self) -> None:
        """Ask for nothing; the order stays."""
        self.blockSignals(True)
        self._search.clear()
        for choice in (self._licence, self._task):
            choice.setCurrentIndex(0)
        for check in (self._fits, self._thinking, self._images):
            check.setChecked(False)
        self.blockSignals(False)
        self._tell()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = event.size().width() < _NARROW
        down, right = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        for row in self._rows:
            row.setDirection(down if narrow else right)

    def _lay_out(self) -> tuple[QBoxLayout, ...]:
        upper, lower = QHBoxLayout(), QHBoxLayout()
        choices, checks = QHBoxLayout(), QHBoxLayout()
        upper.addWidget(self._search, 1)
        upper.addWidget(self._order)
        for choice in (self._licence, self._task):
            choices.addWidget(choice, 1)
        for check in (self._fits, self._thinking, self._images):
            checks.addWidget(check)
        checks.addStretch(1)
        lower.addLayout(choices, 1)
        lower.addLayout(checks)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(upper)
        column.addLayout(lower)
        for row in (upper, lower, choices, checks):
            row.setSpacing(8)
        return upper, lower

    def _choice(self, name: str, said: str, entries: Iterable[tuple[str, object]]) -> Choice:
        choice = Choice(self)
        choice.setObjectName(name)
        choice.setAccessibleName(said)
        choice.setToolTip(said)
        for words, _value in entries:
            choice.addItem(words)
        choice.currentIndexChanged.connect(self._tell)
        return choice

    def _check(self, name: str, words: str) -> CheckBox:
        check = CheckBox(words, self)
        check.setObjectName(name)
        check.setProperty("plain", True)
        check.toggled.connect(self._tell)
        return check

    def _tell(self) -> None:
        self.changed.emit(self.wish())
