"""How fast it comes, and not faster than it may."""

from __future__ import annotations

import asyncio
import time
from collections import deque

_WINDOW_S = 5.0


class Rate:
    """Bytes a second over the last seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def add(self, total_bytes: int) -> float | None:
        """Told the sum so far; returns the rate, None before there is one."""
        now = time.monotonic()
        self._seen.append((now, total_bytes))
        while now - self._seen[0][0] > _WINDOW_S and len(self._seen) > 2:
            self._seen.popleft()
        since, before = self._seen[0]
        return max(total_bytes - before, 0) / (now - since) if now - since > 0.2 else None


class Throttle:
    """Shares a bandwidth among all that take from it. `limit_bytes_s` may be changed at any time."""

    def __init__(self, limit_bytes_s: float | None) -> None:
        self.limit_bytes_s = limit_bytes_s
        self._free_at = 0.0

    async def take(self, count: int) -> None:
        """Wait until so many bytes are allowed."""
        if not self.limit_bytes_s:
            return
        now = time.monotonic()
        self._free_at = max(self._free_at, now) + count / self.limit_bytes_s
        await asyncio.sleep(self._free_at - now)
