"""What left this machine, for the window: figures, lines, and an export, read when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from desktop.services.export import Export, Pieces
from desktop.storage.local_days import begin_of
from desktop.storage.outbound_export import line_values
from desktop.storage.outbound_reports import OutboundReports, RecordFilter, RecordRow, RecordSums
from desktop.storage.sent_content import SentContent, SentContents
from desktop.storage.table_file import Table
from desktop.storage.values import StoredMessage
from models.errors import StorageError

_T = TypeVar("_T")
_PIECE = 2_000


class Span(StrEnum):
    """How far back, by the days of this machine's clock."""

    TODAY = "today"
    WEEK = "7 days"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class RecordFigures:
    """What the page shows at one moment. `titles` are those of the conversations that still exist.

    `anything` is whether there is a line at all, whatever the filter leaves.
    """

    sums: RecordSums
    days: Sequence[tuple[date, RecordSums]]
    conversations: Sequence[tuple[int | None, RecordSums]]
    hosts: Sequence[str]
    titles: Mapping[int, str]
    anything: bool


class RecordService(QObject):
    """Reads the record; GUI thread only. 100,000 lines take about 0.2 s, so ask once for what is shown.

    `changed` when there are newer lines, `exported(path)` once a file is whole, `failed` with an AppError.
    """

    changed = Signal()
    exported = Signal(str)
    failed = Signal(object)

    def __init__(
        self,
        reports: OutboundReports,
        contents: SentContents,
        titles: Callable[[], Mapping[int, str]] = dict,
        parent: QObject | None = None,
        *,
        flush: Callable[[], None] = lambda: None,
        today: Callable[[], date] = date.today,
    ) -> None:
        super().__init__(parent)
        self._reports, self._contents, self._titles = reports, contents, titles
        self._flush, self._today = flush, today
        self._exports: list[Export] = []

    def filter_over(self, span: Span) -> RecordFilter:
        """All lines of a span that ends today."""
        if span is Span.ALL:
            return RecordFilter()
        first = self._today() - timedelta(days=6 if span is Span.WEEK else 0)
        return RecordFilter(since=begin_of(first))

    def figures(self, wanted: RecordFilter) -> RecordFigures | None:
        """For a filter; None where the record can't be read, which `failed` tells."""
        self._flush()

        def read() -> RecordFigures:
            return RecordFigures(
                self._reports.sums(wanted),
                self._reports.by_day(wanted),
                self._reports.by_conversation(wanted),
                self._reports.hosts(),
                self._titles(),
                bool(self._reports.rows(RecordFilter(), None, 1)),
            )

        nothing: RecordFigures | None = None
        return self._read(read, nothing)

    def rows(self, wanted: RecordFilter, after: RecordRow | None, limit: int) -> tuple[RecordRow, ...]:
        """A page of lines, the newest first."""
        nothing: tuple[RecordRow, ...] = ()
        return self._read(lambda: self._reports.rows(wanted, after, limit), nothing)

    def sent_for(self, message: StoredMessage) -> list[SentContent]:
        """What exactly was sent for an answer, the oldest first."""
        nothing: list[SentContent] = []
        return self._read(lambda: self._contents.of(message.id), nothing)

    def keep(self, message: StoredMessage, host: str, content: bytes) -> None:
        """Keep what is sent for an answer."""
        self._read(lambda: self._contents.add(message.id, message.conversation_id, host, content), None)

    def export(self, path: Path, wanted: RecordFilter) -> None:
        """Write the lines of a filter as CSV, in pieces between events."""
        title = "The record was not exported."
        export = Export(path, Table.CSV, title, self._pieces(wanted, self._titles()), self)
        export.finished.connect(self.exported)
        export.failed.connect(self.failed)
        self._exports.append(export)
        export.start()

    def close(self) -> None:
        """Drop what is half written."""
        for export in self._exports:
            export.cancel()

    def _pieces(self, wanted: RecordFilter, titles: Mapping[int, str]) -> Pieces:
        after: RecordRow | None = None
        while rows := self._reports.rows(wanted, after, _PIECE):
            yield [line_values(row, titles) for row in rows]
            after = rows[-1]

    def _read(self, read: Callable[[], _T], otherwise: _T) -> _T:
        try:
            return read()
        except StorageError as error:
            self.failed.emit(error)
            return otherwise
