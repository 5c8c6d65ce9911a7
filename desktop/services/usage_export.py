"""Writes many rows to a file in pieces, so that the window answers in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.storage.ledger_values import LedgerRow
from desktop.storage.usage_file import Table, UsageFile
from models.errors import AppError

ReadPage = Callable[[int | None], tuple[LedgerRow, ...]]


class Export(QObject):
    """`finished(path)` once the file is whole, or `failed(AppError)` and there is none. GUI thread only.

    `read` gives the rows before an id; rows that come after `start` aren't in it.
    """

    finished = Signal(str)
    failed = Signal(object)

    def __init__(
        self,
        path: Path,
        form: Table,
        head: Mapping[str, object],
        read: ReadPage,
        start: int | None,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._path, self._form, self._head = path, form, head
        self._read, self._before = read, start
        self._file: UsageFile | None = None

    def start(self) -> None:
        """Begin; the first piece is written when the event loop runs again."""
        try:
            self._file = UsageFile(self._path, self._form, self._head)
        except AppError as error:
            self.failed.emit(error)
            return
        QTimer.singleShot(0, self, self._step)

    def cancel(self) -> None:
        """Leave nothing behind; nothing where it has ended."""
        if self._file is not None:
            self._file.drop()
            self._file = None

    def _step(self) -> None:
        if self._file is None:
            return
        try:
            rows = self._read(self._before) if self._before is not None else ()
            if rows:
                self._file.add(rows)
                self._before = rows[-1].id
                QTimer.singleShot(0, self, self._step)
                return
            self._file.finish()
        except AppError as error:
            self.cancel()
            self.failed.emit(error)
            return
        self._file = None
        self.finished.emit(str(self._path))
