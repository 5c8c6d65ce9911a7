"""Tab goes as one reads."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QHBoxLayout, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.ui.focus_order import as_read
from desktop.ui.page import Page
from desktop.ui.sidebar import Sidebar
from desktop.ui.theme import Appearance


def test_rows_are_read_from_left_to_right(qtbot: QtBot) -> None:
    root = QWidget()
    qtbot.addWidget(root)
    places = {"d": (0, 60, 80, 24), "b": (90, 3, 80, 24), "a": (0, 0, 80, 30), "c": (180, -3, 80, 36)}
    for name, place in places.items():
        button = QPushButton(root)
        button.setObjectName(name)
        button.setGeometry(*place)
    order = as_read(root, root.findChildren(QPushButton))
    assert [widget.objectName() for widget in order] == ["a", "b", "c", "d"]


def test_a_page_s_parts_follow_each_other_as_they_stand(look: Appearance, qtbot: QtBot) -> None:
    page = Page("A page", "")
    qtbot.addWidget(page)
    made = [QPushButton(name, page) for name in ("third", "second", "hidden", "first")]
    third, second, hidden, first = made
    row = QHBoxLayout()
    row.addWidget(first)
    row.addWidget(second)
    page.column.addLayout(row)
    page.column.addWidget(hidden)
    page.column.addWidget(third)
    hidden.hide()
    page.show()
    page.activateWindow()
    first.setFocus()
    qtbot.waitUntil(first.hasFocus, timeout=10_000)
    met = [first]
    for key in (Qt.Key.Key_Tab, Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
        qtbot.keyClick(met[-1], key)
        now = QApplication.focusWidget()
        assert isinstance(now, QPushButton)
        met.append(now)
    assert [button.text() for button in met] == ["first", "second", "third", "second"]


def test_the_sidebar_is_walked_from_the_top(look: Appearance, qtbot: QtBot) -> None:
    sidebar = Sidebar(look)
    qtbot.addWidget(sidebar)
    names = ["new-chat", "search", "conversation-list", "open-models", "open-usage", "open-settings"]
    widget: QWidget | None = sidebar.findChild(QWidget, "new-chat")
    met: list[str] = []
    while widget is not None and len(met) < len(names):
        if widget.objectName() in names:
            met.append(widget.objectName())
        widget = widget.nextInFocusChain()
    assert met == names
