"""The gateways' part: what a backend gets of a provider, and the ways back that the window offers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.background import Background
from desktop.parts import gateway as part
from desktop.parts.gateway import Gateway
from desktop.services.keys import Known
from desktop.services.settings import SettingsService
from desktop.system.keys import Keys
from desktop.ui.notice import Notice
from models.errors import BadInput, ModelNotFound
from tests.fixtures.gateways import Check
from tests.fixtures.keyrings import CANARY, MemoryHolder, keyring_of


class Window(QWidget):
    """What the part uses of the window."""

    def __init__(self) -> None:
        super().__init__()
        self.notice = Notice(self)
        self.warnings: list[str] = []

    def warn(self, words: str) -> None:
        self.warnings.append(words)


class Scene:
    """The part with the real kinds of gateway and a keyring in memory."""

    def __init__(self, folder: Path) -> None:
        self.window, self.holder, self.background = Window(), MemoryHolder(), Background()
        keys = Keys(keyring_of(self.holder))
        self.gateway = Gateway(
            self.window,  # type: ignore[arg-type]  # as much of it as is needed
            SettingsService(folder / "settings.json"),
            self.background,
            self.window,
            check=Check(),
            make_keys=lambda _asked: keys,
        )
        self.providers = self.gateway.providers

    def wait(self, qtbot: QtBot, known: Known) -> None:
        qtbot.waitUntil(lambda: self.providers.keys.state("xidao").known is known)


@pytest.fixture
def scene(qtbot: QtBot, tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    qtbot.addWidget(scene.window)
    scene.window.resize(600, 400)
    scene.window.show()
    yield scene

    async def nothing() -> None:
        pass

    scene.background.close(nothing)


def test_a_provider_becomes_a_connection(scene: Scene) -> None:
    server = scene.providers.add("vllm", "http://localhost:9000/v1", name="Here")
    found = scene.gateway.connection(server.id)
    assert (found.id, found.name, found.base_urls) == ("here", "Here", ("http://localhost:9000/v1",))
    assert scene.gateway.connection("xidao").base_urls == ("https://api.xidao.online/v1",)


def test_what_is_not_set_up_is_said(scene: Scene) -> None:
    with pytest.raises(ModelNotFound, match="not set up"):
        scene.gateway.connection("gone")
    scene.providers.add("other")
    with pytest.raises(BadInput, match="address"):
        scene.gateway.connection("other")


def test_a_backend_gets_all_keys_in_their_order(scene: Scene, qtbot: QtBot) -> None:
    scene.holder.entries = {"xidao": CANARY, "xidao/2": "sk-second-0002"}
    assert asyncio.run(scene.gateway.keys_of("xidao")) == (CANARY, "sk-second-0002")
    assert asyncio.run(scene.gateway.keys_of("deepseek")) == ()


def test_removing_is_undone_from_the_notice(scene: Scene, qtbot: QtBot) -> None:
    card = scene.gateway.make_card()
    qtbot.addWidget(card)
    scene.providers.keys.add("xidao", CANARY)
    scene.wait(qtbot, Known.STORED)
    for name in ("forget-key-xidao", "remove-gateway-xidao"):
        button = card.findChild(QPushButton, name)
        assert button is not None
        button.click()
        scene.wait(qtbot, Known.ABSENT)
        undo = scene.window.findChild(QPushButton, "notice-action")
        assert undo is not None
        assert undo.isVisible()
        undo.click()
        scene.wait(qtbot, Known.STORED)
    assert scene.holder.entries == {"xidao": CANARY}


def test_a_link_is_opened_after_a_question(
    scene: Scene, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    answers = iter([False, True])
    monkeypatch.setattr(part, "confirm_link", lambda _parent, _address: next(answers))
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    card = scene.gateway.make_card()
    qtbot.addWidget(card)
    for _ in range(2):
        card.link_activated.emit("https://www.xidao.online/")
    assert opened == ["https://www.xidao.online/"]
