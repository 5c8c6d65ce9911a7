"""How each gateway's models did lately, for the picker and for the router."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from models.errors import StorageError

if TYPE_CHECKING:
    import apsw

    from desktop.storage.health import Health

_DAY_S = 86_400
_USUAL_DAYS = 30
_TELLING = 4
"""Fewer attempts say nothing about a share."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What is known of one model at one gateway; None is not known.

    `success` is the share of the last day's attempts that were answered, from four attempts on: what failed
    longer ago keeps nobody from trying again. `ttft_s` and `tps` are medians of the last 30 days.
    """

    success: float | None = None
    ttft_s: float | None = None
    tps: float | None = None

    def short(self) -> str:
        """For a row: the times, and the share only where it isn't good. "" where nothing is known."""
        poor = self.success is not None and self.success < 0.95
        parts = (self._share() if poor else "", self._first(), self._speed())
        return " · ".join(part for part in parts if part)

    def words(self) -> str:
        """All of it, in a sentence; "" where nothing is known."""
        first = f"first word after {self._first()}" if self.ttft_s is not None else ""
        text = ", ".join(part for part in (self._share(), first, self._speed()) if part)
        return f"Lately: {text}." if text else ""

    def _share(self) -> str:
        return f"{round(self.success * 100)} % answered" if self.success is not None else ""

    def _first(self) -> str:
        return f"{self.ttft_s:.1f} s" if self.ttft_s is not None else ""

    def _speed(self) -> str:
        return f"{self.tps:.0f} tokens/s" if self.tps is not None else ""


Ask = Callable[..., "Health"]


class HealthBook:
    """Reads conditions from the ledger when they are asked for, and keeps them until `forget`."""

    def __init__(self, ask: Ask, now: Callable[[], float] = time.time) -> None:
        self._ask, self._now = ask, now
        self._known: dict[tuple[str, str], Condition] = {}

    def of(self, provider: str, model: str) -> Condition:
        """How a model is at a provider; nothing is known of one that can't be read now."""
        key = (provider, model)
        if key not in self._known:
            try:
                self._known[key] = self._read(provider, model)
            except StorageError:
                return Condition()
        return self._known[key]

    def forget(self) -> None:
        """There are newer attempts."""
        self._known.clear()

    def _read(self, provider: str, model: str) -> Condition:
        lately = self._ask(provider, model, last=20, since=self._now() - _DAY_S)
        usual = self._ask(provider, model, last=50, since=self._now() - _USUAL_DAYS * _DAY_S)
        return Condition(
            lately.success if lately.attempts >= _TELLING else None,
            usual.ttft_ms / 1000 if usual.ttft_ms is not None else None,
            usual.speed_mtps / 1000 if usual.speed_mtps is not None else None,
        )


def health_book(connection: apsw.Connection) -> HealthBook:
    """The one for the ledger in this file."""
    from desktop.storage.health import health_of

    return HealthBook(partial(health_of, connection))
