"""The values that flow between a conversation and whoever answers it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Role(StrEnum):
    """Who speaks in a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class Thinking(StrEnum):
    """Whether the model may reason before it answers; AUTO leaves it to the model."""

    OFF = "off"
    ON = "on"
    AUTO = "auto"


class Stage(StrEnum):
    """What a backend is busy with before the first word."""

    WAIT = "wait"
    LOAD = "load"
    PROMPT = "prompt"


class ThinkingEnd(StrEnum):
    """Why reasoning ended: ITSELF is the model's own end; the others ended it for the model."""

    ITSELF = "itself"
    BUDGET = "budget"
    ASKED = "asked"
    CIRCLES = "circles"


class FinishReason(StrEnum):
    """Why an answer ended by itself. Stopping is a cancellation, failing an `AppError`: not here."""

    STOP = "stop"
    LENGTH = "length"
    CONTENT_FILTER = "content_filter"
    TOOL_CALLS = "tool_calls"


@dataclass(frozen=True, slots=True)
class Image:
    """A picture as it is sent: an encoded file of `media_type`, its size in pixels. It holds no metadata."""

    media_type: str
    data: bytes = field(repr=False)
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Message:
    """One message as a backend sees it. An assistant's `text` holds the answer only, never its reasoning.

    A `pinned` one stays when older turns are left out. A backend that can't show `images` to its model
    raises CannotSee.
    """

    role: Role
    text: str
    pinned: bool = False
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is picked. None means: the model's own default, then the backend's.

    `temperature` 0 is greedy. `top_k` 0 looks at all tokens. A `repeat_penalty` over 1 divides the
    logits of tokens that the answer has used already, `frequency_penalty` and `presence_penalty` are
    subtracted from them, once for each use and once in all. `seed` None is a fresh random seed for
    each answer. `grammar` (GBNF, its root rule named “root”) or `json_schema` (JSON text) is what the
    answer must keep to; its reasoning need not. At most one of them.
    """

    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    grammar: str | None = None
    json_schema: str | None = None


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question to one model.

    `messages` runs from the oldest to the newest and ends with the user's. `answer_so_far` is not
    empty when a broken-off answer is to be continued: the backend yields only what comes after it.
    Under `cache_key`, which tells nothing but one conversation from another, a backend may keep what
    it has evaluated, also on disk; None is for what must not be kept. After `thinking_budget` tokens
    of reasoning the answer is made to begin; None is what the context has room for, and OFF is 0.
    """

    model: str
    messages: tuple[Message, ...]
    sampling: Sampling = field(default_factory=Sampling)
    thinking: Thinking = Thinking.AUTO
    answer_so_far: str = ""
    cache_key: str | None = None
    thinking_budget: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Work before the first word. `done` and `total` count the same thing; `total` 0 means unknown.

    `remaining_s` is an estimate from this very work's pace so far; None until there is one.
    """

    stage: Stage
    done: int = 0
    total: int = 0
    remaining_s: float | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something was decided for the user, in one sentence; may come at any time before `Finished`."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """More of the model's reasoning. `tokens` is how many there were up to here; 0 is unknown."""

    text: str
    tokens: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More of the answer. `tokens` is how many it had up to here, its reasoning’s included; 0 is unknown."""

    text: str
    tokens: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Rethought:
    """All text of the answer so far was reasoning: its end has come, and its beginning was never marked."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one attempt. None is unknown, never zero.

    `cached_tokens` are part of `prompt_tokens`; `reasoning_tokens` are part of `completion_tokens`:
    those after the opening marker up to the closing one. A marker that we wrote is not counted.
    `estimated` numbers were counted by us from the length of the text, as nobody told them. `flagged` says
    which of a gateway's numbers could not be believed; those are None.
    """

    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    completion_tokens: int | None = None
    estimated: bool = False
    flagged: str = ""


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time of one answer went. Seconds, tokens, tokens per second; None is unknown.

    `ttft_s` runs from the request's arrival to the first token, loading included. `reused_tokens` of
    the prompt were already evaluated; where a model can't keep them, `reuse_note` says so in a
    sentence. `left_out_messages` older messages did not fit into the context. `cache` is the type of
    the context's numbers ("f16", "q8_0"), `gpu_layers` how many layers a graphics card computes. Of
    `drafted_tokens` guessed from the conversation's own words `accepted_tokens` were right.
    `memory_bytes` is what the process has grown by since before the model was loaded. `request_id` is what
    a gateway calls this answer, `attempts` how many times it was asked; 0 where nobody was.
    """

    load_s: float | None = None
    ttft_s: float | None = None
    prompt_tokens: int | None = None
    reused_tokens: int | None = None
    prompt_tps: float | None = None
    completion_tokens: int | None = None
    decode_tps: float | None = None
    context_tokens: int | None = None
    left_out_messages: int = 0
    seed: int | None = None
    reuse_note: str = ""
    thinking_ended: ThinkingEnd | None = None
    cache: str = ""
    gpu_layers: int | None = None
    drafted_tokens: int | None = None
    accepted_tokens: int | None = None
    memory_bytes: int | None = None
    request_id: str = ""
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of an answer that ended by itself."""

    reason: FinishReason
    usage: Usage
    timings: Timings


ChatEvent = Progress | Notice | ReasoningDelta | TextDelta | Rethought | Finished


class Backend(Protocol):
    """Whoever answers. Used from one asyncio loop only.

    `stream` yields any number of `Progress`, `Notice`, `ReasoningDelta`, `TextDelta` and `Rethought`, the
    last being exactly one `Finished`; it raises an `AppError` on failure. Cancelling the consuming task
    frees the model within 3 seconds; the next request then works.
    """

    def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]: ...

    async def aclose(self) -> None:
        """End all that was started; later calls of `stream` are an error."""
        ...


@dataclass(frozen=True, slots=True)
class TextSize:
    """How long a text is for a model, in tokens, beside what its context holds.

    `room_tokens` is the longest single message that leaves place for an answer. Where the text is
    longer, `larger_context` is a context (in tokens) that would hold it and fits into memory now; 0
    if there is none.
    """

    tokens: int
    room_tokens: int
    context_tokens: int
    larger_context: int = 0
