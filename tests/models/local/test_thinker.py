"""The model that really thinks: sums through `ask`, with thinking and without."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest

from desktop import cli
from desktop.commands.services import Services
from desktop.system.paths import Paths
from models.chat import ChatEvent, Message, ReasoningDelta, Role, Thinking
from models.library import Library
from models.local.backend import LocalBackend
from models.local.states import Shelf
from models.thinking import ThinkingKind
from tests.fakes import ROOT, WORKER, ask, collect, finished, local, run, text_of
from tests.fixtures.thinker.sums import held_out, question

THINKER = ROOT / "tests" / "fixtures" / "thinker" / "thinker.gguf"
SUMS = held_out()

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(not THINKER.exists(), reason="the thinking model is not here"),
]


def services_in(home: Path) -> Services:
    paths = Paths.find({"INSHORE_HOME": str(home)})
    paths.create()
    library = Library(paths.models, home / "no starter")
    library.add(THINKER)
    return Services(paths, library, lambda: LocalBackend(library.find, command=WORKER, threads=1))


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return services_in(tmp_path)


def reasoned(events: list[ChatEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, ReasoningDelta))


@pytest.mark.parametrize("thinking", ["on", "off"])
def test_ask_thinks_or_does_not(
    thinking: str, services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["ask", "What is 21 + 34?", "--thinking", thinking, "--temperature", "0"], services) == 0
    out, err = capsys.readouterr()
    assert out.strip().isdigit()
    assert ("Ones: 1 + 4 = 5." in err) == (thinking == "on")


def sums_right(home: Path, thinking: str, sums: Sequence[tuple[int, int]]) -> int:
    """How many of them `ask` gets right; an answer that is mixed with its reasoning is none. Any process."""
    services, count = services_in(home), 0
    for a, b in sums:
        words = ["ask", question(a, b), "--thinking", thinking, "--temperature", "0", "--json"]
        with redirect_stdout(io.StringIO()) as out:
            assert cli.main([*words, "--max-tokens", "120"], services) == 0
        events = [json.loads(line) for line in out.getvalue().splitlines()]
        thought = any(event["event"] == "reasoning" for event in events)
        assert thought == (thinking == "on") == bool(events[-1]["usage"]["reasoning_tokens"])
        said = "".join(event["text"] for event in events if event["event"] == "text")
        count += said.strip() == str(a + b)
    return count


def test_a_hundred_sums_come_out_better_with_thinking(tmp_path: Path) -> None:
    """Each of them asked with `ask`, by two processes because each `ask` starts an engine."""
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        halves = [SUMS[::2], SUMS[1::2]]
        asked = {
            thinking: [
                pool.submit(sums_right, tmp_path / f"{thinking}{number}", thinking, half)
                for number, half in enumerate(halves)
            ]
            for thinking in ("on", "off")
        }
        on, off = (sum(each.result() for each in asked[thinking]) for thinking in ("on", "off"))
    assert len(SUMS) == 100
    assert on > off
    assert on >= 90


def test_it_says_that_it_has_a_switch_and_keeps_to_a_budget() -> None:
    async def case() -> None:
        backend = local(THINKER)
        try:
            assert (await backend.thinking_support("m")).kind is ThinkingKind.SWITCH
            request = replace(ask("What is 21 + 34?"), thinking=Thinking.ON, thinking_budget=8)
            events = await collect(backend.stream(request))
            assert finished(events).usage.reasoning_tokens == 8
            assert reasoned(events).startswith("Ones: ")
            assert text_of(events).strip().isdigit()
        finally:
            await backend.aclose()

    run(case())


@pytest.mark.parametrize("thinking", [Thinking.ON, Thinking.OFF])
def test_a_second_turn_reuses_the_first_up_to_its_answer(thinking: Thinking) -> None:
    first = replace(ask("What is 21 + 34?"), thinking=thinking)

    async def case() -> None:
        backend = local(THINKER)
        try:
            said = text_of(await collect(backend.stream(first)))
            talk = (*first.messages, Message(Role.ASSISTANT, said), Message(Role.USER, "And 10 + 20?"))
            turn = finished(await collect(backend.stream(replace(first, messages=talk)))).timings
        finally:
            await backend.aclose()
        assert (turn.reused_tokens or 0) >= len("What is 21 + 34?") + len("assistant\n")
        assert (turn.prompt_tokens or 0) - (turn.reused_tokens or 0) <= len(
            f"{said}userAnd 10 + 20?assistant"
        ) + 14

    run(case())


def test_after_a_while_the_next_question_finds_the_conversation_read(tmp_path: Path) -> None:
    """Templates leave earlier reasoning out, so the talk is read without it while nobody waits."""
    first = replace(ask("What is 21 + 34?"), thinking=Thinking.ON, cache_key="1")
    shelf = Shelf(str(tmp_path / "states"), str(tmp_path / "state.key"))

    async def case() -> None:
        backend = local(THINKER, tidy_s=0.0, shelf=lambda: shelf)
        said = text_of(await collect(backend.stream(first)))
        then = Message(Role.USER, "And 10 + 20?")
        second = replace(first, messages=(*first.messages, Message(Role.ASSISTANT, said), then))
        await tidied(backend)
        here = finished(await collect(backend.stream(second)))
        await tidied(backend)
        await backend.aclose()
        backend = local(THINKER, shelf=lambda: shelf)
        restarted = finished(await collect(backend.stream(second)))
        await backend.aclose()
        question = len("userAnd 10 + 20?assistant") + 8
        assert (here.usage.prompt_tokens or 0) - (here.usage.cached_tokens or 0) <= question
        assert (restarted.usage.prompt_tokens or 0) - (restarted.usage.cached_tokens or 0) <= question

    run(case())


async def tidied(backend: LocalBackend) -> None:
    """Wait until the backend has nothing more to do."""
    async with asyncio.timeout(10):
        while backend.has_idle_work:
            await asyncio.sleep(0.01)
