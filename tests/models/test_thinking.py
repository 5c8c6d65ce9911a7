"""Reasoning is told from the answer, wherever the stream is cut."""

from __future__ import annotations

from itertools import groupby

import pytest

from models.chat import ReasoningDelta, TextDelta
from models.thinking import ThinkSplitter, held_back


def split(text: str, size: int, *, opened: bool = False) -> list[tuple[str, str]]:
    """Feed pieces of a size; the joined parts, "R" for reasoning and "T" for text."""
    splitter = ThinkSplitter(opened=opened)
    parts = [part for i in range(0, len(text), size) for part in splitter.feed(text[i : i + size])]
    parts += splitter.finish()
    assert all(part.text for part in parts)
    named = [("R" if isinstance(part, ReasoningDelta) else "T", part.text) for part in parts]
    groups = groupby(named, key=lambda part: part[0])
    return [(name, "".join(text for _, text in group)) for name, group in groups]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 100])
@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Hello", [("T", "Hello")]),
        ("<think>\nhm\n</think>\n\nYes", [("R", "hm\n"), ("T", "Yes")]),
        (" \n<think>hm</think>Yes", [("R", "hm"), ("T", "Yes")]),
        ("<think></think>Yes", [("T", "Yes")]),
        ("<think>a < b </thin", [("R", "a < b </thin")]),
        ("<think>never closed", [("R", "never closed")]),
        ("<thinking about it", [("T", "<thinking about it")]),
        ("<thi", [("T", "<thi")]),
        ("  plain", [("T", "  plain")]),
        ("Use <think>x</think> tags", [("T", "Use <think>x</think> tags")]),
        ("<think>a</think>b <think>c", [("R", "a"), ("T", "b <think>c")]),
        ("", []),
    ],
)
def test_splits_at_the_markers(text: str, parts: list[tuple[str, str]], size: int) -> None:
    assert split(text, size) == parts


@pytest.mark.parametrize("size", [1, 4, 100])
def test_a_prompt_may_open_the_block(size: int) -> None:
    assert split("\nhm</think>\nYes", size, opened=True) == [("R", "hm"), ("T", "Yes")]


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
