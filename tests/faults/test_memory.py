"""F03: memory runs out for real, in a control group of this test's own; one new attempt, with less."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from models.chat import ChatEvent, Finished, Notice, TextDelta
from models.errors import EngineOutOfMemory
from models.local.backend import LocalBackend
from tests.fakes import STARTER, WORKER, ask, collect, finished, local, run

if sys.platform != "linux":
    pytest.skip("control groups are Linux’s", allow_module_level=True)

_GROUPS = (("memory", "memory.limit_in_bytes", "tasks"), (".", "memory.max", "cgroup.procs"))
MB = 1_000_000
EIGHT_BITS = 200
"""Megabytes in which the starter’s context of 8k has room with 8 bits, and not with 16 (measured)."""


class Group:
    """A control group with a limit, and a worker's command that joins it."""

    def __init__(self, folder: Path, limit: str, members: str) -> None:
        self._limit = folder / limit
        join = f'echo $$ > "{folder / members}" && exec "$@"'
        self._join = ("sh", "-c", join, "sh")
        self.command = (*self._join, *WORKER)

    def limit(self, megabytes: int) -> None:
        self._limit.write_text(str(megabytes * MB))

    @contextmanager
    def hog(self, megabytes: int) -> Iterator[None]:
        """Another program that takes so much and keeps it."""
        program = f"x = b'x' * {megabytes * MB}; input()"
        process = subprocess.Popen([*self._join, sys.executable, "-c", program], stdin=subprocess.PIPE)
        try:
            yield
        finally:
            process.kill()
            process.communicate()

    def backend(self) -> LocalBackend:
        return local(STARTER, command=self.command, available_bytes=lambda: 1 << 40)


@pytest.fixture
def group() -> Iterator[Group]:
    for controller, limit, members in _GROUPS:
        folder = Path("/sys/fs/cgroup") / controller / "inshore-test"
        with suppress(OSError):
            folder.mkdir(exist_ok=True)
            if (folder / limit).exists():
                yield Group(folder, limit, members)
                folder.rmdir()
                return
            folder.rmdir()
    pytest.skip("no control group for memory can be made here")


@pytest.mark.model
def test_f03_the_next_attempt_has_less_and_says_so(group: Group) -> None:
    group.limit(EIGHT_BITS)

    async def case() -> None:
        backend = group.backend()
        try:
            events = await collect(backend.stream(ask("Say hello.", max_tokens=8)))
            assert [event.text for event in events if isinstance(event, Notice)] == [
                "Memory ran out. Loading with less, once more.",
                "Loaded with its 8k context in 8 bits instead of 16, because memory had run out.",
            ]
            assert finished(events).timings.cache == "q8_0"
            assert finished(await again(backend)).timings.cache == "q8_0"
        finally:
            await backend.aclose()

    run(case())


@pytest.mark.model
def test_f03_there_is_no_loop_and_the_message_names_memory(group: Group) -> None:
    group.limit(100)

    async def case() -> None:
        backend = group.backend()
        try:
            with pytest.raises(EngineOutOfMemory, match="no memory left") as caught:
                await collect(backend.stream(ask("Say hello.", max_tokens=8)))
            assert "smaller model" in caught.value.hint
            assert "smaller context" in caught.value.hint
        finally:
            await backend.aclose()

    run(case())


@pytest.mark.model
def test_f03_another_program_takes_it_all_in_mid_answer(group: Group) -> None:
    """The words that were written stay, and nothing is written twice; the next question has less."""
    group.limit(500)
    events: list[ChatEvent] = []

    async def case() -> None:
        backend = group.backend()
        stream = backend.stream(ask("Write a very long story.", max_tokens=4000))
        try:
            while not any(isinstance(event, TextDelta) for event in events):
                events.append(await anext(stream))
            with group.hog(450), pytest.raises(EngineOutOfMemory):
                await follow(stream, events)
            assert not any(isinstance(event, Finished | Notice) for event in events)
            assert finished(await again(backend)).timings.cache == "q8_0"
        finally:
            await stream.aclose()
            await backend.aclose()

    run(case())


async def follow(stream: AsyncGenerator[ChatEvent, None], events: list[ChatEvent]) -> None:
    async for event in stream:
        events.append(event)


async def again(backend: LocalBackend) -> list[ChatEvent]:
    return await collect(backend.stream(ask("Say hello.", max_tokens=4)))
