"""The switch for a conversation's class, beside the mode: it stays here, asks each time, or may go out."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from desktop.ui.theme import Appearance
from models.route import Privacy

_WORDS = {
    Privacy.HERE: ("Stays here", "shield-check", "shore", "Stays here – nothing of it is ever sent"),
    Privacy.ASK: ("Asks", "hand-palm", "offshore", "Asks each time before anything is sent"),
    Privacy.OUT: ("May go out", "globe-simple", "muted", "May go out – as the mode says"),
}
_LOCAL = (
    "Nothing leaves",
    "shield-check",
    "muted",
    "Nothing leaves in the local mode; in the others it may go out",
)


class PrivacySwitch(QToolButton):
    """Says `chosen(Privacy)`, and `record_requested`."""

    chosen = Signal(object)
    record_requested = Signal()

    def __init__(self, look: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self.setObjectName("privacy")
        self.setIconSize(QSize(16, 16))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        group = QActionGroup(menu)
        self._actions = {privacy: self._action(menu, group, privacy) for privacy in _WORDS}
        menu.addSeparator()
        record = menu.addAction("What left this machine…")
        record.setObjectName("open-record")
        record.triggered.connect(lambda _checked: self.record_requested.emit())
        self.setMenu(menu)
        self.show_privacy(Privacy.OUT)

    def show_privacy(self, privacy: Privacy, raised: str = "", *, local: bool = False) -> None:
        """Show the class that holds; `raised` is what makes it stricter than was chosen, in words.

        In the local mode what may go out doesn't, so that is what it says there.
        """
        self.shown = privacy
        name, icon, colour, words = _LOCAL if local and privacy is Privacy.OUT else _WORDS[privacy]
        self._actions[privacy].setChecked(True)
        self.setIcon(self._look.icon(icon, colour))
        self.setText(name)
        words = f"{words}, because of {raised}" if raised else words
        self.setToolTip(words)
        self.setAccessibleName(f"This conversation: {words}")

    def set_brief(self, brief: bool) -> None:
        """Show the icon only, where there is little room."""
        style = (
            Qt.ToolButtonStyle.ToolButtonIconOnly if brief else Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        )
        self.setToolButtonStyle(style)

    def _action(self, menu: QMenu, group: QActionGroup, privacy: Privacy) -> QAction:
        action = QAction(_WORDS[privacy][3], menu, checkable=True)
        action.setObjectName(f"privacy-{privacy.name.lower()}")
        action.triggered.connect(lambda _checked: self.chosen.emit(privacy))
        group.addAction(action)
        menu.addAction(action)
        return action
