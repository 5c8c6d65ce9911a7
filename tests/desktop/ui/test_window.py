"""The whole window: named for scripts and screen readers, usable when small, quiet about untrusted text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop.background import Background
from desktop.services.catalogue import CatalogueService
from desktop.services.chat import ChatService
from desktop.services.models import ModelService
from desktop.services.settings import SettingsService
from desktop.storage.conversations import ConversationStore
from desktop.storage.database import open_database
from desktop.system.paths import resources
from desktop.ui.chat.page import ChatPage
from desktop.ui.chat.text import MessageText
from desktop.ui.manager.page import ModelsPage
from desktop.ui.notice import Notice
from desktop.ui.page import Page
from desktop.ui.settings.page import SettingsPage
from desktop.ui.sidebar import Sidebar
from desktop.ui.theme import Appearance
from desktop.ui.window import Window
from models.catalogue import load
from models.fake import FakeBackend, says
from models.library import Library
from models.machine import this_machine

NAMES = {
    "composer",
    "send",
    "transcript",
    "model-picker",
    "new-chat",
    "conversation-list",
    "search",
    "open-models",
    "open-settings",
}
INTERACTIVE = (QAbstractButton, QLineEdit, QPlainTextEdit, QComboBox)


class Scene:
    """A window with everything behind it, answering from a script."""

    def __init__(self, folder: Path, look: Appearance) -> None:
        self.connection = open_database(folder / "inshore.db")
        self.background = Background()
        self.settings = SettingsService(folder / "settings.json")
        self.models = ModelService(Library(folder / "models", resources() / "starter"))
        self.catalogue = CatalogueService(
            lambda: load(resources() / "catalogue"), lambda: this_machine(None, ()), self.models
        )
        self.chat = ChatService(
            ConversationStore(self.connection),
            self.background,
            lambda _name: self.backend,
            self.models,
            self.settings,
        )
        self.backend = FakeBackend(says("A **good** answer.\n\n```py\nx = 1\n```"))
        self.page = ChatPage(self.chat, self.models, look)
        self.sidebar = Sidebar(look)
        self.window = Window(self.sidebar, self.page, look)
        self.pages: list[Page] = [
            ModelsPage(self.models, self.settings, self.catalogue, look),
            SettingsPage(self.settings, folder),
        ]
        self.chat.conversations_changed.connect(
            lambda: self.sidebar.show_conversations(self.chat.conversations())
        )

    def answer(self, qtbot: QtBot, text: str = "A question?") -> None:
        with qtbot.waitSignal(self.chat.turn_finished):
            self.page._submit(text)

    def close(self) -> None:
        self.page.keep_typed()
        self.chat.close()
        self.background.close(self.backend.aclose)
        self.connection.close()


@pytest.fixture
def scene(look: Appearance, tmp_path: Path, qtbot: QtBot) -> Iterator[Scene]:
    scene = Scene(tmp_path, look)
    qtbot.addWidget(scene.window)
    scene.window.show()
    yield scene
    scene.close()


def visible(scene: Scene, *kinds: type[QWidget]) -> list[QWidget]:
    found = [widget for widget in scene.window.findChildren(QWidget) if widget.isVisible()]
    return [widget for widget in found if isinstance(widget, kinds)] if kinds else found


def accessible_name(widget: QWidget) -> str:
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name) if interface else ""


@pytest.mark.model
def test_the_promised_names_exist(scene: Scene, qtbot: QtBot) -> None:
    scene.answer(qtbot)
    assert {widget.objectName() for widget in visible(scene)} >= NAMES
    scene.page.composer.set_running(True)
    assert "stop" in {widget.objectName() for widget in visible(scene)}


@pytest.mark.model
@pytest.mark.parametrize("page", [None, 0, 1], ids=["chat", "models", "settings"])
def test_everything_one_can_reach_has_a_name(scene: Scene, qtbot: QtBot, page: int | None) -> None:
    scene.answer(qtbot)
    if page is not None:
        scene.window.show_page(scene.pages[page])
    reachable = [widget for widget in visible(scene) if widget.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert len(reachable) >= 6
    assert [widget.objectName() for widget in reachable if not accessible_name(widget)] == []
    nameless = [w for w in visible(scene, *INTERACTIVE) if not w.objectName() and accessible_name(w)]
    assert nameless == []


@pytest.mark.model
@pytest.mark.parametrize("size", [(1180, 780), (1024, 600), (480, 720)])
def test_nothing_is_cut_off_when_the_window_is_small(
    scene: Scene, qtbot: QtBot, size: tuple[int, int]
) -> None:
    scene.window.resize(*size)
    scene.answer(qtbot, "A question that is rather long and has to be wrapped in a narrow window, surely?")
    qtbot.waitUntil(lambda: scene.window.width() == size[0])
    edge = scene.window.rect()
    for widget in visible(scene, QAbstractButton, QPlainTextEdit, MessageText):
        place = widget.rect().translated(widget.mapTo(scene.window, widget.rect().topLeft()))
        assert place.left() >= 0, widget.objectName()
        assert place.right() <= edge.right(), widget.objectName()
    assert scene.sidebar.isVisible() == (size[0] >= 720)


@pytest.mark.model
def test_in_a_narrow_window_the_conversations_come_when_asked_for(scene: Scene, qtbot: QtBot) -> None:
    scene.window.resize(480, 720)
    qtbot.waitUntil(scene.sidebar.isHidden)
    qtbot.mouseClick(scene.window.toggle, Qt.MouseButton.LeftButton)
    assert scene.sidebar.isVisible()
    scene.window.resize(1180, 780)
    qtbot.waitUntil(scene.sidebar.isVisible)


@pytest.mark.model
def test_labels_that_may_hold_foreign_text_are_plain(scene: Scene, qtbot: QtBot) -> None:
    scene.answer(qtbot)
    scene.window.warn("x")
    scene.window.notice.say("x", "Undo", lambda: None)
    for page in [None, *scene.pages]:
        if page is not None:
            scene.window.show_page(page)
        rich = [
            label.text()
            for label in visible(scene, QLabel)
            if isinstance(label, QLabel) and label.text() and label.textFormat() != Qt.TextFormat.PlainText
        ]
        assert rich == []


@pytest.mark.model
def test_the_focus_stays_in_the_composer_after_sending(scene: Scene, qtbot: QtBot) -> None:
    scene.page.composer.edit.setFocus()
    qtbot.keyClicks(scene.page.composer.edit, "Hello")
    with qtbot.waitSignal(scene.chat.turn_finished):
        qtbot.keyClick(scene.page.composer.edit, Qt.Key.Key_Return)
    assert scene.window.focusWidget() is scene.page.composer.edit
    assert scene.page.composer.text() == ""


@pytest.mark.model
def test_drafts_stay_with_their_conversations(scene: Scene, qtbot: QtBot) -> None:
    scene.answer(qtbot, "First?")
    first = scene.page.conversation
    qtbot.keyClicks(scene.page.composer.edit, "half a thought")
    scene.page.open(None)
    assert scene.page.composer.text() == ""
    qtbot.keyClicks(scene.page.composer.edit, "another")
    scene.page.open(first)
    assert scene.page.composer.text() == "half a thought"
    scene.page.open(None)
    assert scene.page.composer.text() == "another"


@pytest.mark.model
def test_a_theme_changes_while_a_conversation_is_open(scene: Scene, look: Appearance, qtbot: QtBot) -> None:
    scene.answer(qtbot)
    text = scene.window.findChildren(MessageText)[-1].document().toPlainText()
    look.choose("dark")
    scene.window.grab()
    assert scene.window.findChildren(MessageText)[-1].document().toPlainText() == text
    look.choose("light")


@pytest.mark.model
def test_editing_a_question_asks_anew_and_escape_leaves_it(scene: Scene, qtbot: QtBot) -> None:
    scene.answer(qtbot, "First?")
    question = scene.page.transcript.messages()[0]
    scene.page.transcript.edit_requested.emit(question)
    assert scene.page.composer.text() == "First?"
    scene.page.stop()
    assert scene.page.composer.text() == ""
    scene.page.transcript.edit_requested.emit(question)
    with qtbot.waitSignal(scene.chat.turn_finished):
        scene.page._submit("Better?")
    assert scene.page.transcript.messages()[0].text == "Better?"


@pytest.mark.model
def test_a_new_chat_s_draft_survives_a_restart(scene: Scene, look: Appearance, qtbot: QtBot) -> None:
    qtbot.keyClicks(scene.page.composer.edit, "half a thought")
    scene.page.keep_typed()
    again = ChatPage(scene.chat, scene.models, look)
    qtbot.addWidget(again)
    again.open(None)
    assert again.composer.text() == "half a thought"
    assert scene.chat.draft(None) == "half a thought"


@pytest.mark.model
def test_leaving_while_editing_keeps_what_was_typed(scene: Scene, qtbot: QtBot) -> None:
    scene.answer(qtbot, "First?")
    here = scene.page.conversation
    qtbot.keyClicks(scene.page.composer.edit, "a draft")
    scene.page._edit(scene.page.transcript.messages()[0])
    scene.page.composer.set_text("First, but better?")
    scene.page.open(None)
    assert scene.page.composer._note.text() == ""
    scene.page.open(here)
    assert scene.page.composer.text() == "a draft\n\nFirst, but better?"


@pytest.mark.model
def test_after_an_edit_the_draft_is_back(scene: Scene, qtbot: QtBot) -> None:
    scene.answer(qtbot, "First?")
    qtbot.keyClicks(scene.page.composer.edit, "a draft")
    scene.page._edit(scene.page.transcript.messages()[0])
    with qtbot.waitSignal(scene.chat.turn_finished):
        scene.page._submit("Better?")
    assert scene.page.composer.text() == "a draft"


@pytest.mark.model
def test_an_example_leaves_what_was_typed(scene: Scene, qtbot: QtBot) -> None:
    qtbot.keyClicks(scene.page.composer.edit, "my own words")
    with qtbot.waitSignal(scene.chat.turn_finished):
        scene.page.welcome.example_chosen.emit("An example.")
    assert scene.page.composer.text() == "my own words"
    assert scene.page.transcript.messages()[0].text == "An example."


@pytest.mark.model
def test_shortcuts_go_to_what_can_be_seen(scene: Scene) -> None:
    scene.window.show_page(scene.pages[0])
    scene.window._go_to_composer()
    assert scene.window.pages.currentWidget() is scene.page
    scene.window.toggle_sidebar()
    scene.window._go_to_search()
    assert scene.sidebar.search.isVisible()


@pytest.mark.model
def test_in_a_narrow_window_the_sidebar_leaves_its_button_free(scene: Scene, qtbot: QtBot) -> None:
    scene.window.resize(480, 720)
    qtbot.waitUntil(scene.sidebar.isHidden)
    scene.window.warn("A line that stays.\nAnd another.")
    qtbot.waitUntil(scene.window.banner.isVisible)
    scene.window._row.activate()
    scene.window.toggle_sidebar()
    top = scene.window.toggle.mapTo(scene.window, scene.window.toggle.rect().bottomLeft()).y()
    assert scene.sidebar.geometry().top() > top


@pytest.mark.model
def test_settings_are_in_effect_and_stored_at_once(scene: Scene, tmp_path: Path) -> None:
    scene.window.show_page(scene.pages[1])
    for name in ("theme-dark", "keep-states"):
        button = scene.pages[1].findChild(QAbstractButton, name)
        assert button is not None
        button.click()
    stored = SettingsService(tmp_path / "settings.json").values
    assert (stored.theme.value, stored.keep_states) == ("dark", False)


def test_a_long_notice_is_read_whole_on_two_lines_and_stays_inside(look: Appearance, qtbot: QtBot) -> None:
    over = QWidget()
    qtbot.addWidget(over)
    over.resize(620, 400)
    above, notice = QWidget(over), Notice(over)
    column = QVBoxLayout(over)
    column.addWidget(above, 1)
    column.addWidget(notice)
    over.show()
    notice.say("Short.")
    qtbot.waitUntil(lambda: notice.height() > 24)
    low = notice.height()
    words = (
        "No model is called “quen3”. Did you mean @xidao/qwen3-235b or @xidao/qwen3-32b? Or begin otherwise."
    )
    notice.say(words)
    assert notice._words.text() == words
    qtbot.waitUntil(lambda: notice.height() > low)
    assert over.rect().contains(notice.geometry())
    assert not above.geometry().intersects(notice.geometry())
    assert notice._words.height() >= notice._words.heightForWidth(notice._words.width())
    notice.say(words * 20)
    assert "…" in notice._words.text()
    assert over.rect().contains(notice.geometry())
    notice.say("Short.")
    qtbot.waitUntil(lambda: notice.height() == low)
    over.resize(260, 400)
    notice.say(words)
    qtbot.waitUntil(lambda: notice.height() > low)
    assert over.width() == 260
