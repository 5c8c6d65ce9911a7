"""Writes one answer: prompt, tokens, text."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from models.chat import (
    ChatEvent,
    ChatRequest,
    Finished,
    FinishReason,
    Message,
    Progress,
    Role,
    Stage,
    TextDelta,
    Thinking,
    Timings,
    Usage,
)
from models.local.engine.context import Context, ContextFull
from models.local.engine.model import Model, text_decoder
from models.local.engine.prompt import Prompt, fit
from models.local.engine.sampling import Sampler
from models.local.pace import Pace
from models.local.text import StopFilter
from models.thinking import Governor, Part, ThinkSplitter, opened_by

Emit = Callable[[ChatEvent], None]

_USUAL_ANSWER = 512


def answer(
    model: Model,
    context: Context,
    request: ChatRequest,
    emit: Emit,
    wanted_now: Callable[[], bool] = lambda: False,
) -> None:
    """Emit the events of an answer, `Finished` last. Raises Aborted, PromptTooLong, TemplateFailed.

    As soon as `wanted_now` is true, reasoning is ended and the answer begins.
    """
    begun = time.monotonic()
    prompt = build_prompt(model, context.size, request)
    reused = context.keep_common(prompt.tokens)
    fresh = prompt.tokens[reused:]
    emit(Progress(Stage.PROMPT, 0, len(fresh)))
    reading = time.monotonic()
    pace = Pace()

    def tell(done: int) -> None:
        emit(Progress(Stage.PROMPT, done, len(fresh), pace.remaining_s(done, len(fresh))))

    context.read(fresh, tell)
    governor = Governor(_budget(request, context.size - len(prompt.tokens)), wanted_now)
    writer = _Writer(model, request, prompt, emit, governor)
    with Sampler(model, request.sampling) as sampler:
        written = _write(model, context, sampler, writer, request.sampling.max_tokens)
    writer.finish()
    timings = Timings(
        ttft_s=written.first_at - begun,
        prompt_tps=_rate(len(fresh), written.first_at - reading),
        decode_tps=_rate(written.tokens - 1, written.last_at - written.first_at),
        context_tokens=context.size,
        left_out_messages=prompt.left_out,
        seed=sampler.seed,
    )
    usage = Usage(len(prompt.tokens), reused, writer.reasoning_tokens, written.tokens)
    emit(_finished(written.reason, usage, timings))


def _budget(request: ChatRequest, room: int) -> int:
    """How many tokens of reasoning there may be, so that in `room` tokens the answer has a place, too."""
    most = room - min(_USUAL_ANSWER, room // 2)
    if request.thinking is Thinking.OFF:
        return 0
    return most if request.thinking_budget is None else min(request.thinking_budget, most)


def _finished(reason: FinishReason, usage: Usage, timings: Timings) -> Finished:
    """The end, with the counts in both places where they are looked for."""
    timings = replace(
        timings,
        prompt_tokens=usage.prompt_tokens,
        reused_tokens=usage.cached_tokens,
        completion_tokens=usage.completion_tokens,
    )
    return Finished(reason, usage, timings)


def room_for_message(model: Model, size: int) -> int:
    """The tokens of the longest single message that leaves place for an answer, at least 1."""
    around = model.tokens(model.template.render([Message(Role.USER, "")], Thinking.AUTO))
    return max(1, size - min(_USUAL_ANSWER, size // 2) - len(around) - 1)


def build_prompt(model: Model, size: int, request: ChatRequest) -> Prompt:
    """The prompt for a request in a context of `size` tokens, with room left for an answer."""
    counts: dict[str, int] = {}

    def count(text: str) -> int:
        return counts.setdefault(text, len(model.tokens(text)))

    def render(messages: Sequence[Message]) -> Prompt:
        text = model.template.render(messages, request.thinking)
        if request.answer_so_far:
            text += model.template.before_answer(text) + request.answer_so_far
        tokens = model.tokens(text)
        if model.adds_bos and tokens[:1] != [model.bos]:
            tokens.insert(0, model.bos)
        return Prompt(text, tokens)

    limit = request.sampling.max_tokens
    wanted = _USUAL_ANSWER if limit is None else max(limit, 1)
    return fit(request.messages, room=size - min(wanted, size // 2), render=render, count=count)


@dataclass(frozen=True, slots=True)
class _Written:
    reason: FinishReason
    tokens: int
    first_at: float
    last_at: float


def _write(model: Model, context: Context, sampler: Sampler, writer: _Writer, limit: int | None) -> _Written:
    """Pick and write tokens until the model, a stop string, the limit or the context ends it.

    Reasoning that must end is ended by reading the end marker as if the model had written it.
    """
    count, first_at = 0, 0.0

    def ended(reason: FinishReason) -> _Written:
        now = time.monotonic()
        return _Written(reason, count, first_at or now, now)

    while limit is None or count < limit:
        if ending := writer.ending():
            try:
                context.read(model.tokens(ending), lambda _done: None)
            except ContextFull:
                break
            writer.insert(ending)
        token = sampler.pick(context)
        first_at = first_at or time.monotonic()
        if model.is_end(token):
            return ended(FinishReason.STOP)
        count += 1
        writer.write(token)
        if writer.stopped:
            return ended(FinishReason.STOP)
        try:
            if count != limit:
                context.add(token)
        except ContextFull:
            break
    return ended(FinishReason.LENGTH)


class _Writer:
    """Turns tokens into deltas: bytes, characters, reasoning apart from answer, stop strings."""

    def __init__(
        self, model: Model, request: ChatRequest, prompt: Prompt, emit: Emit, governor: Governor
    ) -> None:
        self._model = model
        self._emit = emit
        self._characters = text_decoder()
        self._splitter = None
        if not request.answer_so_far:
            self._splitter = ThinkSplitter(opened=opened_by(prompt.text))
        self._stop = StopFilter(request.sampling.stop)
        self._governor = governor
        self._reasoning: list[int] = []

    @property
    def reasoning_tokens(self) -> int:
        """How many of the tokens were reasoning, the closing marker's included."""
        return len(self._reasoning)

    @property
    def stopped(self) -> bool:
        """Whether a stop string has come."""
        return self._stop.stopped

    def write(self, token: int) -> None:
        """Emit what the token adds, if it is certain already."""
        if self._splitter is not None and self._splitter.reasoning:
            self._reasoning.append(token)
        self._send(self._split(self._characters.decode(self._model.piece(token))))

    def ending(self) -> str:
        """What must be inserted now to end the reasoning; mostly nothing."""
        if self._splitter is None or not self._splitter.reasoning:
            return ""
        return self._splitter.ending if self._governor.ends(self._reasoning) else ""

    def insert(self, text: str) -> None:
        """Take text that the model did not write. A character that it had only begun becomes U+FFFD."""
        self._send(self._split(self._characters.decode(text.encode())))

    def finish(self) -> None:
        """Emit what was held back."""
        self._send(self._split(self._characters.decode(b"", final=True)))
        if self._splitter is not None:
            self._send(self._splitter.finish())
        self._send([TextDelta(self._stop.finish())])

    def _split(self, text: str) -> Sequence[Part]:
        return self._splitter.feed(text) if self._splitter is not None else [TextDelta(text)]

    def _send(self, parts: Sequence[Part]) -> None:
        for part in parts:
            delta = TextDelta(self._stop.feed(part.text)) if isinstance(part, TextDelta) else part
            if delta.text:
                self._emit(delta)


def _rate(count: int, seconds: float) -> float | None:
    return count / seconds if count > 0 and seconds > 0 else None
