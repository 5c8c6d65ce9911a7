"""Tells a model's reasoning from its answer while both are still being written."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto

from models.chat import ReasoningDelta, TextDelta

OPEN = "<think>"
CLOSE = "</think>"

Part = ReasoningDelta | TextDelta


def held_back(text: str, markers: Iterable[str]) -> int:
    """How many characters at the end of `text` may be the beginning of one of the markers."""
    longest = 0
    for marker in markers:
        for size in range(min(len(marker) - 1, len(text)), longest, -1):
            if text.endswith(marker[:size]):
                longest = size
                break
    return longest


class _State(Enum):
    START = auto()
    REASONING = auto()
    ANSWER = auto()


class ThinkSplitter:
    """Splits a stream of text at `<think>` and `</think>`, wherever its pieces are cut.

    Reasoning is recognised at the beginning of an answer only, so an answer may speak of the markers.
    A block that is never closed stays reasoning. `opened` says that the prompt ends inside a block.
    """

    def __init__(self, *, opened: bool = False) -> None:
        self._state = _State.REASONING if opened else _State.START
        self._held = ""
        self._trim = opened

    @property
    def reasoning(self) -> bool:
        """Whether what comes next belongs to the reasoning, as far as is known."""
        return self._state is _State.REASONING

    def feed(self, text: str) -> list[Part]:
        """The parts that are certain now, in order; none of them is empty."""
        self._held += text
        parts: list[Part] = []
        while True:
            before = self._state
            parts += self._take(before)
            if self._state is before:
                return parts

    def finish(self) -> list[Part]:
        """What was held back, now that nothing follows."""
        kept, self._held = self._held, ""
        if not kept:
            return []
        return [ReasoningDelta(kept) if self.reasoning else TextDelta(kept)]

    def _take(self, state: _State) -> list[Part]:
        if state is _State.START:
            self._look_for_opening()
            return []
        if self._trim:
            self._held = self._held.lstrip("\n")
            self._trim = not self._held
        if state is _State.REASONING:
            return self._reasoning()
        kept, self._held = self._held, ""
        return [TextDelta(kept)] if kept else []

    def _look_for_opening(self) -> None:
        begun = self._held.lstrip()
        if begun.startswith(OPEN):
            self._held = begun[len(OPEN) :]
            self._state, self._trim = _State.REASONING, True
        elif not OPEN.startswith(begun):
            self._state = _State.ANSWER

    def _reasoning(self) -> list[Part]:
        text, closed, rest = self._held.partition(CLOSE)
        if closed:
            self._state, self._trim, self._held = _State.ANSWER, True, rest
        else:
            keep = held_back(text, (CLOSE,))
            text, self._held = text[: len(text) - keep], text[len(text) - keep :]
        return [ReasoningDelta(text)] if text else []
