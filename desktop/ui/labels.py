"""Labels that show any text literally, and pictures that follow the theme."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QWidget

from desktop.ui.theme import Appearance


def plain_label(parent: QWidget, role: str = "") -> QLabel:
    """A label that shows any text literally, and wraps."""
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if role:
        label.setProperty("role", role)
    return label


class Picture(QWidget):
    """An icon that stands by itself, of a size in pixels."""

    def __init__(self, look: Appearance, name: str, size: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._icon = look.icon(name, "shore")
        self.setFixedSize(size, size)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._icon.paint(painter, self.rect())
        painter.end()
