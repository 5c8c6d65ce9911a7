"""The whole program in tests: in a home of its own, with a fake engine, and with a gateway that is played."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.app import Program
from desktop.storage.conversations import Status, StoredMessage
from desktop.system.keys import Keys
from desktop.system.paths import Paths
from desktop.system.providers import Provider
from desktop.ui.theme import Appearance
from models.chat import Finished, FinishReason, TextDelta, Timings, Usage
from models.fake import FakeBackend, Step
from models.library import LocalModel
from models.local.measures import MachineSpeed
from tests.fixtures.keyrings import MemoryHolder, keyring_of
from tests.gateway_server import GatewayServer
from tests.gateway_server.scripts import respond as usual
from tests.gateway_server.server import Received, Reply

THERE = "xidao/qwen3-235b"
CODE = "Write a Python function that sorts a list of dictionaries by a key, with tests."
"""What the router would rather ask a gateway."""
HERE: list[Step] = [TextDelta("From here."), Finished(FinishReason.STOP, Usage(), Timings())]


class Here(FakeBackend):
    """The shipped fake on an ordinary machine."""

    async def gauge(self) -> MachineSpeed:
        return MachineSpeed(20e9, ())


def made(home: Path, look: Appearance, engine: FakeBackend) -> Program:
    """A program over what is kept in the home, its window not shown yet; `closed` ends it."""
    paths = Paths.find({"INSHORE_HOME": str(home)})
    paths.create()
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    program = Program(app, look, paths)
    program.__dict__["local"] = engine
    return program


def closed(program: Program) -> None:
    """End it, and take its window apart."""
    program._close()
    program.window.destroy_now()
    program.setParent(None)


@contextmanager
def running(home: Path, look: Appearance, engine: FakeBackend) -> Iterator[Program]:
    """One whose window is shown."""
    program = made(home, look, engine)
    program.window.show()
    try:
        yield program
    finally:
        closed(program)


@contextmanager
def beside_a_gateway(
    home: Path, look: Appearance, gateway: GatewayServer, holder: MemoryHolder
) -> Iterator[Program]:
    """One with a model here, and with a gateway that is not allowed yet."""
    with running(home, look, Here(HERE, HERE, HERE)) as program:
        here = [LocalModel("small", "Small", Path("small"), 1, "added")]
        program.models.models = lambda: here  # type: ignore[method-assign]
        program.models.changed.emit()
        program.gateway.keys._make = lambda _asked: Keys(keyring_of(holder))
        program.settings.update(providers=(Provider("xidao", "xidao", "XiDao", (gateway.url,)),))
        yield program


def reply(gateway: GatewayServer, *replies: Reply) -> None:
    """What the next questions are answered with; other requests are answered as usual."""
    waiting = list(replies)

    def respond(request: Received) -> Reply:
        asked = request.path.endswith("/chat/completions")
        return waiting.pop(0) if asked and waiting else usual(request)

    gateway.respond = respond


def pick(program: Program, name: str) -> None:
    """Choose a model in the picker's menu."""
    menu = program.page.picker.menu()
    menu.aboutToShow.emit()
    action = next(a for a in menu.actions() if a.objectName() == f"answerer-{name}")
    assert isinstance(action, QAction)
    action.trigger()


def press(program: Program, name: str) -> None:
    buttons = [b for b in program.window.findChildren(QPushButton, name) if b.isVisible()]
    QTest.mouseClick(buttons[-1], Qt.MouseButton.LeftButton)


def send(program: Program, words: str) -> None:
    program.page.composer.edit.setPlainText(words)
    program.page.composer.edit.submitted.emit()


def last(program: Program) -> StoredMessage:
    assert program.page.conversation is not None
    return program.chat.messages(program.page.conversation)[-1]


def shown(program: Program) -> str:
    """The line under the newest answer."""
    return str(program.window.findChildren(QWidget, "status-line")[-1].property("text"))


def ended(program: Program, qtbot: QtBot) -> StoredMessage:
    """The newest answer, once nobody writes it any more."""
    qtbot.waitUntil(lambda: last(program).status is not Status.RUNNING)
    return last(program)


def ask_there(program: Program, qtbot: QtBot, model: str = THERE) -> StoredMessage:
    """The first question to the gateway, which is allowed when it is asked about."""
    pick(program, model)
    send(program, "Hello?")
    qtbot.waitUntil(lambda: last(program).error is not None)
    press(program, "next-step")
    return ended(program, qtbot)
