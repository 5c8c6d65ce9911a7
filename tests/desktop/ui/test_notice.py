"""The notice has a strip of its own: nothing lies beneath it, and what one works in stays where it is."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop.app import Program


def _place(program: Program, widget: QWidget) -> QRect:
    return QRect(widget.mapTo(program.window, QPoint(0, 0)), widget.size())


def test_a_notice_covers_nothing_and_leaves_the_composer_where_it_is(program: Program, qtbot: QtBot) -> None:
    window, composer = program.window, program.page.composer
    before = _place(program, composer)
    window.notice.say("Deleted the conversation.", "Undo", lambda: None)
    near = (composer, program.page.welcome)

    def apart(*others: QWidget) -> bool:
        here = _place(program, window.notice)
        return here.height() > 40 and not any(here.intersects(_place(program, one)) for one in others)

    qtbot.waitUntil(lambda: apart(*near), timeout=10_000)
    assert _place(program, composer) == before
    program._show_page("settings")
    page = program._pages["settings"]
    window.notice.say("What happened to a thing with a long name, " * 6, "Undo", lambda: None)
    qtbot.waitUntil(lambda: window.notice.isVisible() and apart(page), timeout=10_000)
    words, button = window.notice._words, window.notice._button
    qtbot.waitUntil(lambda: words.geometry().right() < button.geometry().left(), timeout=10_000)


def test_in_a_narrow_window_a_notice_is_below_the_conversations(program: Program, qtbot: QtBot) -> None:
    window = program.window
    window.resize(480, 720)
    qtbot.waitUntil(window.sidebar.isHidden)
    window.toggle_sidebar()
    window.notice.say("Deleted the conversation.", "Undo", lambda: None)
    apart = lambda: not _place(program, window.notice).intersects(_place(program, window.sidebar))  # noqa: E731
    qtbot.waitUntil(lambda: window.notice.height() > 40 and apart(), timeout=10_000)
    assert window.width() == 480
    qtbot.waitUntil(lambda: window.notice.height() == window.notice.sizeHint().height() < 70, timeout=10_000)
    window.notice.hide()
    qtbot.waitUntil(lambda: _place(program, window.sidebar).bottom() == window.height() - 1, timeout=10_000)
