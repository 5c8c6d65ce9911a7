"""Where an answer changes hands, as blocks."""

from __future__ import annotations

import pytest

from desktop.storage.seams import Part, joined, parts_of
from desktop.ui.chat.markdown import Kind, parse
from desktop.ui.chat.seam import SeamedStream, whole

SMALL = Part(0, "small", "Small", "on this machine")


def far(at: int) -> Part:
    return Part(at, "xidao/q", "Q", "via XiDao", remote=True)


def shape(before: str, after: str) -> list[tuple[Kind, str]]:
    return [(block.kind, block.text) for block in whole(before + after, [SMALL, far(len(before))])]


def test_the_line_stands_where_the_other_goes_on() -> None:
    assert shape("One half, ", "and the other.\n\nMore.") == [
        (Kind.PARAGRAPH, "One half,"),
        (Kind.SEAM, "From here on Q, via XiDao"),
        (Kind.PARAGRAPH, "and the other."),
        (Kind.PARAGRAPH, "More."),
    ]


@pytest.mark.parametrize(
    ("before", "after", "kind", "text"),
    [
        ("Code:\n\n```py\na = 1\n", "b = 2\n```\n\nDone.", Kind.CODE, "a = 1\nb = 2"),
        ("1. One\n2. Tw", "o\n3. Three", Kind.PARAGRAPH, "Two"),
    ],
)
def test_what_both_wrote_is_not_cut_in_two(before: str, after: str, kind: Kind, text: str) -> None:
    blocks = shape(before, after)
    at = next(i for i, block in enumerate(blocks) if block[0] is Kind.SEAM)
    assert blocks[at] == (Kind.SEAM, "From within this part on Q, via XiDao")
    assert blocks[at + 1] == (kind, text)


def test_a_list_that_goes_on_keeps_its_numbers() -> None:
    blocks = whole("1. One\n2. Tw" + "o\n3. Three", [SMALL, far(12)])
    assert [block.marker for block in blocks if block.marker] == ["1.", "2.", "3."]


def test_a_table_stays_whole() -> None:
    kinds = [kind for kind, _text in shape("| a | b |\n|---|---|\n| 1 ", "| 2 |\n| 3 | 4 |\n")]
    assert kinds == [Kind.SEAM, Kind.TABLE]


def test_closed_code_has_the_line_below_it() -> None:
    kinds = [kind for kind, _text in shape("```\na\n```\n", "Then.")]
    assert kinds == [Kind.CODE, Kind.SEAM, Kind.PARAGRAPH]


def test_growing_it_looks_as_it_does_when_it_has_ended() -> None:
    text, parts = "First **half** and\n\nthe rest.\n\n- one\n- two", [SMALL, far(16)]
    stream = SeamedStream()
    for end in range(16, len(text) + 1):
        grown = stream.update(text[:end], parts)
    assert grown == stream.finish(text, parts) == whole(text, parts)


def test_one_hand_makes_no_seam() -> None:
    assert whole("All of it.", []) == parse("All of it.")


def test_a_part_that_adds_nothing_or_goes_on_with_its_own_makes_no_seam() -> None:
    assert joined([SMALL], far(0)) == [far(0)]
    assert joined([SMALL, far(5)], far(9)) == [SMALL, far(5)]
    assert joined([SMALL], far(5)) == [SMALL, far(5)]


def test_receipts_of_any_age_tell_the_parts() -> None:
    assert parts_of(None) == []
    assert parts_of({"route": {"model": "small", "name": "Small", "backend": "local"}, "place": "here"}) == [
        Part(0, "small", "Small", "here")
    ]
    assert parts_of({"parts": [{"at": 3, "model": "m", "remote": True}, {"at": "x"}, 7, {"at": -1}]}) == [
        Part(3, "m", "m", "", remote=True)
    ]
