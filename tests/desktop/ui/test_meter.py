"""Used and total in short figures, exact ones in the tip, and a warning before messages are left out."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from desktop.services.context import ContextUse
from desktop.ui.chat.meter import ContextMeter, explained, short
from desktop.ui.theme import Appearance
from models.chat import TextSize


@pytest.fixture
def meter(look: Appearance, qtbot: QtBot) -> ContextMeter:
    meter = ContextMeter(None)  # type: ignore[arg-type]
    qtbot.addWidget(meter)
    return meter


def draft(tokens: int, context: int = 8_192) -> TextSize:
    return TextSize(tokens, context - 512, context)


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        (0, "0"),
        (999, "999"),
        (1_024, "1k"),
        (3_120, "3.1k"),
        (8_192, "8k"),
        (9_960, "10k"),
        (12_345, "12k"),
        (131_072, "128k"),
    ],
)
def test_numbers_are_short(tokens: int, words: str) -> None:
    assert short(tokens) == words


def test_it_is_hidden_while_nothing_is_known(meter: ContextMeter) -> None:
    meter.show_use(None, None)
    assert meter.isHidden()


def test_it_adds_the_draft_to_the_conversation(meter: ContextMeter) -> None:
    meter.show_use(ContextUse(3_000, 8_192), draft(120))
    assert not meter.isHidden()
    assert meter.text() == "3.1k / 8k tokens"
    assert meter.accessibleName() == "Context: 3,120 of 8,192 tokens"
    assert meter.toolTip().splitlines() == [
        "The model reads 8,192 tokens at once.",
        "This conversation: 3,000 tokens.",
        "Your message: 120 tokens.",
    ]


def test_where_there_is_little_room_the_unit_goes(meter: ContextMeter) -> None:
    meter.show_use(ContextUse(3_000, 8_192), None)
    meter.set_brief(True)
    assert meter.text() == "3.0k / 8k"
    meter.show_use(ContextUse(4_000, 8_192), None)
    assert meter.text() == "4.0k / 8k"
    meter.set_brief(False)
    assert meter.text() == "4.0k / 8k tokens"


def test_it_warns_when_older_messages_will_be_left_out(meter: ContextMeter, look: Appearance) -> None:
    meter.show_use(ContextUse(7_500, 8_192), draft(181))
    assert meter.property("role") == "meta-warn"
    assert meter.palette().color(meter.foregroundRole()) == look.theme.colour("warn")
    assert "the oldest messages will be left out" in meter.toolTip()
    meter.show_use(ContextUse(7_500, 8_192), draft(180))
    assert meter.property("role") == "meta"
    assert meter.palette().color(meter.foregroundRole()) == look.theme.colour("muted")
    assert "left out" not in meter.toolTip()


def test_a_draft_that_is_too_long_by_itself_is_said_so() -> None:
    words = explained(ContextUse(100, 8_192), draft(9_000))
    assert "Your message alone is too long." in words
    assert "left out" not in words


def test_the_draft_knows_the_newer_context(meter: ContextMeter) -> None:
    meter.show_use(ContextUse(3_000, 8_192), draft(9_000, 16_384))
    assert meter.text() == "12k / 16k tokens"
    assert meter.property("role") == "meta"
