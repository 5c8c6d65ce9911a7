"""The one way out of the window lives as long as its loop."""

from __future__ import annotations

import asyncio
import gc

from models.line import Line
from models.outbound import Outbound


class Watched(Outbound):
    closed = False

    async def aclose(self) -> None:
        self.closed = True


def test_it_is_closed_with_the_loop_and_not_before() -> None:
    made: list[Watched] = []

    def make() -> Watched:
        made.append(Watched())
        return made[-1]

    async def run() -> None:
        line = Line(make)
        task = asyncio.ensure_future(line.hold())
        await asyncio.sleep(0)
        first = line.get()
        assert line.get() is first
        gc.collect()
        assert not made[0].closed
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(run())
    assert [one.closed for one in made] == [True]
