"""The composition root connects a draft to its counter, and what was too long to a larger context."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.app import Program
from desktop.ui.theme import Appearance
from models.chat import TextDelta
from models.errors import NextStep, PromptTooLong
from models.fake import FakeBackend, Hold, says
from models.library import LocalModel
from tests.desktop.ui.programs import running


@pytest.fixture
def engine() -> FakeBackend:
    return FakeBackend(says("Yes."))


@pytest.fixture
def program(
    look: Appearance, tmp_path: Path, engine: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Program]:
    with running(tmp_path, look, engine) as program:
        monkeypatch.setattr(program.models, "usable", lambda: [LocalModel("m", "m", Path("m"), 1, "added")])
        yield program


def failed_question(program: Program, engine: FakeBackend, qtbot: QtBot, text: str) -> None:
    engine._scripts.insert(0, [PromptTooLong("Too long.", next_step=NextStep.LARGER_CONTEXT)])
    with qtbot.waitSignal(program.chat.turn_finished):
        program.chat.send(None, text)
    program.page.open(program.chat.conversations()[0].id)


def test_what_is_typed_is_counted(program: Program, qtbot: QtBot) -> None:
    qtbot.keyClicks(program.page.composer.edit, "four tokens here")
    qtbot.waitUntil(lambda: program.page.composer.meter.text() == "4 / 8k tokens")


def test_a_draft_waits_for_the_answer_to_end(program: Program, engine: FakeBackend, qtbot: QtBot) -> None:
    engine._scripts[:] = [[TextDelta("Half"), Hold()]]
    program.page._submit("Go")
    qtbot.keyClicks(program.page.composer.edit, "meanwhile")
    qtbot.waitUntil(lambda: not program.drafting.drafts._pause.isActive())
    assert program.page.composer.meter.isHidden()
    program.page.stop()
    qtbot.waitUntil(lambda: program.page.composer.meter.text() == "3 / 8k tokens")


def test_a_question_is_answered_in_a_larger_context(
    program: Program, engine: FakeBackend, qtbot: QtBot
) -> None:
    engine.larger_context = 16_384
    failed_question(program, engine, qtbot, "long " * 8_000)
    answer = program.page.transcript.messages()[-1]
    with qtbot.waitSignal(program.chat.turn_finished) as caught:
        program.page._take_step(NextStep.LARGER_CONTEXT, answer)
    assert program.settings.context_for("m") == 16_384
    assert (caught.args[0].id, caught.args[0].text) == (answer.id, "Yes.")


def test_without_memory_for_a_larger_context_it_is_said(
    program: Program, engine: FakeBackend, qtbot: QtBot
) -> None:
    failed_question(program, engine, qtbot, "long " * 8_000)
    program.page._take_step(NextStep.LARGER_CONTEXT, program.page.transcript.messages()[-1])
    qtbot.waitUntil(program.window.notice.isVisible)
    assert len(engine.requests) == 1


def test_a_context_that_has_become_larger_is_used(
    program: Program, engine: FakeBackend, qtbot: QtBot
) -> None:
    failed_question(program, engine, qtbot, "long " * 8_000)
    engine.context_tokens = 65_536
    with qtbot.waitSignal(program.chat.turn_finished):
        program.page._take_step(NextStep.LARGER_CONTEXT, program.page.transcript.messages()[-1])
    assert program.page.transcript.messages()[-1].text == "Yes."
