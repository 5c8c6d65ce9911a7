"""llama.cpp itself, through the worker, with a tiny model that says what a test wants."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import llama_cpp.llama_cpp as llama
import pytest

from models.chat import (
    ChatEvent,
    ChatRequest,
    Finished,
    FinishReason,
    Message,
    Notice,
    Progress,
    ReasoningDelta,
    Role,
    Sampling,
    Stage,
    TextSize,
    Thinking,
    Timings,
)
from models.errors import ModelTooLarge, NextStep, PromptTooLong, TemplateFailed, UnsupportedModel
from models.local.engine import devices, generation
from models.local.engine.context import Context, next_portion
from models.local.engine.engine import Engine
from models.local.engine.log import Log
from models.local.engine.model import Model
from models.local.engine.sampling import Sampler
from models.local.ladder import Cache, Rung
from models.local.measures import Measures
from models.local.protocol import EngineInfo, Load, Planned
from models.local.stopflag import StopFlag
from models.machine import Device
from tests.fakes import (
    STARTER,
    ask,
    cancel,
    collect,
    finished,
    first_delta,
    local,
    run,
    text_of,
)
from tests.fixtures.gguf_writer import F32, I32, Typed
from tests.fixtures.odd_gguf import write_mamba, write_sliding
from tests.fixtures.tiny_gguf import TEMPLATE, Piece, write_tiny

SAYS = ("Hello", " there", ".")
HI = 1 + len("<|user|>Hi\n$")
"""Tokens of the prompt for “Hi”: each byte is one (a space would be three), and one begins it."""


def answers(
    folder: Path, *requests: ChatRequest, says: Sequence[Piece] = SAYS, **model: Any
) -> list[list[ChatEvent]]:
    """The events of each answer, one worker for all."""
    path = write_tiny(folder / "m.gguf", says, **model)

    async def case() -> list[list[ChatEvent]]:
        backend = local(path)
        try:
            return [await collect(backend.stream(request)) for request in requests]
        finally:
            await backend.aclose()

    return run(case())


def answer(folder: Path, request: ChatRequest, **model: Any) -> list[ChatEvent]:
    """The events of one answer."""
    return answers(folder, request, **model)[0]


def reasoning_of(events: Sequence[ChatEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, ReasoningDelta))


# -- text


def test_ends_at_the_models_own_end(tmp_path: Path) -> None:
    events = answer(tmp_path, ask("Hi"))
    assert text_of(events) == "Hello there."
    end = finished(events)
    assert end.reason is FinishReason.STOP
    assert end.usage.completion_tokens == 3
    assert end.usage.prompt_tokens == end.timings.prompt_tokens == HI


@pytest.mark.parametrize(
    "says",
    [
        tuple("🙂".encode()),
        ("x", *"中é".encode(), "y"),
        ("long" * 50,),
        (" leading", "  spaces ", "\n\n"),
        ("nul", 0, "l"),
    ],
)
def test_every_byte_arrives(says: tuple[Piece, ...], tmp_path: Path) -> None:
    whole = b"".join(piece.encode() if isinstance(piece, str) else bytes([piece]) for piece in says)
    assert text_of(answer(tmp_path, ask("Hi"), says=says)) == whole.decode()


def test_bytes_that_never_become_a_character_are_marked(tmp_path: Path) -> None:
    assert text_of(answer(tmp_path, ask("Hi"), says=("a", 0xF0, 0x9F, "b", 0xE4))) == "a\ufffdb\ufffd"


def test_a_cut_answer_ends_before_the_character_it_was_cut_in(tmp_path: Path) -> None:
    """So that going on does not begin after half of one."""
    says = ("a", *"中文".encode())
    assert text_of(answer(tmp_path, ask("Hi", max_tokens=6), says=says)) == "a中"
    assert text_of(answer(tmp_path, ask("Hi", max_tokens=7), says=says)) == "a中文"


@pytest.mark.parametrize(
    ("stop", "text"),
    [
        ((" there",), "Hello"),
        (("lo th", "."), "Hel"),
        (("Hello",), ""),
        (("x",), "Hello there."),
        (("e.",), "Hello ther"),
    ],
)
def test_stop_strings_also_across_tokens(stop: tuple[str, ...], text: str, tmp_path: Path) -> None:
    events = answer(tmp_path, ask("Hi", stop=stop))
    assert text_of(events) == text
    assert finished(events).reason is FinishReason.STOP


@pytest.mark.parametrize(("limit", "text"), [(0, ""), (1, "Hello"), (2, "Hello there")])
def test_no_more_than_max_tokens(limit: int, text: str, tmp_path: Path) -> None:
    events = answer(tmp_path, ask("Hi", max_tokens=limit))
    assert text_of(events) == text
    assert finished(events).reason is FinishReason.LENGTH
    assert finished(events).usage.completion_tokens == limit


def test_the_contexts_end_is_a_length(tmp_path: Path) -> None:
    events = answer(tmp_path, ask("Hi"), says=("a", "b"), for_ever=True, context=256)
    end = finished(events)
    assert end.reason is FinishReason.LENGTH
    assert end.timings.context_tokens == 256
    assert (end.usage.prompt_tokens or 0) + (end.usage.completion_tokens or 0) == 257


def test_control_tokens_are_not_shown_and_markers_are_read(tmp_path: Path) -> None:
    says = ("<|strange|>", "<think>", "a < b", "</think>", "\n\n", "Yes", "<|odd|>")
    events = answer(tmp_path, ask("Hi"), says=says)
    assert reasoning_of(events) == "a < b"
    assert text_of(events) == "Yes"
    assert finished(events).usage.reasoning_tokens == 2


def test_a_template_may_open_the_reasoning(tmp_path: Path) -> None:
    opening = TEMPLATE.removesuffix("$") + "<think>"
    events = answer(tmp_path, ask("Hi"), says=("hm", "</think>", "Yes"), template=opening, after=">")
    assert reasoning_of(events) == "hm"
    assert text_of(events) == "Yes"


# -- the prompt


def test_thinking_is_told_to_the_template(tmp_path: Path) -> None:
    def request(thinking: Thinking) -> ChatRequest:
        return ChatRequest("m", (Message(Role.USER, "Hi"),), Sampling(temperature=0), thinking)

    sizes = [
        finished(events).usage.prompt_tokens
        for events in answers(tmp_path, *map(request, (Thinking.AUTO, Thinking.ON, Thinking.OFF)))
    ]
    assert sizes == [HI, HI + len("[True]"), HI + len("[False]")]


def test_an_answer_is_continued_where_it_broke_off(tmp_path: Path) -> None:
    chain = ("a", "b", "c", "d")
    events = answer(tmp_path, ask("Hi", answer_so_far="$ab"), says=chain)
    assert finished(events).usage.prompt_tokens == HI + 3
    assert text_of(events) == "cd"


def test_a_system_message_that_the_template_refuses_is_joined_to_the_question(tmp_path: Path) -> None:
    strict = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}" + TEMPLATE
    request = ask("Hi", Message(Role.SYSTEM, "Kind."), Message(Role.USER, "Oh"))
    events = answer(tmp_path, request, template=strict)
    assert finished(events).usage.prompt_tokens == 1 + len("<|user|>Kind.\n\nOh\n\nHi\n$")


def test_what_was_evaluated_is_not_evaluated_again(tmp_path: Path) -> None:
    said = Message(Role.ASSISTANT, "Hello there.")
    first = ask("One")
    second = ask("Two", first.messages[0], said)
    other = ask("Another")
    turns = [finished(events).timings for events in answers(tmp_path, first, second, second, other)]
    assert turns[0].reused_tokens == 0
    before = 1 + len("<|user|>One\n")
    assert turns[1].reused_tokens == before
    assert turns[2].reused_tokens == (turns[2].prompt_tokens or 0) - 1  # the last is needed to go on
    assert turns[3].reused_tokens == 1 + len("<|user|>")
    assert all(turn.prompt_tps for turn in turns)


def test_reused_tokens_change_nothing(tmp_path: Path) -> None:
    long = ask("x" * 300, max_tokens=20)
    fresh, _, again = answers(tmp_path, long, ask("Hi"), long, says=("a", "b"), for_ever=True, context=2048)
    assert text_of(fresh) == text_of(again)


def test_a_long_prompt_is_read_in_batches_with_progress(tmp_path: Path) -> None:
    events = answer(tmp_path, ask("x" * 1200), context=4096)
    total = 1 + len("<|user|>") + 1200 + 2
    steps = [event for event in events if isinstance(event, Progress) and event.stage is Stage.PROMPT]
    (portion,) = {later.done - step.done for step, later in pairwise(steps)}
    assert portion in (128, 512)  # as this processor is given them
    assert [step.done for step in steps] == list(range(0, total, portion))
    assert {step.total for step in steps} == {total}
    assert text_of(events) == "Hello there."


def test_a_card_is_given_as_much_as_it_computes_in_a_tenth_of_a_second(tmp_path: Path) -> None:
    """It can't be stopped in the middle of a batch."""
    assert [next_portion(128, 128, seconds) for seconds in (0.01, 0.07, 0.2)] == [256, 128, 64]
    assert next_portion(512, 512, 0.01) == 512
    assert next_portion(32, 32, 3.0) == 32
    assert next_portion(128, 5, 0.001) == 128  # a few tokens tell nothing
    stop, log = StopFlag(), Log()
    model = Model.load(str(write_tiny(tmp_path / "m.gguf", context=2048)), log, stop, lambda _done: None)
    context = Context.create(model, 1, Rung(2048), stop, log, gpu_layers=1)
    seen: list[int] = []
    try:
        context.read(tokens := model.tokens("x" * 1200), seen.append)
    finally:
        context.close()
        model.close()
    assert seen[0] == 128
    assert context.held == tokens


@pytest.mark.parametrize("cards", [0, 1])
def test_a_context_smaller_than_a_batch_is_filled_in_smaller_ones(cards: int, tmp_path: Path) -> None:
    """llama.cpp rounds the context up, but not the batch, and ends the process at one too many."""
    stop, log = StopFlag(), Log()
    model = Model.load(str(write_tiny(tmp_path / "m.gguf", context=2048)), log, stop, lambda _done: None)
    context = Context.create(model, 1, Rung(300, Cache.Q8_0), stop, log, gpu_layers=cards)
    try:
        context.read(tokens := model.tokens("x" * 450), lambda _done: None)
        assert context.held == tokens
    finally:
        context.close()
        model.close()


def test_the_oldest_turns_are_left_out_and_it_is_told(tmp_path: Path) -> None:
    talk = [Message(Role.SYSTEM, "Be kind.")]
    for number in range(20):
        talk += [Message(Role.USER, f"Question {number}?" + "x" * 20), Message(Role.ASSISTANT, "Yes.")]
    (events,) = answers(tmp_path, ask("Hi", *talk))
    timings = finished(events).timings
    assert timings.left_out_messages > 0
    assert timings.left_out_messages % 2 == 0
    assert timings.prompt_tokens is not None
    assert timings.prompt_tokens <= 256
    assert text_of(events) == "Hello there."


def test_a_message_that_is_too_long_is_told_with_both_numbers(tmp_path: Path) -> None:
    with pytest.raises(PromptTooLong) as caught:
        answer(tmp_path, ask("x" * 2000))
    assert "2,011 tokens" in caught.value.cause
    assert "256" in caught.value.cause


def test_a_larger_context_is_offered_where_the_model_and_the_memory_have_one(tmp_path: Path) -> None:
    model = write_tiny(tmp_path / "m.gguf", context=1 << 17)

    async def asked(free: int, letters: int, *after: Message) -> tuple[PromptTooLong, TextSize]:
        backend = local(model, context=lambda _id: 512, available_bytes=lambda: free)
        try:
            message = Message(Role.USER, "x" * letters, pinned=bool(after))
            with pytest.raises(PromptTooLong) as caught:
                await collect(backend.stream(ChatRequest("m", (message, *after))))
            return caught.value, await backend.text_size("m", message.text)
        finally:
            await backend.aclose()

    error, size = run(asked(1 << 40, 3000))
    assert error.next_step is NextStep.LARGER_CONTEXT
    assert "4,096 tokens" in error.hint
    assert (size.tokens, size.context_tokens, size.larger_context) == (3000, 512, 4096)
    assert 0 < size.room_tokens < 512
    error, size = run(asked(290_000_000, 60_000))
    assert error.next_step is NextStep.SHORTEN
    assert size.larger_context == 0
    error, _ = run(asked(1 << 40, 3000, Message(Role.ASSISTANT, "Yes"), Message(Role.USER, "Hi")))
    assert error.next_step is NextStep.SHORTEN
    assert "Pin less" in error.hint


def test_the_room_for_a_message_leaves_place_for_the_answer_that_is_allowed(tmp_path: Path) -> None:
    """Else a message would be called short enough that then is too long."""
    model = write_tiny(tmp_path / "m.gguf", context=2048)

    async def case() -> None:
        backend = local(model, available_bytes=lambda: 1 << 40)
        try:
            size = await backend.text_size("m", "x" * 1300, 1024)
            assert size.tokens > size.room_tokens
            with pytest.raises(PromptTooLong):
                await collect(backend.stream(ask("x" * (size.room_tokens + 1), max_tokens=1024)))
            fits = ask("x" * size.room_tokens, max_tokens=1024)
            assert isinstance((await collect(backend.stream(fits)))[-1], Finished)
            assert (await backend.text_size("m", "x" * 1300)).room_tokens > 1300
        finally:
            await backend.aclose()

    run(case())


def test_the_room_for_an_answer_is_as_asked(tmp_path: Path) -> None:
    events = answer(tmp_path, ask("x" * 480, max_tokens=8))
    assert text_of(events) == "Hello there."


# -- sampling


def test_a_seed_repeats_an_answer_and_none_is_a_new_one(tmp_path: Path) -> None:
    def request(seed: int | None) -> ChatRequest:
        sampling = Sampling(temperature=50.0, top_k=0, top_p=1.0, min_p=0.0, seed=seed, max_tokens=12)
        return ChatRequest("m", (Message(Role.USER, "Hi"),), sampling)

    events = answers(tmp_path, *map(request, (7, 7, None, None)))
    seeds = [finished(each).timings.seed for each in events]
    assert seeds[:2] == [7, 7]
    assert seeds[2] != seeds[3]
    assert text_of(events[0]) == text_of(events[1])
    assert len({text_of(each) for each in events[1:]}) == 3


def test_the_models_own_temperature_counts(tmp_path: Path) -> None:
    request = ChatRequest("m", (Message(Role.USER, "Hi"),), Sampling(seed=1, max_tokens=12))
    own = {"general.sampling.temp": Typed(F32, 50.0), "general.sampling.top_k": Typed(I32, 0)}
    wide = {"general.sampling.top_p": Typed(F32, 1.0), "general.sampling.min_p": Typed(F32, 0.0)}
    assert text_of(answer(tmp_path, request)) == "Hello there."
    assert text_of(answer(tmp_path, request, **own, **wide)) != "Hello there."


# -- loading


def test_an_embedding_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModel, match="embedding model"):
        answer(tmp_path, ask("Hi"), **{"llama.attention.causal": False})


def test_the_context_is_the_models_own_up_to_a_limit(tmp_path: Path) -> None:
    sizes = {
        trained: finished(answer(tmp_path, ask("Hi"), context=trained)).timings.context_tokens
        for trained in (256, 2048, 131_072)
    }
    assert sizes == {256: 256, 2048: 2048, 131_072: 8192}


def test_describes_itself() -> None:
    async def case() -> EngineInfo:
        backend = local(STARTER)
        try:
            return await backend.describe()
        finally:
            await backend.aclose()

    info = run(case())
    assert info.llama_cpp
    assert info.binding
    assert info.features
    assert [device.kind for device in info.devices].count("cpu") == 1
    assert all(device.name and device.total_bytes for device in info.devices)


# -- a real model


@pytest.mark.model
@pytest.mark.skipif(not STARTER.exists(), reason="the starter model is not here")
def test_stop_is_heard_in_the_middle_of_a_prompt() -> None:
    async def case() -> None:
        backend = local(STARTER)
        pid = None
        stream = backend.stream(ask("The sea is wide. " * 700))
        async for event in stream:
            if isinstance(event, Progress) and event.stage is Stage.PROMPT:
                break
        pid = backend.worker_pid
        at = time.monotonic()
        await stream.aclose()
        assert time.monotonic() - at < 1.0
        assert backend.worker_pid == pid  # it obeyed and was not killed
        (event, *_) = await collect(backend.stream(ask("Hi", max_tokens=2)))
        assert isinstance(event, Progress)
        await backend.aclose()

    run(case())


@pytest.mark.model
@pytest.mark.skipif(not STARTER.exists(), reason="the starter model is not here")
def test_the_starter_knows_the_capital_of_france() -> None:
    async def case() -> None:
        backend = local(STARTER)
        request = ask("What is the capital of France? One word.", max_tokens=16)
        events = await collect(backend.stream(request))
        again = await collect(backend.stream(request))
        await backend.aclose()
        assert "Paris" in text_of(events)
        timings = finished(again).timings
        assert timings.reused_tokens == (timings.prompt_tokens or 0) - 1
        assert timings.load_s is None

    run(case())


@pytest.mark.parametrize("kind", ["answer", "task"])
def test_stop_frees_a_busy_engine_without_ending_it(kind: str, tmp_path: Path) -> None:
    model = write_tiny(tmp_path / "m.gguf", ("a", "b"), for_ever=True, context=100_000)

    async def case() -> None:
        backend = local(model)
        stream = backend.stream(ask("Hi"))
        await first_delta(stream)
        pid = backend.worker_pid
        if kind == "answer":
            await stream.aclose()
        else:
            task = asyncio.create_task(collect(stream))
            await asyncio.sleep(0)
            await cancel(task)
        events = await collect(backend.stream(ask("Hi", max_tokens=2)))
        assert isinstance(events[-1], Finished)
        assert backend.worker_pid == pid
        await backend.aclose()

    run(case())


def read_in_turn(model: Path, *questions: str) -> list[Timings]:
    """How each question was read by one engine."""
    engine = Engine(StopFlag())
    engine.load(Load(str(model), 1), lambda _done, _total: None, lambda _plan: None)
    told: list[Timings] = []
    for question in questions:
        events: list[ChatEvent] = []
        short = replace(ask(question), sampling=Sampling(temperature=0, max_tokens=4))
        engine.answer(short, events.append, lambda: False)
        told.append(finished(events).timings)
    engine._unload()
    return told


def test_a_recurrent_model_cannot_keep_what_it_has_read_and_says_so(tmp_path: Path) -> None:
    first, longer, shorter = read_in_turn(write_mamba(tmp_path / "m.gguf"), "a" * 300, "a" * 301, "a" * 200)
    assert first.reuse_note == ""  # there was nothing to keep
    assert "can’t forget a part" in longer.reuse_note
    assert (longer.reused_tokens, shorter.reused_tokens) == (0, 0)
    assert shorter.reuse_note == longer.reuse_note


def test_a_model_with_a_sliding_window_keeps_what_was_read_behind_its_window_too(tmp_path: Path) -> None:
    model = write_sliding(tmp_path / "m.gguf", window=64)
    _first, longer, early = read_in_turn(model, "a" * 300, "a" * 301, "b" + "a" * 300)
    assert (longer.reused_tokens or 0) > 300
    assert 0 < (early.reused_tokens or 0) < 20
    assert longer.reuse_note == early.reuse_note == ""


def test_a_window_whose_beginning_is_gone_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where llama.cpp keeps the window's own tokens only, which a build may do."""
    default = llama.llama_context_default_params

    def own_tokens_only() -> object:
        params = default()
        params.swa_full = False
        return params

    monkeypatch.setattr(llama, "llama_context_default_params", own_tokens_only)
    model = write_sliding(tmp_path / "m.gguf", window=64)
    _first, other = read_in_turn(model, "a" * 1500, "a" * 200)
    assert other.reused_tokens == 0
    assert "last 64 tokens" in other.reuse_note


def test_a_second_start_has_nothing_to_tell_of_a_small_model(tmp_path: Path) -> None:
    """It was trained for less than the usual context, which is not the memory's doing."""
    model = write_tiny(tmp_path / "m.gguf", context=512)

    async def case() -> list[ChatEvent]:
        backend = local(model, measures=Measures(tmp_path / "measures.json"))
        try:
            return await collect(backend.stream(ask("Hi")))
        finally:
            await backend.aclose()

    for _ in range(3):
        assert not any(isinstance(event, Notice) for event in run(case()))
    measure = Measures(tmp_path / "measures.json").of(model)
    assert measure is not None
    assert measure.as_wanted


def test_what_a_file_recommends_may_be_no_number(tmp_path: Path) -> None:
    odd: dict[str, Any] = {
        "general.sampling.penalty_last_n": Typed(F32, float("nan")),
        "general.sampling.temp": Typed(F32, float("inf")),
    }
    request = replace(ask("Hi"), sampling=Sampling(repeat_penalty=1.1, seed=1))
    (events,) = answers(tmp_path, request, **odd)
    assert text_of(events) == "Hello there."


@pytest.mark.parametrize(("wanted", "taken"), [(2e9, 65_536), (1e30, 65_536), (-1e30, 0), (100.0, 100)])
def test_a_file_cannot_have_penalties_take_gigabytes(
    wanted: float, taken: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """llama.cpp reserves memory for each token they look back at."""
    seen: list[int] = []
    real = llama.llama_sampler_init_penalties

    def init(words: int, last: int, *others: float) -> object:
        seen.append(last)
        return real(words, min(last, 64), *others)

    monkeypatch.setattr(llama, "llama_sampler_init_penalties", init)
    odd: dict[str, Any] = {"general.sampling.penalty_last_n": Typed(F32, wanted)}
    path = write_tiny(tmp_path / "m.gguf", **odd)
    model = Model.load(str(path), Log(), StopFlag(), lambda _done: None)
    try:
        with Sampler(model, Sampling(repeat_penalty=1.1)):
            assert seen == [taken]
    finally:
        model.close()


def test_a_template_that_writes_nothing_is_told(tmp_path: Path) -> None:
    no_start: dict[str, Any] = {"tokenizer.ggml.add_bos_token": False}
    with pytest.raises(TemplateFailed, match="writes nothing"):
        answers(tmp_path, ask("Hi"), template="{{ '' }}", **no_start)


def test_a_card_without_room_leaves_the_model_to_the_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a device list as a driver prints it, and a load that fails there as llama.cpp's does."""
    card = Device("CUDA0", "NVIDIA GeForce RTX 3060", "gpu", 0, 12 << 30)
    monkeypatch.setattr(devices, "usable_cards", lambda: (card,))
    tried: list[int | None] = []
    load: Any = Model.load

    def fails_on_a_card(*arguments: Any) -> Model:
        tried.append(arguments[-1])
        if arguments[-1]:
            raise ModelTooLarge("cudaMalloc failed: out of memory")
        return cast("Model", load(*arguments[:-1], None))

    monkeypatch.setattr(Model, "load", fails_on_a_card)
    plans: list[Planned] = []
    engine = Engine(StopFlag())
    try:
        order = Load(str(write_tiny(tmp_path / "m.gguf")), 1)
        loaded = engine.load(order, lambda _done, _total: None, plans.append)
    finally:
        engine._unload()
    assert tried == [2, 0]
    assert [plan.gpu_layers for plan in plans] == [2, 0]
    assert loaded.notice == "The graphics card had no room. Computing on the processor."


def test_a_very_long_question_is_called_too_long_and_not_a_broken_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To find its tokens takes longer than a template may take to render, so a sign of life comes before."""
    monkeypatch.setattr(generation, "_LONG_TEXT", 1000)
    engine, seen = Engine(StopFlag()), list[ChatEvent]()
    engine.load(Load(str(write_tiny(tmp_path / "m.gguf")), 1), lambda *_: None, lambda _planned: None)
    for text, signs in (("x" * 600, set()), ("x" * 1001, {Progress(Stage.PROMPT)})):
        with pytest.raises(PromptTooLong):
            engine.answer(ask(text), seen.append, lambda: False)
        assert set(seen) == signs
