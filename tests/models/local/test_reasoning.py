"""Reasoning in the engine: its budget, its end on demand, its circles, and what a second turn reuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from models.chat import (
    ChatEvent,
    ChatRequest,
    FinishReason,
    Message,
    ReasoningDelta,
    Role,
    TextDelta,
    Thinking,
)
from models.errors import AppError
from models.local.backend import LocalBackend
from models.thinking import CHANNELS, ThinkingKind, ThinkingSupport
from tests.fakes import ask, collect, finished, first_delta, local, run, text_of
from tests.fixtures.tiny_gguf import TEMPLATE, Piece, write_tiny

LINE = ord("\n")
ENDLESS = ("<think>", *"abcdefghijklmnopqrstuvwxyz")
"""Begins its block anew all the time, which is reasoning like any other, 27 tokens each time."""
YES = (LINE, "Yes")


def events_of(model: Path, *requests: ChatRequest) -> list[list[ChatEvent]]:
    async def case() -> list[list[ChatEvent]]:
        backend = local(model)
        try:
            return [await collect(backend.stream(request)) for request in requests]
        finally:
            await backend.aclose()

    return run(case())


def reasoning_of(events: Sequence[ChatEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, ReasoningDelta))


def endless(folder: Path) -> Path:
    return write_tiny(folder / "m.gguf", ENDLESS, for_ever=True, then=YES, context=8192)


@pytest.mark.parametrize("budget", [0, 1, 5, 40])
def test_a_budget_ends_the_reasoning_and_the_answer_follows(budget: int, tmp_path: Path) -> None:
    (events,) = events_of(endless(tmp_path), replace(ask("Hi"), thinking_budget=budget))
    letters = (
        ("abcdefghijklmnopqrstuvwxyz<think>" * 2).replace("<think>", "_")[:budget].replace("_", "<think>")
    )
    assert reasoning_of(events).rstrip("\n") == letters
    assert text_of(events) == "Yes"
    usage = finished(events).usage
    assert usage.reasoning_tokens == budget
    assert usage.completion_tokens == 1 + budget + 1
    assert [event.tokens for event in events if isinstance(event, TextDelta)][-1] == usage.completion_tokens
    assert finished(events).reason is FinishReason.STOP


def test_a_budget_that_is_not_used_up_changes_nothing(tmp_path: Path) -> None:
    model = write_tiny(tmp_path / "m.gguf", ("<think>", "hm", "</think>", "\n\n", "Yes"))
    plain, limited = events_of(model, ask("Hi"), replace(ask("Hi"), thinking_budget=2))
    assert (reasoning_of(limited), text_of(limited)) == ("hm", "Yes") == (reasoning_of(plain), text_of(plain))
    assert finished(plain).usage.reasoning_tokens == finished(limited).usage.reasoning_tokens == 2


def test_off_cuts_short_what_can_not_be_switched_off(tmp_path: Path) -> None:
    opening = TEMPLATE.partition("{% if enable")[0] + "<think>"
    model = write_tiny(tmp_path / "m.gguf", ENDLESS[1:], for_ever=True, template=opening, after=">", then=YES)
    (events,) = events_of(model, replace(ask("Hi"), thinking=Thinking.OFF))
    assert (reasoning_of(events), text_of(events)) == ("", "Yes")
    assert finished(events).usage.reasoning_tokens == 0


def test_circles_are_left(tmp_path: Path) -> None:
    (events,) = events_of(endless(tmp_path), ask("Hi"))
    assert text_of(events) == "Yes"
    assert 128 <= (finished(events).usage.reasoning_tokens or 0) <= 512


def test_the_context_keeps_room_for_the_answer(tmp_path: Path) -> None:
    says: tuple[Piece, ...] = ("<think>", *range(ord("%"), 256))
    model = write_tiny(tmp_path / "m.gguf", says, for_ever=True, then=YES, context=1024)
    (events,) = events_of(model, ask("Hi"))
    assert text_of(events) == "Yes"
    usage = finished(events).usage
    assert (
        usage.reasoning_tokens == 1024 - (usage.prompt_tokens or 0) - (1024 - (usage.prompt_tokens or 0)) // 2
    )


def test_an_answer_that_repeats_itself_is_left_alone(tmp_path: Path) -> None:
    model = write_tiny(tmp_path / "m.gguf", ("a", "b"), for_ever=True, context=2048)
    (events,) = events_of(model, ask("Hi", max_tokens=600))
    assert finished(events).usage.completion_tokens == 600


def test_gpt_oss_is_ended_in_its_own_way(tmp_path: Path) -> None:
    says = ("<|channel|>", "analysis", "<|message|>", "hm", "ha")
    template = TEMPLATE + "<|start|>assistant{# <|channel|> #}"
    chain = {"after": "t", "then": ("<|end|>", "<|start|>")}
    model = write_tiny(tmp_path / "m.gguf", says, template=template, **chain)  # type: ignore[arg-type]
    (events,) = events_of(model, replace(ask("Hi"), thinking_budget=1))
    assert reasoning_of(events) == "hm"
    assert "<|" not in text_of(events)
    assert finished(events).usage.reasoning_tokens == 1
    assert CHANNELS.closes not in text_of(events)


def test_the_answer_can_be_had_now(tmp_path: Path) -> None:
    says: tuple[Piece, ...] = ("<think>", *range(ord("%"), 256))  # a circle too wide to be seen before 2,048
    model = write_tiny(tmp_path / "m.gguf", says, for_ever=True, then=YES, context=8192)

    async def case() -> None:
        backend = local(model)
        try:
            await backend.answer_now()  # nobody answers
            stream = backend.stream(ask("Hi"))
            assert isinstance(await first_delta(stream), ReasoningDelta)
            pid = backend.worker_pid
            await backend.answer_now()
            events = await collect(stream)
            assert text_of(events) == "Yes"
            assert 0 < (finished(events).usage.reasoning_tokens or 0) < 2048
            assert backend.worker_pid == pid
            again = await collect(backend.stream(replace(ask("Hi"), thinking_budget=9)))
            assert finished(again).usage.reasoning_tokens == 9  # the wish was for one answer
        finally:
            await backend.aclose()

    run(case())


def test_the_answer_can_be_wanted_while_the_model_loads(tmp_path: Path) -> None:
    async def case() -> None:
        backend = local(endless(tmp_path))
        try:
            stream = backend.stream(ask("Hi"))
            await anext(stream)
            await backend.answer_now()
            events = await collect(stream)
            assert (reasoning_of(events), text_of(events)) == ("", "Yes")
        finally:
            await backend.aclose()

    run(case())


def support_of(model: Path) -> ThinkingSupport:
    async def case() -> ThinkingSupport:
        backend = local(model)
        try:
            support = await backend.thinking_support("m")
            assert await backend.thinking_support("m") == support
            return support
        finally:
            await backend.aclose()

    return run(case())


def test_a_model_says_whether_it_thinks(tmp_path: Path) -> None:
    switched = support_of(write_tiny(tmp_path / "a.gguf"))
    assert switched == ThinkingSupport(ThinkingKind.SWITCH, "enable_thinking")
    plain = support_of(write_tiny(tmp_path / "b.gguf", template=TEMPLATE.partition("{% if enable")[0]))
    assert plain.kind is ThinkingKind.NONE
    assert "can’t think" in plain.why
    none = support_of(write_tiny(tmp_path / "c.gguf", template=None))
    assert none.kind is ThinkingKind.NONE
    assert "no chat template" in none.why


def test_a_file_that_is_no_model_says_so_and_a_replaced_one_is_asked_anew(tmp_path: Path) -> None:
    model = tmp_path / "m.gguf"

    async def case() -> None:
        backend: LocalBackend = local(model)
        try:
            model.write_text("a poem")
            with pytest.raises(AppError):
                await backend.thinking_support("m")
            write_tiny(model)
            assert (await backend.thinking_support("m")).kind is ThinkingKind.SWITCH
            model.unlink()
            write_tiny(model, template=TEMPLATE.partition("{% if enable")[0])
            assert (await backend.thinking_support("m")).kind is ThinkingKind.NONE
        finally:
            await backend.aclose()

    run(case())


def test_a_second_turn_reuses_all_before_the_reasoning(tmp_path: Path) -> None:
    """The old reasoning is in no prompt, and what stood after it has moved: from there all is new."""
    model = write_tiny(tmp_path / "m.gguf", ("<think>", "hm", "</think>", "\n\n", "Yes"))
    first = ask("One")
    second = ask("Two", first.messages[0], Message(Role.ASSISTANT, "Yes"))
    third = ask("Three", *second.messages, Message(Role.ASSISTANT, "Yes"))
    turns = [finished(events).timings for events in events_of(model, first, second, third)]
    assert turns[1].reused_tokens == 1 + len("<|user|>One\n")
    assert turns[2].reused_tokens == 1 + len("<|user|>One\n<|assistant|>Yes\n<|user|>Two\n")
