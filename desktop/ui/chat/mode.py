"""The switch for who may answer, beside the composer: this machine only, both, or the gateway only."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from desktop.ui.theme import Appearance
from models.route import Mode

_WORDS = {
    Mode.LOCAL: ("Local", "house-simple", "shore", "Local only – nothing leaves this machine"),
    Mode.HYBRID: (
        "Hybrid",
        "arrows-left-right",
        "offshore",
        "Hybrid – this machine, or a gateway as you choose",
    ),
    Mode.CLOUD: ("Cloud", "cloud", "offshore", "Cloud – a gateway answers, and gets the conversation"),
}


class ModeSwitch(QToolButton):
    """Says `chosen(Mode)`."""

    chosen = Signal(object)

    def __init__(self, look: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self.setObjectName("mode")
        self.setIconSize(QSize(16, 16))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        group = QActionGroup(menu)
        self._actions = {mode: self._action(menu, group, mode) for mode in _WORDS}
        self.setMenu(menu)
        self._brief = False
        self._mode = Mode.LOCAL
        self.show_mode(Mode.LOCAL)

    def show_mode(self, mode: Mode) -> None:
        """Show what is allowed."""
        name, icon, colour, words = _WORDS[mode]
        self._mode = mode
        self._actions[mode].setChecked(True)
        self.setIcon(self._look.icon(icon, colour))
        self.setText(name)
        self.setToolTip(words)
        self.setAccessibleName(f"Who may answer: {words}")

    def set_stays(self, stays: bool) -> None:
        """Whether the conversation stays here, which the cloud mode would not go with."""
        cloud = self._actions[Mode.CLOUD]
        cloud.setEnabled(not stays)
        cloud.setText("Cloud – not while this conversation stays here" if stays else _WORDS[Mode.CLOUD][3])

    def set_brief(self, brief: bool) -> None:
        """Show the icon only, where there is little room."""
        style = (
            Qt.ToolButtonStyle.ToolButtonIconOnly if brief else Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        )
        self.setToolButtonStyle(style)

    def _action(self, menu: QMenu, group: QActionGroup, mode: Mode) -> QAction:
        action = QAction(_WORDS[mode][3], menu, checkable=True)
        action.triggered.connect(lambda _checked: self.chosen.emit(mode))
        group.addAction(action)
        menu.addAction(action)
        return action
