"""Whether an answer on this machine is written slower than the user wants."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

_LEAST_S = 8.0  # the first words are not typical: memory is still being read in
_LEAST_PIECES = 8


@dataclass(slots=True)
class Pace:
    """Counts pieces of an answer, each about a token, from the first on; says once that it is too slow."""

    floor_tps: float
    now_s: Callable[[], float] = time.monotonic
    _first_s: float | None = None
    _pieces: int = 0
    _told: bool = field(default=False)

    def piece(self) -> bool:
        """Another piece has come; True the first time that it is known to be too slow."""
        now = self.now_s()
        if self._first_s is None:
            self._first_s = now
            return False
        self._pieces += 1
        if self._told or not self.floor_tps or now - self._first_s < _LEAST_S or self._pieces < _LEAST_PIECES:
            return False
        self._told = self.tps < self.floor_tps
        return self._told

    @property
    def tps(self) -> float:
        """Tokens a second so far; 0 before the second piece."""
        if self._first_s is None or not self._pieces:
            return 0.0
        return self._pieces / max(self.now_s() - self._first_s, 1e-6)
