"""How one row of the catalogue looks: what decides, on three lines."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop.ui.manager.verdict import sign_of
from desktop.ui.theme import INTERFACE, META, Appearance
from models.licences import Tier
from models.offer import parameters_words, price_words, strengths_words
from models.selection import Choice

ROW_PX, TICK_PX = 104, 44
_GAP, _PAD, _BOX, _SIGN = 8, 16, 16, 16
_CHOICE = Qt.ItemDataRole.UserRole
_MIDDLE = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine

Index = QModelIndex | QPersistentModelIndex


class OfferPainter(QStyledItemDelegate):
    """Draws rows as cards. What doesn't fit ends in “…”."""

    def __init__(self, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, self._look.theme.px(ROW_PX))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame: QRect = option.rect.adjusted(1, 1, -1, -_GAP)
        self._surface(painter, frame, option)
        inside = frame.adjusted(self._px(TICK_PX), 10, -_PAD, -10)
        third = inside.height() // 3
        lines = [QRect(inside.left(), inside.top() + i * third, inside.width(), third) for i in range(3)]
        choice: Choice = index.data(_CHOICE)
        ticked = index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
        self._tick(painter, frame.left() + 14, lines[0].center().y() + 1, ticked)
        self._first(painter, lines[0], choice)
        self._second(painter, lines[1], choice)
        self._third(painter, lines[2], choice)
        painter.restore()

    def _surface(self, painter: QPainter, frame: QRect, option: Any) -> None:
        over = bool(option.state & QStyle.StateFlag.State_MouseOver)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        line = "shore" if focused else "outline" if over else "hairline"
        painter.setPen(QPen(self._look.theme.colour(line), 2 if focused else 1))
        painter.setBrush(self._look.theme.colour("surface"))
        painter.drawRoundedRect(QRectF(frame).adjusted(0.5, 0.5, -0.5, -0.5), 10, 10)

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
        room = line.adjusted(0, 0, -self._chip(painter, line, choice) - 12, 0)
        colour = "muted" if choice.left_out else "text"
        used = self._say(painter, room, offer.model.name, colour, INTERFACE, bold=True) + 10
        facts = [offer.model.publisher, parameters_words(offer.model)]
        facts += [offer.quantisation or ""] if offer.runs else []
        words = " · ".join(fact for fact in facts if fact)
        used += self._say(painter, room.adjusted(used, 0, 0, 0), words, "muted", META) + 10
        if offer.installed:
            self._say(painter, room.adjusted(used, 0, 0, 0), "Installed", "shore", META, bold=True)

    def _chip(self, painter: QPainter, line: QRect, choice: Choice) -> int:
        theme, label = self._look.theme, choice.offer.label
        quiet = label.tier is Tier.OPEN
        self._font(painter, META)
        metrics = painter.fontMetrics()
        words = metrics.elidedText(label.text, Qt.TextElideMode.ElideRight, line.width() * 55 // 100)
        width, height = metrics.horizontalAdvance(words) + 16, metrics.height() + 4
        chip = QRect(line.right() - width + 1, line.center().y() - height // 2 + 1, width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("sunken" if quiet else "warn-soft"))
        painter.drawRoundedRect(chip, 6, 6)
        painter.setPen(theme.colour("muted" if quiet else "warn"))
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextSingleLine, words)
        return width

    def _second(self, painter: QPainter, line: QRect, choice: Choice) -> None:
        """The verdict with its sign, and its reason."""
        offer = choice.offer
        name, colour = sign_of(offer.fit.verdict if offer.fit and offer.has_files else None)
        if not offer.has_files:
            name = "x-circle"
        side = self._px(_SIGN)
        sign = QRect(line.left(), line.center().y() - side // 2 + 1, side, side)
        self._look.icon(name, colour).paint(painter, sign)
        room = line.adjusted(side + 6, 0, 0, 0)
        verdict = offer.verdict[:1].upper() + offer.verdict[1:]
        used = self._say(painter, room, verdict, "muted" if choice.left_out else "text", INTERFACE) + 10
        self._say(painter, room.adjusted(used, 0, 0, 0), offer.reason, "muted", META)

    def _third(self, painter: QPainter, line: QRect, choice: Choice) -> None:
        """What it is good at, or why it is proposed or left out; the price at the right."""
        offer = choice.offer
        wanted = offer.price if not choice.left_out else None  # its reason needs the room
        price = price_words(wanted).removesuffix(" tokens") if wanted else ""
        self._font(painter, META)
        taken = painter.fontMetrics().horizontalAdvance(price) + 12 if price else 0
        if price:
            painter.setPen(self._look.theme.colour("offshore"))
            painter.drawText(line, _MIDDLE | Qt.AlignmentFlag.AlignRight, price)
        words = choice.reason or " · ".join(strengths_words(offer.model))
        if choice.left_out:
            words = f"Left out: {choice.reason}"
        colour = "warn" if choice.left_out else "muted"
        self._say(painter, line.adjusted(0, 0, -taken, 0), words, colour, META)

    def _say(
        self, painter: QPainter, room: QRect, words: str, colour: str, size: float, *, bold: bool = False
    ) -> int:
        """Draw one line; the width it took."""
        if room.width() <= 0:
            return 0
        self._font(painter, size, bold)
        metrics = painter.fontMetrics()
        words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, room.width())
        painter.setPen(self._look.theme.colour(colour))
        painter.drawText(room, _MIDDLE | Qt.AlignmentFlag.AlignLeft, words)
        return metrics.horizontalAdvance(words)

    def _font(self, painter: QPainter, size: float, bold: bool = False) -> None:
        font = QFont(painter.font())
        font.setPixelSize(self._px(size))
        font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
        painter.setFont(font)

    def _px(self, size: float) -> int:
        return self._look.theme.px(size)
