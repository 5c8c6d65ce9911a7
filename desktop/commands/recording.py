"""Writes an answer of `ask` into the usage ledger, before and after it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

from desktop.commands.services import Services
from desktop.commands.terminal import Terminal
from models.chat import Finished
from models.errors import AppError, StorageBusy, StorageError
from models.routing import Route

if TYPE_CHECKING:
    from desktop.storage.ledger import Ledger

_T = TypeVar("_T")
_PATIENCE_S = 0.2


class Recording:
    """One local attempt: made before asking, ended by exactly one of `finish`, `fail` and `stop`.

    The file is open for moments only, so the window can start meanwhile. A local answer costs nothing:
    where the ledger can't be written that is said in one line, and the answer is given all the same.
    """

    def __init__(self, services: Services, terminal: Terminal, route: Route) -> None:
        from desktop.storage.ledger_values import Attempt, Place

        self._services, self._terminal = services, terminal
        attempt = Attempt("local", route.model, Place.LOCAL, route_reason=route.reason)
        self._id = self._write(lambda ledger: ledger.reserve(attempt).id)

    def finish(self, event: Finished) -> None:
        """The answer ended by itself."""
        from desktop.storage.ledger_values import Outcome, Settlement

        timings = event.timings
        self._settle(
            Settlement(
                Outcome.FINISHED,
                event.usage,
                ttft_ms=_thousandths(timings.ttft_s),
                speed_mtps=_thousandths(timings.decode_tps),
            )
        )

    def fail(self, error: AppError) -> None:
        from desktop.storage.ledger_values import Outcome, Settlement

        self._settle(Settlement(Outcome.FAILED, note=type(error).__name__))

    def stop(self) -> None:
        """By the user."""
        from desktop.storage.ledger_values import Outcome, Settlement

        self._settle(Settlement(Outcome.STOPPED))

    def _settle(self, settlement: object) -> None:
        from desktop.storage.ledger_values import Settlement

        row_id, self._id = self._id, None
        if row_id is not None and isinstance(settlement, Settlement):
            self._write(lambda ledger: ledger.settle(row_id, settlement))

    def _write(self, step: Callable[[Ledger], _T]) -> _T | None:
        from desktop.storage.database import open_database
        from desktop.storage.ledger import Ledger

        paths = self._services.paths
        try:
            paths.create()
            with closing(
                open_database(paths.database, backups=paths.backups, patience_s=_PATIENCE_S)
            ) as connection:
                return step(Ledger(connection))
        except StorageBusy:
            self._terminal.note("This answer is missing in your usage: Inshore’s window holds the file.")
        except StorageError as error:
            self._terminal.note(f"This answer is missing in your usage: {error.cause}")
        return None


def _thousandths(value: float | None) -> int | None:
    return None if value is None else round(value * 1000)
