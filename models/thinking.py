"""Tells a model's reasoning from its answer while both are still being written, and says when it must end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from models.chat import ReasoningDelta, TextDelta, ThinkingEnd

Part = ReasoningDelta | TextDelta


@dataclass(frozen=True, slots=True)
class Markers:
    """How a family of models marks its reasoning.

    `ends` is what to write into the middle of the reasoning so that the answer follows, `answers` what
    stands before an answer that nothing was thought for.
    """

    opens: str
    closes: str
    ends: str
    answers: str = ""


THINK = Markers("<think>", "</think>", "\n</think>\n\n")
BRACKETS = Markers("[THINK]", "[/THINK]", "[/THINK]")
GEMMA = Markers("<|channel>thought\n", "<channel|>", "\n<channel|>")
SEED = Markers("<seed:think>", "</seed:think>", "\n</seed:think>")
CHANNELS = Markers(
    "<|channel|>analysis<|message|>",
    "<|end|>",
    "<|end|><|start|>assistant<|channel|>final<|message|>",
    "<|channel|>final<|message|>",
)
"""gpt-oss: each message has a head that names its channel; only the one called “final” is the answer."""

BLOCKS = (THINK, BRACKETS, GEMMA, SEED)
"""The families that write one block and then the answer."""
FAMILIES = (*BLOCKS, CHANNELS)
CHANNEL = "<|channel|>"
CHANNEL_TOKENS = (CHANNEL, "<|start|>", "<|message|>", "<|end|>")
MARKER_TOKENS = ("<|channel>", *(marker for family in BLOCKS for marker in (family.opens, family.closes)))

_START, _MESSAGE = "<|start|>", "<|message|>"
_HEADS = (_START, CHANNEL)
_LONGEST_HEAD = 200


class ThinkingKind(StrEnum):
    """NONE: it can't think. SWITCH: its template has a switch. ALWAYS: it thinks unless it is cut short."""

    NONE = "none"
    SWITCH = "switch"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class ThinkingSupport:
    """What a model's template says of thinking.

    `variable` is the template's own, empty if there is none. `why` is a sentence for people where
    the switch does not work as they expect; empty for a plain SWITCH.
    """

    kind: ThinkingKind
    variable: str = ""
    why: str = ""


def opened_by(prompt: str) -> Markers | None:
    """The markers of the block that is open where the prompt ends; None if there is none."""
    end = prompt[-100:].rstrip()
    return next((family for family in FAMILIES if end.endswith(family.opens.rstrip())), None)


def mentioned_in(template: str) -> Markers | None:
    """The markers that a chat template's source speaks of; None if it knows none."""
    for family in FAMILIES:
        if family.opens in template or (family is not CHANNELS and family.closes in template):
            return family
    return CHANNELS if CHANNEL in template else None


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
    """What comes may be a marker."""
    HEAD = auto()
    """Inside the head of a gpt-oss message."""
    REASONING = auto()
    ANSWER = auto()


class ThinkSplitter:
    """Splits a stream of text at the markers of reasoning, wherever its pieces are cut.

    Reasoning is recognised at the beginning of an answer only, so an answer may speak of the markers.
    A block that is never closed stays reasoning. `opened` are the markers of a block that the prompt
    opened already. Markers, the heads of gpt-oss messages and the line breaks around them are left out.
    """

    def __init__(self, *, opened: Markers | None = None) -> None:
        self._state = _State.REASONING if opened else _State.START
        self._family = opened
        self._held = ""
        self._trim = opened is not None

    @property
    def reasoning(self) -> bool:
        """Whether what comes next belongs to the reasoning, as far as is known."""
        return self._state is _State.REASONING

    @property
    def ending(self) -> str:
        """What to write next so that the reasoning is over; empty outside of it."""
        if self._family is None or not self.reasoning:
            return ""
        begun = held_back(self._held, (self._family.closes,))
        return self._family.ends[self._family.ends.index(self._family.closes) + begun if begun else 0 :]

    @property
    def gap(self) -> str:
        """What stands between a block that is closed and the answer; empty if there was no block."""
        return self._family.ends.partition(self._family.closes)[2] if self._family is not None else ""

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
        """What was held back, now that nothing follows. The beginning of a head is no text."""
        kept, self._held = self._held, ""
        if not kept or self._state is _State.HEAD:
            return []
        return [ReasoningDelta(kept) if self.reasoning else TextDelta(kept)]

    def _take(self, state: _State) -> list[Part]:
        if state is _State.START:
            self._look_for_opening()
            return []
        if state is _State.HEAD:
            self._look_for_message()
            return []
        if self._trim:
            self._held = self._held.lstrip("\n")
            self._trim = not self._held
        return self._reasoning() if state is _State.REASONING else self._answer()

    def _look_for_opening(self) -> None:
        begun = self._held.lstrip()
        families = () if self._family is CHANNELS else BLOCKS
        for family in families:
            if begun.startswith(family.opens):
                self._held = begun[len(family.opens) :]
                self._become(_State.REASONING, family)
                return
        if begun.startswith(_HEADS):
            self._become(_State.HEAD, CHANNELS)
        elif not any(marker.startswith(begun) for marker in (*(f.opens for f in families), *_HEADS)):
            self._become(_State.ANSWER, self._family)

    def _look_for_message(self) -> None:
        head, found, rest = self._held.partition(_MESSAGE)
        if found:
            self._held = rest
            _, named, channel = head.partition(CHANNEL)
            final = not named or channel.split()[:1] == ["final"]
            self._become(_State.ANSWER if final else _State.REASONING, CHANNELS)
        elif len(head) > _LONGEST_HEAD:
            self._become(_State.ANSWER, CHANNELS)

    def _become(self, state: _State, family: Markers | None) -> None:
        self._trim = state is _State.REASONING or family is not None
        self._state, self._family = state, family

    def _reasoning(self) -> list[Part]:
        family = self._family or THINK
        text = self._until(family.closes, _State.START if family is CHANNELS else _State.ANSWER)
        return [ReasoningDelta(text)] if text else []

    def _answer(self) -> list[Part]:
        if self._family is CHANNELS:
            text = self._until(CHANNELS.closes, _State.START)
        else:
            text, self._held = self._held, ""
        return [TextDelta(text)] if text else []

    def _until(self, marker: str, then: _State) -> str:
        """What is certain to be before the marker."""
        text, found, rest = self._held.partition(marker)
        if found:
            self._held = rest
            self._become(then, self._family)
            return text
        keep = held_back(text, (marker,))
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]


_GRAM = 6
_WINDOWS = (128, 512, 2048)
_TIMES = 4
_EVERY = 32


def goes_in_circles(tokens: Sequence[int]) -> bool:
    """Whether the last tokens say the same four times over, exactly or nearly.

    Of the runs of six tokens in the last 128, 512 or 2,048 tokens at most a quarter is different.
    """
    return any(_few_grams(tokens[-size:]) for size in _WINDOWS if len(tokens) >= size)


def _few_grams(tokens: Sequence[int]) -> bool:
    grams = list(zip(*(tokens[start:] for start in range(_GRAM)), strict=False))
    return len(set(grams)) * _TIMES <= len(grams)


class Governor:
    """Says when reasoning must end, and why.

    That is when its `budget` of tokens is used up (None: there is none), when `wanted_now` says that
    somebody wants the answer, and when it goes in circles.
    """

    def __init__(self, budget: int | None, wanted_now: Callable[[], bool]) -> None:
        self._budget = budget
        self._wanted_now = wanted_now

    def ends(self, tokens: Sequence[int]) -> ThinkingEnd | None:
        """To be asked after each token of the reasoning, with all of them; None is: not yet."""
        if self._wanted_now():
            return ThinkingEnd.ASKED
        if self._budget is not None and len(tokens) >= self._budget:
            return ThinkingEnd.BUDGET
        circles = len(tokens) % _EVERY == 0 and goes_in_circles(tokens)
        return ThinkingEnd.CIRCLES if circles else None
