"""The settings while the program runs: a change is written at once and told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.services.settings import SettingsService
from desktop.system.options import Options


@pytest.fixture
def service(tmp_path: Path) -> SettingsService:
    return SettingsService(tmp_path / "settings.json")


def test_a_models_context_is_set_beside_its_other_options(
    service: SettingsService, qtbot: QtBot, tmp_path: Path
) -> None:
    service.update(models={"m": Options(top_k=3)})
    with qtbot.waitSignal(service.changed):
        service.set_context("m", 8192)
    assert service.context_for("m") == 8192
    assert json.loads((tmp_path / "settings.json").read_text())["models"] == {
        "m": {"top_k": 3, "context": 8192}
    }
    service.set_context("m", None)
    assert service.values.models == {"m": Options(top_k=3)}
    service.set_context("n", None)
    assert "n" not in service.values.models


def test_what_does_not_differ_is_not_told(service: SettingsService, qtbot: QtBot) -> None:
    service.set_context("m", 4096)
    with qtbot.assertNotEmitted(service.changed):
        service.set_context("m", 4096)


def test_what_can_t_be_written_holds_all_the_same_and_is_said(qtbot: QtBot, tmp_path: Path) -> None:
    service = SettingsService(tmp_path / "gone" / "settings.json")
    with qtbot.waitSignals([service.failed, service.changed]):
        service.set_context("m", 4096)
    assert service.context_for("m") == 4096
