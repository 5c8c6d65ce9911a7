"""When a gateway is asked once more, where, and how long that waits: values and a pure policy."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from models.errors import (
    AppError,
    FellSilent,
    GatewayBusy,
    GatewayFailed,
    NoCredit,
    Offline,
    ProxyFailed,
    Unreachable,
)

_ROTATING = (GatewayBusy, GatewayFailed, Unreachable, Offline, ProxyFailed)
_WAITING = (GatewayBusy, GatewayFailed, Unreachable)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a gateway is asked at most, and how long Inshore waits between.

    The n-th wait is up to `first_wait_s` doubled n-1 times, `longest_wait_s` at most, and at least half of
    that. A gateway that asks for more than `longest_wait_s` is not asked again by itself.
    """

    tries: int = 4
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0

    def wait_s(self, waits: int, error: AppError, dice: Callable[[], float] = random.random) -> float | None:
        """How long to wait before the next try, None for not to try. `waits` is how many there were."""
        if not isinstance(error, _WAITING) or isinstance(error, FellSilent):
            return None  # one that fell silent may be at work, and would be paid twice
        asked = getattr(error, "retry_after_s", None)
        if asked is not None:
            return asked + dice() * min(1.0, asked / 4) if asked <= self.longest_wait_s else None
        longest = min(self.first_wait_s * 2.0**waits, self.longest_wait_s)
        return longest * (0.5 + dice() / 2)


@dataclass(frozen=True, slots=True)
class Place:
    """One of a connection's addresses with one of its keys; `key` None where none is needed."""

    base_url: str
    key: str | None = field(default=None, repr=False)


class Rotation:
    """Goes round the places of a connection: each once before any is asked again."""

    def __init__(self, places: Sequence[Place], begin: int = 0) -> None:
        self._places = places
        self._at = begin % len(places)
        self._left = len(places) - 1

    @property
    def place(self) -> Place:
        return self._places[self._at]

    @property
    def index(self) -> int:
        """Where to begin the next time."""
        return self._at

    def next_for(self, error: AppError) -> bool:
        """Go on to a place that has not been asked in this round; False where there is none, or no use."""
        if isinstance(error, NoCredit) and error.status == 429:
            return self._next_key()
        if not isinstance(error, _ROTATING) or isinstance(error, FellSilent) or self._left == 0:
            return False
        self._step()
        return True

    def _next_key(self) -> bool:
        """Past all addresses: what one key has used up is used up at each of them."""
        spent = self.place.key
        while self._left:
            self._step()
            if self.place.key != spent:
                return True
        return False

    def _step(self) -> None:
        self._left -= 1
        self._at = (self._at + 1) % len(self._places)

    def new_round(self) -> None:
        """Every place may be asked again."""
        self._left = len(self._places) - 1
        self._at = (self._at + 1) % len(self._places)


def places_of(base_urls: Sequence[str], keys: Sequence[str]) -> list[Place]:
    """Every address with every key, the addresses changing first."""
    return [Place(url, key) for key in (keys or (None,)) for url in base_urls]
