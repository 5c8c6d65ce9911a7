"""The button that shows which model answers, and lets another one be chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from desktop.services.answering import Answerer, Aside
from desktop.ui.theme import Appearance

_MOST_LISTED = 40
_LONGEST_NAME, _LONGEST_LICENCE = 44, 56
_NARROW_PX = 760
_UNIT = " per million tokens"


class ModelPicker(QToolButton):
    """Says `chosen(id)`, `models_requested` or `gateways_requested`.

    `offered` gives those that can be chosen, those of one place together, `aside` what is said beside each;
    both are asked when the menu opens.
    """

    chosen = Signal(str)
    models_requested = Signal()
    gateways_requested = Signal()

    def __init__(
        self,
        offered: Callable[[], Sequence[Answerer]],
        look: Appearance,
        parent: QWidget,
        aside: Callable[[Answerer], Aside] = lambda _one: Aside(),
    ) -> None:
        super().__init__(parent)
        self._offered, self._aside = offered, aside
        self._current: Answerer | None = None
        self.setObjectName("model-picker")
        self.setAccessibleName("Model")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIcon(look.icon("caret-down"))
        self.setMenu(QMenu(self))
        self.menu().setToolTipsVisible(True)
        self.menu().aboutToShow.connect(self._fill)
        self._group: QActionGroup | None = None  # of the menu's last filling
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
        if self._group is not None:
            self._group.deleteLater()
        self._group = group = QActionGroup(menu)
        for place, some in groupby(self._offered(), key=lambda one: one.place):
            listed = [(one, self._aside(one)) for one in list(some)[:_MOST_LISTED]]
            menu.addAction(_plain(_heading(place, listed))).setEnabled(False)
            for one, aside in listed:
                self._add(menu, group, one, aside)
        menu.addSeparator()
        menu.addAction("Manage models…").triggered.connect(lambda: self.models_requested.emit())
        menu.addAction("Manage gateways…").triggered.connect(lambda: self.gateways_requested.emit())

    def _add(self, menu: QMenu, group: QActionGroup, one: Answerer, aside: Aside) -> None:
        narrow = self.window().width() < _NARROW_PX
        parts = (
            _short(one.name, _LONGEST_NAME),
            *(() if narrow else (one.note.removesuffix(_UNIT), aside.health)),
        )
        words = " · ".join(part for part in parts if part)
        licence = _short(aside.licence, _LONGEST_LICENCE)
        action = QAction(_plain(f"{words}\t{licence}" if licence else words), menu, checkable=True)
        action.setObjectName(f"answerer-{one.id or 'automatic'}")
        more = (one.name, one.id, one.note, aside.health_words, aside.licence, aside.meaning)
        action.setToolTip("\n".join(part for part in more if part))
        action.setEnabled(not aside.barred)
        action.setChecked(self._current is not None and one.id == self._current.id)
        action.triggered.connect(lambda _checked: self.chosen.emit(one.id))
        group.addAction(action)
        menu.addAction(action)


def _heading(place: str, listed: Sequence[tuple[Answerer, Aside]]) -> str:
    """The place; what holds for all of its models is said here once: why they can't answer, or the unit."""
    barred = next((f" · {aside.barred}" for _one, aside in listed if aside.barred), "")
    unit = f" · prices{_UNIT}" if any(one.note.endswith(_UNIT) for one, _aside in listed) else ""
    return f"{place[:1].upper()}{place[1:]}{barred or unit}"


def _plain(words: str) -> str:
    return words.replace("&", "&&")


def _short(words: str, longest: int) -> str:
    """One line of at most so many characters."""
    line = " ".join(words.split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"
