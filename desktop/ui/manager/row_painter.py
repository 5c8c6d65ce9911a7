"""What painted rows share: a card, a chip, a verdict with its sign, and text that ends in “…”."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop.ui.manager.verdict import sign_of
from desktop.ui.theme import INTERFACE, META, Appearance
from models.fit import Verdict
from models.licences import Label, Tier

ROW_PX, GAP_PX, PAD_PX = 104, 8, 16
MIDDLE = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
_SIGN = 16

Index = QModelIndex | QPersistentModelIndex


class RowPainter(QStyledItemDelegate):
    """Draws rows as cards of three lines."""

    def __init__(self, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, self._look.theme.px(ROW_PX))

    def _lines(self, painter: QPainter, option: Any, left: int) -> tuple[QRect, list[QRect]]:
        """The card, drawn, and the places of its three lines, `left` pixels within it."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame: QRect = option.rect.adjusted(1, 1, -1, -GAP_PX)
        self._surface(painter, frame, option)
        inside = frame.adjusted(left, 10, -PAD_PX, -10)
        third = inside.height() // 3
        return frame, [
            QRect(inside.left(), inside.top() + i * third, inside.width(), third) for i in range(3)
        ]

    def _surface(self, painter: QPainter, frame: QRect, option: Any) -> None:
        over = bool(option.state & QStyle.StateFlag.State_MouseOver)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        line = "shore" if focused else "outline" if over else "hairline"
        painter.setPen(QPen(self._look.theme.colour(line), 2 if focused else 1))
        painter.setBrush(self._look.theme.colour("surface"))
        painter.drawRoundedRect(QRectF(frame).adjusted(0.5, 0.5, -0.5, -0.5), 10, 10)

    def _chip(self, painter: QPainter, line: QRect, label: Label) -> int:
        """A licence’s label at the right; the width it took."""
        theme = self._look.theme
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

    def _verdict(
        self,
        painter: QPainter,
        line: QRect,
        verdict: Verdict | None,
        words: str,
        reason: str,
        sign: str = "",
        colour: str = "text",
    ) -> None:
        """The verdict with its sign, and its reason; `sign` is another icon than the usual."""
        name, shade = sign_of(verdict)
        side = self._px(_SIGN)
        place = QRect(line.left(), line.center().y() - side // 2 + 1, side, side)
        self._look.icon(sign or name, shade).paint(painter, place)
        room = line.adjusted(side + 6, 0, 0, 0)
        used = self._say(painter, room, words[:1].upper() + words[1:], colour, INTERFACE) + 10
        self._say(painter, room.adjusted(used, 0, 0, 0), reason, "muted", META)

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
        painter.drawText(room, MIDDLE | Qt.AlignmentFlag.AlignLeft, words)
        return metrics.horizontalAdvance(words)

    def _font(self, painter: QPainter, size: float, bold: bool = False) -> None:
        font = QFont(painter.font())
        font.setPixelSize(self._px(size))
        font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
        painter.setFont(font)

    def _px(self, size: float) -> int:
        return self._look.theme.px(size)
