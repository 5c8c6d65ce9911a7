"""Reasoning is told from the answer, wherever the stream is cut, and is ended when it must be."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations, groupby

import pytest

from models.chat import ReasoningDelta, TextDelta, ThinkingEnd
from models.thinking import (
    BRACKETS,
    CHANNELS,
    THINK,
    Governor,
    Markers,
    ThinkSplitter,
    goes_in_circles,
    held_back,
    mentioned_in,
    opened_by,
)

ANALYSIS, FINAL, AGAIN = CHANNELS.opens, CHANNELS.answers, "<|end|><|start|>assistant"

Parts = list[tuple[str, str]]

CASES: list[tuple[str, Parts]] = [
    ("Hello", [("T", "Hello")]),
    ("<think>\nhm\n</think>\n\nYes", [("R", "hm\n"), ("T", "Yes")]),
    (" \n<think>hm</think>Yes", [("R", "hm"), ("T", "Yes")]),
    ("<think></think>Yes", [("T", "Yes")]),
    ("<think>\n\n</think>\n\nYes", [("T", "Yes")]),
    ("<think>a < b </thin", [("R", "a < b </thin")]),
    ("<think>never closed", [("R", "never closed")]),
    ("<thinking about it", [("T", "<thinking about it")]),
    ("<thi", [("T", "<thi")]),
    ("  plain", [("T", "  plain")]),
    ("Use <think>x</think> tags", [("T", "Use <think>x</think> tags")]),
    ("<think>a</think>b <think>c", [("R", "a"), ("T", "b <think>c")]),
    ("<think>a[/THINK]<|end|></think>b", [("R", "a[/THINK]<|end|>"), ("T", "b")]),
    ("<think>a</think>b\n\n<|end|> c", [("R", "a"), ("T", "b\n\n<|end|> c")]),
    ("[THINK]hm[/THINK]Yes", [("R", "hm"), ("T", "Yes")]),
    ("[THINK]never [/THIN", [("R", "never [/THIN")]),
    ("[THINK][/THINK]Yes", [("T", "Yes")]),
    ("[THIS] is", [("T", "[THIS] is")]),
    ("<|channel>thought\nhm<channel|>Yes", [("R", "hm"), ("T", "Yes")]),
    ("<|channel>thought\n<channel|>Yes", [("T", "Yes")]),
    ("<seed:think>hm</seed:think>Yes", [("R", "hm"), ("T", "Yes")]),
    (f"{ANALYSIS}hm{AGAIN}{FINAL}Yes", [("R", "hm"), ("T", "Yes")]),
    (f"{ANALYSIS}{AGAIN}{FINAL}Yes", [("T", "Yes")]),
    (f"{ANALYSIS}never <|en", [("R", "never <|en")]),
    (f"{ANALYSIS}hm{AGAIN}<|chan", [("R", "hm")]),
    (f"{FINAL}Yes", [("T", "Yes")]),
    (f"{FINAL}Yes<|end|>", [("T", "Yes")]),
    (f"{ANALYSIS}a{AGAIN}{ANALYSIS}b{AGAIN}{FINAL}Yes", [("R", "ab"), ("T", "Yes")]),
    (f"{ANALYSIS}hm<|end|>Yes", [("R", "hm"), ("T", "Yes")]),
    ("<|channel|>final <|constrain|>json<|message|>{}", [("T", "{}")]),
    ("<|channel|>" + "x" * 300, [("T", "<|channel|>" + "x" * 300)]),
    ("", []),
]


def split(pieces: Sequence[str], *, opened: Markers | None = None) -> Parts:
    """Feed pieces; the joined parts, "R" for reasoning and "T" for text."""
    splitter = ThinkSplitter(opened=opened)
    parts = [part for piece in pieces for part in splitter.feed(piece)]
    parts += splitter.finish()
    assert all(part.text for part in parts)
    named = [("R" if isinstance(part, ReasoningDelta) else "T", part.text) for part in parts]
    groups = groupby(named, key=lambda part: part[0])
    return [(name, "".join(text for _, text in group)) for name, group in groups]


def cuts(text: str) -> list[list[str]]:
    """The text whole, character by character, and cut at every place and (if it is short) every two."""
    places = range(1, len(text))
    ways: list[tuple[int, ...]] = [(at,) for at in places]
    if len(text) < 70:
        ways += combinations(places, 2)
    pieces = [[text[a:b] for a, b in zip((0, *way), (*way, len(text)), strict=True)] for way in ways]
    return [[text], list(text), *pieces]


@pytest.mark.parametrize(("text", "parts"), CASES)
def test_splits_at_the_markers_however_the_text_is_cut(text: str, parts: Parts) -> None:
    assert all(split(pieces) == parts for pieces in cuts(text))


@pytest.mark.parametrize(
    ("text", "opened", "parts"),
    [
        ("\nhm</think>\nYes", THINK, [("R", "hm"), ("T", "Yes")]),
        ("hm", THINK, [("R", "hm")]),
        ("</think>Yes", THINK, [("T", "Yes")]),
        ("hm[/THINK]Yes", BRACKETS, [("R", "hm"), ("T", "Yes")]),
        (f"hm{AGAIN}{FINAL}Yes", CHANNELS, [("R", "hm"), ("T", "Yes")]),
    ],
)
def test_a_prompt_may_open_the_block(text: str, opened: Markers, parts: Parts) -> None:
    assert all(split(pieces, opened=opened) == parts for pieces in cuts(text))


def test_nothing_is_lost_and_nothing_comes_twice() -> None:
    """Whatever comes between the markers, and however it is cut. Letters count; markers are none of them."""
    source = random.Random(7)
    bits = [
        "a",
        "b ",
        "\n",
        "<",
        "</",
        "think>",
        "<think>",
        "</think>",
        "[THINK]",
        "[/THINK]",
        "é🙂",
        "[",
        "|",
    ]
    for _ in range(3000):
        text = "".join(source.choice(bits) for _ in range(source.randrange(12)))
        at = sorted(source.randrange(len(text) + 1) for _ in range(3))
        pieces = [text[a:b] for a, b in zip((0, *at), (*at, len(text)), strict=True)]
        parts = split(pieces)
        assert parts == split([text])
        said = "".join(part for _, part in parts)
        for letter in "éab🙂":
            assert said.count(letter) == text.count(letter)


@pytest.mark.parametrize(
    ("begun", "ended"),
    [
        ("<think>hm", "hm\n"),
        ("<think>", ""),
        ("<think>hm</thi", "hm"),
        ("[THINK]hm[/", "hm"),
        ("<|channel>thought\nhm", "hm\n"),
        (f"{ANALYSIS}hm", "hm"),
        (f"{ANALYSIS}hm<|e", "hm"),
    ],
)
def test_the_end_can_be_written_anywhere(begun: str, ended: str) -> None:
    splitter = ThinkSplitter()
    parts = splitter.feed(begun)
    parts += splitter.feed(splitter.ending)
    assert "".join(part.text for part in parts) == ended
    assert splitter.feed("Yes") == [TextDelta("Yes")]
    assert not splitter.ending


@pytest.mark.parametrize("text", ["", "Hello", "<thi", "<think>a</think>", "<|channel|>ana"])
def test_outside_of_reasoning_there_is_nothing_to_end(text: str) -> None:
    splitter = ThinkSplitter()
    splitter.feed(text)
    assert not splitter.ending


def test_plain_text_is_not_held_back() -> None:
    assert ThinkSplitter().feed("Hel") == [TextDelta("Hel")]


def test_says_whether_it_is_inside() -> None:
    splitter = ThinkSplitter()
    assert not splitter.reasoning
    splitter.feed("<think>a")
    assert splitter.reasoning
    splitter.feed("</think>b")
    assert not splitter.reasoning


@pytest.mark.parametrize(
    ("text", "markers", "held"),
    [("ab", ("bcd",), 1), ("abc", ("bcd", "abcx"), 3), ("abcd", ("bcd",), 0), ("", ("a",), 0), ("a", (), 0)],
)
def test_what_may_become_a_marker_is_held_back(text: str, markers: tuple[str, ...], held: int) -> None:
    assert held_back(text, markers) == held


@pytest.mark.parametrize(
    ("prompt", "markers"),
    [
        ("…<|im_start|>assistant\n<think>\n", THINK),
        ("…<think>\n\n</think>\n\n", None),
        ("…[/INST][THINK]", BRACKETS),
        (f"…<|start|>assistant{ANALYSIS}", CHANNELS),
        ("Hello", None),
        ("", None),
    ],
)
def test_a_prompt_shows_whether_it_opened_the_block(prompt: str, markers: Markers | None) -> None:
    assert opened_by(prompt) is markers


@pytest.mark.parametrize(
    ("template", "markers"),
    [
        ("{{ content.split('</think>')[-1] }}", THINK),
        ("…[THINK]…", BRACKETS),
        ("<|start|>assistant<|channel|>", CHANNELS),
        ("{{ messages }}", None),
    ],
)
def test_a_template_shows_its_markers(template: str, markers: Markers | None) -> None:
    assert mentioned_in(template) is markers


# -- when it must end


@pytest.mark.parametrize("period", [1, 2, 7, 30, 31, 100, 400])
def test_the_same_over_and_over_is_a_circle(period: int) -> None:
    lead = list(range(10_000, 10_500))
    assert goes_in_circles(lead + list(range(period)) * (2048 // period + 1))


def test_nearly_the_same_is_a_circle_too() -> None:
    sentence = list(range(24))
    tokens = [token for number in range(40) for token in (*sentence, 100 + number % 3)]
    assert goes_in_circles(tokens)


@pytest.mark.parametrize("size", [0, 5, 127, 128, 512, 2048, 5000])
def test_what_goes_on_is_none(size: int) -> None:
    assert not goes_in_circles(list(range(size)))


def test_real_steps_are_none() -> None:
    """Counting, a table and a quotation that comes twice say much of the same, and still go on."""
    counting = "".join(
        f"{n} is not a divisor of 1009, as 1009 / {n} = {1009 / n:.2f}.\n" for n in range(2, 40)
    )
    table = "".join(f"| {n} | {n * n} | {n**3} |\n" for n in range(60))
    twice = "".join(f"Is {a} plus {a * 7} more than {a * 3}? Let me see. " for a in range(30)) * 2
    for text in (counting, table, twice):
        assert not any(goes_in_circles(text[:end].encode()) for end in range(0, len(text), 16))


def test_a_budget_ends_it_and_none_does_not() -> None:
    def never() -> bool:
        return False

    budget = ThinkingEnd.BUDGET
    assert [Governor(3, never).ends(list(range(n))) for n in range(5)] == [None] * 3 + [budget] * 2
    assert Governor(0, never).ends([]) is budget
    assert Governor(None, never).ends(list(range(10_000))) is None
    assert Governor(None, never).ends([1] * 256) is ThinkingEnd.CIRCLES


def test_somebody_may_want_the_answer_now() -> None:
    assert Governor(None, lambda: True).ends([]) is ThinkingEnd.ASKED
