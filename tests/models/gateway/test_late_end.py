"""Reasoning that only ends: what came before is reasoning, wherever its pieces are cut."""

from __future__ import annotations

import pytest

from models.chat import ReasoningDelta, Rethought, TextDelta
from models.gateway.dialects import Delta, DeltaReader

THOUGHT, ANSWER = "Two and two.\n\nThat is <four>.\n", "Four.\n\n- so\n"


def read(*pieces: str, continued: bool = False) -> list[Delta]:
    reader = DeltaReader(continued=continued)
    parts = [part for piece in pieces for part in reader.feed({"content": piece})]
    parts += reader.finish()
    assert all(part.text for part in parts if isinstance(part, TextDelta))
    return parts


def told(parts: list[Delta]) -> tuple[str, str]:
    """The reasoning and the answer that a window would show in the end."""
    reasoning = text = ""
    for part in parts:
        match part:
            case Rethought():
                reasoning, text = reasoning + text, ""
            case ReasoningDelta(words):
                reasoning += words
            case TextDelta(words):
                text += words
    return reasoning, text


@pytest.mark.parametrize("size", range(1, 20))
@pytest.mark.parametrize("end", ["</think>\n\n", "</think>\n", "</think> \r\n\n"])
def test_an_end_is_found_however_it_is_cut(size: int, end: str) -> None:
    whole = THOUGHT + end + ANSWER
    parts = read(*(whole[at : at + size] for at in range(0, len(whole), size)))
    assert told(parts) == (THOUGHT, ANSWER)
    assert parts.count(Rethought()) == 1


@pytest.mark.parametrize(
    "text",
    [
        "The marker is </think> in most models.",
        "It is written `</think>`\n",
        "</thinking>\nis something else.",
        " </think>\nis indented.",
        "See:\n```\nthought\n</think>\n```\nThat is it.",
        "It ends so: </think>\nThen it answers.",
        "</think> and more on its line",
        "no end",
        "a line\n</thin",
        "",
    ],
)
@pytest.mark.parametrize("size", [1, 3, 100])
def test_an_answer_may_speak_of_it(text: str, size: int) -> None:
    parts = read(*(text[at : at + size] for at in range(0, len(text), size)))
    assert told(parts) == ("", text)
    assert Rethought() not in parts


def test_only_the_first_counts() -> None:
    assert told(read("a\n</think>\n\nb\n</think>\nc")) == ("a\n", "b\n</think>\nc")


def test_it_may_be_the_last_that_comes() -> None:
    assert told(read("a\n</think>")) == ("a\n", "")


def test_after_code_in_the_reasoning_it_is_found() -> None:
    assert told(read("```py\n1\n```\n</think>\n\nb")) == ("```py\n1\n```\n", "b")


def test_where_reasoning_is_marked_no_other_end_is_looked_for() -> None:
    assert told(read("<think>a</think>b\n</think>\nc")) == ("a", "b\n</think>\nc")
    reader = DeltaReader()
    parts = [*reader.feed({"content": "held\n</thi"}), *reader.feed({"reasoning": "a"})]
    parts += reader.feed({"content": "nk>\nb"})
    assert told(parts) == ("a", "held\n</think>\nb")


def test_an_answer_that_is_gone_on_with_keeps_what_it_has() -> None:
    assert told(read("a\n</think>\n\nb", continued=True)) == ("", "a\n</think>\n\nb")


def test_text_is_given_out_at_once() -> None:
    reader = DeltaReader()
    reader.feed({"content": "begun "})
    assert reader.feed({"content": "more"}) == [TextDelta("more")]
