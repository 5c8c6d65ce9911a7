"""Counts crashes, so that an engine that dies at once is not started for ever."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

from models.errors import EngineCrashLoop

LIMIT = 3
WINDOW_S = 60.0


class CrashLimit:
    """Allows a start unless `LIMIT` crashes lie within the last `WINDOW_S` of the clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._times: deque[float] = deque(maxlen=LIMIT)

    def record(self) -> None:
        """A crash has happened now."""
        self._times.append(self._clock())

    def check(self) -> None:
        """Raise EngineCrashLoop while starting again is pointless."""
        if len(self._times) < LIMIT:
            return
        left = self._times[0] + WINDOW_S - self._clock()
        wait = "1 second" if left <= 1 else f"{math.ceil(left)} seconds"
        if left > 0:
            raise EngineCrashLoop(
                f"It stopped {LIMIT} times within a minute, so it is not started again for now.",
                f"Try again in {wait}.",
            )
