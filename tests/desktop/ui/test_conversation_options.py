"""A conversation's options from its page: set before the first message, kept, and its privacy shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from desktop.background import Background
from desktop.services.chat import ChatService
from desktop.services.models import ModelService
from desktop.services.settings import SettingsService
from desktop.storage.conversations import ConversationStore
from desktop.storage.database import open_database
from desktop.system.options import Options
from desktop.ui.chat.page import ChatPage
from desktop.ui.conversation_list import ConversationModel
from desktop.ui.theme import Appearance
from models.errors import StorageFailed
from models.fake import FakeBackend, says
from models.library import Library, LocalModel


class OneModel(ModelService):
    """A library of one model."""

    def models(self) -> list[LocalModel]:
        return [LocalModel("m", "M", Path("m"), 1, "added")]


class Scene:
    """A chat page on a real store, answered by a fake."""

    def __init__(self, folder: Path, look: Appearance, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.connection = open_database(folder / "inshore.db")
        self.background = Background()
        self.settings = SettingsService(folder / "settings.json")
        self.backend = FakeBackend(*[says("Yes.")] * 3)
        self.models = OneModel(Library(folder / "models", folder / "starter"))
        store = ConversationStore(self.connection)
        self.chat = ChatService(
            store, self.background, lambda _name: self.backend, self.models, self.settings
        )
        self.page = ChatPage(self.chat, self.models, look)
        self.page.resize(1200, 700)
        qtbot.addWidget(self.page)
        self.page.show()

    @property
    def seed(self) -> QLineEdit:
        edit = self.page.findChild(QLineEdit, "option-seed")
        assert edit is not None
        return edit

    def click_options(self) -> None:
        self.qtbot.mouseClick(self.page.options.button, Qt.MouseButton.LeftButton)

    def click_private(self) -> None:
        self.page.options.sheet.private.click()

    def send(self) -> int:
        with self.qtbot.waitSignal(self.chat.turn_finished):
            self.page._submit("Go")
        assert self.page.conversation is not None
        return self.page.conversation

    def close(self) -> None:
        self.chat.close()
        self.background.close(self.backend.aclose)
        self.connection.close()


@pytest.fixture
def scene(look: Appearance, tmp_path: Path, qtbot: QtBot) -> Iterator[Scene]:
    scene = Scene(tmp_path, look, qtbot)
    yield scene
    scene.close()


def test_a_new_chat_is_set_up_before_its_first_message(scene: Scene, qtbot: QtBot) -> None:
    scene.click_options()
    scene.click_private()
    qtbot.keyClicks(scene.seed, "5")  # taken with the message, before the pause is over
    conversation = scene.send()
    request = scene.backend.requests[0]
    assert (request.cache_key, request.sampling.seed) == (None, 5)
    assert scene.chat.setup.of(conversation) == (True, Options(seed=5))
    assert (scene.page.options.sign.isVisible(), scene.seed.text()) == (True, "5")


def test_each_conversation_shows_its_own(scene: Scene, qtbot: QtBot) -> None:
    scene.click_options()
    first = scene.send()
    qtbot.keyClicks(scene.seed, "7")
    scene.page.open(None)  # what was typed is the first one's
    assert (scene.seed.text(), scene.page.options.sign.isVisible()) == ("", False)
    scene.page.open(first)
    assert scene.seed.text() == "7"
    assert scene.chat.setup.of(first) == (False, Options(seed=7))
    assert scene.chat.setup.of(None) == (False, Options())


def test_the_sign_comes_and_goes_and_leads_to_the_options(scene: Scene, qtbot: QtBot) -> None:
    scene.send()
    scene.click_options()
    scene.click_private()
    assert scene.page.options.sign.isVisible()
    scene.click_options()
    assert scene.page.options.sheet.isHidden()
    assert not scene.page.options.button.isChecked()
    qtbot.mouseClick(scene.page.options.sign, Qt.MouseButton.LeftButton)
    assert scene.page.options.sheet.isVisible()
    scene.click_private()
    assert not scene.page.options.sign.isVisible()


def test_what_could_not_be_stored_is_not_shown_as_set(
    scene: Scene, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise StorageFailed("The disk is full.")

    scene.send()
    scene.click_options()
    monkeypatch.setattr(ConversationStore, "set_private", full)
    with qtbot.waitSignal(scene.chat.failed):
        scene.click_private()
    assert not scene.page.options.sheet.private.isChecked()


def test_what_a_model_has_meanwhile_shows_when_the_sheet_is_seen_again(scene: Scene) -> None:
    scene.click_options()
    scene.page.hide()
    scene.settings.update(models={"m": Options(seed=3)})
    scene.page.show()
    assert scene.seed.placeholderText() == "3"


def test_another_model_has_other_options(scene: Scene, qtbot: QtBot) -> None:
    scene.click_options()
    qtbot.keyClicks(scene.seed, "5")
    scene.settings.update(models={"m": Options(seed=3)})
    scene.models.changed.emit()
    assert (scene.seed.placeholderText(), scene.seed.text()) == ("3", "5")


def test_the_list_has_a_sign_for_private_ones(scene: Scene) -> None:
    scene.click_options()
    scene.click_private()
    scene.send()
    rows = ConversationModel(scene.page)
    rows.show_conversations(scene.chat.conversations(), date.today())
    assert rows.index(1).data(Qt.ItemDataRole.AccessibleTextRole) == "Go, private"
    assert rows.index(1).data() == "Go"
