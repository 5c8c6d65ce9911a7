"""Keeps which licence was accepted for which model, when, and for what use. Rows are added, never changed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import apsw

from desktop.storage.acceptance_copy import write_copy
from desktop.storage.sqlite import transaction, translated
from models.errors import BadInput, StorageError
from models.licences import Acceptance, Passport

_LONGEST_USE = 2_000  # characters
_COLUMNS = "licence, version, model, text_hash, intended_use, accepted_at"
_INSERT = f"INSERT INTO acceptance ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608
_LIST = f"SELECT {_COLUMNS} FROM acceptance ORDER BY id"  # noqa: S608


class AcceptanceStore:
    """Acceptances in the conversations' file. One thread only; each is on the disk when `add` returns.

    What there is stands in the file `copy`, too, for those who can't open this one meanwhile.
    Every method raises StorageError for what the disk or the file did, and then nothing has changed.
    """

    def __init__(
        self, connection: apsw.Connection, now: Callable[[], float] = time.time, copy: Path | None = None
    ) -> None:
        self._connection = connection
        self._now, self._copy = now, copy

    def add(self, passport: Passport, model: str, use: str) -> Acceptance:
        """Record that the passport's text was shown and accepted now. BadInput if the use isn't said."""
        use = " ".join(use.split())
        if not use or len(use) > _LONGEST_USE:
            raise BadInput(
                "It isn’t said what the model is to be used for.",
                f"Say it in a few words, at most {_LONGEST_USE:,} characters.",
            )
        accepted = Acceptance(
            passport.id, passport.version, model, passport.text_hash(), use, float(self._now())
        )
        with translated(), transaction(self._connection):
            self._connection.execute(_INSERT, _row(accepted))
        with suppress(StorageError):
            self.copy()
        return accepted

    def copy(self) -> None:
        """Write the copy anew. Without it a command asks again; a later one is written by the next start."""
        if self._copy is not None:
            with suppress(OSError):
                write_copy(self._copy, self.all())

    def all(self) -> list[Acceptance]:
        """All acceptances, the oldest first."""
        with translated():
            return [Acceptance(*row) for row in self._connection.execute(_LIST)]


def _row(one: Acceptance) -> tuple[str, str, str, str, str, float]:
    return one.licence, one.version, one.model, one.text_hash, one.use, one.accepted_at
