"""A picture drawn small, that can be opened: by the pointer and by the keyboard."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QWidget

from desktop.ui.theme import Appearance

_RADIUS = 8


class Thumbnail(QAbstractButton):
    """Fills its place with a picture, cut where that has another shape; a quiet surface until it is there."""

    def __init__(self, look: Appearance, words: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look
        self._picture = QImage()
        self.setObjectName("picture")
        self.setAccessibleName(words)
        self.setToolTip(words)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    @property
    def drawn(self) -> bool:
        """Whether the picture is there."""
        return not self._picture.isNull()

    def show_picture(self, picture: QImage) -> None:
        """Draw it from now on; the place stays as it is."""
        self._picture = picture
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        return self.size()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        theme = self._look.theme
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        shape = QPainterPath()
        shape.addRoundedRect(frame, _RADIUS, _RADIUS)
        painter.fillPath(shape, theme.colour("sunken"))
        if self.drawn:
            painter.setClipPath(shape)
            painter.drawImage(frame, self._picture, _middle(self._picture, frame))
            painter.setClipping(False)
        elif self.width() >= 32:
            side = 24
            place = self.rect().adjusted(*[(self.width() - side) // 2, (self.height() - side) // 2, 0, 0])
            place.setSize(QSize(side, side))
            self._look.icon("image").paint(painter, place)
        focused = self.hasFocus()
        painter.setPen(QPen(theme.colour("shore" if focused else "outline"), 2 if focused else 1))
        painter.drawPath(shape)
        painter.end()


def _middle(picture: QImage, frame: QRectF) -> QRectF:
    """The part of a picture that fills the frame."""
    scale = min(picture.width() / frame.width(), picture.height() / frame.height())
    width, height = frame.width() * scale, frame.height() * scale
    return QRectF((picture.width() - width) / 2, (picture.height() - height) / 2, width, height)


def size_words(width: int, height: int) -> str:
    """A picture's size, for people."""
    return f"{width:,} × {height:,} pixels"
