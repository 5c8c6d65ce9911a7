"""The buttons of a message, in sight only while they are wanted."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from desktop.ui.icons import icon
from desktop.ui.theme import Appearance


class ActionRow(QWidget):
    """Buttons that show while the pointer or the keyboard is on their message; they never move anything."""

    def __init__(self, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self._message = parent
        self._shown = False
        self._always = False
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)

    def add(self, symbol: str, name: str, words: str) -> QToolButton:
        """A button at the right end of the row."""
        button = QToolButton(self)
        button.setObjectName(name)
        button.setIcon(self._hidden_icon(symbol))
        button.setToolTip(words)
        button.setAccessibleName(words)
        button.setFixedSize(28, 28)
        button.installEventFilter(self)
        self._row.addWidget(button)
        return button

    def mark(self, button: QToolButton, symbol: str, *, kept: bool) -> None:
        """Give a button another icon; a `kept` one is in the accent, and in sight wherever the pointer is."""
        button.setIcon(self._look.icon(symbol, "shore") if kept else self._hidden_icon(symbol))

    def add_widget(self, widget: QWidget, stretch: int = 0) -> None:
        """Any other widget in the row."""
        self._row.addWidget(widget, stretch)

    def show_buttons(self, shown: bool) -> None:
        """Draw the icons or leave them out; the buttons stay where they are."""
        if shown != self._shown:
            self._shown = shown
            self._redraw()

    def set_always(self, always: bool) -> None:
        """Draw the icons wherever the pointer is."""
        if always != self._always:
            self._always = always
            self._redraw()

    def _hidden_icon(self, symbol: str) -> QIcon:
        return _icon_shown_by(self._look, symbol, lambda: self._shown or self._always)

    def _redraw(self) -> None:
        for button in self.findChildren(QToolButton):
            button.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.FocusIn:
            self.show_buttons(True)
        elif event.type() is QEvent.Type.FocusOut:
            self.show_buttons(self._message.underMouse())
        return False


def _icon_shown_by(look: Appearance, name: str, shown: Callable[[], bool]) -> QIcon:
    """An icon that is transparent while `shown()` is false."""
    clear = QColor(Qt.GlobalColor.transparent)
    return icon(name, lambda: look.theme.colour("muted") if shown() else clear)
