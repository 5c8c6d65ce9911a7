"""The settings of what may happen when an answer fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from desktop.services.settings import SettingsService
from desktop.system.answering import TakeOver
from desktop.ui.settings.page import SettingsPage
from desktop.ui.theme import Appearance


@pytest.fixture
def settings(tmp_path: Path) -> SettingsService:
    return SettingsService(tmp_path / "settings.json")


@pytest.fixture
def page(look: Appearance, qtbot: QtBot, settings: SettingsService, tmp_path: Path) -> SettingsPage:
    page = SettingsPage(settings, tmp_path)
    qtbot.addWidget(page)
    return page


def pick(page: SettingsPage, name: str, words: str) -> QComboBox:
    choice = page.findChild(QComboBox, name)
    assert choice is not None
    index = choice.findText(words)
    assert index >= 0
    choice.setCurrentIndex(index)
    choice.activated.emit(index)
    return choice


def test_what_is_chosen_holds_and_is_kept(
    page: SettingsPage, settings: SettingsService, tmp_path: Path
) -> None:
    limit = page.findChild(QComboBox, "take-over-nano")
    assert limit is not None
    assert not limit.isEnabled()
    pick(page, "take-over", "Another model goes on, a gateway’s too")
    pick(page, "take-over-nano", "At most ¥0.02")
    pick(page, "floor-tps", "Below 5 tokens/s")
    assert limit.isEnabled()
    again = SettingsService(tmp_path / "settings.json").values
    assert (again.take_over, again.take_over_nano, again.floor_tps) == (TakeOver.ANYWHERE, 20_000_000, 5)


def test_a_value_of_the_file_that_is_not_offered_is_shown(
    page: SettingsPage, settings: SettingsService
) -> None:
    settings.update(floor_tps=7, take_over_nano=30_000_000)
    floor, limit = page.findChild(QComboBox, "floor-tps"), page.findChild(QComboBox, "take-over-nano")
    assert floor is not None
    assert limit is not None
    assert (floor.currentText(), limit.currentText()) == ("Below 7 tokens/s", "At most ¥0.03")
