"""Writes one answer: prompt, tokens, text."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from models.chat import (
    ChatRequest,
    Finished,
    FinishReason,
    Message,
    Progress,
    Role,
    Sampling,
    Stage,
    Thinking,
    Timings,
    Usage,
)
from models.errors import TemplateFailed
from models.local.drafting import Account
from models.local.engine.context import Context, ContextFull, shared
from models.local.engine.decoding import Decoder
from models.local.engine.model import Model
from models.local.engine.prompt import Prompt, TooLong, fit
from models.local.engine.sampling import Sampler
from models.local.engine.writing import Emit, Writer
from models.local.pace import Pace
from models.thinking import Governor

_USUAL_ANSWER = 512
_LONG_TEXT = 1 << 20  # characters


def answer(
    model: Model,
    context: Context,
    request: ChatRequest,
    emit: Emit,
    wanted_now: Callable[[], bool] = lambda: False,
    *,
    account: Callable[[], Account | None] = Account,
) -> None:
    """Emit the events of an answer, `Finished` last. Raises Aborted, PromptTooLong, TemplateFailed.

    As soon as `wanted_now` is true, reasoning is ended and the answer begins. Without an `account` of
    what guessing costs each token is computed by itself; the answer is the same.
    """
    begun = time.monotonic()
    prompt = build_prompt(model, context.size, request, lambda: emit(Progress(Stage.PROMPT)))
    had = context.held[:1] == prompt.tokens[:1]
    reused = context.keep_common(prompt.tokens)
    fresh = prompt.tokens[reused:]
    emit(Progress(Stage.PROMPT, 0, len(fresh)))
    reading = time.monotonic()
    pace = Pace()

    def tell(done: int) -> None:
        emit(Progress(Stage.PROMPT, done, len(fresh), pace.remaining_s(done, len(fresh))))

    context.read(fresh, tell)
    governor = Governor(_budget(request, context.size - len(prompt.tokens)), wanted_now)
    writer = Writer(model, request, prompt, emit, governor)
    with Sampler(model, request.sampling) as sampler:
        decoder = Decoder(context, sampler, account() if _may_guess(request.sampling, sampler) else None)
        try:
            with suppress(ContextFull):
                _open_reasoning(model, decoder, sampler, writer, request)
            written = _write(model, decoder, sampler, writer, request.sampling.max_tokens)
        finally:
            decoder.settle()
    writer.finish(cut=written.reason is FinishReason.LENGTH)
    timings = Timings(
        ttft_s=written.first_at - begun,
        prompt_tps=_rate(len(fresh), written.first_at - reading),
        decode_tps=_rate(written.tokens - 1, written.last_at - written.first_at),
        context_tokens=context.size,
        left_out_messages=prompt.left_out,
        seed=sampler.seed,
        reuse_note="" if len(fresh) < len(prompt.tokens) or not had else _reuse_note(model),
        thinking_ended=writer.thinking_ended,
        drafted_tokens=decoder.guessed,
        accepted_tokens=decoder.right,
    )
    usage = Usage(len(prompt.tokens), reused, writer.reasoning_tokens, written.tokens)
    emit(_finished(written.reason, usage, timings))


def _may_guess(sampling: Sampling, sampler: Sampler) -> bool:
    """Whether nobody relies on every score being computed by itself.

    A given seed is to repeat an answer that is drawn, and close choices are told by scores to which
    neither a grammar nor penalties have been applied.
    """
    return sampler.is_plain if sampler.greedy else sampling.seed is None


def _open_reasoning(
    model: Model, decoder: Decoder, sampler: Sampler, writer: Writer, request: ChatRequest
) -> None:
    """An answer with a grammar has no place for reasoning, so that is opened here if it is wanted."""
    opening = model.template.opening
    wanted = request.thinking is Thinking.ON and not request.answer_so_far and not writer.reasoning
    if sampler.has_grammar and opening and wanted:
        decoder.insert(model.tokens(opening))
        writer.insert(opening)


def _reuse_note(model: Model) -> str:
    """Why nothing of what had been read could be kept; empty if that is not the model's doing."""
    if not model.forgets_parts:
        return "This kind of model can’t forget a part of what it has read, so it read everything anew."
    if model.window:
        return f"This model keeps only its last {model.window:,} tokens in full, so it read everything anew."
    return ""


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


def read_ahead(model: Model, context: Context, request: ChatRequest, said: str) -> None:
    """Evaluate the beginning that all next questions share: this one and what was said to it.

    Templates leave earlier reasoning out, so after an answer with reasoning this is not what the context
    holds. A conversation that outgrows the context is left alone. Raises Aborted.
    """
    talk = (*request.messages, Message(Role.ASSISTANT, said))
    ends = [(*talk, Message(Role.USER, text)) for text in ("a", "b")]
    try:
        prompts = [build_prompt(model, context.size, replace(request, messages=end)) for end in ends]
    except (TooLong, TemplateFailed):
        return
    common = prompts[0].tokens[: shared(prompts[0].tokens, prompts[1].tokens)]
    if prompts[0].left_out or len(common) <= shared(context.held, common):
        return
    context.read(common[context.keep_common(common) :], lambda _done: None)


def room_for_message(model: Model, size: int, answer_tokens: int | None = None) -> int:
    """The tokens of the longest single message that leaves place for such an answer, at least 1."""
    around = model.tokens(model.template.render([Message(Role.USER, "")], Thinking.AUTO))
    return max(1, size - _kept_for_answer(size, answer_tokens) - len(around) - 1)


def _kept_for_answer(size: int, answer_tokens: int | None) -> int:
    """What of a context an answer is to have: as much as was asked for, half of it at most."""
    return min(_USUAL_ANSWER if answer_tokens is None else max(answer_tokens, 1), size // 2)


def build_prompt(
    model: Model, size: int, request: ChatRequest, on_long: Callable[[], None] = lambda: None
) -> Prompt:
    """The prompt for a request in a context of `size` tokens, with room left for an answer.

    `on_long` is called when a text is rendered whose tokens take seconds to find.
    """

    def render(messages: Sequence[Message]) -> Prompt:
        text = model.template.render(messages, request.thinking)
        if request.answer_so_far:
            text += model.template.before_answer(text) + request.answer_so_far
        if len(text) > _LONG_TEXT:
            on_long()
        tokens = model.tokens(text)
        if model.adds_bos and tokens[:1] != [model.bos]:
            tokens.insert(0, model.bos)
        if not tokens:
            raise TemplateFailed("The chat template in the file writes nothing.", "Choose another model.")
        return Prompt(text, tokens)

    room = size - _kept_for_answer(size, request.sampling.max_tokens)
    return fit(request.messages, room=room, render=render, count=lambda text: len(model.tokens(text)))


@dataclass(frozen=True, slots=True)
class _Written:
    reason: FinishReason
    tokens: int
    first_at: float
    last_at: float


def _write(model: Model, decoder: Decoder, sampler: Sampler, writer: Writer, limit: int | None) -> _Written:
    """Pick and write tokens until the model, a stop string, the limit or the context ends it.

    Reasoning that must end is ended by reading the end marker as if the model had written it.
    """
    count, first_at = 0, 0.0

    def ended(reason: FinishReason) -> _Written:
        now = time.monotonic()
        return _Written(reason, count, first_at or now, now)

    while limit is None or count < limit:
        try:
            if ending := writer.ending():
                decoder.insert(model.tokens(ending))
                writer.insert(ending)
            if not (sampler.bound or writer.reasoning):
                if writer.gap:
                    decoder.insert(model.tokens(writer.gap))
                sampler.bind()
            token = decoder.pick()
            first_at = first_at or time.monotonic()
            if model.is_end(token):
                return ended(FinishReason.STOP)
            count += 1
            writer.write(token)
            if writer.stopped:
                return ended(FinishReason.STOP)
            if count != limit:
                decoder.take(token)
        except ContextFull:
            break
    return ended(FinishReason.LENGTH)


def _rate(count: int, seconds: float) -> float | None:
    return count / seconds if count > 0 and seconds > 0 else None
