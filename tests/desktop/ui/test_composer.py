"""Enter sends, Shift+Enter breaks the line, an input method's Enter does neither; nothing typed is lost."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QInputMethodEvent, QTextOption
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.ui.chat.composer import Composer
from desktop.ui.theme import Appearance


@pytest.fixture
def composer(look: Appearance, qtbot: QtBot) -> Composer:
    composer = Composer(look)
    qtbot.addWidget(composer)
    composer.resize(600, 120)
    composer.show()
    return composer


def test_enter_sends_and_keeps_the_text_until_it_is_taken(composer: Composer, qtbot: QtBot) -> None:
    qtbot.keyClicks(composer.edit, "Hello")
    with qtbot.waitSignal(composer.submitted) as caught:
        qtbot.keyClick(composer.edit, Qt.Key.Key_Return)
    assert caught.args == ["Hello"]
    assert composer.text() == "Hello"
    composer.clear()
    assert composer.text() == ""


def test_shift_enter_breaks_the_line_and_the_card_grows(composer: Composer, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(composer.submitted):
        qtbot.keyClicks(composer.edit, "one")
        before = composer.edit.height()
        qtbot.keyClick(composer.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
        qtbot.keyClicks(composer.edit, "two")
    assert composer.text() == "one\ntwo"
    assert composer.edit.height() > before


def test_it_grows_to_ten_lines_and_then_scrolls(composer: Composer) -> None:
    composer.set_text("\n".join("x" * 5 for _ in range(10)))
    ten = composer.edit.height()
    composer.set_text("\n".join("x" * 5 for _ in range(50)))
    assert composer.edit.height() == ten


def test_an_input_method_s_enter_does_not_send(composer: Composer, qtbot: QtBot) -> None:
    QApplication.sendEvent(composer.edit, QInputMethodEvent("nihao", []))
    with qtbot.assertNotEmitted(composer.submitted):
        qtbot.keyClick(composer.edit, Qt.Key.Key_Return)
    commit = QInputMethodEvent("", [])
    commit.setCommitString("你好")
    QApplication.sendEvent(composer.edit, commit)
    assert composer.text() == "你好"
    with qtbot.waitSignal(composer.submitted) as caught:
        qtbot.keyClick(composer.edit, Qt.Key.Key_Return)
    assert caught.args == ["你好"]


def test_nothing_is_sent_that_is_empty_or_while_an_answer_is_written(
    composer: Composer, qtbot: QtBot
) -> None:
    assert not composer.send.isEnabled()
    with qtbot.assertNotEmitted(composer.submitted):
        qtbot.keyClicks(composer.edit, "   ")
        qtbot.keyClick(composer.edit, Qt.Key.Key_Return)
        composer.set_running(True)
        qtbot.keyClicks(composer.edit, "next")
        qtbot.keyClick(composer.edit, Qt.Key.Key_Return)
    assert composer.text().strip() == "next"


def test_send_becomes_stop(composer: Composer, qtbot: QtBot) -> None:
    composer.set_running(True)
    assert composer.send.isHidden()
    assert not composer.stop.isHidden()
    with qtbot.waitSignal(composer.stop_requested):
        qtbot.mouseClick(composer.stop, Qt.MouseButton.LeftButton)


def test_a_draft_is_reported_after_a_pause_or_when_asked(composer: Composer, qtbot: QtBot) -> None:
    with qtbot.waitSignal(composer.draft_changed) as caught:
        qtbot.keyClicks(composer.edit, "half a thought")
    assert caught.args == ["half a thought"]
    qtbot.keyClicks(composer.edit, " more")
    with qtbot.waitSignal(composer.draft_changed) as caught:
        composer.flush()
    assert caught.args == ["half a thought more"]


def test_f44_a_pasted_run_without_spaces_is_wrapped_anywhere(composer: Composer) -> None:
    ordinary = composer.edit.wordWrapMode()
    composer.edit.insertPlainText("words as usual " * 500)
    assert composer.edit.wordWrapMode() is ordinary
    composer.edit.insertPlainText("x" * 50_000)
    assert composer.edit.wordWrapMode() is QTextOption.WrapMode.WrapAnywhere
    composer.set_text("words again " * 500)
    assert composer.edit.wordWrapMode() is ordinary
    assert composer.text() == "words again " * 500


def test_what_is_typed_is_told_to_the_letter(composer: Composer) -> None:
    composer.edit.insertPlainText("a\u00a0b\tc\u2028d\r\ne")
    assert composer.text() == "a\u00a0b\tc\nd\ne"
