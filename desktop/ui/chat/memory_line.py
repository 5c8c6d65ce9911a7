"""The line in the transcript at which the model's memory begins."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QWidget

from desktop.services.history import Memory
from desktop.ui.theme import Appearance

MEMORY_LINE_HEIGHT = 36
_GAP = 12
_LEAST_RULE = 24  # px at each side; where words leave less, they are said shorter
_WHY = (
    "The conversation is longer than what the model reads at once, so the newest answer was given "
    "without these messages. Nothing is deleted. A pinned message stays in memory wherever it stands."
)


class MemoryLine(QWidget):
    """A rule with words in its middle; the tip explains them."""

    def __init__(self, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("memory-line")
        self._look = look
        self._memory = Memory(0, 0)
        self._words = QLabel(self)
        self._words.setObjectName("memory-words")
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setProperty("role", "meta")
        self._words.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setToolTip(_WHY)
        self.setAccessibleDescription(_WHY)
        self.hide()

    def show_memory(self, memory: Memory) -> None:
        """Say how many messages are left out."""
        self._memory = memory
        self.setAccessibleName(_said(memory))

    def arrange(self, left: int, top: int, width: int) -> None:
        """Stand there, and say as much as fits."""
        self._words.setText(_said(self._memory))
        if self._words.sizeHint().width() > width - 2 * (_LEAST_RULE + _GAP):
            self._words.setText(f"Memory begins here · {self._memory.left_out:,} left out")
        wanted = self._words.sizeHint()
        across = min(wanted.width(), width)
        self.setGeometry(left, top, width, MEMORY_LINE_HEIGHT)
        self._words.setGeometry(
            (width - across) // 2, (MEMORY_LINE_HEIGHT - wanted.height()) // 2, across, wanted.height()
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self._look.theme.colour("hairline"))
        words, middle = self._words.geometry(), self.height() // 2
        painter.drawLine(0, middle, words.left() - _GAP, middle)
        painter.drawLine(words.right() + _GAP, middle, self.width() - 1, middle)
        painter.end()


def _said(memory: Memory) -> str:
    count = memory.left_out
    messages = "1 older message is" if count == 1 else f"{count:,} older messages are"
    return f"The model’s memory begins here · {messages} left out"
