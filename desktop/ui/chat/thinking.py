"""The switch for thinking, beside the composer: off, on, or as the model sees fit."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from desktop.ui.theme import Appearance
from models.chat import Thinking
from models.thinking import ThinkingKind, ThinkingSupport

_WORDS = {
    Thinking.AUTO: ("auto", "Leave it to the model"),
    Thinking.ON: ("on", "Think before answering: slower, better at sums and logic"),
    Thinking.OFF: ("off", "Answer at once"),
}


class ThinkingSwitch(QToolButton):
    """Says `chosen(Thinking)`. Where a model can't think, it is off and says why."""

    chosen = Signal(object)

    def __init__(self, look: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("thinking")
        self.setIcon(look.icon("brain"))
        self.setIconSize(QSize(16, 16))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        group = QActionGroup(menu)
        self._actions = {thinking: self._action(menu, group, thinking) for thinking in _WORDS}
        self.setMenu(menu)
        self._thinking = Thinking.AUTO
        self._brief = False
        self.show_support(None)

    def show_choice(self, thinking: Thinking) -> None:
        """Show what is set."""
        self._thinking = thinking
        self._actions[thinking].setChecked(True)
        self._say()

    def show_support(self, support: ThinkingSupport | None) -> None:
        """Show what the model can do; None is not known yet, and everything can be chosen."""
        self.setEnabled(support is None or support.kind is not ThinkingKind.NONE)
        self.setToolTip(
            support.why if support is not None and support.why else "Whether the model thinks first"
        )
        self._say()

    def set_brief(self, brief: bool) -> None:
        """Leave its name to the icon, where there is little room."""
        self._brief = brief
        self._say()

    def _say(self) -> None:
        words = _WORDS[self._thinking][0] if self.isEnabled() else "not with this model"
        short = words if self.isEnabled() else "off"
        self.setText(short if self._brief else f"Thinking: {words}")
        self.setAccessibleName(f"Thinking: {words}")

    def _action(self, menu: QMenu, group: QActionGroup, thinking: Thinking) -> QAction:
        name, words = _WORDS[thinking]
        action = QAction(f"{name.capitalize()} – {words}", menu, checkable=True)
        action.triggered.connect(lambda _checked: self.chosen.emit(thinking))
        group.addAction(action)
        menu.addAction(action)
        return action
