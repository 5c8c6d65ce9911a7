"""A quiet bar at the bottom that says what was done, and offers to undo it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from desktop.ui.labels import plain_label

_STAYS_MS = 8_000
_LINES = 3  # of words; what is longer loses its middle
_ANY_WIDTH = 16_777_215  # Qt's own


class Notice(QFrame):
    """Lies over its parent's lower edge for eight seconds, or until it is used."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._over = parent
        self.setObjectName("notice")
        self._words = plain_label(self)
        self._words.setWordWrap(False)
        self._button = QPushButton(self)
        self._button.setObjectName("notice-action")
        self._button.clicked.connect(self._use)
        self._action: Callable[[], None] | None = None
        self._timer = QTimer(self, singleShot=True, interval=_STAYS_MS)
        self._timer.timeout.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 10, 8)
        row.setSpacing(16)
        row.addWidget(self._words)
        row.addWidget(self._button)
        parent.installEventFilter(self)
        self.hide()

    def say(self, words: str, action: str = "", then: Callable[[], None] | None = None) -> None:
        """Show words, and a button where there is something to do about them."""
        metrics = self._words.fontMetrics()
        room = max(self._over.width() - 200, 160)
        wraps = metrics.horizontalAdvance(words) > room
        self._words.setWordWrap(wraps)
        self._words.setMinimumWidth(room if wraps else 0)
        self._words.setMaximumWidth(room if wraps else _ANY_WIDTH)
        self._words.setText(metrics.elidedText(words, Qt.TextElideMode.ElideMiddle, _LINES * room))
        self._button.setText(action)
        self._button.setVisible(then is not None)
        self._action = then
        self.adjustSize()
        self._place()
        self.show()
        self.raise_()
        self._timer.start()

    @property
    def offered(self) -> Callable[[], None] | None:
        """What its button does; None while nothing is offered."""
        return None if self.isHidden() else self._action

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize:
            self._place()
        return False

    def _use(self) -> None:
        action, self._action = self._action, None
        self.hide()
        if action is not None:
            action()

    def _place(self) -> None:
        over = self._over
        self.move((over.width() - self.width()) // 2, over.height() - self.height() - 24)
