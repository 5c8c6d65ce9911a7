"""A title says what the first message says, in plain words."""

from __future__ import annotations

import time

import pytest

from desktop.storage.conversations import title_from


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Prove that √2 is irrational", "Prove that √2 is irrational"),
        ("\n\n  # A **bold** plan\nand more", "A bold plan"),
        ("> - 1. quoted item", "quoted item"),
        ("```python\nprint(1)\n```", "print(1)"),
        ("What does `ls -la` do?", "What does ls -la do?"),
        ("See [the page](https://x.invalid/y) please", "See the page please"),
        ("![alt](file:///etc/passwd) picture", "alt picture"),
        ("<b>bold</b> but a < b stays", "bold but a < b stays"),
        ("snake_case_name and 2*3*4 stay", "snake_case_name and 2*3*4 stay"),
        ("tab\tand  spaces", "tab and spaces"),
        ("\u202eright to left\x00\x1b[31m", "right to left[31m"),
        ("👩‍👩‍👧‍👦 family", "👩‍👩‍👧‍👦 family"),
        ("\ud83d half", "half"),
        ("", "New chat"),
        ("```\n```", "New chat"),
    ],
)
def test_markup_is_left_out(text: str, title: str) -> None:
    assert title_from(text) == title


def test_a_long_line_is_cut_between_words() -> None:
    title = title_from("The quick brown fox jumps over the lazy dog, and then it does so once more")
    assert title == "The quick brown fox jumps over the lazy dog, and then it…"


@pytest.mark.parametrize("text", ["天" * 100, "x" * 100, "e\u0301" * 100, "👩🏽‍🚀" * 50, "word " * 50])
def test_no_title_is_longer_than_sixty_characters(text: str) -> None:
    title = title_from(text)
    assert 30 < len(title) <= 60
    assert title.endswith("…")
    assert title[-2] not in "\u200d "


def test_a_huge_message_costs_no_time() -> None:
    start = time.perf_counter()
    for text in ("*a" * 500_000, "[" * 500_000, "<a" * 500_000, "> " * 500_000, "`" * 500_000):
        title_from(text)
    assert time.perf_counter() - start < 2
