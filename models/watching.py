"""Long blocking work, followed and stopped from an asyncio task."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

_EVERY_S = 0.1


class Stopped(Exception):
    """The work was stopped as asked."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who follows a piece of work: `tell(done, total)` in bytes to read, `stop` whether it shall end."""

    tell: Callable[[int, int], None] = lambda _done, _total: None
    stop: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Amount:
    """How far it is."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Result(Generic[T]):
    """What the work returned."""

    value: T


async def watched(
    work: Callable[[Watch], T], every_s: float = _EVERY_S
) -> AsyncGenerator[Amount | Result[T], None]:
    """Do it in a thread: some Amounts, the last item its Result; raises what it raises.

    Closing or cancelling this stops the work, and returns when it has ended.
    """
    stop = threading.Event()
    last = [Amount(0, 0)]

    def tell(done: int, total: int) -> None:
        last[0] = Amount(done, total)

    task = asyncio.ensure_future(asyncio.to_thread(work, Watch(tell, stop.is_set)))
    try:
        told = None
        while not task.done():
            await asyncio.wait([task], timeout=every_s)
            if last[0] != told:
                told = last[0]
                yield told
        yield Result(task.result())
    finally:
        stop.set()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # it is looked at, so that nobody complains of it
