"""What the widget tests share: the look, applied once, and the whole program beside a gateway."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.app import Program
from desktop.system.paths import resources
from desktop.ui.theme import Appearance
from tests.desktop.ui.programs import beside_a_gateway
from tests.fixtures.keyrings import CANARY, MemoryHolder
from tests.gateway_server import GatewayServer


@pytest.fixture(scope="session")
def shared_look(qapp: QApplication) -> Appearance:
    return Appearance(qapp, resources() / "themes")


@pytest.fixture
def look(shared_look: Appearance, qtbot: QtBot) -> Appearance:
    shared_look.choose("light")
    return shared_look


@pytest.fixture
def gateway() -> Iterator[GatewayServer]:
    with GatewayServer() as server:
        yield server


@pytest.fixture
def holder() -> MemoryHolder:
    """A keyring that has the gateway's key."""
    holder = MemoryHolder()
    holder.entries["xidao"] = CANARY
    return holder


@pytest.fixture
def program(
    tmp_path: Path, look: Appearance, gateway: GatewayServer, holder: MemoryHolder
) -> Iterator[Program]:
    """The window with a model here, and with a gateway that is not allowed yet."""
    with beside_a_gateway(tmp_path / "home", look, gateway, holder) as program:
        yield program
