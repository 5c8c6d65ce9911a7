"""A real model server, `llama_cpp.server`: what no script would think of."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from models.chat import (
    ChatRequest,
    FinishReason,
    Message,
    ReasoningDelta,
    Role,
    Sampling,
    TextDelta,
    Thinking,
)
from models.gateway.attempts import Attempt, Outcome
from models.gateway.check import check
from models.gateway.wire import Timeouts
from models.local.worker import SPINS
from models.outbound import Outbound
from tests.fakes import ROOT, STARTER, collect, finished, text_of
from tests.gateway_server.asking import Asking, ask_gateway, backend, connection

THINKER = ROOT / "tests" / "fixtures" / "thinker" / "thinker.gguf"
KEY = "sk-real-server-0123456789"
PATIENT = Timeouts(first_byte_s=50, idle_s=50)  # beside other programs it may take a while
GREEDY = Sampling(temperature=0.0, max_tokens=120)

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(not STARTER.exists() or not THINKER.exists(), reason="the models are not here"),
]


@contextmanager
def serving(model: Path, *options: str) -> Iterator[str]:
    """The address of a server on a port that the system has chosen, ended with the block."""
    pytest.importorskip("uvicorn")
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(model), "--model_alias", "m"]
    command += ["--host", "127.0.0.1", "--port", "0", "--n_ctx", "1024", "--verbose", "False", *options]
    gentle = os.environ | {"GOMP_SPINCOUNT": str(SPINS)}  # else its threads starve each other beside others
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8", env=gentle
    ) as server:
        assert server.stderr is not None
        told: list[str] = []
        try:
            for line in server.stderr:
                told.append(line)
                if found := re.search(r"running on (http://127\.0\.0\.1:\d+)", line):
                    break
            else:
                pytest.fail("".join(told))
            rest = threading.Thread(target=server.stderr.read, daemon=True)  # so that it never waits for us
            rest.start()
            yield f"{found[1]}/v1"
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
            server.wait()
            rest.join(10)


@pytest.fixture(scope="module")
def starter() -> Iterator[str]:
    with serving(STARTER, "--api_key", KEY) as url:
        yield url


@pytest.fixture(scope="module")
def thinker() -> Iterator[str]:
    with serving(THINKER) as url:
        yield url


def question(text: str, **values: object) -> ChatRequest:
    return replace(
        ChatRequest("xidao/m", (Message(Role.USER, text),), sampling=GREEDY),
        **values,  # type: ignore[arg-type]
    )


def ask(url: str, *questions: ChatRequest, profile: str = "llama-server") -> Asking:
    told = ask_gateway(connection(url, profile=profile), *questions, keys=(KEY,), timeouts=PATIENT)
    assert told.error is None, told.error
    return told


def reasoned(told: Asking) -> str:
    return "".join(event.text for event in told.events if isinstance(event, ReasoningDelta))


def test_an_answer_comes_in_pieces_and_its_tokens_are_counted_or_estimated(starter: str) -> None:
    told = ask(starter, question("Name the capital of France in one word."))
    pieces = [event for event in told.events if isinstance(event, TextDelta)]
    assert "Paris" in text_of(told.events)
    assert len(pieces) > 1
    end = finished(told.events)
    assert end.reason is FinishReason.STOP
    assert end.usage.prompt_tokens
    assert end.usage.completion_tokens
    assert end.usage.estimated  # this server counts only whole answers
    assert end.timings.ttft_s is not None


def test_the_longest_answer_that_is_allowed_is_told_apart(starter: str) -> None:
    told = ask(starter, question("Count to a hundred.", sampling=replace(GREEDY, max_tokens=5)))
    assert finished(told.events).reason is FinishReason.LENGTH


def test_it_says_what_it_offers_and_refuses_a_wrong_key(starter: str) -> None:
    async def go() -> None:
        outbound = Outbound()
        place = connection(starter, profile="llama-server")
        right, wrong = await check(place, KEY, outbound), await check(place, "sk-wrong-key", outbound)
        assert right.error is None
        assert right.models is not None
        assert right.models.wire_names == ("m",)
        assert wrong.key_refused
        await outbound.aclose()

    asyncio.run(asyncio.wait_for(go(), 60))


def test_after_a_stop_it_answers_the_next_question(starter: str) -> None:
    attempts: list[Attempt] = []

    async def go() -> str:
        one = backend(
            connection(starter, profile="llama-server"),
            keys=(KEY,),
            timeouts=PATIENT,
            attempted=attempts.append,
        )
        long = one.stream(question("Tell me a very long story.", sampling=replace(GREEDY, max_tokens=900)))
        async for event in long:
            if isinstance(event, TextDelta):
                break
        await long.aclose()
        events = await collect(one.stream(question("Name the capital of France in one word.")))
        await one.aclose()
        return text_of(events)

    assert "Paris" in asyncio.run(asyncio.wait_for(go(), 60))
    assert [one.outcome for one in attempts] == [Outcome.STOPPED, Outcome.FINISHED]


@pytest.mark.parametrize("profile", ["llama-server", "other"])
def test_a_broken_off_answer_is_not_said_twice(profile: str, starter: str) -> None:
    """This server can't go on inside an answer, and the small model begins anew, whatever it is told."""
    so_far = "One, two, three,"
    whole = question("Count from one to ten in words, separated by commas.", answer_so_far=so_far)
    told = ask(starter, whole, profile=profile)
    assert finished(told.events).reason is FinishReason.STOP
    assert "One, two" not in text_of(told.events)


@pytest.mark.parametrize("thinking", [Thinking.ON, Thinking.AUTO])
def test_a_model_that_thinks_does_so_apart_from_its_answer(thinking: Thinking, thinker: str) -> None:
    """This server leaves the reasoning in the text, between its markers."""
    told = ask(thinker, question("What is 21 + 34?", thinking=thinking))
    assert "Ones: 1 + 4 = 5." in reasoned(told)
    assert text_of(told.events).strip() == "55"
    assert finished(told.events).usage.reasoning_tokens


def test_thinking_can_be_switched_off_where_the_server_is_started_so() -> None:
    """It does not heed the switch in a request; its own option has the same effect."""
    with serving(THINKER, "--chat_template_kwargs", '{"enable_thinking": false}') as url:
        told = ask(url, question("What is 2 + 3?", thinking=Thinking.OFF))
    assert reasoned(told) == ""
    assert text_of(told.events).strip().isdigit()
