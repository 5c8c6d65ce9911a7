"""A draft is counted when typing pauses: one at a time, the newest, and never in the way of an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator

import pytest
from pytestqt.qtbot import QtBot

from desktop.background import Background
from desktop.services.drafts import DraftCounter
from models.chat import TextSize
from models.errors import EngineCrashed


class Counting:
    """Counts characters; a text is held back until it is let go."""

    def __init__(self, qtbot: QtBot) -> None:
        self.background = Background()
        self.asked: list[str] = []
        self.said: list[tuple[str, int | None]] = []
        self.busy = False
        self.nobody = False
        self.held = False
        self.counter = DraftCounter(self.background, self.count, lambda: self.busy)
        self.counter.counted.connect(
            lambda text, size: self.said.append((text, size.tokens if size else None))
        )

    def count(self, text: str) -> Coroutine[None, None, TextSize] | None:
        return None if self.nobody else self._count(text)

    async def _count(self, text: str) -> TextSize:
        self.asked.append(text)
        while self.held:
            await asyncio.sleep(0)
        if "fault" in text:
            raise EngineCrashed("Gone.")
        return TextSize(len(text), 100, 200)


@pytest.fixture
def counting(qtbot: QtBot) -> Iterator[Counting]:
    counting = Counting(qtbot)
    yield counting
    counting.held = False

    async def nothing() -> None: ...

    counting.background.close(nothing)


def test_only_the_text_at_the_pause_is_counted(counting: Counting, qtbot: QtBot) -> None:
    for end in range(1, 6):
        counting.counter.take("draft"[:end])
    qtbot.waitUntil(lambda: bool(counting.said))
    assert counting.asked == ["draft"]
    assert counting.said == [("draft", 5)]


def test_an_empty_draft_is_said_at_once_and_not_asked_for(counting: Counting) -> None:
    counting.counter.take("a")
    counting.counter.take("")
    assert counting.said == [("", None)]
    assert not counting.counter._pause.isActive()


def test_one_request_at_a_time_and_what_is_outdated_is_not_said(counting: Counting, qtbot: QtBot) -> None:
    counting.held = True
    counting.counter.take("first")
    qtbot.waitUntil(lambda: counting.asked == ["first"])
    for text in ("second", "the third"):
        counting.counter.take(text)
        qtbot.waitUntil(lambda: not counting.counter._pause.isActive())
    assert counting.asked == ["first"]
    counting.held = False
    qtbot.waitUntil(lambda: bool(counting.said))
    assert counting.asked == ["first", "the third"]
    assert counting.said == [("the third", 9)]


def test_while_an_answer_is_written_nothing_is_asked(counting: Counting, qtbot: QtBot) -> None:
    counting.busy = counting.held = True
    counting.counter.take("meanwhile")
    assert counting.said == [("meanwhile", None)]
    qtbot.waitUntil(lambda: not counting.counter._pause.isActive())
    assert counting.counter._counting is None
    counting.busy = counting.held = False
    counting.counter.wake()
    qtbot.waitUntil(lambda: counting.said[-1] == ("meanwhile", 9))


def test_a_failure_is_not_the_user_s_concern(counting: Counting, qtbot: QtBot) -> None:
    counting.counter.take("fault")
    qtbot.waitUntil(lambda: counting.said == [("fault", None)])
    counting.counter.take("better")
    qtbot.waitUntil(lambda: counting.said[-1] == ("better", 6))


def test_without_a_model_there_is_nobody_to_ask(counting: Counting, qtbot: QtBot) -> None:
    counting.nobody = True
    counting.counter.take("anyone?")
    qtbot.waitUntil(lambda: counting.said == [("anyone?", None)])
    counting.nobody = False
    counting.counter.count_again()
    qtbot.waitUntil(lambda: counting.said[-1] == ("anyone?", 7))


def test_another_context_counts_anew_even_during_a_count(counting: Counting, qtbot: QtBot) -> None:
    counting.held = True
    counting.counter.take("same")
    qtbot.waitUntil(lambda: counting.asked == ["same"])
    counting.counter.count_again()
    counting.held = False
    qtbot.waitUntil(lambda: bool(counting.said))
    assert counting.asked == ["same", "same"]
    assert counting.said == [("same", 4)]
