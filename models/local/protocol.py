"""What the window and the worker say to each other: one JSON object a line, an `id` on each."""

from __future__ import annotations

import functools
import json
import math
import types
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from models import errors
from models.chat import (
    ChatRequest,
    Finished,
    Notice,
    Progress,
    ReasoningDelta,
    Rethought,
    TextDelta,
    TextSize,
)
from models.errors import AppError, NextStep
from models.local.ladder import Cache
from models.local.states import Shelf
from models.machine import Device
from models.thinking import ThinkingSupport

FRAME_BYTES = 1 << 20
"""A reply longer than this is not one of ours."""

_LARGEST = 1 << 53  # beyond it JSON numbers stop being exact elsewhere


class ProtocolError(Exception):
    """A line that is no message."""


@dataclass(frozen=True, slots=True)
class Known:
    """The context that a model was loaded with as was wanted, and how much the process grew by it."""

    context_tokens: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Load:
    """Load a model file, unless it is there already; answered by `Planned` and `Loaded`.

    `context` None is the model's own, up to 8,192 tokens. `available_bytes` None: the worker looks itself.
    `shelf` None: what is evaluated is kept in memory only. `rung` is how many steps down the ladder of
    contexts and caches to begin, `gpu` whether graphics cards may be used. `known` is what came of
    exactly this the last time; `correction_permille` is measured over predicted memory so far.
    """

    path: str
    threads: int
    context: int | None = None
    available_bytes: int | None = None
    shelf: Shelf | None = None
    rung: int = 0
    gpu: bool = True
    known: Known | None = None
    correction_permille: int = 1000


@dataclass(frozen=True, slots=True)
class Ask:
    """Answer a question with the loaded model: deltas, then `Finished`.

    The first `Progress` of the prompt says that the prompt is rendered.
    """

    request: ChatRequest


@dataclass(frozen=True, slots=True)
class Save:
    """Put what is evaluated on disk, if its conversation allows it; answered by `Saved`."""


@dataclass(frozen=True, slots=True)
class Disown:
    """Never put on disk what is evaluated for these cache keys; answered by `Saved`."""

    cache_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tidy:
    """Have evaluated what the next question will begin with: this one, and its answer without its reasoning.

    Answered by `Saved`. Nothing happens if another conversation is in the context.
    """

    request: ChatRequest
    answer: str


@dataclass(frozen=True, slots=True)
class Count:
    """Say how long a text is for the loaded model; answered by `TextSize`.

    The room for it leaves place for an answer of so many tokens; None is a usual one.
    """

    text: str
    answer_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """Say how the loaded model thinks; answered by `ThinkingSupport`. Runs its template."""


@dataclass(frozen=True, slots=True)
class Describe:
    """Say what this engine is; answered by `EngineInfo`."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """Measure how fast so many threads read this machine's memory; answered by `MemorySpeed`."""

    threads: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the work with this id. It answers with `Cancelled`, or with its end if that came sooner."""


@dataclass(frozen=True, slots=True)
class AnswerNow:
    """Have the answer with this id begin, should it still be thinking. Nothing answers to this itself."""


@dataclass(frozen=True, slots=True)
class Planned:
    """With what the model is about to be loaded; `predicted_bytes` None is unknown.

    `rung` counts the steps down the ladder of contexts and caches, from 0.
    """

    context_tokens: int
    cache: Cache
    gpu_layers: int
    predicted_bytes: int | None
    rung: int = 0


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model is ready; `fresh` if it was not there before. `notice` tells what is not as was wanted."""

    context_tokens: int
    fresh: bool
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """Whether what is evaluated is on disk now."""

    on_disk: bool


@dataclass(frozen=True, slots=True)
class MemorySpeed:
    """Bytes a second."""

    bandwidth: float


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The work was ended as asked; the engine is free."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An `AppError`, by its class's name."""

    kind: str
    title: str
    cause: str
    hint: str
    details: str
    next_step: NextStep

    @classmethod
    def of(cls, error: AppError) -> Failed:
        """The message for an error; its details are cut to what a frame holds."""
        kind = type(error).__name__
        return cls(kind, error.title, error.cause, error.hint, error.details[-16_000:], error.next_step)

    def error(self) -> AppError:
        """The error again; raises ProtocolError for a class that isn't one of ours."""
        kind = getattr(errors, self.kind, None)
        if not (isinstance(kind, type) and issubclass(kind, AppError)):
            raise ProtocolError(f"unknown error {self.kind!r}")
        return kind(self.cause, self.hint, title=self.title, details=self.details, next_step=self.next_step)


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What the engine is: versions, the instruction sets it was built with, and its devices."""

    llama_cpp: str
    binding: str
    ggml: str
    features: tuple[str, ...]
    devices: tuple[Device, ...]
    gpu_offload: bool


Request = Load | Ask | AnswerNow | Save | Disown | Tidy | Count | Probe | Describe | Gauge | Cancel
Reply = (
    Progress
    | Notice
    | ReasoningDelta
    | TextDelta
    | Rethought
    | Finished
    | Planned
    | Loaded
    | Saved
    | ThinkingSupport
    | TextSize
    | MemorySpeed
    | Cancelled
    | Failed
    | EngineInfo
)

FINAL = (Finished, Loaded, Saved, ThinkingSupport, TextSize, MemorySpeed, Cancelled, Failed, EngineInfo)
"""The replies that end a request."""

T = TypeVar("T")


def encode(id_: int, message: Request | Reply) -> bytes:
    """A message as one line of ASCII."""
    frame = {"id": id_, "is": type(message).__name__, **_plain(message)}
    return json.dumps(frame, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def decode_request(line: bytes) -> tuple[int, Request]:
    """The id and the message of a line for the worker; raises ProtocolError."""
    return _decode(_json(line), _REQUESTS)


def decode_reply(line: bytes) -> tuple[int, Reply]:
    """The id and the message of a line from the worker; raises ProtocolError.

    Half surrogates, which no file and no window can hold, become U+FFFD.
    """
    frame = _json(line)
    if b"\\ud" in line.lower():
        frame = _mended(frame)
    return _decode(frame, _REPLIES)


_REQUESTS: dict[str, Callable[..., Request]] = {kind.__name__: kind for kind in get_args(Request)}
_REPLIES: dict[str, Callable[..., Reply]] = {kind.__name__: kind for kind in get_args(Reply)}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _json(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"not JSON: {error}") from error


def _mended(frame: Any) -> Any:
    text = json.dumps(frame, ensure_ascii=False).encode("utf-16", "surrogatepass")
    return json.loads(text.decode("utf-16", "replace"))


def _decode(frame: Any, kinds: dict[str, Callable[..., T]]) -> tuple[int, T]:
    try:
        values = _checked(dict, frame)
        return _number(values["id"]), _built(kinds[_checked(str, values["is"])], values)
    except (KeyError, TypeError, ValueError) as error:
        raise ProtocolError(f"not a message: {error!r}") from error


@functools.cache
def _hints(kind: Callable[..., Any]) -> dict[str, Any]:
    return get_type_hints(kind)


def _built(kind: Callable[..., T], data: Any) -> T:
    """The value of these fields; one that is missing has its default, or raises if it has none."""
    return kind(**{name: _value(hint, data[name]) for name, hint in _hints(kind).items() if name in data})


def _value(hint: Any, value: Any) -> Any:
    """The value, if it is what the hint says; anything else raises."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        wanted = next(kind for kind in get_args(hint) if kind is not types.NoneType)
        return None if value is None else _value(wanted, value)
    if origin is tuple:
        return tuple(_value(get_args(hint)[0], item) for item in _checked(list, value))
    if is_dataclass(hint):
        return _built(cast("Callable[..., Any]", hint), value)
    if issubclass(hint, StrEnum):
        return hint(value)
    if hint is int:
        return _number(value)
    if hint is float:
        return _real(value)
    return _checked(hint, value)


def _checked(kind: type[T], value: Any) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} is not a {kind.__name__}")
    return value


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise ValueError("not a whole number in range")
    return value


def _real(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError("not a finite number")
    return float(value)
