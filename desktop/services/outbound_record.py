"""Writes down what leaves the machine, off the threads that send it."""

from __future__ import annotations

from collections import deque
from contextlib import suppress

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from desktop.storage.outbound_log import OutboundLog
from desktop.storage.outbound_pending import Pending
from models.errors import StorageError
from models.outbound import Sent

_GATHER_MS, _MOST_WAITING = 500, 100_000


class OutboundRecord(QObject):
    """Takes lines from any thread and writes them in the GUI thread, those of half a second together.

    `written` when there are new lines; `failed` an AppError, once until writing works again. Lines that
    can't be written wait for the next attempt. `close` writes what is left; afterwards nothing is taken.
    """

    written = Signal()
    failed = Signal(object)
    _came = Signal()

    def __init__(self, log: OutboundLog, pending: Pending, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._log, self._pending = log, pending
        self._lines: deque[Sent] = deque(maxlen=_MOST_WAITING)
        self._failing = False
        self._timer = QTimer(self, interval=_GATHER_MS, singleShot=True)
        self._timer.timeout.connect(self.flush)
        self._came.connect(self._gather, Qt.ConnectionType.QueuedConnection)

    def record(self, line: Sent) -> None:
        """Keep a line; any thread, never waits. This is what `Outbound(record=…)` takes."""
        self._lines.append(line)
        with suppress(RuntimeError):  # the window has closed meanwhile; `close` has written what there was
            self._came.emit()

    def tidy(self) -> None:
        """Take in what the command line sent, and forget what is older than 90 days."""
        try:
            moved = self._pending.move_into(self._log)
            self._log.prune()
        except StorageError as error:
            self._tell(error)
        else:
            if moved:
                self.written.emit()

    def flush(self) -> None:
        """Write now what has come."""
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if not lines:
            return
        try:
            self._log.add(lines)
        except StorageError as error:
            self._lines.extendleft(reversed(lines))
            self._tell(error)
        else:
            self._failing = False
            self.written.emit()

    def close(self) -> None:
        """Write what is left; call it when nothing sends any more, before the file is closed."""
        self._timer.stop()
        self.flush()

    def _gather(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _tell(self, error: StorageError) -> None:
        if not self._failing:
            self._failing = True
            self.failed.emit(error)
