"""A quiet bar at the bottom that says what was done, and offers to undo it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from desktop.ui.labels import plain_label

_STAYS_MS = 8_000
_LINES = 3  # of words; what is longer loses its middle
_BESIDE = 200  # px for the button and the edges
_LEAST = 160


class Notice(QWidget):
    """Takes a strip of its own for eight seconds, or until it is used, wherever it is laid out.

    It is as wide as `over`, which it belongs to at first.
    """

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        bar = QFrame(self)
        bar.setObjectName("notice")
        self._words = plain_label(bar)
        self._button = QPushButton(bar)
        self._button.setObjectName("notice-action")
        self._button.clicked.connect(self._use)
        self._said = ""
        self._action: Callable[[], None] | None = None
        self._timer = QTimer(self, singleShot=True, interval=_STAYS_MS)
        self._timer.timeout.connect(self.hide)
        row = QHBoxLayout(bar)
        row.setContentsMargins(16, 8, 10, 8)
        row.setSpacing(16)
        row.addWidget(self._words)
        row.addWidget(self._button)
        strip = QVBoxLayout(self)
        strip.setContentsMargins(24, 8, 24, 12)
        strip.addWidget(bar, 0, Qt.AlignmentFlag.AlignHCenter)
        self.hide()

    def say(self, words: str, action: str = "", then: Callable[[], None] | None = None) -> None:
        """Show words, and a button where there is something to do about them."""
        self._said = words
        self._button.setText(action)
        self._button.setVisible(then is not None)
        self._action = then
        self._fit()
        self.show()
        self._timer.start()

    @property
    def offered(self) -> Callable[[], None] | None:
        """What its button does; None while nothing is offered."""
        return None if self.isHidden() else self._action

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            QTimer.singleShot(0, self, self._fit)  # a layout at work would not hear of another height

    def _use(self) -> None:
        action, self._action = self._action, None
        self.hide()
        if action is not None:
            action()

    def _fit(self) -> None:
        """As wide as the words, on more lines where that is too wide for the place."""
        metrics = self._words.fontMetrics()
        room = max(self._over.width() - _BESIDE, _LEAST)
        wide = metrics.horizontalAdvance(self._said) + 2
        words = metrics.elidedText(self._said, Qt.TextElideMode.ElideMiddle, _LINES * room)
        self._words.setText(words)
        self._words.setWordWrap(wide > room)
        lines = metrics.boundingRect(0, 0, room, 0, Qt.TextFlag.TextWordWrap, words)
        self._words.setFixedSize(min(wide, room), lines.height() if wide > room else metrics.height())
