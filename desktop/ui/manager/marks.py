"""How up to four models are told apart in charts: by pattern, symbol and colour together."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from desktop.ui.theme import Appearance


@dataclass(frozen=True, slots=True)
class Mark:
    """A fill for bars, a symbol (pyqtgraph's letter) for points, and the token of its colour."""

    pattern: Qt.BrushStyle
    symbol: str
    token: str


MARKS = (
    Mark(Qt.BrushStyle.SolidPattern, "o", "shore"),
    Mark(Qt.BrushStyle.BDiagPattern, "s", "offshore"),
    Mark(Qt.BrushStyle.Dense5Pattern, "t1", "warn"),
    Mark(Qt.BrushStyle.DiagCrossPattern, "d", "danger"),
)


class Swatch(QWidget):
    """The pattern and the symbol of one model, for a legend."""

    def __init__(self, number: int, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._mark, self._look = MARKS[number], look
        self.setFixedSize(44, 16)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = self._look.theme.colour(self._mark.token)
        painter.setPen(QPen(colour, 1))
        painter.setBrush(QBrush(colour, self._mark.pattern))
        painter.drawRect(QRectF(0.5, 1.5, 22, 13))
        painter.setBrush(colour)
        _draw_symbol(painter, self._mark.symbol, QRectF(29, 2, 12, 12))
        painter.end()


def _draw_symbol(painter: QPainter, symbol: str, box: QRectF) -> None:
    middle = box.center()
    top, bottom = QPointF(middle.x(), box.top()), QPointF(middle.x(), box.bottom())
    left, right = QPointF(box.left(), middle.y()), QPointF(box.right(), middle.y())
    if symbol == "o":
        painter.drawEllipse(box)
    elif symbol == "s":
        painter.drawRect(box.adjusted(1, 1, -1, -1))
    elif symbol == "t1":
        painter.drawPolygon(QPolygonF([top, box.bottomRight(), box.bottomLeft()]))
    else:
        painter.drawPolygon(QPolygonF([top, right, bottom, left]))
