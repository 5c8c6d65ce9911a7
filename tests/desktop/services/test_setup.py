"""A conversation's own options reach the request, and a private one leaves nothing for the cache."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from desktop.background import Background
from desktop.services.chat import ChatService
from desktop.services.models import ModelService
from desktop.services.settings import SettingsService
from desktop.storage.conversations import ConversationStore
from desktop.storage.database import open_database
from desktop.system.options import Options
from models.chat import ChatRequest
from models.errors import StorageFailed
from models.fake import FakeBackend, says
from models.library import LocalModel


class OneModel(ModelService):
    """A library of one model."""

    def __init__(self) -> None:
        QObject.__init__(self)

    def usable(self) -> list[LocalModel]:
        return [LocalModel("m", "m", Path("m"), 1, "added")]


class World:
    """A chat service that answers “Yes.” to everything."""

    def __init__(self, folder: Path, qtbot: QtBot) -> None:
        self._qtbot = qtbot
        self._connection = open_database(folder / "inshore.db")
        self._background = Background()
        self._backend = FakeBackend(*[says("Yes.")] * 3)
        self.store = ConversationStore(self._connection)
        self.settings = SettingsService(folder / "settings.json")
        self.chat = ChatService(
            self.store, self._background, lambda _name: self._backend, OneModel(), self.settings
        )
        self.erased: list[list[str]] = []
        self.chat.conversations_erased.connect(self.erased.append)

    def send(self, conversation_id: int | None) -> tuple[int, ChatRequest]:
        with self._qtbot.waitSignal(self.chat.turn_finished):
            sent = self.chat.send(conversation_id, "Go")
        assert sent is not None
        return sent, self._backend.requests[-1]

    def close(self) -> None:
        self.chat.close()
        self._background.close(self._backend.aclose)
        self._connection.close()


@pytest.fixture
def world(tmp_path: Path, qtbot: QtBot) -> Iterator[World]:
    world = World(tmp_path, qtbot)
    yield world
    world.close()


def test_the_nearest_options_make_the_request(world: World) -> None:
    world.settings.update(
        temperature=0.1, max_tokens=10, thinking_budget=100, models={"m": Options(temperature=0.2, top_k=2)}
    )
    conversation, request = world.send(None)
    assert (request.sampling.temperature, request.sampling.top_k, request.sampling.max_tokens) == (0.2, 2, 10)
    assert request.thinking_budget == 100
    world.chat.setup.set_options(conversation, Options(top_k=3, thinking_budget=0, stop=("END",)))
    _, request = world.send(conversation)
    assert (request.sampling.temperature, request.sampling.top_k, request.sampling.stop) == (0.2, 3, ("END",))
    assert request.thinking_budget == 0


def test_what_is_inherited_is_the_models_and_then_the_settings(world: World) -> None:
    world.settings.update(max_tokens=10, models={"m": Options(top_k=2)})
    assert world.chat.setup.inherited() == Options(max_tokens=10, top_k=2)


def test_a_new_chat_is_set_up_before_its_first_message(world: World) -> None:
    world.chat.setup.set_private(None, True)
    world.chat.setup.set_options(None, Options(seed=5))
    conversation, request = world.send(None)
    assert (request.cache_key, request.sampling.seed) == (None, 5)
    assert world.chat.setup.of(conversation) == (True, Options(seed=5))
    assert world.chat.setup.of(None) == (False, Options())
    other, request = world.send(None)
    assert (request.cache_key, request.sampling.seed) == (str(other), None)


def test_a_new_chat_that_could_not_begin_keeps_its_set_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_values: object) -> None:
        raise StorageFailed("The disk is full.")

    world.chat.setup.set_private(None, True)
    with monkeypatch.context() as patch:
        patch.setattr(ConversationStore, "begin", full)
        assert world.chat.send(None, "Go") is None
    assert world.chat.setup.of(None)[0]


def test_becoming_private_forgets_what_is_on_disk(world: World, qtbot: QtBot) -> None:
    conversation, request = world.send(None)
    assert request.cache_key == str(conversation)
    with qtbot.waitSignal(world.chat.conversations_changed):
        world.chat.setup.set_private(conversation, True)
    assert world.erased == [[str(conversation)]]
    assert world.send(conversation)[1].cache_key is None
    world.chat.setup.set_private(conversation, False)
    assert world.erased == [[str(conversation)]]
    assert world.send(conversation)[1].cache_key == str(conversation)


def test_at_the_start_what_is_left_of_private_ones_is_forgotten(world: World) -> None:
    world.chat.setup.forget_private()
    assert world.erased == []
    private = world.store.create("private")
    world.store.create("other")
    world.store.set_private(private.id, True)
    world.chat.setup.forget_private()
    assert world.erased == [[str(private.id)]]


def test_what_can_t_be_read_is_private(world: World, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object) -> None:
        raise StorageFailed("The disk is broken.")

    conversation, _ = world.send(None)
    with monkeypatch.context() as patch, qtbot.waitSignal(world.chat.failed):
        patch.setattr(ConversationStore, "get", broken)
        assert world.chat.setup.of(conversation) == (True, Options())


def test_what_can_t_be_stored_is_said_and_not_so(
    world: World, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise StorageFailed("The disk is full.")

    conversation, _ = world.send(None)
    with monkeypatch.context() as patch:
        patch.setattr(ConversationStore, "set_private", full)
        patch.setattr(ConversationStore, "set_options", full)
        with qtbot.waitSignal(world.chat.failed):
            world.chat.setup.set_private(conversation, True)
        with qtbot.waitSignal(world.chat.failed):
            world.chat.setup.set_options(conversation, Options(seed=1))
    assert world.chat.setup.of(conversation) == (False, Options())
    assert world.erased == []
