"""The button that shows which model answers, and lets another one be chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from desktop.services.answering import Answerer
from desktop.ui.theme import Appearance

_MOST_LISTED = 40


class ModelPicker(QToolButton):
    """Says `chosen(id)`, `models_requested` or `gateways_requested`.

    `offered` gives those that can be chosen, those of one place together; it is asked when the menu opens.
    """

    chosen = Signal(str)
    models_requested = Signal()
    gateways_requested = Signal()

    def __init__(self, offered: Callable[[], Sequence[Answerer]], look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._offered, self._look = offered, look
        self._current: Answerer | None = None
        self.setObjectName("model-picker")
        self.setAccessibleName("Model")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIcon(look.icon("caret-down"))
        self.setMenu(QMenu(self))
        self.menu().aboutToShow.connect(self._fill)
        self.show_answerer(None)

    def show_answerer(self, one: Answerer | None) -> None:
        """Show who would answer now."""
        self._current = one
        words = f"{one.name} · {one.place}" if one is not None else "No model installed"
        self.setText(_plain(words))
        self.setAccessibleDescription(words)

    def open(self) -> None:
        """Open the menu as a click would, without waiting for it."""
        self.menu().popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _fill(self) -> None:
        menu = self.menu()
        menu.clear()
        group = QActionGroup(menu)
        for place, some in groupby(self._offered(), key=lambda one: one.place):
            menu.addAction(_plain(place[:1].upper() + place[1:])).setEnabled(False)  # a heading
            for one in list(some)[:_MOST_LISTED]:
                self._add(menu, group, one)
        menu.addSeparator()
        menu.addAction("Manage models…").triggered.connect(lambda: self.models_requested.emit())
        menu.addAction("Manage gateways…").triggered.connect(lambda: self.gateways_requested.emit())

    def _add(self, menu: QMenu, group: QActionGroup, one: Answerer) -> None:
        words = f"{one.name} · {one.note}" if one.note else one.name
        action = QAction(_plain(words), menu, checkable=True)
        action.setObjectName(f"answerer-{one.id or 'automatic'}")
        action.setChecked(self._current is not None and one.id == self._current.id)
        action.triggered.connect(lambda _checked: self.chosen.emit(one.id))
        group.addAction(action)
        menu.addAction(action)


def _plain(words: str) -> str:
    return words.replace("&", "&&")
