"""The single lines of the record: a table that reads them page by page as one scrolls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from PySide6.QtWidgets import QAbstractItemView, QWidget

from desktop.storage.outbound_reports import RecordFilter, RecordRow
from desktop.ui.tables import Column, PagedModel, Table
from models.units import size

_HEIGHT_PX = 340
_COLUMNS = (
    Column("Time", 112),
    Column("Host", 158),
    Column("For", 112),
    Column("Out", 84, is_number=True),
    Column("In", 84, is_number=True),
    Column("Decision", 84),
    Column("Mode", 68),
    Column("Conversation", 96),
)
_CONVERSATION = 7

Read = Callable[[RecordFilter, RecordRow | None, int], tuple[RecordRow, ...]]


class LineModel(PagedModel[RecordRow]):
    """The lines of a filter, newest first; `read(filter, after, limit)` brings the next ones."""

    def __init__(self, read: Read) -> None:
        super().__init__(_COLUMNS)
        self._read, self._wanted = read, RecordFilter()
        self._titles: Mapping[int, str] = {}

    def show_rows(self, wanted: RecordFilter, titles: Mapping[int, str]) -> None:
        """Begin anew with the first page."""
        self._wanted, self._titles = wanted, titles
        self.begin()

    def read_after(self, row: RecordRow | None, limit: int) -> tuple[RecordRow, ...]:
        return self._read(self._wanted, row, limit)

    def cell(self, row: RecordRow, column: int) -> str:
        return cell(row, column, self._titles)

    def details(self, row: RecordRow) -> str:
        return details(row, self._titles)


def cell(row: RecordRow, column: int, titles: Mapping[int, str]) -> str:
    """One cell's words."""
    sent = row.sent
    decision = "refused" if sent.refused else "allowed"
    words = (
        f"{datetime.fromtimestamp(sent.at):%m-%d %H:%M}",
        sent.host,
        sent.purpose,
        size(sent.bytes_out),
        size(sent.bytes_in),
        decision,
        sent.mode or "–",
        conversation_words(sent.conversation_id, titles),
    )
    return words[column]


def conversation_words(conversation_id: int | None, titles: Mapping[int, str]) -> str:
    """The title, or what stands for one."""
    if conversation_id is None:
        return "–"
    return titles.get(conversation_id, "deleted since")


def details(row: RecordRow, titles: Mapping[int, str]) -> str:
    """The line in full, with what has no column of its own."""
    sent = row.sent
    parts = (
        f"{datetime.fromtimestamp(sent.at):%Y-%m-%d %H:%M:%S}",
        f"{sent.method} {sent.host}, for {sent.purpose}",
        conversation_words(sent.conversation_id, titles) if sent.conversation_id is not None else "",
        f"{sent.bytes_out:,} bytes out, {sent.bytes_in:,} bytes in",
        f"Refused: {sent.refused}" if sent.refused else "",
        f"Answered with status {sent.status}" if sent.status is not None else "",
    )
    return "\n".join(part for part in parts if part)


class LineTable(Table):
    """The conversation gets the width that is left."""

    def __init__(self, read: Read, parent: QWidget) -> None:
        self.lines = LineModel(read)
        super().__init__(self.lines, "record-lines", _CONVERSATION, parent)
        self.setAccessibleName("What left, the newest first")
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setFixedHeight(_HEIGHT_PX)
