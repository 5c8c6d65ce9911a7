"""With guessing and without, the answer is the same; the context holds what was said and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.chat import ChatEvent, ChatRequest, Finished, Message, Role, Sampling, Thinking
from models.local.drafting import Account
from models.local.engine.context import shared
from models.local.engine.engine import Engine
from models.local.engine.generation import answer
from models.local.protocol import Load
from models.local.stopflag import StopFlag
from tests.fakes import ROOT, STARTER, finished, text_of
from tests.fixtures.tiny_gguf import write_tiny

THINKER = ROOT / "tests" / "fixtures" / "thinker" / "thinker.gguf"
CODE = "\n".join(
    f"def step_{i}(value, total):\n    result = value * {i} + total\n    if result > {i * 10}:\n"
    f"        return result - {i}\n    return total"
    for i in range(6)
)
COPY = f"Rename the variable `result` to `outcome` in this code. Write it all again.\n```python\n{CODE}\n```"
QUESTIONS = [COPY, "Write a long story about the sea.", "List 30 animals."]
NOISE = 1.0
"""Scores of numbers in 16 bits differ by less, whatever they are computed with (0.63 measured)."""


class Eager(Account):
    """Guesses as much as it can, whatever it costs."""

    alike = 3

    def size(self, most: int, *, given: bool = True) -> int:
        return most


class Bench:
    """An engine in this process, whose context a test may look into."""

    def __init__(self, model: Path, *, eight_bits: bool = False) -> None:
        self.engine = Engine(StopFlag())
        order = Load(str(model), 1, 4096, rung=int(eight_bits))
        self.engine.load(order, lambda _done, _total: None, lambda _plan: None)

    def answer(
        self, question: str, sampling: Sampling, *, guess: bool, thinking: Thinking
    ) -> list[ChatEvent]:
        model, context = self.engine._model, self.engine._context
        assert model is not None
        assert context is not None
        context.adopt([])
        events: list[ChatEvent] = []
        request = ChatRequest("m", (Message(Role.USER, question),), sampling, thinking)
        answer(model, context, request, events.append, account=Eager if guess else lambda: None)
        self.held = list(context.held)
        return events


@pytest.fixture
def starter() -> Iterator[Bench]:
    """The starter with a cache in 8 bits, for which llama.cpp computes one token as it does several."""
    bench = Bench(STARTER, eight_bits=True)
    yield bench
    bench.engine._unload()


def same(bench: Bench, question: str, sampling: Sampling, thinking: Thinking = Thinking.AUTO) -> Finished:
    plain = bench.answer(question, sampling, guess=False, thinking=thinking)
    held = bench.held
    guessed = bench.answer(question, sampling, guess=True, thinking=thinking)
    assert text_of(guessed) == text_of(plain)
    assert bench.held == held
    end, other = finished(guessed), finished(plain)
    assert (end.usage, end.reason) == (other.usage, other.reason)
    assert other.timings.drafted_tokens == 0
    return end


@pytest.mark.model
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_greedy_answer_is_the_same(starter: Bench, question: str) -> None:
    end = same(starter, question, Sampling(temperature=0, max_tokens=100))
    assert 0 < (end.timings.accepted_tokens or 0) <= (end.timings.drafted_tokens or 0)


@pytest.mark.model
@pytest.mark.parametrize("question", QUESTIONS)
def test_in_16_bits_only_words_that_are_equally_good_change_places(question: str) -> None:
    """There one token is computed in another order than several, by llama.cpp itself."""
    bench = Bench(STARTER)
    try:
        sampling = Sampling(temperature=0, max_tokens=100)
        bench.answer(question, sampling, guess=False, thinking=Thinking.AUTO)
        plain = bench.held
        bench.answer(question, sampling, guess=True, thinking=Thinking.AUTO)
        same = shared(plain, bench.held)
        if same < len(plain):
            context = bench.engine._context
            assert context is not None
            context.adopt([])
            context.read(plain[:same], lambda _done: None)
            assert context.lead(-1) < NOISE
    finally:
        bench.engine._unload()


@pytest.mark.model
def test_an_answer_that_is_drawn_is_the_same_for_a_seed(starter: Bench) -> None:
    """And it is computed one by one: a seed is to repeat it, whatever the clock says."""
    end = same(starter, "List 30 animals.", Sampling(temperature=0.2, seed=5, max_tokens=60))
    assert end.timings.drafted_tokens == 0


@pytest.mark.model
@pytest.mark.parametrize("thinking", [Thinking.ON, Thinking.OFF])
def test_a_thought_is_the_same(thinking: Thinking) -> None:
    bench = Bench(THINKER)
    try:
        for question in ("What is 21 + 34?", "Add 48 and 77.", "Hello"):
            same(bench, question, Sampling(temperature=0, max_tokens=120), thinking)
    finally:
        bench.engine._unload()


@pytest.mark.parametrize("limit", [None, 1, 2, 7, 50, 200])
def test_wherever_the_answer_is_cut(tmp_path: Path, limit: int | None) -> None:
    bench = Bench(write_tiny(tmp_path / "m.gguf", ("a", "b", "c", "d", "e", "f"), for_ever=True, context=400))
    try:
        end = same(bench, "Hello?", Sampling(temperature=0, max_tokens=limit))
        if limit is None or limit >= 50:
            assert (end.timings.accepted_tokens or 0) > 20
    finally:
        bench.engine._unload()


@pytest.mark.parametrize("stop", ["fa", "e", "cde"])
def test_a_stop_string_among_guesses(tmp_path: Path, stop: str) -> None:
    bench = Bench(write_tiny(tmp_path / "m.gguf", ("a", "b", "c", "d", "e", "f"), for_ever=True, context=400))
    try:
        same(bench, "abcdefabcdefabcdef", Sampling(temperature=0, stop=(stop,)))
    finally:
        bench.engine._unload()
