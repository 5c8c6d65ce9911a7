"""Which licences were accepted, and accepting one, while the program runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from models.errors import AppError
from models.licences import Acceptance, Passport, needs_acceptance, pending

if TYPE_CHECKING:
    from desktop.storage.acceptances import AcceptanceStore
    from models.terms import Terms


class AcceptanceService(QObject):
    """The store with signals. `failed` carries an AppError; what can't be read counts as not accepted."""

    failed = Signal(object)

    def __init__(self, store: Callable[[], AcceptanceStore], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store

    def all(self) -> tuple[Acceptance, ...]:
        """All acceptances, the oldest first."""
        try:
            return tuple(self._store().all())
        except AppError as error:
            self.failed.emit(error)
            return ()

    def pending(self, terms: Terms) -> Passport | None:
        """What has to be accepted before such a model is downloaded or first used; None if nothing."""
        if not needs_acceptance(terms.passport):
            return None
        return pending(terms.passport, terms.ids, self.all())

    def accept(self, passport: Passport, model: str, use: str) -> bool:
        """Record that it was shown and accepted for this use; whether that is stored."""
        try:
            self._store().add(passport, model, use)
        except AppError as error:
            self.failed.emit(error)
            return False
        return True
