"""A list to choose one thing from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QWheelEvent
from PySide6.QtWidgets import QComboBox, QStyledItemDelegate, QWidget


class Choice(QComboBox):
    """Draws its own arrow, since a style sheet takes the style's away; the wheel scrolls the page."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setItemDelegate(QStyledItemDelegate(self))  # the usual one is deaf to the style sheet

    def add_named(self, names: Mapping[str, str]) -> None:
        """Add an entry for each id, in the order of their names; the id is in its tooltip, and said with a
        name that another one has too."""
        shared = Counter(names.values())
        for one, name in sorted(names.items(), key=lambda item: (item[1].casefold(), item[0])):
            self.addItem(f"{name} · {one}" if shared[name] > 1 else name, one)
            self.setItemData(self.count() - 1, one, Qt.ItemDataRole.ToolTipRole)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        x, y = self.width() - 18.0, self.height() / 2 - 2
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(self.palette().color(QPalette.ColorRole.PlaceholderText), 1.4)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.drawPolyline([QPointF(x, y), QPointF(x + 4, y + 4), QPointF(x + 8, y)])
        painter.end()
