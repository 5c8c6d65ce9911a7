"""The ring around the text that the keyboard has reached; beside a text there is no room for its own."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from desktop.ui.theme import Appearance

_AROUND, _WIDTH, _RADIUS = 6, 2, 6


class Ring(QWidget):
    """Lies over `parent` around one of the widgets in it; clicks go through it."""

    def __init__(self, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._look, self._sight = look, parent
        self.setObjectName("focus-ring")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def surround(self, widget: QWidget | None) -> None:
        """Lie around this one, as far as it is in sight; around None there is nothing to see."""
        if widget is not None:
            place = QRect(widget.mapTo(self._sight, QPoint()), widget.size())
            around = place.adjusted(-_AROUND, -_AROUND, _AROUND, _AROUND)
            self.setGeometry(around.intersected(self._sight.rect()))
            self.raise_()
        self.setVisible(widget is not None)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._look.theme.colour("shore"), _WIDTH))
        inset = _WIDTH / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), _RADIUS, _RADIUS)
        painter.end()
