"""How models are told apart: teal is this machine, violet a gateway, and each has a pattern of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from desktop.storage.ledger_values import Place
from desktop.storage.usage_values import ModelKey
from desktop.ui.theme import Appearance, Theme

_PATTERNS = (
    Qt.BrushStyle.SolidPattern,
    Qt.BrushStyle.BDiagPattern,
    Qt.BrushStyle.Dense4Pattern,
    Qt.BrushStyle.DiagCrossPattern,
)
_TOKENS = {Place.LOCAL: "shore", Place.REMOTE: "offshore"}


@dataclass(frozen=True, slots=True)
class Fill:
    """A pattern in the colour of a token."""

    token: str
    pattern: Qt.BrushStyle = Qt.BrushStyle.SolidPattern

    def draw(self, painter: QPainter, box: QRectF, theme: Theme) -> None:
        """Fill a rectangle with it."""
        colour = theme.colour(self.token)
        painter.setPen(QPen(colour, 1))
        painter.setBrush(QBrush(colour, self.pattern))
        painter.drawRect(box)


OTHERS = Fill("muted", Qt.BrushStyle.HorPattern)


def place_fill(place: Place) -> Fill:
    """Teal and solid for this machine, violet and hatched for gateways."""
    return Fill(_TOKENS[place], _PATTERNS[0] if place is Place.LOCAL else _PATTERNS[1])


def fills(keys: Iterable[ModelKey]) -> Mapping[ModelKey, Fill]:
    """A fill for each of the first models of each place; the rest have none of their own."""
    used = dict.fromkeys(Place, 0)
    found: dict[ModelKey, Fill] = {}
    for key in keys:
        number = used[key.place]
        if number < len(_PATTERNS):
            found[key] = Fill(_TOKENS[key.place], _PATTERNS[number])
        used[key.place] += 1
    return found


class Sample(QWidget):
    """A fill, for a legend."""

    def __init__(self, fill: Fill, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._fill, self._look = fill, look
        self.setFixedSize(20, 14)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._fill.draw(painter, QRectF(0.5, 0.5, 19, 13), self._look.theme)
        painter.end()
