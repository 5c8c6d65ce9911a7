"""A document that is written piece by piece equals one that is written at once, and loads nothing."""

from __future__ import annotations

import random

import pytest
from PySide6.QtGui import QTextDocument

from desktop.ui.chat.document import BREAK, BlockWriter
from desktop.ui.chat.markdown import MarkdownStream, parse
from desktop.ui.theme import Appearance
from tests.desktop.ui.test_markdown import PARTS


def paragraphs(document: QTextDocument) -> list[tuple[str, float, float, float]]:
    """Text, margins and line height of every paragraph."""
    found, block = [], document.begin()
    while block.isValid():
        shape = block.blockFormat()
        found.append((block.text(), shape.leftMargin(), shape.topMargin(), shape.lineHeight()))
        block = block.next()
    return found


@pytest.mark.parametrize("seed", range(40))
def test_growing_equals_whole(look: Appearance, seed: int) -> None:
    chance = random.Random(seed)
    source = "".join(chance.choice(PARTS) for _ in range(chance.randint(1, 9)))
    grown, whole = QTextDocument(), QTextDocument()
    writer, stream, position = BlockWriter(grown, look.theme), MarkdownStream(), 0
    while position < len(source):
        position += chance.randint(1, 5)
        writer.write(stream.update(source[:position]))
    writer.write(stream.finish(source))
    BlockWriter(whole, look.theme).write(parse(source))
    assert paragraphs(grown) == paragraphs(whole)


def test_only_what_changed_is_laid_out_again(look: Appearance) -> None:
    document = QTextDocument()
    document.documentLayout()  # without a layout no change is reported
    writer = BlockWriter(document, look.theme)
    source = "first\n\n" * 200
    writer.write(parse(source))
    changed_at: list[int] = []
    document.contentsChange.connect(lambda position, _removed, _added: changed_at.append(position))
    writer.write(parse(source + "last"))
    length = document.characterCount()
    assert changed_at
    assert min(changed_at) > length - 20


def test_another_theme_keeps_the_text(look: Appearance) -> None:
    document = QTextDocument()
    writer = BlockWriter(document, look.theme)
    writer.write(parse("".join(PARTS)))
    before = paragraphs(document)
    look.choose("dark")
    writer.set_theme(look.theme)
    assert paragraphs(document) == before


def test_f44_a_run_without_spaces_gets_places_to_break(look: Appearance) -> None:
    document = QTextDocument()
    BlockWriter(document, look.theme).write(parse("x" * 10_000))
    assert document.toPlainText().count(BREAK) == 4
    assert document.toPlainText().replace(BREAK, "") == "x" * 10_000
