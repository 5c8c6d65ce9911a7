"""What `models.chat.Backend` promises, asked of every backend there is."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from models.chat import (
    Backend,
    ChatRequest,
    Finished,
    FinishReason,
    Progress,
    ReasoningDelta,
    Stage,
    TextDelta,
)
from models.errors import EngineCrashed
from models.fake import Step
from models.local.backend import LocalBackend
from tests.fakes import (
    STARTER,
    WORKER,
    FakeBackend,
    Hold,
    ask,
    cancel,
    collect,
    finished,
    first_delta,
    local,
    run,
    says,
    stub,
    text_of,
)
from tests.fixtures.tiny_gguf import write_tiny
from tests.gateway_server import GatewayServer, Reply
from tests.gateway_server import Hold as Silence
from tests.gateway_server import answer as gateway_answer
from tests.gateway_server import usage as gateway_usage
from tests.gateway_server.asking import backend as gateway_backend
from tests.gateway_server.asking import connection as gateway_connection
from tests.gateway_server.scripts import text as gateway_word

FREE_WITHIN_S = 3.0
HELLO = "Hello there."
UNICODE = "中文 🙂👩‍👩‍👧 ñ é ‏עברית"

Case = Callable[[Backend], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Kit:
    """How to have a backend whose first answer is of a kind: hello, endless, unicode, empty."""

    make: Callable[[str, Path], Backend]
    request: Callable[[str], ChatRequest]
    exact: bool = True
    one_at_a_time: bool = True

    play: Callable[[str], AbstractContextManager[Callable[[], Backend]]] | None = None
    """In place of `make`, where something has to run beside the backend."""

    def run(self, kind: str, folder: Path, case: Case) -> None:
        if self.play is None:
            self._run(lambda: self.make(kind, folder), case)
            return
        with self.play(kind) as make:
            self._run(make, case)

    def _run(self, make: Callable[[], Backend], case: Case) -> None:
        async def with_backend() -> None:
            backend = make()
            try:
                await case(backend)
            finally:
                await backend.aclose()

        run(with_backend())


def _fake(kind: str, _folder: Path) -> Backend:
    first: dict[str, list[Step]] = {
        "endless": [TextDelta("One"), Hold()],
        "empty": says(""),
        "unicode": says(UNICODE),
    }
    return FakeBackend(first.get(kind, says(HELLO)), says(HELLO))


def _stub_request(kind: str) -> ChatRequest:
    commands = {"endless": "count", "empty": "say", "unicode": f"split {UNICODE}"}
    return ask(commands.get(kind, f"say {HELLO}"))


def _tiny(kind: str, folder: Path) -> Backend:
    pieces: dict[str, tuple[str | int, ...]] = {
        "endless": ("One", "Two"),
        "empty": (),
        "unicode": ("中文 ", *"🙂".encode(), "👩‍👩‍👧 ñ é ", "‏עברית"),
    }
    models = {
        name: write_tiny(
            folder / f"{name}.gguf", pieces.get(name, (HELLO,)), for_ever=name == "endless", context=8192
        )
        for name in ("hello", kind)
    }
    return LocalBackend(models.__getitem__, command=WORKER, threads=1)


def _tiny_request(kind: str) -> ChatRequest:
    return ask("Hello?", model=kind)


def _starter_request(kind: str) -> ChatRequest:
    if kind == "endless":
        return ask("Write a very long story about the sea.")
    if kind == "unicode":
        return ask("Write “good day” in Chinese, Japanese and Russian, with an emoji.", max_tokens=60)
    return ask("What is the capital of France? One word.", max_tokens=0 if kind == "empty" else 16)


@contextmanager
def _gateway(kind: str) -> Iterator[Callable[[], Backend]]:
    first = {
        "endless": lambda: Reply([gateway_word("One"), Silence()]),
        "empty": lambda: gateway_answer("", told=gateway_usage(8, 0)),
        "unicode": lambda: gateway_answer(UNICODE),
    }.get(kind, lambda: gateway_answer(HELLO))
    with GatewayServer(first()) as server:
        yield lambda: gateway_backend(gateway_connection(server.url))


def _no_make(_kind: str, _folder: Path) -> Backend:
    raise AssertionError("it is played")


def _gateway_request(_kind: str) -> ChatRequest:
    return ask("Hello?", model="xidao/qwen3-235b")


KITS = {
    "fake": Kit(_fake, ask),
    "stub": Kit(lambda _kind, _folder: stub(), _stub_request),
    "tiny": Kit(_tiny, _tiny_request),
    "gateway": Kit(_no_make, _gateway_request, one_at_a_time=False, play=_gateway),
    "starter": Kit(lambda _kind, _folder: local(STARTER), _starter_request, exact=False),
}


@pytest.fixture(params=["fake", "stub", "tiny", "gateway", pytest.param("starter", marks=pytest.mark.model)])
def kit(request: pytest.FixtureRequest) -> Kit:
    if request.param == "starter" and not STARTER.exists():
        pytest.skip("the starter model is not here")
    return KITS[request.param]


def test_progress_then_text_then_one_finished(kit: Kit, tmp_path: Path) -> None:
    async def case(backend: Backend) -> None:
        events = await collect(backend.stream(kit.request("hello")))
        assert finished(events).reason is FinishReason.STOP
        kinds = [type(event) for event in events]
        first_word = kinds.index(TextDelta)
        assert set(kinds[:first_word]) == {Progress}
        assert set(kinds[first_word:-1]) <= {TextDelta, ReasoningDelta}
        assert all(event.text for event in events if isinstance(event, TextDelta | ReasoningDelta))
        assert text_of(events) == HELLO or not kit.exact

    kit.run("hello", tmp_path, case)


def test_answers_one_after_the_other(kit: Kit, tmp_path: Path) -> None:
    async def case(backend: Backend) -> None:
        for _ in range(3):
            assert isinstance((await collect(backend.stream(kit.request("hello"))))[-1], Finished)

    kit.run("hello", tmp_path, case)


def test_unicode_arrives_whole(kit: Kit, tmp_path: Path) -> None:
    async def case(backend: Backend) -> None:
        text = text_of(await collect(backend.stream(kit.request("unicode"))))
        assert text == UNICODE or not kit.exact
        assert "\N{REPLACEMENT CHARACTER}" not in text.rstrip("\N{REPLACEMENT CHARACTER}")
        assert not text.isascii() or not kit.exact

    kit.run("unicode", tmp_path, case)


def test_an_empty_answer_is_an_answer(kit: Kit, tmp_path: Path) -> None:
    async def case(backend: Backend) -> None:
        events = await collect(backend.stream(kit.request("empty")))
        assert text_of(events) == ""
        assert finished(events).usage.completion_tokens == 0

    kit.run("empty", tmp_path, case)


def test_a_cancelled_task_frees_the_model(kit: Kit, tmp_path: Path) -> None:
    async def case(backend: Backend) -> None:
        begun = asyncio.Event()

        async def consume() -> None:
            async for event in backend.stream(kit.request("endless")):
                if isinstance(event, TextDelta):
                    begun.set()

        task = asyncio.create_task(consume())
        await begun.wait()
        at = time.monotonic()
        await cancel(task)
        stream = backend.stream(kit.request("hello"))
        assert await anext(stream) != Progress(Stage.WAIT)
        assert time.monotonic() - at < FREE_WITHIN_S
        assert isinstance((await collect(stream))[-1], Finished)

    kit.run("endless", tmp_path, case)


def test_a_closed_stream_frees_the_model(kit: Kit, tmp_path: Path) -> None:
    async def case(backend: Backend) -> None:
        stream = backend.stream(kit.request("endless"))
        await first_delta(stream)
        await stream.aclose()
        assert isinstance((await collect(backend.stream(kit.request("hello"))))[-1], Finished)

    kit.run("endless", tmp_path, case)


def test_a_second_question_waits_and_says_so(kit: Kit, tmp_path: Path) -> None:
    async def case(backend: Backend) -> None:
        stream = backend.stream(kit.request("endless"))
        await first_delta(stream)
        if not kit.one_at_a_time:
            events = await collect(backend.stream(kit.request("hello")))  # while the first still runs
            assert isinstance(events[-1], Finished)
            await stream.aclose()
            return
        second = asyncio.create_task(collect(backend.stream(kit.request("hello"))))
        third = asyncio.create_task(collect(backend.stream(kit.request("hello"))))
        await asyncio.sleep(0)
        await cancel(third)  # while it waits
        await stream.aclose()
        events = await second
        assert events[0] == Progress(Stage.WAIT)
        assert isinstance(events[-1], Finished)

    kit.run("endless", tmp_path, case)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="another way of ending processes")
def test_a_crash_is_told_and_the_next_question_works(kit: Kit, tmp_path: Path) -> None:
    async def case(backend: Backend) -> None:
        if not isinstance(backend, LocalBackend):
            return  # nothing of it can crash
        stream = backend.stream(kit.request("endless"))
        await first_delta(stream)
        assert backend.worker_pid is not None
        os.kill(backend.worker_pid, signal.SIGKILL)
        with pytest.raises(EngineCrashed, match="memory"):
            await collect(stream)
        assert isinstance((await collect(backend.stream(kit.request("hello"))))[-1], Finished)

    kit.run("endless", tmp_path, case)


def test_nothing_is_answered_after_the_end(kit: Kit, tmp_path: Path) -> None:
    async def case(backend: Backend) -> None:
        await collect(backend.stream(kit.request("hello")))
        await backend.aclose()
        await backend.aclose()
        with pytest.raises(RuntimeError):
            await collect(backend.stream(kit.request("hello")))

    kit.run("hello", tmp_path, case)
