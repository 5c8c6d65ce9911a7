"""How one row of the catalogue looks: what decides, on three lines."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyleOptionViewItem

from desktop.ui.manager.row_painter import MIDDLE, ROW_PX, Index, RowPainter
from desktop.ui.theme import INTERFACE, META
from models.offer import parameters_words, price_words, strengths_words
from models.selection import Choice

__all__ = ["ROW_PX", "TICK_PX", "OfferPainter"]

TICK_PX = 44
_BOX = 16
_CHOICE = Qt.ItemDataRole.UserRole


class OfferPainter(RowPainter):
    """Draws rows as cards. What doesn't fit ends in “…”."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        frame, lines = self._lines(painter, option, self._px(TICK_PX))
        choice: Choice = index.data(_CHOICE)
        ticked = index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
        self._tick(painter, frame.left() + 14, lines[0].center().y() + 1, ticked)
        self._first(painter, lines[0], choice)
        self._second(painter, lines[1], choice)
        self._third(painter, lines[2], choice)
        painter.restore()

    def _tick(self, painter: QPainter, left: int, middle: int, ticked: bool) -> None:
        theme, side = self._look.theme, self._px(_BOX)
        box = QRectF(left + 0.5, middle - side / 2, side, side)
        painter.setPen(QPen(theme.colour("shore" if ticked else "outline"), 1))
        painter.setBrush(theme.colour("shore" if ticked else "surface"))
        painter.drawRoundedRect(box, 4, 4)
        if ticked:
            painter.setPen(QPen(theme.colour("on-shore"), 1.8))
            x, y, unit = box.left(), box.top(), side / 16
            marks = ((4, 8.5), (7, 11.5), (12, 5))
            painter.drawPolyline([QPointF(x + a * unit, y + b * unit) for a, b in marks])

    def _first(self, painter: QPainter, line: QRect, choice: Choice) -> None:
        """Name, publisher and size; the licence at the right."""
        offer = choice.offer
        room = line.adjusted(0, 0, -self._chip(painter, line, offer.label) - 12, 0)
        colour = "muted" if choice.left_out else "text"
        used = self._say(painter, room, offer.model.name, colour, INTERFACE, bold=True) + 10
        facts = [offer.model.publisher, parameters_words(offer.model)]
        facts += [offer.quantisation or ""] if offer.runs else []
        words = " · ".join(fact for fact in facts if fact)
        used += self._say(painter, room.adjusted(used, 0, 0, 0), words, "muted", META) + 10
        if offer.installed:
            self._say(painter, room.adjusted(used, 0, 0, 0), "Installed", "shore", META, bold=True)

    def _second(self, painter: QPainter, line: QRect, choice: Choice) -> None:
        """The verdict with its sign, and its reason."""
        offer = choice.offer
        verdict = offer.fit.verdict if offer.fit and offer.has_files else None
        sign = "" if offer.has_files else "x-circle"
        colour = "muted" if choice.left_out else "text"
        self._verdict(painter, line, verdict, offer.verdict, offer.reason, sign, colour)

    def _third(self, painter: QPainter, line: QRect, choice: Choice) -> None:
        """What it is good at, or why it is proposed or left out; the price at the right."""
        offer = choice.offer
        wanted = offer.price if not choice.left_out else None  # its reason needs the room
        price = price_words(wanted).removesuffix(" tokens") if wanted else ""
        self._font(painter, META)
        taken = painter.fontMetrics().horizontalAdvance(price) + 12 if price else 0
        if price:
            painter.setPen(self._look.theme.colour("offshore"))
            painter.drawText(line, MIDDLE | Qt.AlignmentFlag.AlignRight, price)
        words = choice.reason or " · ".join(strengths_words(offer.model))
        if choice.left_out:
            words = f"Left out: {choice.reason}"
        colour = "warn" if choice.left_out else "muted"
        self._say(painter, line.adjusted(0, 0, -taken, 0), words, colour, META)
