"""How long work will still take, from how it went so far."""

from __future__ import annotations

import time
from collections.abc import Callable

_ENOUGH_S = 0.5


class Pace:
    """Begins with its making. The estimate assumes that what is left goes as fast as what is done."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun = clock()

    def remaining_s(self, done: int, total: int) -> float | None:
        """Seconds left; None in the first half second, and while nothing is done."""
        passed = self._clock() - self._begun
        if passed < _ENOUGH_S or not 0 < done <= total:
            return None
        return round(passed * (total - done) / done, 1)
