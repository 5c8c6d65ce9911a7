"""Counts the tokens of what is being typed, without being in anyone's way."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.background import Background, Outcome
from models.chat import TextSize

Count = Callable[[str], Coroutine[Any, Any, TextSize] | None]

_PAUSE_MS = 300


class DraftCounter(QObject):
    """Says `counted(text, size)` when typing pauses; size is a TextSize, or None where it can't be known.

    GUI thread only. One text is counted at a time, the newest; what is outdated when it arrives is not
    said. While `busy()` nothing is asked, and a new text's size is None: call `wake` afterwards. `count`
    gives None where there is nobody to ask. A failure is not said: it comes again with the message.
    """

    counted = Signal(str, object)

    def __init__(
        self,
        background: Background,
        count: Count,
        busy: Callable[[], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._background = background
        self._count = count
        self._busy = busy
        self._text = ""
        self._waiting = False
        self._counting: str | None = None
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self.wake)

    def take(self, text: str) -> None:
        """The draft has changed; an empty one is counted at once."""
        if text == self._text:
            return
        self._text = text
        self._waiting = bool(text)
        if text:
            self._pause.start()
        else:
            self._pause.stop()
        if not text or self._busy():
            self.counted.emit(text, None)

    def count_again(self) -> None:
        """Another model, or another context: what is known of the draft no longer holds."""
        self._waiting = bool(self._text)
        self.wake()

    def wake(self) -> None:
        """Count what waits to be counted, if that may be now."""
        if not self._waiting or self._pause.isActive() or self._counting is not None or self._busy():
            return
        work = self._count(self._text)
        self._waiting = False
        if work is None:
            self.counted.emit(self._text, None)
            return
        self._counting = self._text
        self._background.run(work, self._end)

    def _end(self, outcome: Outcome) -> None:
        text, self._counting = self._counting, None
        if text == self._text and not self._waiting:
            self.counted.emit(text, outcome.value)
        self.wake()
