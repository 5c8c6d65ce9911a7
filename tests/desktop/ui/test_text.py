"""The body of a message: its height, its code blocks, what is copied from it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from desktop.ui.chat.document import BREAK
from desktop.ui.chat.markdown import parse
from desktop.ui.chat.text import MessageText
from desktop.ui.theme import Appearance

CODE = "```python\none = 1\ntwo = 2\n```"


@pytest.fixture
def text(look: Appearance, qtbot: QtBot) -> MessageText:
    text = MessageText(look)
    qtbot.addWidget(text)
    return text


@pytest.mark.parametrize("before", ["", "Words before it.\n\n"], ids=["first", "after words"])
@pytest.mark.parametrize("after", ["", "\n\nWords after it."], ids=["last", "before words"])
def test_code_has_room_for_its_header_and_its_padding(text: MessageText, before: str, after: str) -> None:
    text.show_blocks(parse(before + CODE + after))
    height = text.height_for(600)
    ((_block, rect),) = text._code
    assert rect.top() >= 0
    assert rect.bottom() <= height
    layout, paragraph = text.document().documentLayout(), text.document().begin()
    while paragraph.isValid():
        place = layout.blockBoundingRect(paragraph)
        if paragraph.text().startswith("Words"):
            assert not QRectF(rect).intersects(place)
        elif paragraph.text().startswith("one"):
            assert place.top() >= rect.top() + 30
        paragraph = paragraph.next()


def test_copying_gives_what_is_shown(text: MessageText) -> None:
    text.show_blocks(parse("x" * 5_000 + "\n\n" + CODE))
    text.selectAll()
    text.copy()
    copied = QGuiApplication.clipboard().text()
    assert BREAK not in copied
    assert copied == "x" * 5_000 + "\none = 1\ntwo = 2"


def test_what_stands_between_words_is_copied_too(text: MessageText) -> None:
    words = "ភាសា\u200bខ្មែរ\u200bdix\u00a0000"
    text.show_blocks(parse(words))
    text.selectAll()
    text.copy()
    assert QGuiApplication.clipboard().text() == words


def test_its_height_is_the_same_before_it_is_shown_and_after(text: MessageText, qtbot: QtBot) -> None:
    text.show_blocks(parse("Some words that wrap in a narrow place. " * 30 + "\n\n" + CODE))
    before = text.height_for(500)
    text.resize(500, before)
    text.show()
    qtbot.waitExposed(text)
    assert text.height_for(500) == before
    assert text.document().textWidth() == 500
    assert text.height_for(300) > before
