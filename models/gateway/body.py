"""What a request says: the body for one gateway, made of a ChatRequest and a profile."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from models.chat import ChatRequest, Sampling, Thinking
from models.errors import NotAvailable
from models.gateway.dialects import Fields, thinking_fields
from models.gateway.providers import CarriesOn, Profile

GO_ON = (
    "Your last message broke off. Go on exactly where it stopped. "
    "Repeat nothing of it, explain nothing, and begin with the very next word."
)


class Part(StrEnum):
    """What may be left out of a request where a gateway doesn't understand it."""

    THINKING = "thinking"
    CARRY_ON = "carry_on"
    STREAM_OPTIONS = "stream_options"
    SAMPLING = "sampling"


@dataclass(frozen=True, slots=True)
class Body:
    """A request's content. `parts` are its fields that could be left out; `asks` is how it is continued."""

    model: str
    messages: tuple[Fields, ...]
    fields: Fields
    parts: dict[Part, tuple[str, ...]]
    asks: CarriesOn | None = None


def body_for(profile: Profile, request: ChatRequest, model: str, without: frozenset[Part]) -> Body:
    """The body of a streamed request for the model that the gateway calls so.

    `without` are parts that it did not understand before. Raises NotAvailable for a form of answer that
    can't be asked of this gateway.
    """
    carries = _carries_on(profile, without) if request.answer_so_far else None
    parts: dict[Part, Fields] = {
        Part.THINKING: _thinking(profile, request, model, carries),
        Part.CARRY_ON: _CARRY_FIELDS if carries is CarriesOn.TEMPLATE else {},
        Part.STREAM_OPTIONS: _STREAM_OPTIONS if profile.stream_options else {},
        Part.SAMPLING: _beyond_standard(profile, request.sampling),
    }
    kept = {part: fields for part, fields in parts.items() if fields and part not in without}
    names = {part: tuple(fields) for part, fields in kept.items()}
    if carries not in (None, CarriesOn.PROMPT):
        names[Part.CARRY_ON] = (*names.get(Part.CARRY_ON, ()), "prefix", "partial", "prefill", "assistant")
    fields = _standard(profile, request.sampling)
    for more in kept.values():
        fields |= more
    return Body(model, tuple(_messages(request, carries)), fields, names, carries)


_STREAM_OPTIONS: Fields = {"stream_options": {"include_usage": True}}
_CARRY_FIELDS: Fields = {"continue_final_message": True, "add_generation_prompt": False}


def _carries_on(profile: Profile, without: frozenset[Part]) -> CarriesOn:
    return CarriesOn.PROMPT if Part.CARRY_ON in without else profile.carries_on


def _thinking(profile: Profile, request: ChatRequest, model: str, carries: CarriesOn | None) -> Fields:
    over = carries is not None and request.thinking is not Thinking.AUTO  # it has thought already
    thinking = Thinking.OFF if over else request.thinking
    return thinking_fields(profile, model, thinking, request.thinking_budget)


def _messages(request: ChatRequest, carries: CarriesOn | None) -> list[Fields]:
    messages: list[Fields] = [{"role": str(m.role), "content": _text(m.text)} for m in request.messages]
    if carries is None:
        return messages
    so_far: Fields = {"role": "assistant", "content": _text(request.answer_so_far)}
    match carries:
        case CarriesOn.PREFIX | CarriesOn.PARTIAL:
            so_far[carries.value] = True
        case CarriesOn.PROMPT:
            return [*messages, so_far, {"role": "user", "content": GO_ON}]
    return [*messages, so_far]


def _text(text: str) -> str:
    """Half of a surrogate pair can't be sent."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _standard(profile: Profile, sampling: Sampling) -> Fields:
    fields: Fields = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "frequency_penalty": sampling.frequency_penalty,
        "presence_penalty": sampling.presence_penalty,
        profile.seed: sampling.seed,
        profile.max_tokens: sampling.max_tokens,
        "stop": list(sampling.stop) or None,
        "response_format": _schema(sampling.json_schema),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _schema(text: str | None) -> Any:
    if text is None:
        return None
    schema = {"name": "answer", "schema": json.loads(text), "strict": True}
    return {"type": "json_schema", "json_schema": schema}


def _beyond_standard(profile: Profile, sampling: Sampling) -> Fields:
    if sampling.grammar is not None and "grammar" not in profile.sampling:
        raise NotAvailable(
            f"{profile.name} can’t keep an answer to a grammar.", "Use a JSON schema, or a local model."
        )
    values = {
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repetition_penalty": sampling.repeat_penalty,
        "repeat_penalty": sampling.repeat_penalty,
        "grammar": sampling.grammar,
    }
    return {name: values[name] for name in profile.sampling if values[name] is not None}


def misunderstood(body: Body, told: str) -> Part | None:
    """The part that a gateway's words about a bad request are about; None if none is left to blame.

    One that is named; else thinking, which is what servers know least.
    """
    words = told.lower()
    for part, names in body.parts.items():
        if any(name.lower() in words for name in names):
            return part
    return Part.THINKING if Part.THINKING in body.parts else None
