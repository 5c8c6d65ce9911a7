"""A list of painted rows that is as high as they are, so that the page around it scrolls."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QListView, QWidget

from desktop.ui.manager.row_painter import ROW_PX
from desktop.ui.theme import Appearance

_LEAP = 5

Index = QModelIndex | QPersistentModelIndex


class TallList(QListView):
    """Draws only what is in sight. `row_reached` with the rectangle the keyboard has moved to."""

    row_reached = Signal(QRect)

    def __init__(self, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._look = look

    def fit_rows(self, count: int) -> None:
        """Be as high as so many rows."""
        self.setFixedHeight(count * self._look.theme.px(ROW_PX))

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        if current.isValid():
            self.row_reached.emit(self.visualRect(current))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            self._leap(_LEAP if event.key() == Qt.Key.Key_PageDown else -_LEAP)
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def _leap(self, rows: int) -> None:
        """A page is what the page around it shows, not all rows."""
        last = self.model().rowCount() - 1
        row = min(max(self.currentIndex().row() + rows, 0), last)
        self.setCurrentIndex(self.model().index(row, 0))
