"""The hubs' addresses in the settings: taken when the field is left, or refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from desktop.services.settings import SettingsService
from desktop.system.settings import load
from desktop.ui.settings.page import SettingsPage
from desktop.ui.theme import Appearance
from models.hub_addresses import MAIN

MIRROR = "https://mirror.example.org"


class Scene:
    def __init__(self, folder: Path, qtbot: QtBot) -> None:
        self.path = folder / "settings.json"
        self.settings = SettingsService(self.path)
        self.page = SettingsPage(self.settings, folder)
        qtbot.addWidget(self.page)
        self.page.show()
        (self.field,) = self.page.findChildren(QPlainTextEdit, "hub-addresses")
        (self.problem,) = self.page.findChildren(QLabel, "hub-problem")
        (self.reset,) = self.page.findChildren(QPushButton, "hub-reset")

    def type(self, text: str) -> None:
        self.field.setPlainText(text)
        QApplication.sendEvent(self.field, QFocusEvent(QEvent.Type.FocusOut, Qt.FocusReason.TabFocusReason))


@pytest.fixture
def scene(tmp_path: Path, look: Appearance, qtbot: QtBot) -> Scene:
    return Scene(tmp_path, qtbot)


def test_at_first_it_is_the_main_hub(scene: Scene) -> None:
    assert scene.field.toPlainText() == MAIN
    assert scene.reset.isHidden()
    scene.type(MAIN)
    assert not scene.path.exists()  # nothing was changed, so nothing is written


def test_addresses_are_kept_when_the_field_is_left(scene: Scene) -> None:
    scene.type(f"{MAIN}\n\n {MIRROR}/ ")
    assert scene.field.toPlainText() == f"{MAIN}\n{MIRROR}"
    assert load(scene.path)[0].hub_endpoints == (MAIN, MIRROR)
    assert scene.problem.isHidden()


def test_what_can_not_be_used_stays_with_its_reason_and_changes_nothing(scene: Scene) -> None:
    scene.type(f"{MIRROR}\nhttp://192.168.1.5")
    assert "The connection to 192.168.1.5 would not be encrypted." in scene.problem.text()
    assert scene.problem.isVisible()
    assert scene.field.toPlainText().endswith("http://192.168.1.5")
    assert scene.settings.values.hub_endpoints == (MAIN,)
    scene.field.setPlainText(MIRROR)
    assert scene.problem.isHidden()  # while typing, before the field is left
    assert scene.settings.values.hub_endpoints == (MAIN,)


def test_one_click_goes_back_to_the_main_hub(scene: Scene, qtbot: QtBot) -> None:
    scene.type(MIRROR)
    assert scene.reset.isVisible()
    qtbot.mouseClick(scene.reset, Qt.MouseButton.LeftButton)
    assert scene.settings.values.hub_endpoints == (MAIN,)
    assert scene.reset.isHidden()


def test_tab_leaves_the_field(scene: Scene) -> None:
    assert scene.field.tabChangesFocus()
    assert scene.field.accessibleName()
