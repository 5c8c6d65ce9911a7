"""The list of conversations: grouped by age, chosen, renamed, deleted, searched."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from desktop.storage.conversations import Conversation, SearchHit
from desktop.storage.export import Form
from desktop.ui.conversation_list import age_heading
from desktop.ui.sidebar import Sidebar
from desktop.ui.theme import Appearance

NOW = datetime.now()


def conversation(number: int, title: str, days_ago: int = 0) -> Conversation:
    when = (NOW - timedelta(days=days_ago)).timestamp()
    return Conversation(id=number, title=title, created_at=when, updated_at=when, model=None)


@pytest.fixture
def sidebar(look: Appearance, qtbot: QtBot) -> Sidebar:
    sidebar = Sidebar(look)
    qtbot.addWidget(sidebar)
    sidebar.resize(264, 600)
    sidebar.show_conversations([conversation(2, "Second"), conversation(1, "First", days_ago=3)])
    sidebar.show()
    return sidebar


def texts(sidebar: Sidebar) -> list[str]:
    return [sidebar.rows.index(row).data() for row in range(sidebar.rows.rowCount())]


def test_headings_by_age() -> None:
    today = date(2026, 11, 24)
    ages = {0: "Today", 1: "Yesterday", 6: "Last 7 days", 20: "Last 30 days", 400: "2025"}
    for days, heading in ages.items():
        when = datetime(2026, 11, 24, 12) - timedelta(days=days)
        assert age_heading(when.timestamp(), today) == heading


def test_it_groups_and_keeps_the_order(sidebar: Sidebar) -> None:
    assert texts(sidebar) == ["Today", "Second", "Last 7 days", "First"]


def test_a_click_chooses(sidebar: Sidebar, qtbot: QtBot) -> None:
    place = sidebar.list.visualRect(sidebar.rows.index(3)).center()
    with qtbot.waitSignal(sidebar.conversation_chosen) as caught:
        qtbot.mouseClick(sidebar.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert caught.args == [1]


def test_headings_can_t_be_chosen(sidebar: Sidebar, qtbot: QtBot) -> None:
    place = sidebar.list.visualRect(sidebar.rows.index(0)).center()
    with qtbot.assertNotEmitted(sidebar.conversation_chosen):
        qtbot.mouseClick(sidebar.list.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_f2_renames_in_place(sidebar: Sidebar, qtbot: QtBot) -> None:
    sidebar.select(2)
    sidebar.list.setFocus()
    sidebar.list.edit(sidebar.list.currentIndex())
    editor = sidebar.list.findChild(QLineEdit)
    assert editor is not None
    editor.setText("  Renamed ")
    with qtbot.waitSignal(sidebar.renamed) as caught:
        qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert caught.args == [2, "Renamed"]


def test_delete_asks_for_deletion_of_the_selected_one(sidebar: Sidebar, qtbot: QtBot) -> None:
    sidebar.select(1)
    with qtbot.waitSignal(sidebar.delete_requested) as caught:
        qtbot.keyClick(sidebar.list, Qt.Key.Key_Delete)
    assert caught.args == [1]


def test_the_menu_exports_in_each_form(sidebar: Sidebar, qtbot: QtBot) -> None:
    menu = sidebar.list.menu_of(sidebar.rows.index(3))
    (exports,) = menu.findChildren(QMenu)
    asked: list[tuple[int, Form]] = []
    sidebar.export_requested.connect(lambda number, form: asked.append((number, form)))
    for action in exports.actions():
        action.trigger()
    assert asked == [(1, Form.MARKDOWN), (1, Form.MARKDOWN_WITH_REASONING), (1, Form.JSON)]
    menu.deleteLater()


def test_a_search_is_reported_after_a_pause_and_its_hits_shown(sidebar: Sidebar, qtbot: QtBot) -> None:
    with qtbot.waitSignal(sidebar.searched) as caught:
        qtbot.keyClicks(sidebar.search, "kyoto")
    assert caught.args == ["kyoto"]
    sidebar.show_hits([SearchHit(conversation_id=1, title="First", message_id=5, snippet="… to Kyoto …")])
    assert texts(sidebar) == ["First"]
    sidebar.show_hits([])
    assert texts(sidebar) == ["Nothing found"]


def test_escape_ends_a_search(sidebar: Sidebar, qtbot: QtBot) -> None:
    sidebar.activateWindow()
    sidebar.search.setFocus()
    qtbot.waitUntil(sidebar.search.hasFocus, timeout=10_000)
    sidebar.search.setText("nothing like this")
    with qtbot.waitSignal(sidebar.searched, check_params_cb=lambda text: not text, timeout=10_000):
        qtbot.keyClick(sidebar.search, Qt.Key.Key_Escape)
    assert sidebar.search.text() == ""


def test_the_selection_survives_a_refresh(sidebar: Sidebar) -> None:
    sidebar.select(1)
    sidebar.show_conversations(
        [conversation(3, "Third"), conversation(2, "Second"), conversation(1, "First", 3)]
    )
    assert sidebar.list.currentIndex().data() == "First"


def test_the_list_is_not_filled_while_a_title_is_changed(sidebar: Sidebar) -> None:
    sidebar.select(2)
    sidebar.list.edit(sidebar.list.currentIndex())
    before = texts(sidebar)
    sidebar.show_conversations([conversation(9, "Newer")])
    assert texts(sidebar) == before


def test_hits_do_not_come_between_while_a_title_is_changed(sidebar: Sidebar, qtbot: QtBot) -> None:
    sidebar.select(2)
    sidebar.list.edit(sidebar.list.currentIndex())
    sidebar.show_hits([SearchHit(9, "Newer", 3, "found")])
    assert sidebar.list.editing
    assert texts(sidebar)[1] == "Second"
    with qtbot.waitSignal(sidebar.searched, timeout=10_000):  # what was held back is asked for again
        qtbot.keyClick(sidebar.list.findChild(QLineEdit), Qt.Key.Key_Escape)
    assert not sidebar.list.editing


def test_a_window_kept_open_over_midnight_asks_for_the_list_again(sidebar: Sidebar, qtbot: QtBot) -> None:
    asked: list[str] = []
    sidebar.searched.connect(asked.append)
    sidebar._midnight.timeout.emit()
    assert asked == []
    assert 0 < sidebar._midnight.interval() <= 25 * 3_600_000
    sidebar.today = lambda: date.today() + timedelta(days=1)
    sidebar._midnight.timeout.emit()
    assert asked == [""]
    sidebar.show_conversations([conversation(2, "Second")])
    assert texts(sidebar) == ["Yesterday", "Second"]


def test_a_machine_that_slept_over_midnight_is_noticed_when_it_is_used(
    sidebar: Sidebar, qtbot: QtBot
) -> None:
    sidebar.today = lambda: date.today() + timedelta(days=1)
    with qtbot.waitSignal(sidebar.searched, timeout=10_000):
        QApplication.sendEvent(sidebar, QEvent(QEvent.Type.ActivationChange))


def test_each_hit_of_a_conversation_can_be_chosen_and_stays_marked(sidebar: Sidebar, qtbot: QtBot) -> None:
    hits = [
        SearchHit(2, "Second", None, ""),
        SearchHit(2, "Second", 7, "one"),
        SearchHit(2, "Second", 5, "two"),
    ]
    sidebar.show_hits(hits)
    with qtbot.waitSignal(sidebar.hit_chosen) as chosen:
        sidebar.list.clicked.emit(sidebar.rows.index(2))
    assert chosen.args == [2, 5]
    sidebar.select(2, 5)
    sidebar.show_hits([SearchHit(1, "First", None, ""), *hits])
    assert sidebar.list.currentIndex().row() == 3


def test_walking_by_keyboard_is_not_disturbed(sidebar: Sidebar, qtbot: QtBot) -> None:
    sidebar.activateWindow()
    sidebar.list.setFocus()
    qtbot.waitUntil(sidebar.list.hasFocus)
    sidebar.select(2)
    qtbot.keyClick(sidebar.list, Qt.Key.Key_Down)
    assert sidebar.list.current_id == 1
    sidebar.show_conversations(
        [conversation(3, "Third"), conversation(2, "Second"), conversation(1, "First", 3)]
    )
    assert sidebar.list.current_id == 1
