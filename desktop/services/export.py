"""Writes many rows to a file in pieces, so that the window answers in between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.storage.table_file import Table, TableFile
from models.errors import AppError

Pieces = Iterator[Sequence[Mapping[str, object]]]
"""Rows as their values, some at a time; each piece is read when the one before is written."""


class Export(QObject):
    """`finished(path)` once the file is whole, or `failed(AppError)` and there is none. GUI thread only.

    `title` is of an error of the disk: that the export failed.
    """

    finished = Signal(str)
    failed = Signal(object)

    def __init__(
        self,
        path: Path,
        form: Table,
        title: str,
        pieces: Pieces,
        parent: QObject,
        head: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        super().__init__(parent)
        self._path, self._form, self._title, self._head = path, form, title, head
        self._pieces = pieces
        self._file: TableFile | None = None

    def start(self) -> None:
        """Begin; the first piece is written when the event loop runs again."""
        try:
            self._file = TableFile(self._path, self._form, self._title, self._head)
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
            piece = next(self._pieces, None)
            if piece is not None:
                self._file.add(piece)
                QTimer.singleShot(0, self, self._step)
                return
            self._file.finish()
        except AppError as error:
            self.cancel()
            self.failed.emit(error)
            return
        self._file = None
        self.finished.emit(str(self._path))
