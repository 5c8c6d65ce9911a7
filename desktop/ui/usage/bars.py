"""Rows of a name, a bar and a figure: by model, by conversation, by place, and shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.storage.ledger_values import Place
from desktop.ui.theme import Appearance
from desktop.ui.usage.marks import Fill, place_fill

_ROW_PX, _GAP, _NARROW = 30, 12, 460


@dataclass(frozen=True, slots=True)
class Bar:
    """`value` of `most`, whole numbers in any unit; `words` say it in full, `shorter` where it is narrow.

    `more` says which thing it is exactly, for those who ask. The bar’s last `away` are of gateways.
    """

    name: str
    value: int
    words: str
    fill: Fill
    most: int | None = None
    shorter: str = ""
    more: str = ""
    away: int = 0


class Bars(QWidget):
    """Draws bars from one left edge; a screen reader hears all of them as one description."""

    def __init__(self, bars: Sequence[Bar], title: str, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._bars, self._look = tuple(bars), look
        self._most = max((bar.value for bar in bars), default=0)
        spoken = "; ".join(f"{bar.name}: {bar.words}" for bar in bars)
        self.setAccessibleName(f"{title}. {spoken}")
        self.setToolTip("\n".join(_asked(bar) for bar in bars))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def bars(self) -> tuple[Bar, ...]:
        return self._bars

    def sizeHint(self) -> QSize:
        return QSize(240, len(self._bars) * self._row())

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for number, bar in enumerate(self._bars):
            self._draw(painter, bar, number * self._row())
        painter.end()

    def _row(self) -> int:
        return self._look.theme.px(_ROW_PX)

    def _draw(self, painter: QPainter, bar: Bar, top: int) -> None:
        names, figures = self._columns()
        said = self._words(bar)
        height = self._row()
        metrics, middle = self.fontMetrics(), Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QPen(self._look.theme.colour("text")))
        name = metrics.elidedText(bar.name, Qt.TextElideMode.ElideMiddle, names)
        painter.drawText(QRectF(0, top, names, height), middle | Qt.AlignmentFlag.AlignLeft, name)
        words = QRectF(self.width() - figures, top, figures, height)
        painter.setPen(QPen(self._look.theme.colour("muted")))
        painter.drawText(words, middle | Qt.AlignmentFlag.AlignRight, said)
        room = self.width() - names - figures - 2 * _GAP
        most = self._most if bar.most is None else bar.most
        if room > 0 and most and bar.value:
            box = QRectF(names + _GAP + 0.5, top + height / 2 - 6.5, max(2, room * bar.value // most), 13)
            self._fill(painter, bar, box)

    def _fill(self, painter: QPainter, bar: Bar, box: QRectF) -> None:
        here, away = QRectF(box), QRectF(box)
        if bar.away and bar.away < bar.value:
            here.setWidth(round(box.width() * (bar.value - bar.away) / bar.value))
            away.setLeft(here.right())
        if bar.away < bar.value:
            bar.fill.draw(painter, here, self._look.theme)
        if bar.away:
            place_fill(Place.REMOTE).draw(painter, away, self._look.theme)

    def _words(self, bar: Bar) -> str:
        return bar.shorter if bar.shorter and self.width() < self._look.theme.px(_NARROW) else bar.words

    def _columns(self) -> tuple[int, int]:
        """How wide the names and the figures are."""
        metrics = self.fontMetrics()
        figures = max((metrics.horizontalAdvance(self._words(bar)) for bar in self._bars), default=0)
        names = max((metrics.horizontalAdvance(bar.name) for bar in self._bars), default=0)
        return min(names + 4, max(60, (self.width() - figures) // 2)), figures


def _asked(bar: Bar) -> str:
    return f"{bar.name}{f' ({bar.more})' if bar.more else ''}: {bar.words}"
