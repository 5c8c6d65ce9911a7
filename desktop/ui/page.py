"""What a page beside the conversation looks like: a title, a sentence, and cards in one column."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop.ui.focus_order import chain_as_read
from desktop.ui.labels import plain_label
from desktop.ui.theme import MEASURE


class Page(QScrollArea):
    """Scrolls; `column` is where content goes, top to bottom, at most `widest` pixels wide."""

    def __init__(
        self, title: str, words: str, parent: QWidget | None = None, *, widest: int = MEASURE
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        body = QWidget()
        self.setWidget(body)
        self._middle = middle = QWidget(body)
        self.set_widest(widest)
        self.column = QVBoxLayout(middle)
        self.column.setContentsMargins(0, 56, 0, 32)
        self.column.setSpacing(12)
        self.title = _said(middle, title, "title")
        self.column.addWidget(self.title)
        if words:
            self.column.addWidget(_said(middle, words, "muted"))
            self.column.addSpacing(12)
        row = QHBoxLayout(body)
        row.setContentsMargins(24, 0, 24, 0)
        row.addStretch(1)
        row.addWidget(middle, 200)
        row.addStretch(1)

    def focusNextPrevChild(self, next: bool) -> bool:
        chain_as_read(self)
        return super().focusNextPrevChild(next)

    def set_widest(self, widest: int) -> None:
        """Let the column be at most so many pixels wide from now on."""
        self._middle.setMaximumWidth(widest)


def card(parent: QWidget) -> QFrame:
    """A surface for what belongs together."""
    frame = QFrame(parent)
    frame.setProperty("card", True)
    return frame


def _said(parent: QWidget, words: str, role: str) -> QWidget:
    label = plain_label(parent, role)
    label.setText(words)
    return label
