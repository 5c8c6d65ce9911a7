"""One answer while it comes in: from a gateway's chunks to the events of a conversation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from models.chat import ChatRequest, FinishReason, ReasoningDelta, Rethought, TextDelta, Usage
from models.gateway.counting import estimated_usage, read_usage
from models.gateway.dialects import Delta, DeltaReader
from models.gateway.providers import CarriesOn
from models.gateway.repeats import RepeatTrimmer

_REASONS = {
    "length": FinishReason.LENGTH,
    "max_tokens": FinishReason.LENGTH,
    "content_filter": FinishReason.CONTENT_FILTER,
    "sensitive": FinishReason.CONTENT_FILTER,
    "tool_calls": FinishReason.TOOL_CALLS,
    "function_call": FinishReason.TOOL_CALLS,
}
_NO_END = frozenset({"null", "none"})
"""What some gateways write in place of nothing while the answer goes on."""
_LEAST_S = 0.25
"""What came sooner than this came at once: how fast it was written can't be told."""
_FAILED = frozenset({"error", "insufficient_system_resource", "network_error", "abort", "cancelled"})
"""What some gateways write where an answer broke off."""


class Answer:
    """Takes chunks and gives out deltas. Times are of `clock`, in seconds.

    `reason` is None until the gateway has said that the answer is complete. Continued by a question in
    words (`carries`), an answer often begins with a part of itself; that is left out, and so is all of it
    where the gateway was to go on inside it and began anew. Of several answers at once the first counts.
    """

    def __init__(self, request: ChatRequest, clock: Callable[[], float], carries: CarriesOn | None) -> None:
        self._request, self._clock = request, clock
        self._reader = DeltaReader(continued=bool(request.answer_so_far))
        self._trimmer = RepeatTrimmer(request.answer_so_far, restarts=carries is not CarriesOn.PROMPT)
        self._reasoning: list[str] = []
        self._text: list[str] = []
        self._told: Usage | None = None
        self._behind = False  # whether words have come since the gateway's last numbers
        self._index: object = None
        self.began = clock()
        self.first: float | None = None
        self.reason: FinishReason | None = None
        self.failed = ""

    def take(self, chunk: Mapping[str, Any]) -> list[Delta]:
        """The deltas that are certain now; none of them is empty. A chunk may hold nothing at all."""
        choice = self._chosen(chunk.get("choices"))
        told = read_usage(chunk.get("usage")) or read_usage(choice.get("usage"))
        delta = choice.get("delta")
        parts = self._noted(self._reader.feed(delta)) if isinstance(delta, Mapping) else []
        if told is not None and not (self._told is not None and _nothing(told)):
            self._told, self._behind = told, False
        elif parts:
            self._behind = True
        ended = choice.get("finish_reason")
        if isinstance(ended, str) and ended in _FAILED:
            self.failed = ended
        elif isinstance(ended, str) and ended and ended.lower() not in _NO_END:
            self.reason = _REASONS.get(ended, FinishReason.STOP)
        return parts

    def rest(self) -> list[Delta]:
        """What was held back, now that nothing follows."""
        parts = self._noted(self._reader.finish())
        if held := self._trimmer.finish():
            self._text.append(held)
            parts.append(TextDelta(held))
            self.first = self.first or self._clock()
        return parts

    @property
    def begun(self) -> bool:
        """Whether something was given out."""
        return self.first is not None

    @property
    def counted(self) -> bool:
        """Whether the gateway told numbers, so that it charges for them whatever came of the answer."""
        return self._told is not None

    def usage(self) -> Usage:
        """What the gateway told, or an estimate that is marked as one; unknown if nothing came at all.

        Numbers that came before the answer's end are of what there was until then.
        """
        told = self._told
        if told is not None and (told.flagged or self._whole(told)):
            return told
        guess = estimated_usage(self._request, "".join(self._reasoning), "".join(self._text))
        if told is None:
            return guess
        prompt = told.prompt_tokens or guess.prompt_tokens
        thought = max(told.reasoning_tokens or 0, guess.reasoning_tokens or 0)
        written = max(told.completion_tokens or 0, guess.completion_tokens or 0, thought)
        return Usage(prompt, told.cached_tokens, thought, written, estimated=True)

    def _whole(self, told: Usage) -> bool:
        """Whether these are the numbers of all that came."""
        if told.completion_tokens is None or self._behind:
            return False
        return bool(told.completion_tokens) or not self.begun

    def _chosen(self, choices: object) -> Mapping[str, Any]:
        """The part of the answer that is read; where there are several, they are told apart by `index`."""
        for choice in choices if isinstance(choices, list) else ():
            if not isinstance(choice, Mapping):
                continue
            index = choice.get("index")
            self._index = index if self._index is None else self._index
            if index is None or index == self._index:
                return choice
        return {}

    def speed(self, usage: Usage) -> float | None:
        """Tokens a second since the first one that could be seen; None where that took no time to speak of.

        Tokens of reasoning that was kept from us were written before it.
        """
        tokens, seconds = usage.completion_tokens, 0.0 if self.first is None else self._clock() - self.first
        if not tokens or seconds < _LEAST_S:
            return None
        unseen = 0 if self._reasoning else usage.reasoning_tokens or 0
        return (tokens - unseen) / seconds if tokens > unseen else None

    def _noted(self, parts: Iterable[Delta]) -> list[Delta]:
        given: list[Delta] = []
        for part in parts:
            if isinstance(part, ReasoningDelta):
                self._reasoning.append(part.text)
                given.append(part)
            elif isinstance(part, Rethought):
                self._reasoning, self._text = self._text, []
                given.append(part)
            elif text := self._trimmer.feed(part.text):
                self._text.append(text)
                given.append(TextDelta(text))
        if given and self.first is None:
            self.first = self._clock()
        return given


def _nothing(told: Usage) -> bool:
    return not told.flagged and not told.prompt_tokens and not told.completion_tokens
