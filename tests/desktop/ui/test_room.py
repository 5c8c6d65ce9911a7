"""A conversation's page tells how much room is left, and offers what helps where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QPushButton
from pytestqt.qtbot import QtBot

from desktop.background import Background
from desktop.services.chat import ChatService
from desktop.services.models import ModelService
from desktop.services.settings import SettingsService
from desktop.storage.conversations import ConversationStore
from desktop.storage.database import open_database
from desktop.ui.chat.answer import AnswerView
from desktop.ui.chat.memory_line import MemoryLine
from desktop.ui.chat.page import ChatPage
from desktop.ui.theme import Appearance
from models.chat import Finished, FinishReason, TextDelta, TextSize, Timings, Usage
from models.errors import NextStep, PromptTooLong
from models.fake import FakeBackend, Step
from models.library import LocalModel

FITS = TextSize(1_240, 7_680, 8_192)
TOO_LONG = TextSize(9_300, 7_680, 8_192)
HELPED = TextSize(9_300, 7_680, 8_192, larger_context=16_384)


class OneModel(ModelService):
    def usable(self) -> list[LocalModel]:
        return [LocalModel("m", "m", Path("m"), 1, "added")]


def says(text: str, **timings: Any) -> list[Step]:
    known = {"prompt_tokens": 3_000, "completion_tokens": 120, "context_tokens": 8_192} | timings
    return [TextDelta(text), Finished(FinishReason.STOP, Usage(), Timings(**known))]


class Scene:
    """A page with a real store, answering from scripts."""

    def __init__(self, folder: Path, look: Appearance) -> None:
        self.connection = open_database(folder / "inshore.db")
        self.background = Background()
        self.backend = FakeBackend(says("A."))
        self.models = OneModel(None)  # type: ignore[arg-type]
        self.chat = ChatService(
            ConversationStore(self.connection),
            self.background,
            lambda _name: self.backend,
            self.models,
            SettingsService(folder / "settings.json"),
        )
        self.page = ChatPage(self.chat, self.models, look)
        self.room = self.page.room
        self.composer = self.page.composer

    def script(self, *scripts: list[Step]) -> None:
        self.backend._scripts[:] = scripts

    def answer(self, qtbot: QtBot, text: str) -> None:
        with qtbot.waitSignal(self.chat.turn_finished):
            self.page._submit(text)

    def type(self, text: str, size: TextSize | None) -> None:
        self.composer.set_text(text)
        self.room.show_size(text, size)

    def close(self) -> None:
        self.chat.close()
        self.background.close(self.backend.aclose)
        self.connection.close()


@pytest.fixture
def scene(look: Appearance, tmp_path: Path, qtbot: QtBot) -> Iterator[Scene]:
    scene = Scene(tmp_path, look)
    qtbot.addWidget(scene.page)
    scene.page.resize(900, 700)
    scene.page.show()
    yield scene
    scene.close()


def card(scene: Scene) -> QFrame:
    found = scene.page.findChild(QFrame, "too-large")
    assert found is not None
    return found


def button(scene: Scene) -> QPushButton:
    found = card(scene).findChild(QPushButton, "use-larger-context")
    assert found is not None
    return found


def memory_line(scene: Scene) -> MemoryLine:
    found = scene.page.findChild(MemoryLine)
    assert found is not None
    return found


# -- the meter and the note


def test_the_meter_shows_the_conversation_that_is_open(scene: Scene, qtbot: QtBot) -> None:
    assert scene.composer.meter.isHidden()
    scene.answer(qtbot, "First?")
    assert scene.composer.meter.text() == "3.1k / 8k tokens"
    here = scene.page.conversation
    scene.page.open(None)
    assert scene.composer.meter.isHidden()
    scene.page.open(here)
    assert scene.composer.meter.text() == "3.1k / 8k tokens"


def test_a_long_text_s_count_is_said_before_it_is_sent(scene: Scene) -> None:
    scene.type("long", FITS)
    assert scene.composer._note.text() == "This message: 1,240 tokens"
    assert scene.composer.meter.text() == "1.2k / 8k tokens"
    scene.type("short", TextSize(20, 7_680, 8_192))
    assert scene.composer._note.text() == ""


def test_another_conversation_s_draft_has_another_size(scene: Scene, qtbot: QtBot) -> None:
    scene.answer(qtbot, "First?")
    scene.type("too long", TOO_LONG)
    scene.composer.flush()
    assert not card(scene).isHidden()
    scene.page.open(None)
    assert card(scene).isHidden()
    assert scene.composer._note.text() == ""


def test_asking_differently_counts_only_what_comes_before(scene: Scene, qtbot: QtBot) -> None:
    scene.script(says("A."), says("B.", prompt_tokens=6_000))
    scene.answer(qtbot, "First?")
    scene.answer(qtbot, "Second?")
    assert scene.composer.meter.text() == "6.1k / 8k tokens"
    scene.page._edit(scene.page.transcript.messages()[2])
    assert scene.composer.meter.text() == "3.1k / 8k tokens"
    scene.room.show_size(scene.composer.text(), FITS)
    assert scene.composer._note.text().endswith("Esc to leave it · This message: 1,240 tokens")
    scene.page.stop()
    assert scene.composer.meter.text() == "6.1k / 8k tokens"


def test_in_a_narrow_window_nothing_is_pushed_out(scene: Scene, qtbot: QtBot) -> None:
    scene.answer(qtbot, "First?")
    scene.page._edit(scene.page.transcript.messages()[0])
    scene.type("long", HELPED)
    scene.page.resize(440, 700)
    scene.page.grab()
    assert scene.page.width() == 440
    assert scene.composer.meter.text() == "9.3k / 8k"
    for widget in (scene.composer.send, scene.composer.meter, button(scene)):
        right = widget.mapTo(scene.page, widget.rect().topRight()).x()
        assert right < 440, widget.objectName()


# -- too long


def test_what_is_too_long_is_not_sent_and_stays(scene: Scene, qtbot: QtBot) -> None:
    scene.type("  too long  ", TOO_LONG)
    qtbot.keyClick(scene.composer.edit, Qt.Key.Key_Return)
    assert scene.backend.requests == []
    assert scene.page.conversation is None
    assert scene.composer.text() == "  too long  "
    assert card(scene).isVisible()
    assert "9,300" in card(scene).accessibleDescription()
    assert "7,680" in card(scene).accessibleDescription()
    assert "several parts" in card(scene).accessibleDescription()
    assert button(scene).isHidden()


def test_a_shorter_text_is_sent_though_it_is_not_counted_yet(scene: Scene, qtbot: QtBot) -> None:
    scene.type("too long", TOO_LONG)
    scene.composer.set_text("short")
    with qtbot.waitSignal(scene.chat.turn_finished):
        qtbot.keyClick(scene.composer.edit, Qt.Key.Key_Return)
    assert scene.backend.requests[0].messages[0].text == "short"


def test_a_larger_context_is_offered_where_there_is_memory(scene: Scene, qtbot: QtBot) -> None:
    scene.type("too long", HELPED)
    assert button(scene).text() == "Use a 16k context"
    with qtbot.waitSignal(scene.page.larger_context_wanted) as caught:
        qtbot.mouseClick(button(scene), Qt.MouseButton.LeftButton)
    assert caught.args == [16_384]
    scene.room.show_size("too long", TextSize(9_300, 15_872, 16_384))
    assert card(scene).isHidden()


@pytest.mark.parametrize("step", [NextStep.SHORTEN, NextStep.LARGER_CONTEXT])
def test_a_question_that_was_too_long_has_a_way_on(scene: Scene, qtbot: QtBot, step: NextStep) -> None:
    scene.script([PromptTooLong("It is 9,300 tokens long.", next_step=step)])
    scene.answer(qtbot, "A long question")
    view = scene.page.transcript.views()[-1]
    assert isinstance(view, AnswerView)
    if step is NextStep.SHORTEN:
        assert view._error._step.text() == "Edit the message"
        qtbot.mouseClick(view._error._step, Qt.MouseButton.LeftButton)
        assert scene.composer.text() == "A long question"
        assert scene.page._editing == scene.page.transcript.messages()[0]
    else:
        assert view._error._step.text() == "Use a larger context"
        with qtbot.waitSignal(scene.page.larger_context_needed) as caught:
            qtbot.mouseClick(view._error._step, Qt.MouseButton.LeftButton)
        assert caught.args == ["A long question", view.message]


# -- memory


def test_the_line_comes_with_the_answer_that_did_not_know_all(scene: Scene, qtbot: QtBot) -> None:
    scene.script(says("A."), says("B.", left_out_messages=2), says("C."))
    scene.answer(qtbot, "First?")
    assert not memory_line(scene).isVisible()
    scene.answer(qtbot, "Second?")
    assert memory_line(scene).isVisible()
    second = scene.page.transcript.views()[2]
    assert memory_line(scene).geometry().bottom() < second.geometry().top()
    here = scene.page.conversation
    scene.page.open(None)
    scene.page.open(here)
    assert memory_line(scene).isVisible()
    scene.answer(qtbot, "Third?")
    assert not memory_line(scene).isVisible()


def test_another_version_has_a_memory_of_its_own(scene: Scene, qtbot: QtBot) -> None:
    scene.script(says("A."), says("B.", left_out_messages=2), says("C."))
    scene.answer(qtbot, "First?")
    scene.answer(qtbot, "Second?")
    cut = scene.page.transcript.messages()[-1]
    with qtbot.waitSignal(scene.chat.turn_finished):
        scene.chat.regenerate(cut)
    assert not memory_line(scene).isVisible()
    scene.chat.select_version(cut.id)
    assert memory_line(scene).isVisible()


def test_a_pin_is_kept_and_shown(scene: Scene, qtbot: QtBot) -> None:
    scene.answer(qtbot, "First?")
    question = scene.page.transcript.messages()[0]
    scene.page.transcript.pin_requested.emit(question, True)
    assert scene.page.transcript.messages()[0].pinned
    assert scene.chat.messages(question.conversation_id)[0].pinned
