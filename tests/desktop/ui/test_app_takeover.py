"""The whole window when an answer fails, here or at a gateway: who goes on, what is asked, what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from desktop.app import Program
from desktop.storage.conversations import Status
from desktop.system.keys import Keys
from desktop.system.paths import Paths
from desktop.system.providers import Provider
from desktop.ui.theme import Appearance
from models.library import LocalModel
from models.routing import Mode
from tests.desktop.ui.test_app_remote import HERE, Here, ended, last, send
from tests.fixtures.keyrings import CANARY, MemoryHolder, keyring_of
from tests.gateway_server import GatewayServer

CODE = "Write a Python function that sorts a list of dictionaries by a key, with tests."


@pytest.fixture
def gateway() -> Iterator[GatewayServer]:
    with GatewayServer() as server:
        yield server


@pytest.fixture
def program(
    look: Appearance, qtbot: QtBot, tmp_path: Path, gateway: GatewayServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Program]:
    """A window in the hybrid mode with a model here and an allowed gateway."""
    holder = MemoryHolder()
    holder.entries["xidao"] = CANARY
    paths = Paths.find({"INSHORE_HOME": str(tmp_path / "home")})
    paths.create()
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    program = Program(app, look, paths)
    program.__dict__["local"] = Here(HERE, HERE, HERE)
    here = [LocalModel("small", "Small", Path("small"), 1, "added")]
    monkeypatch.setattr(program.models, "models", lambda: here)
    program.models.changed.emit()
    program.gateway.keys._make = lambda _asked: Keys(keyring_of(holder))
    program.settings.update(
        providers=(Provider("xidao", "xidao", "XiDao", (gateway.url,)),), allowed=("xidao",), mode=Mode.HYBRID
    )
    qtbot.addWidget(program.window)
    program.window.show()
    yield program
    program._close()
    program.setParent(None)


def said(program: Program) -> str:
    return str(program.window.notice._words.text())


def test_a_message_names_who_answers_it_and_only_it(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    send(program, "@qwen3-235b Hi!")
    answer = ended(program, qtbot)
    assert answer.model == "xidao/qwen3-235b"
    assert gateway.chats[0].json["messages"][-1]["content"] == "Hi!"
    assert program.page.composer.text() == ""
    labels = program.window.findChildren(QLabel, "addressed-to")
    assert [label.text() for label in labels if label.isVisible()] == ["To xidao/qwen3-235b"]
    send(program, "Hi again!")
    assert ended(program, qtbot).text == "From here."


def test_an_unknown_name_sends_nothing_and_keeps_the_text(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    send(program, "@quen3-235 Hi!")
    assert program.page.conversation is None
    assert program.page.composer.text() == "@quen3-235 Hi!"
    assert "@xidao/qwen3-235b" in said(program)
    assert gateway.received == []


def test_the_mode_holds_for_a_named_model(program: Program, gateway: GatewayServer) -> None:
    program.chat.answering.set_mode(None, Mode.LOCAL)
    send(program, "@qwen3-235b Hi!")
    assert program.page.conversation is None
    assert "Local only" in said(program)
    assert gateway.received == []


def test_asking_differently_shows_whom_the_message_names(program: Program, qtbot: QtBot) -> None:
    send(program, "@small Hi!")
    assert ended(program, qtbot).status is Status.COMPLETE
    question = program.chat.messages(last(program).conversation_id)[0]
    program.page._edit(question)
    assert program.page.composer.text() == "@small Hi!"
