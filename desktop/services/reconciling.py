"""Compares a gateway's statement with the ledger for the window: read, matched and exported beside it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.background import Background, Outcome
from desktop.storage.ledger_values import LedgerRow
from desktop.storage.usage import UsageReports
from models.errors import AppError
from models.reconciling import WINDOW_S

if TYPE_CHECKING:
    from desktop.storage.correcting import Correction
    from desktop.storage.ledger import Ledger
    from desktop.storage.reconciling import Report
    from desktop.storage.usage_values import UsageFilter
    from models.statement import Mapped, Statement
    from models.statement_file import Table

_T = TypeVar("_T")
_PAGE = 500
_AT_ONCE = 10


class ReconcilingService(QObject):
    """One statement at a time; a newer one takes the place of one that is still being read. GUI thread.

    `opened(Table)`, then after each `compare` one `compared(Report)`; `failed(AppError)` instead of either,
    or of `exported(path)`. After `correct` one `corrected(count)`, or `failed`. Files are read and matched
    on another thread, our rows in pieces between events.
    """

    corrected = Signal(int)
    opened = Signal(object)
    compared = Signal(object)
    exported = Signal(str)
    failed = Signal(object)

    def __init__(
        self, reports: UsageReports, ledger: Ledger, background: Background, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._reports, self._ledger, self._background = reports, ledger, background
        self._round = 0
        self._rows: list[LedgerRow] = []

    def open(self, path: Path) -> None:
        """Read a file’s table."""
        from models.statement_file import read_table

        self._beside(lambda: read_table(path), self.opened.emit)

    def compare(self, table: Table, mapped: Mapped, provider: str | None, window_s: float = WINDOW_S) -> None:
        """Match its lines, by these columns, with what was sent to a gateway; None is to any."""
        from desktop.storage.reconciling import wanted
        from models.statement_file import read_statement

        def read(statement: Statement) -> None:
            self._rows = []
            chosen = wanted(statement.lines, provider, window_s)
            self._gather(statement, chosen, window_s, self._round)

        self._beside(lambda: read_statement(table, mapped), read)

    def export(self, report: Report, path: Path) -> None:
        """Write what differs as CSV; a file that was there stays until the new one is whole."""
        from desktop.storage.reconciling import difference_rows
        from desktop.storage.table_file import Table, TableFile

        def write() -> str:
            file = TableFile(path, Table.CSV, "The differences were not exported.")
            try:
                file.add(difference_rows(report))
                file.finish()
            except AppError:
                file.drop()
                raise
            return str(path)

        self._run(write, self.exported.emit, lambda: True)

    def correct(self, report: Report) -> None:
        """Enter what the statement knows better, a few rows at a time."""
        from desktop.storage.correcting import corrections

        self._correct(corrections(report), 0)

    def _correct(self, rest: Sequence[Correction], done: int) -> None:
        from desktop.storage.correcting import correct

        try:
            done += correct(self._ledger, rest[:_AT_ONCE])
        except AppError as error:
            self.failed.emit(error)
            return
        if len(rest) > _AT_ONCE:
            QTimer.singleShot(0, self, lambda: self._correct(rest[_AT_ONCE:], done))
        else:
            self.corrected.emit(done)

    def _gather(self, statement: Statement, chosen: UsageFilter, window_s: float, number: int) -> None:
        """Read our rows a page at a time, then match."""
        if number != self._round:
            return
        before = self._rows[-1].id if self._rows else None
        try:
            page = self._reports.rows(chosen, before=before, limit=_PAGE)
        except AppError as error:
            self.failed.emit(error)
            return
        self._rows += page
        if len(page) == _PAGE:
            QTimer.singleShot(0, self, lambda: self._gather(statement, chosen, window_s, number))
            return
        from desktop.storage.reconciling import compared

        rows = self._rows[::-1]
        self._beside(lambda: compared(statement, rows, window_s, chosen.provider), self.compared.emit)

    def _beside(self, work: Callable[[], _T], then: Callable[[_T], None]) -> None:
        """Work on another thread; only what was begun last comes to its end."""
        self._round += 1
        number = self._round
        self._run(work, then, lambda: number == self._round)

    def _run(self, work: Callable[[], _T], then: Callable[[_T], None], still: Callable[[], bool]) -> None:
        async def elsewhere() -> _T:
            import asyncio

            return await asyncio.to_thread(_smoothly, work)

        def ended(outcome: Outcome) -> None:
            if outcome.cancelled or not still():
                return
            if isinstance(outcome.error, AppError):
                self.failed.emit(outcome.error)
            elif outcome.error is not None:
                raise outcome.error
            else:
                then(outcome.value)

        self._background.run(elsewhere(), ended)


def _smoothly(work: Callable[[], _T]) -> _T:
    """Do it without a search for garbage among what a large file becomes.

    That would find nothing, and stop all threads for up to 250 ms each time, the window’s too.
    """
    gc.disable()
    try:
        return work()
    finally:
        gc.freeze()
        gc.enable()
