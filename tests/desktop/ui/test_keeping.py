"""The settings of what is kept of conversations on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QCheckBox, QComboBox
from pytestqt.qtbot import QtBot

from desktop.services.settings import SettingsService
from desktop.ui.settings.page import SettingsPage
from desktop.ui.theme import Appearance


def test_the_settings_fit_into_a_narrow_window(look: Appearance, qtbot: QtBot, tmp_path: Path) -> None:
    page = SettingsPage(SettingsService(tmp_path / "settings.json"), tmp_path)
    qtbot.addWidget(page)
    page.resize(480, 700)
    page.show()
    body = page.widget()
    assert body is not None
    assert body.minimumSizeHint().width() <= page.viewport().width()


@pytest.mark.parametrize("own", [None, 7])
def test_the_limit_is_chosen_kept_and_shown(
    look: Appearance, qtbot: QtBot, tmp_path: Path, own: int | None
) -> None:
    settings = SettingsService(tmp_path / "settings.json")
    if own is not None:
        settings.update(states_gb=own)
    page = SettingsPage(settings, tmp_path)
    qtbot.addWidget(page)
    limit, keep = page.findChild(QComboBox, "states-gb"), page.findChild(QCheckBox, "keep-states")
    assert limit is not None
    assert keep is not None
    assert limit.currentText() == f"At most {own or 2} GiB"
    index = limit.findText("At most 5 GiB")
    limit.setCurrentIndex(index)
    limit.activated.emit(index)
    assert SettingsService(tmp_path / "settings.json").values.states_gb == 5
    keep.click()
    assert SettingsService(tmp_path / "settings.json").values.keep_states is False
    assert not limit.isEnabled()
