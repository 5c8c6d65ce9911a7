"""How gateways are told whether to think, and where their reasoning is found: pure functions of values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.chat import ReasoningDelta, Rethought, TextDelta, Thinking
from models.gateway.late_end import LateEnd
from models.gateway.providers import Connection, Dialect, Profile
from models.thinking import ThinkingKind, ThinkingSupport, ThinkSplitter

Fields = dict[str, Any]
Delta = ReasoningDelta | TextDelta | Rethought


def thinking_fields(profile: Profile, model: str, thinking: Thinking, budget: int | None) -> Fields:
    """What is added to a request's body. AUTO adds nothing; a budget of 0 is OFF.

    `budget` is in tokens and left out where the profile has no field for it.
    """
    if thinking is Thinking.AUTO:
        return {}
    on = thinking is Thinking.ON and budget != 0
    limit = budget if on and budget else None
    fields = _SWITCHES[profile.thinking](profile, model, on, limit)
    if limit is not None and profile.budget:
        fields[profile.budget] = limit
    return fields


def switch_at(connection: Connection) -> ThinkingSupport:
    """Whether a gateway has a switch that is known here; a model behind it may not listen."""
    if connection.profile.thinking is not Dialect.NONE:
        return ThinkingSupport(ThinkingKind.SWITCH)
    why = f"{connection.name} has no switch for thinking that Inshore knows, so the model decides."
    return ThinkingSupport(ThinkingKind.NONE, why=why)


def _none(_profile: Profile, _model: str, _on: bool, _limit: int | None) -> Fields:
    return {}


def _enable_thinking(_profile: Profile, _model: str, on: bool, _limit: int | None) -> Fields:
    return {"enable_thinking": on}


def _template(_profile: Profile, model: str, on: bool, _limit: int | None) -> Fields:
    variable = "thinking" if "deepseek" in model.lower() else "enable_thinking"
    return {"chat_template_kwargs": {variable: on}}


def _effort(profile: Profile, _model: str, on: bool, _limit: int | None) -> Fields:
    return {"reasoning_effort": profile.effort_on if on else profile.effort_off}


def _type(_profile: Profile, _model: str, on: bool, _limit: int | None) -> Fields:
    return {"thinking": {"type": "enabled" if on else "disabled"}}


def _reasoning(_profile: Profile, _model: str, on: bool, limit: int | None) -> Fields:
    return {"reasoning": {"max_tokens": limit} if limit else {"enabled": on}}


_SWITCHES = {
    Dialect.NONE: _none,
    Dialect.ENABLE_THINKING: _enable_thinking,
    Dialect.TEMPLATE: _template,
    Dialect.EFFORT: _effort,
    Dialect.TYPE: _type,
    Dialect.REASONING: _reasoning,
}


class DeltaReader:
    """Finds the reasoning and the answer in a stream of deltas, whichever way a gateway writes them.

    Looked at in this order: `reasoning_content`, `reasoning`, `reasoning_details`, list content, inline
    markers. Of those that say the same at once the first counts; where reasoning came in a field of its
    own, the same in markers within the answer is left out. Reasoning that only ends (`</think>` without a
    beginning) is text until then; it is not looked for where an answer is `continued`.
    """

    def __init__(self, *, continued: bool = False) -> None:
        self._splitter = ThinkSplitter()
        self._late = None if continued else LateEnd()
        self._apart = False

    def feed(self, delta: Mapping[str, Any]) -> list[Delta]:
        """The parts that are certain now; none of them is empty."""
        reasoning, text = _listed(delta.get("content"))
        field = _field(delta)
        reasoning = field or reasoning
        parts: list[Delta] = []
        if reasoning:
            self._apart = True
            parts += [*self._unlooked(), ReasoningDelta(reasoning)]
        if text:
            parts += self._answer(self._splitter.feed(text))
        return parts

    def finish(self) -> list[Delta]:
        """What was held back, now that nothing follows."""
        return [*self._answer(self._splitter.finish()), *(self._late.finish() if self._late else ())]

    def _answer(self, parts: list[ReasoningDelta | TextDelta]) -> list[Delta]:
        found: list[Delta] = []
        for part in parts:
            if isinstance(part, ReasoningDelta):
                found += self._unlooked()
                found += [] if self._apart else [part]
            else:
                found += self._late.feed(part.text) if self._late else [part]
        return found

    def _unlooked(self) -> list[Delta]:
        """What was held back while an end was looked for: where reasoning is marked, none is."""
        late, self._late = self._late, None
        return [*late.give_up()] if late else []


def _field(delta: Mapping[str, Any]) -> str:
    for name in ("reasoning_content", "reasoning"):
        value = delta.get(name)
        if isinstance(value, str) and value:
            return value
    details = delta.get("reasoning_details")
    return "".join(_texts(details, ("text", "summary"))) if isinstance(details, list) else ""


def _listed(content: object) -> tuple[str, str]:
    """The reasoning and the text of a delta's content, which may be a text or a list of parts."""
    if isinstance(content, str):
        return "", content
    if not isinstance(content, list):
        return "", ""
    reasoning = [part for part in content if isinstance(part, dict) and part.get("type") in _THINKING_PARTS]
    text = [part for part in content if isinstance(part, dict) and part.get("type") in _TEXT_PARTS]
    thoughts = [text for part in reasoning for text in _thought(part)]
    return "".join(thoughts), "".join(_texts(text, ("text",)))


_THINKING_PARTS = ("thinking", "reasoning")
_TEXT_PARTS = ("text", "output_text")


def _thought(part: Mapping[str, Any]) -> list[str]:
    inner = part.get("thinking") or part.get("reasoning") or part.get("text")
    if isinstance(inner, str):
        return [inner]
    return _texts(inner, ("text",)) if isinstance(inner, list) else []


def _texts(parts: list[Any], names: tuple[str, ...]) -> list[str]:
    found = []
    for part in parts:
        values = [part.get(name) for name in names] if isinstance(part, dict) else []
        found.append(next((value for value in values if isinstance(value, str) and value), ""))
    return found
