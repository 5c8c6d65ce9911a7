"""Stop strings end a text wherever it is cut; deltas are gathered without changing their order."""

from __future__ import annotations

import pytest

from models.chat import ReasoningDelta, TextDelta
from models.local.text import GATHER_S, Delta, Gatherer, StopFilter
from tests.fakes import Clock


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("text", "stops", "kept", "stopped"),
    [
        ("Hello there", (), "Hello there", False),
        ("Hello there", ("",), "Hello there", False),
        ("Hello there", ("xyz", " the"), "Hello", True),
        ("one two three", ("three", "two"), "one ", True),
        ("aab", ("ab",), "a", True),
        ("almost END", ("END OF",), "almost END", False),
        ("stop", ("stop",), "", True),
    ],
)
def test_ends_before_a_stop_string(
    text: str, stops: tuple[str, ...], kept: str, stopped: bool, size: int
) -> None:
    filter_ = StopFilter(stops)
    out = "".join(filter_.feed(text[i : i + size]) for i in range(0, len(text), size)) + filter_.finish()
    assert (out, filter_.stopped) == (kept, stopped)


def test_the_first_delta_goes_out_at_once_and_later_ones_together() -> None:
    sent: list[Delta] = []
    clock = Clock()
    gatherer = Gatherer(sent.append, clock)
    for text in ("a", "b", "c"):
        gatherer.add(TextDelta(text))
    assert sent == [TextDelta("a")]
    clock.now += GATHER_S
    gatherer.add(TextDelta("d"))
    assert sent == [TextDelta("a"), TextDelta("bcd")]
    gatherer.add(TextDelta("e"))
    gatherer.flush()
    gatherer.flush()
    assert sent == [TextDelta("a"), TextDelta("bcd"), TextDelta("e")]
    gatherer.add(TextDelta("f"))
    assert sent[-1] == TextDelta("f")


def test_reasoning_and_text_are_not_mixed() -> None:
    sent: list[Delta] = []
    gatherer = Gatherer(sent.append, Clock())
    for delta in (ReasoningDelta("a"), ReasoningDelta("b"), TextDelta("c"), TextDelta("d")):
        gatherer.add(delta)
    gatherer.flush()
    assert sent == [ReasoningDelta("a"), ReasoningDelta("b"), TextDelta("cd")]
