"""Labels that show any text literally, and pictures that follow the theme."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
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


class ElidedLabel(QLabel):
    """One line of plain text that gives way: to shorter words if there are any, and then it ends in “…”."""

    def __init__(self, parent: QWidget, role: str = "") -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._shorter = ""
        if role:
            self.setProperty("role", role)

    def say(self, words: str, shorter: str = "") -> None:
        """Show these words, or the shorter ones where they don't fit."""
        self._shorter = shorter
        self.setText(words)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        metrics = self.fontMetrics()
        fits = metrics.horizontalAdvance(self.text()) <= self.width()
        words = self.text() if fits else self._shorter or self.text()
        words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, self.width())
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        painter.end()


class Picture(QWidget):
    """An icon that stands by itself, of a size in pixels, in a token's colour."""

    def __init__(
        self, look: Appearance, name: str, size: int, parent: QWidget, colour: str = "shore"
    ) -> None:
        super().__init__(parent)
        self._look, self._name, self._colour = look, name, colour
        self.setFixedSize(size, size)

    def set_colour(self, colour: str) -> None:
        """Draw it in another token's colour."""
        if colour != self._colour:
            self._colour = colour
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        # Not kept: an icon that Python holds to its end is taken apart after its engine, which crashes.
        self._look.icon(self._name, self._colour).paint(painter, self.rect())
        painter.end()
