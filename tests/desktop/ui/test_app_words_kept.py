"""The whole program, used in ways that could cost words: edits left behind, full disks, quick deletions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QActionGroup
from pytestqt.qtbot import QtBot

from desktop.app import Program
from desktop.storage.conversations import ConversationStore, StoredMessage
from desktop.storage.values import DraftPicture
from desktop.ui.theme import Appearance
from models.chat import Image
from models.errors import StorageFailed
from models.fake import says
from models.library import LocalModel
from tests.desktop.ui.programs import Here, press, running, send


@pytest.fixture
def program(tmp_path: Path, look: Appearance) -> Iterator[Program]:
    answers = [says(f"Answer {number}.") for number in range(9)]
    with running(tmp_path, look, Here(*answers)) as program:
        here = [LocalModel("small", "Small", Path("small"), 1, "added")]
        program.models.models = lambda: here  # type: ignore[method-assign]
        program.models.changed.emit()
        yield program


def ask(program: Program, qtbot: QtBot, text: str) -> StoredMessage:
    """The question, once it is answered."""
    with qtbot.waitSignal(program.chat.turn_finished, timeout=10_000):
        send(program, text)
    return messages(program)[-2]


def messages(program: Program) -> list[StoredMessage]:
    assert program.page.conversation is not None
    return program.chat.messages(program.page.conversation)


def edit(program: Program, message: StoredMessage, more: str = "") -> None:
    program.page.transcript.edit_requested.emit(message)
    program.page.composer.edit.insertPlainText(more)


def fails(*_values: object) -> None:
    raise StorageFailed("The disk is full.", "Free some space, then try again.")


def found(program: Program, row: int) -> None:
    """Choose one of the hits."""
    program.sidebar.list.clicked.emit(program.sidebar.rows.index(row))


def test_an_edit_survives_a_crash_beside_the_draft(program: Program, qtbot: QtBot, tmp_path: Path) -> None:
    question = ask(program, qtbot, "One")
    program.page.composer.edit.insertPlainText("A draft")
    edit(program, question, " that took long")
    stored = program.chat._drafts._store
    qtbot.waitUntil(lambda: "took long" in stored.draft(question.conversation_id), timeout=10_000)
    assert stored.draft(question.conversation_id) == "A draft\n\nOne that took long"
    program.page.stop()
    assert program.page.composer.text() == stored.draft(question.conversation_id) == "A draft"


def test_editing_another_question_keeps_what_was_typed_into_the_first(program: Program, qtbot: QtBot) -> None:
    one, two = ask(program, qtbot, "One"), ask(program, qtbot, "Two")
    edit(program, one, " precious")
    edit(program, two)
    program.page.stop()
    assert program.page.composer.text() == "One precious"


def test_leaving_an_edit_that_changed_nothing_leaves_no_draft(program: Program, qtbot: QtBot) -> None:
    question = ask(program, qtbot, "@small Hello")
    edit(program, question)
    program._open(None)
    assert program.chat.draft(question.conversation_id) == ""


def test_asking_differently_is_stored_whole_or_not_at_all(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = ask(program, qtbot, "One")
    before = [message.id for message in messages(program)]
    edit(program, question, " more")
    insert, seen = ConversationStore._insert, []

    def second_fails(self: ConversationStore, *values: object) -> int:
        seen.append(values)
        if len(seen) == 2:
            fails()
        return insert(self, *values)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(ConversationStore, "_insert", second_fails)
        program.page._submit(program.page.composer.text())
    assert [message.id for message in messages(program)] == before
    assert program.page.composer.text() == "One more"
    with qtbot.waitSignal(program.chat.turn_finished, timeout=10_000):
        program.page._submit(program.page.composer.text())
    assert [message.text for message in messages(program)] == ["One more", "Answer 1."]


def test_an_answer_that_can_t_be_read_again_is_not_left_running(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(program, qtbot, "One")
    before = messages(program)
    with monkeypatch.context() as patched:
        patched.setattr(ConversationStore, "message", fails)
        program.page.transcript.regenerate_requested.emit(before[-1])
    assert messages(program) == before


def test_f08_a_draft_that_can_t_be_stored_is_still_there_after_switching(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    conversation = ask(program, qtbot, "One").conversation_id
    program.page.composer.edit.insertPlainText("Precious")
    with monkeypatch.context() as patched:
        patched.setattr(ConversationStore, "set_draft", fails)
        program._open(None)
        program._open(conversation)
    assert program.page.composer.text() == "Precious"
    stored = program.chat._store
    program.chat._draft_again.start(1)
    qtbot.waitUntil(lambda: stored.draft(conversation) == "Precious", timeout=10_000)


def test_a_draft_that_could_not_be_read_is_not_replaced_by_what_is_typed(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.page.composer.edit.insertPlainText("Precious")
    program._open(None)
    with monkeypatch.context() as patched:
        patched.setattr(ConversationStore, "draft", fails)
        program._open(None)
        program.page.composer.edit.insertPlainText("Mo")
        program.page.keep_typed()
    program.page.composer.edit.insertPlainText("re")
    program._open(None)
    assert program.page.composer.text() == "Precious\n\nMore"


def test_a_conversation_that_could_not_be_read_is_shown_whole_with_the_next_message(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = ask(program, qtbot, "One").conversation_id
    with monkeypatch.context() as patched:
        patched.setattr(ConversationStore, "thread", fails)
        program._open(conversation)
    ask(program, qtbot, "Two")
    shown = [message.id for message in program.page.transcript.messages()]
    assert shown == [message.id for message in messages(program)]
    assert len(shown) == 4


def test_undo_brings_back_all_that_were_deleted_in_quick_order(program: Program, qtbot: QtBot) -> None:
    first = ask(program, qtbot, "One").conversation_id
    program._open(None)
    second = ask(program, qtbot, "Two").conversation_id
    for conversation in (first, second):
        program.sidebar.delete_requested.emit(conversation)
    assert program.chat.conversations() == []
    press(program, "notice-action")
    assert {one.id for one in program.chat.conversations()} == {first, second}
    assert program.page.conversation == second


def test_f08_what_was_not_deleted_or_restored_is_not_said_to_be(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = ask(program, qtbot, "One").conversation_id
    with monkeypatch.context() as patched:
        patched.setattr(ConversationStore, "delete", fails)
        program.sidebar.delete_requested.emit(conversation)
    assert program.window.notice.isHidden()
    assert program.page.conversation == conversation
    program.sidebar.delete_requested.emit(conversation)
    with monkeypatch.context() as patched:
        patched.setattr(ConversationStore, "restore", fails)
        press(program, "notice-action")
    assert program.page.conversation is None
    press(program, "notice-action")  # it is offered once more
    assert program.page.conversation == conversation


def test_a_hit_leads_to_its_message_even_on_a_version_that_is_not_shown(
    program: Program, qtbot: QtBot
) -> None:
    first = ask(program, qtbot, "A zebra?")
    ask(program, qtbot, "Two zebras?")
    edit(program, first)
    with qtbot.waitSignal(program.chat.turn_finished, timeout=10_000):
        program.page._submit("A lion?")
    program._search("zebra")
    assert program.sidebar.rows.rowCount() == 3  # the title, and both questions
    found(program, 1)
    assert [message.text for message in messages(program)][::2] == ["A zebra?", "Two zebras?"]
    assert program.sidebar.list.currentIndex().row() == 1
    found(program, 2)
    assert program.sidebar.list.currentIndex().row() == 2


def test_the_picker_s_menu_keeps_nothing_of_the_times_it_was_open(program: Program, qtbot: QtBot) -> None:
    menu = program.page.picker.menu()
    for _ in range(20):
        menu.aboutToShow.emit()
    qtbot.waitUntil(lambda: len(menu.findChildren(QActionGroup)) == 1, timeout=10_000)


def test_what_waits_beside_an_example_goes_with_it(program: Program, qtbot: QtBot) -> None:
    program.page.composer.edit.insertPlainText("My own words")
    program.page.keep_typed()
    picture = Image("image/png", b"not drawn", 1, 1)
    program.chat.pictures.keep(None, [DraftPicture(picture, "a.png")])
    program._open(None)
    with qtbot.waitSignal(program.chat.turn_finished, timeout=10_000):
        program.page.welcome.example_chosen.emit("An example.")
    begun = program.page.conversation
    program._open(None)
    assert program.page.composer.text() == ""
    assert program.page.attaching.images() == ()
    program._open(begun)
    assert program.page.composer.text() == "My own words"
    assert program.page.attaching.images() == (picture,)
