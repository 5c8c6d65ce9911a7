"""One way out for all that the window asks of the network, on the background loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from models.outbound import Outbound


class Line:
    """Keeps one Outbound, made when first asked for. `get` and `hold` on the loop only."""

    def __init__(self, make: Callable[[], Outbound] = Outbound) -> None:
        self._make = make
        self._outbound: Outbound | None = None
        self._holder: asyncio.Task[None] | None = None

    def get(self) -> Outbound:
        """The Outbound; nothing is connected by making it."""
        if self._outbound is None:
            self._outbound = self._make()
        return self._outbound

    async def hold(self) -> None:
        """Run as long as the loop does: when it is cancelled, the connections are closed."""
        self._holder = asyncio.current_task()  # a loop alone doesn't keep a task that waits for nothing
        try:
            await asyncio.Event().wait()
        finally:
            if self._outbound is not None:
                await self._outbound.aclose()
