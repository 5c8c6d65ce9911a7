"""The settings of what counts in the hybrid mode, and of how strictly pictures are held."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QComboBox, QLabel
from pytestqt.qtbot import QtBot

from desktop.services.settings import SettingsService
from desktop.ui.settings.page import SettingsPage
from desktop.ui.settings.preference import in_numbers
from desktop.ui.theme import Appearance
from models.policies import BALANCED, BEST, Preference
from models.route import Privacy


def test_what_is_chosen_is_kept_and_said_in_words_and_numbers(
    look: Appearance, qtbot: QtBot, tmp_path: Path
) -> None:
    page = SettingsPage(SettingsService(tmp_path / "settings.json"), tmp_path)
    qtbot.addWidget(page)
    choice, meaning = page.findChild(QComboBox, "preference"), page.findChild(QLabel, "preference-meaning")
    assert choice is not None
    assert meaning is not None
    assert choice.currentText() == "Balanced"
    choice.setCurrentIndex(choice.findText("Thrifty"))
    choice.activated.emit(choice.currentIndex())
    assert SettingsService(tmp_path / "settings.json").values.preference is Preference.THRIFTY
    assert meaning.text().startswith("Answers on this machine whenever it can")


def test_how_strictly_pictures_are_held_is_kept(look: Appearance, qtbot: QtBot, tmp_path: Path) -> None:
    page = SettingsPage(SettingsService(tmp_path / "settings.json"), tmp_path)
    qtbot.addWidget(page)
    choice = page.findChild(QComboBox, "picture-privacy")
    assert choice is not None
    assert choice.currentText() == "As the conversation that they are in"
    choice.setCurrentIndex(2)
    choice.activated.emit(2)
    assert SettingsService(tmp_path / "settings.json").values.picture_privacy is Privacy.HERE


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (BALANCED, ("Up to 7 points below", "slower than 5 tokens/s", "more than ¥0.5")),
        (BEST, ("slower than 5 tokens/s", "within your budgets")),
    ],
)
def test_its_numbers_are_the_policys(policy: object, words: tuple[str, ...]) -> None:
    said = in_numbers(policy)  # type: ignore[arg-type]
    assert all(each in said for each in words)
