"""The line where memory begins stands above its message, holds the reader's place; pins are kept in sight."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.services.history import Memory
from desktop.storage.conversations import Status, StoredMessage
from desktop.ui.chat.memory_line import MemoryLine
from desktop.ui.chat.message import MessageView
from desktop.ui.chat.transcript import Transcript
from desktop.ui.theme import Appearance
from models.chat import Role
from tests.desktop.ui.messages import conversation, stored


@pytest.fixture
def transcript(look: Appearance, qtbot: QtBot) -> Transcript:
    transcript = Transcript(look, lambda message: (message, None))
    qtbot.addWidget(transcript)
    transcript.resize(900, 600)
    transcript.show()
    return transcript


def line(transcript: Transcript) -> MemoryLine:
    found = transcript.findChild(MemoryLine)
    assert found is not None
    return found


def view_of(transcript: Transcript, message: StoredMessage) -> MessageView:
    return next(view for view in transcript.views() if view.message.id == message.id)


def words(transcript: Transcript) -> str:
    label = line(transcript).findChild(QLabel, "memory-words")
    assert label is not None
    return label.text()


def top_in(transcript: Transcript, widget: QWidget) -> int:
    return widget.mapTo(transcript, QPoint(0, 0)).y()


def test_the_line_stands_between_what_is_left_out_and_what_is_known(transcript: Transcript) -> None:
    messages = conversation(8)
    transcript.show_thread(messages)
    transcript.verticalScrollBar().setValue(0)
    transcript.show_memory(Memory(messages[2].id, 2))
    before, after = view_of(transcript, messages[1]), view_of(transcript, messages[2])
    place = line(transcript).geometry()
    assert line(transcript).isVisible()
    assert before.geometry().bottom() < place.top()
    assert place.bottom() < after.geometry().top()
    assert words(transcript) == "The model’s memory begins here · 2 older messages are left out"
    assert "pinned" in line(transcript).toolTip().lower()


def test_one_message_is_one_message(transcript: Transcript) -> None:
    messages = conversation(4)
    transcript.show_thread(messages)
    transcript.show_memory(Memory(messages[2].id, 1))
    assert "1 older message is left out" in words(transcript)


def test_the_line_is_there_again_after_scrolling_far_away(transcript: Transcript) -> None:
    messages = conversation(400)
    transcript.show_thread(messages)
    transcript.show_memory(Memory(messages[200].id, 200))
    bar = transcript.verticalScrollBar()
    assert not line(transcript).isVisible()
    bar.setValue(transcript._tops[200] - 100)
    assert line(transcript).isVisible()
    assert line(transcript).geometry().bottom() < view_of(transcript, messages[200]).geometry().top()
    bar.setValue(0)
    assert not line(transcript).isVisible()
    bar.setValue(transcript._tops[200] - 100)
    assert line(transcript).isVisible()


@pytest.mark.parametrize("first", [100, 140, 141, 150])
def test_whoever_reads_keeps_the_place_when_the_line_comes_and_goes(
    transcript: Transcript, first: int
) -> None:
    messages = conversation(200)
    transcript.show_thread(messages)
    transcript.verticalScrollBar().setValue(transcript._tops[140] + 30)
    seen = view_of(transcript, messages[140])
    before = top_in(transcript, seen)
    transcript.show_memory(Memory(messages[first].id, first))
    assert abs(top_in(transcript, seen) - before) <= 1
    transcript.show_memory(None)
    assert abs(top_in(transcript, seen) - before) <= 1
    assert not transcript.following


def test_at_the_end_the_view_stays_there(transcript: Transcript) -> None:
    messages = conversation(20)
    transcript.show_thread(messages)
    transcript.show_memory(Memory(messages[18].id, 18))
    bar = transcript.verticalScrollBar()
    assert bar.value() == bar.maximum()
    assert transcript.views()[-1].geometry().bottom() <= transcript.viewport().height()


def test_another_conversation_has_no_line(transcript: Transcript) -> None:
    messages = conversation(6)
    transcript.show_thread(messages)
    transcript.show_memory(Memory(messages[2].id, 2))
    transcript.show_thread(conversation(6))
    assert not line(transcript).isVisible()
    transcript.show_memory(Memory(987_654, 2))  # a message that isn't here
    assert not line(transcript).isVisible()


def test_in_a_narrow_window_it_says_it_shorter(transcript: Transcript) -> None:
    messages = conversation(4)
    transcript.show_thread(messages)
    transcript.show_memory(Memory(messages[2].id, 2))
    transcript.resize(360, 600)
    assert words(transcript) == "Memory begins here · 2 left out"
    assert line(transcript).width() <= 360


@pytest.mark.parametrize("role", [Role.USER, Role.ASSISTANT])
def test_the_pin_is_action_and_sign(transcript: Transcript, qtbot: QtBot, role: Role) -> None:
    message, pinned = stored(role, "x"), stored(role, "y", pinned=True)
    transcript.show_thread([message, pinned])
    for shown, wanted, says in (
        (message, True, "Keep in memory"),
        (pinned, False, "Don’t keep in memory any more"),
    ):
        pin = view_of(transcript, shown).findChild(QToolButton, "pin-message")
        assert pin is not None
        assert (pin.toolTip(), pin.accessibleName()) == (says, says)
        with qtbot.waitSignal(transcript.pin_requested) as caught:
            qtbot.mouseClick(pin, Qt.MouseButton.LeftButton)
        assert caught.args == [shown, wanted]


def test_a_pinned_message_s_pin_is_always_drawn(transcript: Transcript) -> None:
    message = stored(Role.USER, "x")
    last = stored(Role.ASSISTANT, "y")
    transcript.show_thread([message, last])
    pin = view_of(transcript, message).findChild(QToolButton, "pin-message")
    assert pin is not None

    def drawn() -> bool:
        image = pin.icon().pixmap(20, 20).toImage()
        return any(image.pixelColor(x, y).alpha() for x in range(20) for y in range(20))

    assert not drawn()
    transcript.replace(stored(Role.USER, "x", message_id=message.id, pinned=True))
    assert drawn()
    transcript.replace(message)
    assert not drawn()


def test_an_answer_without_words_can_t_be_pinned(transcript: Transcript) -> None:
    failed = stored(Role.ASSISTANT, "", status=Status.FAILED, error={"title": "x"})
    transcript.show_thread([stored(Role.USER, "?"), failed])
    pin = view_of(transcript, failed).findChild(QToolButton, "pin-message")
    assert pin is not None
    assert not pin.isVisible()


@pytest.mark.parametrize("status", [Status.RUNNING, Status.COMPLETE])
def test_remarks_stand_above_the_status_line(transcript: Transcript, status: Status) -> None:
    receipt = {"notices": ["The context was shortened to 4,096 tokens.", "这一句是中文。"]}
    transcript.show_thread([stored(Role.ASSISTANT, "An answer.", status=status, receipt=receipt)])
    view = transcript.views()[0]
    remarks = view.findChild(QLabel, "remarks")
    assert remarks is not None
    assert remarks.isVisible()
    assert remarks.text().splitlines() == receipt["notices"]
    assert remarks.height() >= remarks.heightForWidth(remarks.width())
    assert remarks.geometry().bottom() <= view.action_row.geometry().top()
    assert view.height() >= view.action_row.geometry().bottom()


def test_without_remarks_there_is_no_gap(transcript: Transcript) -> None:
    transcript.show_thread([stored(Role.ASSISTANT, "An answer.")])
    remarks = transcript.views()[0].findChild(QLabel, "remarks")
    assert remarks is not None
    assert not remarks.isVisible()
