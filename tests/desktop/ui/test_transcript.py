"""The transcript lays out only what is near, keeps the reader's place, and follows only at the end."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop.storage.conversations import Status, StoredMessage
from desktop.ui.chat.answer import AnswerView
from desktop.ui.chat.message import QuestionView
from desktop.ui.chat.text import MessageText
from desktop.ui.chat.transcript import Transcript
from desktop.ui.theme import Appearance
from models.chat import Progress, Role, Stage
from tests.desktop.ui.messages import conversation, stored


class Source:
    """What the service would say about a message."""

    def __init__(self) -> None:
        self.now: dict[int, tuple[StoredMessage, Progress | None]] = {}

    def latest(self, message: StoredMessage) -> tuple[StoredMessage, Progress | None]:
        return self.now.get(message.id, (message, None))


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def transcript(look: Appearance, source: Source, qtbot: QtBot) -> Transcript:
    transcript = Transcript(look, source.latest)
    qtbot.addWidget(transcript)
    transcript.resize(900, 600)
    transcript.show()
    return transcript


def test_only_messages_near_the_viewport_exist(transcript: Transcript) -> None:
    transcript.show_thread(conversation(2_000))
    assert 2 <= len(transcript.views()) < 40
    transcript.verticalScrollBar().setValue(transcript.verticalScrollBar().maximum() // 2)
    assert 2 <= len(transcript.views()) < 60


def test_it_opens_at_the_end(transcript: Transcript) -> None:
    messages = conversation(200)
    transcript.show_thread(messages)
    last = transcript.views()[-1]
    assert last.message.id == messages[-1].id
    assert transcript.following
    assert last.geometry().bottom() <= transcript.viewport().height()


def test_scrolling_up_holds_the_place_while_text_arrives(
    transcript: Transcript, source: Source, qtbot: QtBot
) -> None:
    messages = conversation(60)
    answer = replace(messages[-1], status=Status.RUNNING)
    transcript.show_thread([*messages[:-1], answer])
    bar = transcript.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    assert not transcript.following
    seen = transcript.views()[2]
    before = seen.mapTo(transcript, QPoint(0, 0)).y()
    source.now[answer.id] = (replace(answer, text="more\n\n" * 100), None)
    transcript.refresh(answer.id)
    qtbot.waitUntil(lambda: not transcript._frame.isActive() and not transcript._dirty)
    assert abs(seen.mapTo(transcript, QPoint(0, 0)).y() - before) <= 1
    assert not transcript.following


def test_at_the_end_it_follows_what_is_written(transcript: Transcript, source: Source, qtbot: QtBot) -> None:
    answer = stored(Role.ASSISTANT, "", status=Status.RUNNING)
    transcript.show_thread([*conversation(20), answer])
    for lines in range(10, 100, 10):
        source.now[answer.id] = (replace(answer, text="line\n\n" * lines), None)
        transcript.refresh(answer.id)
        qtbot.waitUntil(lambda: not transcript._dirty)
        assert transcript.verticalScrollBar().value() == transcript.verticalScrollBar().maximum()


def test_the_button_leads_back_to_the_end(transcript: Transcript, qtbot: QtBot) -> None:
    transcript.show_thread(conversation(60))
    assert transcript._end.isHidden()
    transcript.verticalScrollBar().setValue(10)
    assert not transcript._end.isHidden()
    qtbot.mouseClick(transcript._end, Qt.MouseButton.LeftButton)
    assert transcript.following
    assert transcript.verticalScrollBar().value() == transcript.verticalScrollBar().maximum()


def test_a_narrower_window_keeps_the_reader_at_the_same_message(transcript: Transcript) -> None:
    transcript.show_thread(conversation(100))
    bar = transcript.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    first = transcript._items[transcript._anchor()[0]].message.id
    transcript.resize(480, 600)
    assert transcript._items[transcript._anchor()[0]].message.id == first
    assert all(view.width() <= 480 for view in transcript.views())


def test_messages_never_overlap(transcript: Transcript) -> None:
    transcript.show_thread(conversation(40))
    transcript.verticalScrollBar().setValue(300)
    shown = transcript.views()
    for upper, lower in pairwise(shown):
        assert upper.geometry().bottom() < lower.geometry().top()


def test_an_error_stands_where_the_answer_would_be(transcript: Transcript, qtbot: QtBot) -> None:
    error = {
        "title": "The local engine stopped unexpectedly.",
        "cause": "Most likely memory ran out.",
        "hint": "Try again.",
        "details": "rc -9",
        "next_step": "retry",
    }
    failed = stored(Role.ASSISTANT, "", status=Status.FAILED, error=error)
    transcript.show_thread([stored(Role.USER, "Hello?"), failed])
    view = transcript.views()[-1]
    assert isinstance(view, AnswerView)
    button = view._error._step
    assert button.text() == "Try again"
    with qtbot.waitSignal(transcript.step_requested) as caught:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert caught.args == ["retry", failed]
    assert view._error._details.isHidden()
    qtbot.mouseClick(view._error._more, Qt.MouseButton.LeftButton)
    assert not view._error._details.isHidden()
    assert view.geometry().height() >= view._error.geometry().bottom()


def test_a_stopped_answer_offers_to_continue(transcript: Transcript, qtbot: QtBot) -> None:
    stopped = stored(Role.ASSISTANT, "Half an", status=Status.STOPPED)
    transcript.show_thread([stored(Role.USER, "Hello?"), stopped])
    view = transcript.views()[-1]
    assert isinstance(view, AnswerView)
    assert "Stopped" in view._status.text()
    with qtbot.waitSignal(transcript.resume_requested) as caught:
        qtbot.mouseClick(view._resume, Qt.MouseButton.LeftButton)
    assert caught.args == [stopped]


def test_versions_can_be_leafed_through(transcript: Transcript, qtbot: QtBot) -> None:
    answer = stored(Role.ASSISTANT, "second", versions=(901, 902), message_id=902)
    transcript.show_thread([stored(Role.USER, "Hello?"), answer])
    view = transcript.views()[-1]
    back = view.findChild(type(transcript._end), "version-before")
    with qtbot.waitSignal(transcript.version_requested) as caught:
        qtbot.mouseClick(back, Qt.MouseButton.LeftButton)
    assert caught.args == [901]


def test_progress_is_said_before_the_first_word(transcript: Transcript, source: Source) -> None:
    answer = stored(Role.ASSISTANT, "", status=Status.RUNNING)
    source.now[answer.id] = (answer, Progress(Stage.PROMPT, 340, 1_200))
    transcript.show_thread([stored(Role.USER, "Hello?"), answer])
    view = transcript.views()[-1]
    assert isinstance(view, AnswerView)
    assert view._status.text() == "Reading 340 of 1,200 tokens…"
    assert (view._bar.value(), view._bar.maximum()) == (340, 1_200)


def test_reasoning_is_folded_and_unfolds(transcript: Transcript, qtbot: QtBot) -> None:
    answer = stored(Role.ASSISTANT, "42", reasoning="six times seven", receipt={"thought_s": 12.2})
    transcript.show_thread([stored(Role.USER, "6 × 7?"), answer])
    view = transcript.views()[-1]
    assert isinstance(view, AnswerView)
    assert view._thought.text() == "Thought for 12 s"
    assert view._reasoning.isHidden()
    folded = view.height()
    qtbot.mouseClick(view._thought, Qt.MouseButton.LeftButton)
    assert not view._reasoning.isHidden()
    assert view.height() > folded


def test_what_turns_out_to_be_reasoning_moves_into_its_fold(
    transcript: Transcript, source: Source, qtbot: QtBot
) -> None:
    answer = stored(Role.ASSISTANT, "", status=Status.RUNNING)
    transcript.show_thread([stored(Role.USER, "6 × 7?"), answer])
    thought = "\n\n".join(f"Six and {number}." for number in range(9))
    for reasoning, text in (("", thought), (thought, ""), (thought, "**42**\n\n" + "That is so.\n\n" * 20)):
        source.now[answer.id] = (replace(answer, reasoning=reasoning, text=text), None)
        transcript.refresh(answer.id)
        qtbot.waitUntil(lambda: not transcript._dirty)
    view = transcript.views()[-1]
    assert isinstance(view, AnswerView)
    assert view._thought.isVisibleTo(view)
    assert view._text.toPlainText().startswith("42\nThat is so.")
    assert "Six and" not in view._text.toPlainText()


def test_reasoning_is_copied_apart_from_the_answer(transcript: Transcript, qtbot: QtBot) -> None:
    answer = stored(Role.ASSISTANT, "42", reasoning="six times seven")
    transcript.show_thread([stored(Role.USER, "6 × 7?"), answer])
    view = transcript.views()[-1]
    assert isinstance(view, AnswerView)
    copy = view.findChild(QPushButton, "copy-reasoning")
    assert copy is not None
    assert not copy.isVisible()
    qtbot.mouseClick(view._thought, Qt.MouseButton.LeftButton)
    assert copy.isVisible()
    assert not copy.geometry().intersects(view._thought.geometry())
    qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "six times seven"
    qtbot.mouseClick(view.findChild(type(transcript._end), "copy-message"), Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "42"


def test_copying_a_message_and_its_code(transcript: Transcript, qtbot: QtBot) -> None:
    source = "Look:\n\n```sh\necho hi\n```"
    transcript.show_thread([stored(Role.USER, "How?"), stored(Role.ASSISTANT, source)])
    view = transcript.views()[-1]
    assert isinstance(view, AnswerView)
    qtbot.mouseClick(view._text._copy_buttons[0], Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "echo hi"
    qtbot.mouseClick(view.findChild(type(transcript._end), "copy-message"), Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == source


def test_the_user_s_text_is_shown_as_typed(transcript: Transcript) -> None:
    typed = "# not a heading\n<b>not bold</b>\n  two spaces"
    transcript.show_thread([stored(Role.USER, typed)])
    view = transcript.views()[0]
    assert isinstance(view, QuestionView)
    assert view._text.document().toPlainText() == typed


def test_another_version_keeps_the_reader_s_place(transcript: Transcript) -> None:
    messages = conversation(60)
    transcript.show_thread(messages)
    transcript.verticalScrollBar().setValue(600)
    place = transcript._anchor()
    transcript.show_thread(messages, keep_place=True)
    assert abs(transcript._anchor()[0] - place[0]) <= 1
    assert not transcript.following


def test_an_answer_elsewhere_costs_nothing_here(transcript: Transcript) -> None:
    transcript.show_thread(conversation(4))
    transcript.refresh(987_654)
    assert not transcript._frame.isActive()


def test_a_message_is_laid_out_once_while_others_grow(
    transcript: Transcript, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = stored(Role.ASSISTANT, "", status=Status.RUNNING)
    transcript.show_thread([stored(Role.USER, "Long? " * 200), answer])
    laid_out: list[int] = []
    arrange = QuestionView.arrange

    def note(view: QuestionView, width: int) -> int:
        laid_out.append(width)
        return arrange(view, width)

    monkeypatch.setattr(QuestionView, "arrange", note)
    for end in range(1, 20):
        source.now[answer.id] = (replace(answer, text="word " * end), None)
        transcript.refresh(answer.id)
        transcript._repaint_dirty()
    assert laid_out == []


@pytest.mark.parametrize(
    "text", ["Short?", "A question of one line?", "两行中文问题，\n第二行比第一行长一些。"]
)
def test_a_question_takes_as_many_lines_as_were_typed(transcript: Transcript, text: str) -> None:
    transcript.show_thread([stored(Role.USER, text)])
    view = transcript.views()[0]
    assert isinstance(view, QuestionView)
    document = view._text.document()
    lines = sum(document.findBlockByNumber(n).layout().lineCount() for n in range(document.blockCount()))
    assert lines == text.count("\n") + 1
    assert view._bubble.width() < 500
    assert view._bubble.height() < 30 * lines + 30


def test_unfolding_what_fits_offers_no_way_to_the_end(transcript: Transcript, qtbot: QtBot) -> None:
    error = {"title": "It failed.", "cause": "Who knows.", "details": "rc -9", "next_step": "retry"}
    failed = stored(Role.ASSISTANT, "", status=Status.FAILED, error=error)
    transcript.show_thread([stored(Role.USER, "Hello?"), failed])
    view = transcript.views()[-1]
    assert isinstance(view, AnswerView)
    for _time in range(2):
        qtbot.mouseClick(view._error._more, Qt.MouseButton.LeftButton)
        assert transcript.following
        assert transcript._end.isHidden()


def test_an_offer_with_no_room_beside_the_others_has_a_line_of_its_own(
    transcript: Transcript, source: Source, qtbot: QtBot
) -> None:
    error = {"title": "The key was refused.", "cause": "XiDao does not accept it.", "details": "401"}
    offer = {"offer": "Finish on Small, on this machine", "next_step": "check_key"}
    answer = stored(Role.ASSISTANT, "", status=Status.RUNNING)
    transcript.resize(480, 600)
    transcript.show_thread([stored(Role.USER, "Hello?"), answer])
    source.now[answer.id] = (replace(answer, status=Status.FAILED, error=error | offer), None)
    transcript.refresh(answer.id)
    view = transcript.views()[-1]
    assert isinstance(view, AnswerView)
    card = view._error
    qtbot.waitUntil(lambda: card._offer.isVisible() and not transcript._dirty, timeout=10_000)
    layout = card.layout()
    assert layout is not None
    layout.activate()
    for button in (card._offer, card._step, card._more):
        assert button.width() >= button.sizeHint().width()


def test_tab_rings_the_text_that_it_leads_to(transcript: Transcript, qtbot: QtBot) -> None:
    transcript.show_thread([stored(Role.USER, "Hello?"), stored(Role.ASSISTANT, "word " * 2_000)])
    transcript.activateWindow()
    texts = transcript.views()[-1].findChildren(MessageText)
    ring, text = transcript._ring, next(one for one in texts if one.isVisible())
    for reason in (Qt.FocusReason.MouseFocusReason, Qt.FocusReason.TabFocusReason):
        transcript.setFocus(Qt.FocusReason.OtherFocusReason)
        assert ring.isHidden()
        text.setFocus(reason)
        qtbot.waitUntil(text.hasFocus, timeout=10_000)
    assert not ring.isHidden()
    assert ring.geometry().left() < text.mapTo(transcript.viewport(), QPoint(0, 0)).x()
    assert transcript.viewport().rect().contains(ring.geometry())
    transcript.show_thread([])
    assert ring.isHidden()


@pytest.mark.parametrize("place", [0, 20, 37])
def test_a_message_far_away_is_shown_from_its_beginning(transcript: Transcript, place: int) -> None:
    messages = conversation(40)
    messages[-3] = replace(messages[-3], text="A long paragraph.\n\n" * 80)
    transcript.show_thread(messages)
    transcript.go_to(messages[place].id)
    view = next(view for view in transcript.views() if view.message.id == messages[place].id)
    assert 0 <= view.y() <= 24
    assert not transcript.following
