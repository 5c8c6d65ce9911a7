"""Markdown becomes blocks; a growing text gives the same blocks as the whole one."""

from __future__ import annotations

import random

import pytest

from desktop.ui.chat.markdown import Block, Kind, MarkdownStream, Span, common_prefix, parse

PARTS = (
    "# Heading\n\n",
    "A paragraph with **bold**, *italic* and `code`,\nbroken over two lines.\n\n",
    "- one\n- two\n  - nested\n\n    still two\n- three\n\n",
    "3. three\n4. four\n\n",
    "- [ ] to do\n- [x] **done**\n\n",
    "```python\ndef f():\n\n    return 1\n```\n\n",
    "| a | b |\n|---|--:|\n| 1 | **2** |\n\n",
    "> quoted\n> - with a list\n\n",
    "---\n\n",
    "```\nnever closed\n",
    "中文段落，带有**重点**。\n\n",
    "    indented code\n\n",
)


def test_blocks_of_each_kind() -> None:
    blocks = parse("".join(PARTS))
    assert [b.kind for b in blocks[:2]] == [Kind.HEADING, Kind.PARAGRAPH]
    assert blocks[1].text == "A paragraph with bold, italic and code,\nbroken over two lines."
    assert [s.text for s in blocks[1].spans if s.bold or s.italic or s.code] == ["bold", "italic", "code"]
    listed = [(b.marker, b.indent, b.text) for b in blocks if b.indent and not b.quote]
    assert listed == [
        ("•", 1, "one"),
        ("•", 1, "two"),
        ("•", 2, "nested"),
        ("", 2, "still two"),
        ("•", 1, "three"),
        ("3.", 1, "three"),
        ("4.", 1, "four"),
        ("☐", 1, "to do"),
        ("☑", 1, "done"),
    ]
    code = next(b for b in blocks if b.kind is Kind.CODE)
    assert (code.language, code.text) == ("python", "def f():\n\n    return 1")
    table = next(b for b in blocks if b.kind is Kind.TABLE)
    assert [[c.spans[0].text for c in row] for row in table.rows] == [["a", "b"], ["1", "2"]]
    assert table.rows[1][1].align == "right"
    assert [b.quote for b in blocks if b.text == "quoted"] == [1]
    assert any(b.kind is Kind.RULE for b in blocks)


@pytest.mark.parametrize("seed", range(40))
def test_a_growing_text_ends_as_the_whole_one(seed: int) -> None:
    chance = random.Random(seed)
    source = "".join(chance.choice(PARTS) for _ in range(chance.randint(1, 10)))
    stream, position, blocks = MarkdownStream(), 0, []
    while position < len(source):
        position += chance.randint(1, 6)
        blocks = stream.update(source[:position])
    assert stream.finish(source) == parse(source)
    assert [b.text for b in blocks] == [b.text for b in parse(source)]


def test_only_what_leads_a_list_item_is_a_box_to_tick() -> None:
    blocks = parse("1. [X] first\n\n   [ ] not this\n2. `[ ] code`\n- [y] nor this\n\n[ ] nor a paragraph")
    assert [(b.marker, b.text) for b in blocks] == [
        ("1.", "☑ first"), ("", "[ ] not this"), ("2.", "[ ] code"), ("•", "[y] nor this"),
        ("", "[ ] nor a paragraph"),
    ]  # fmt: skip


def test_numbers_count_on_whatever_the_source_says() -> None:
    assert [b.marker for b in parse("1. a\n1. b\n1. c")] == ["1.", "2.", "3."]


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<style>*{display:none}</style>",
        "<base href='http://evil'>",
    ],
)
def test_s14_html_stays_text(source: str) -> None:
    assert "".join(b.text for b in parse(source)).replace("\n", "") == source


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,x",
        "smb://h/s",
        "ms-msdt:/id",
        "vscode://x",
    ],
)
def test_s15_links_with_other_schemes_lead_nowhere(address: str) -> None:
    for source in (f"[x]({address})", f"<{address}>", f"[x][1]\n\n[1]: {address}", f"![x]({address})"):
        assert {s.href for b in parse(source) for s in b.spans} == {""}


def test_s14_images_become_their_description() -> None:
    (block,) = parse('![a cat](http://example.org/cat.png "title")')
    assert block.spans == (Span("[image: a cat]", href="http://example.org/cat.png"),)


def test_common_prefix() -> None:
    one, two, three = (Block(Kind.PARAGRAPH, (Span(text),)) for text in ("1", "2", "3"))
    assert common_prefix([one, two], [one, three]) == 1
    assert common_prefix([one], [one, two]) == 1
    assert common_prefix([], [one]) == 0
