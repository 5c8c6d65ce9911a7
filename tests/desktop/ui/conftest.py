"""What the widget tests share: the look, applied once."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.system.paths import resources
from desktop.ui.theme import Appearance


@pytest.fixture(scope="session")
def shared_look(qapp: QApplication) -> Appearance:
    return Appearance(qapp, resources() / "themes")


@pytest.fixture
def look(shared_look: Appearance, qtbot: QtBot) -> Appearance:
    shared_look.choose("light")
    return shared_look
