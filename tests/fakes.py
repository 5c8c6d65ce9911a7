"""What several tests share: the fake backend, ways to run a stream, and the models to run it on."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncGenerator, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import psutil

from models.chat import (
    ChatEvent,
    ChatRequest,
    Finished,
    Message,
    ReasoningDelta,
    Role,
    Sampling,
    TextDelta,
)
from models.fake import FakeBackend, Hold, says
from models.local.backend import LocalBackend
from models.local.process import default_command

__all__ = [
    "LIMIT_S",
    "ROOT",
    "STARTER",
    "STUB",
    "WORKER",
    "Clock",
    "FakeBackend",
    "Hold",
    "ask",
    "cancel",
    "collect",
    "finished",
    "first_delta",
    "local",
    "run",
    "says",
    "stub",
    "text_of",
]

ROOT = Path(__file__).resolve().parents[1]
STARTER = ROOT / "resources" / "starter" / "SmolLM2-135M-Instruct.Q4_1.gguf"
WORKER = tuple(default_command())
STUB = (sys.executable, str(ROOT / "tests" / "fixtures" / "stub_worker.py"))
LIMIT_S = 60.0
"""No test waits longer for anything."""

T = TypeVar("T")


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop of its own; afterwards no process and no unclosed pipe may be left."""
    before = set(psutil.Process().children(recursive=True))
    result = asyncio.run(asyncio.wait_for(work, LIMIT_S))
    gc.collect()  # makes what was not closed warn here and not in a later test
    left = set(psutil.Process().children(recursive=True)) - before
    assert not left
    return result


def ask(
    text: str,
    *earlier: Message,
    model: str = "model",
    answer_so_far: str = "",
    max_tokens: int | None = None,
    stop: tuple[str, ...] = (),
) -> ChatRequest:
    """A greedy request that ends with this question."""
    sampling = Sampling(temperature=0, max_tokens=max_tokens, stop=stop)
    return ChatRequest(model, (*earlier, Message(Role.USER, text)), sampling, answer_so_far=answer_so_far)


async def collect(stream: AsyncGenerator[ChatEvent, None]) -> list[ChatEvent]:
    """All events of a stream."""
    return [event async for event in stream]


async def first_delta(stream: AsyncGenerator[ChatEvent, None]) -> TextDelta | ReasoningDelta:
    """Go on until something is written."""
    async for event in stream:
        if isinstance(event, TextDelta | ReasoningDelta):
            return event
    raise AssertionError("it ended without a word")


async def cancel(task: asyncio.Task[Any]) -> None:
    """Cancel a task and see that it ends as cancelled."""
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


def text_of(events: Sequence[ChatEvent]) -> str:
    """What was answered."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def finished(events: Sequence[ChatEvent]) -> Finished:
    """The last event, which must be the only one of its kind."""
    ends = [event for event in events if isinstance(event, Finished)]
    assert ends == [events[-1]]
    return ends[0]


def local(model: Path, **options: Any) -> LocalBackend:
    """A local backend with the real engine and one model.

    One thread: several wait for each other at every step, which on a busy machine takes for ever.
    """
    return LocalBackend(lambda _id: model, **{"command": WORKER, "threads": 1, **options})


def stub(model: str = "model.gguf", **options: Any) -> LocalBackend:
    """A local backend with the stub worker; the model's name may be one of its faults."""
    return LocalBackend(lambda _id: Path(model), **{"command": STUB, "threads": 1, **options})
