"""How well a provider's model did lately, from the ledger: for choosing who answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import apsw

from desktop.storage.sqlite import translated
from models.errors import (
    AppError,
    KeyMissing,
    KeyringError,
    NotAccepted,
    Offline,
    PromptError,
    ProxyFailed,
    Refused,
    RequestRefused,
    SignInPage,
)

_OURS: tuple[type[AppError], ...] = (
    Refused, Offline, SignInPage, ProxyFailed, KeyMissing, KeyringError, NotAccepted, RequestRefused,
    PromptError,
)  # fmt: skip
"""Failures that tell nothing of the provider: it was not asked, or asked what nobody would take."""
_RECENT = """
SELECT outcome, ttft_ms, speed_mtps FROM usage
WHERE provider = ? AND model = ? AND state = 'settled' AND outcome <> 'stopped' AND sent_at >= ?
    AND NOT (outcome = 'failed' AND coalesce(note, '') IN (SELECT value FROM json_each(?)))
ORDER BY id DESC LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Health:
    """The last `attempts` that were settled and not stopped by the user, newest first by id.

    Those that failed by no fault of the provider are not among them.

    `failures_in_a_row` counts from the newest one. The median times are of those that finished and
    measured them; None is not known.
    """

    attempts: int
    finished: int
    failures_in_a_row: int
    ttft_ms: int | None
    speed_mtps: int | None

    @property
    def success(self) -> float | None:
        """The share that finished; None without any attempt."""
        return self.finished / self.attempts if self.attempts else None


def health_of(
    connection: apsw.Connection, provider: str, model: str, last: int = 50, since: float = 0.0
) -> Health:
    """The health over the `last` attempts since a moment (unix seconds); milliseconds for any ledger."""
    with translated():
        rows: list[Any] = connection.execute(_RECENT, (provider, model, since, _names(), last)).fetchall()
    done = [row for row in rows if row[0] == "finished"]
    in_a_row = next((number for number, row in enumerate(rows) if row[0] == "finished"), len(rows))
    return Health(
        attempts=len(rows),
        finished=len(done),
        failures_in_a_row=in_a_row,
        ttft_ms=_median([row[1] for row in done if row[1] is not None]),
        speed_mtps=_median([row[2] for row in done if row[2] is not None]),
    )


def _names() -> str:
    """The classes' names as they stand in the ledger's notes."""
    found, waiting = [], list(_OURS)
    while waiting:
        kind = waiting.pop()
        found.append(kind.__name__)
        waiting += kind.__subclasses__()
    return json.dumps(found)


def _median(values: list[int]) -> int | None:
    """The lower one of two in the middle."""
    return sorted(values)[(len(values) - 1) // 2] if values else None
