"""What can be done about a message that is longer than the model can read at once."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QPushButton, QVBoxLayout, QWidget

from desktop.ui.chat.meter import short
from desktop.ui.labels import plain_label
from models.chat import TextSize

_NARROW = 520


class TooLargeCard(QFrame):
    """Stands above the composer while its text is too long; says `larger_context_wanted(tokens)`."""

    larger_context_wanted = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("too-large")
        self.setAccessibleName("This message is too long")
        self._larger = 0
        self._title = plain_label(self, "strong")
        self._words = plain_label(self)
        self._button = QPushButton(self)
        self._button.setObjectName("use-larger-context")
        self._button.clicked.connect(lambda: self.larger_context_wanted.emit(self._larger))
        self._build()
        self.hide()

    def show_size(self, size: TextSize | None) -> None:
        """Show what is too long, and what helps; hidden where nothing is."""
        if size is None or size.tokens <= size.room_tokens:
            self.hide()
            return
        self._larger = size.larger_context
        self._title.setText(f"This message is {size.tokens:,} tokens long.")
        self._words.setText(f"The model can read {size.room_tokens:,} at once. {_advice(size)}")
        self._button.setText(f"Use a {short(size.larger_context)} context")
        self._button.setVisible(size.larger_context > 0)
        self.setAccessibleDescription(f"{self._title.text()} {self._words.text()}")
        self.show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        self._row.setDirection(
            QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        )

    def _build(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self._title)
        texts.addWidget(self._words)
        self._row = row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        row.setContentsMargins(16, 10, 12, 12)
        row.setSpacing(12)
        row.addLayout(texts, 1)
        row.addWidget(self._button, 0, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)


def _advice(size: TextSize) -> str:
    if size.larger_context:
        return f"With a context of {size.larger_context:,} tokens it fits, and there is memory for it."
    return "Shorten it, or send it in several parts."
