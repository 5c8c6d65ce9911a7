"""Power, disk and all the rest, looked up in one go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from models import nvidia
from models.nvidia import NvidiaCard
from models.power import Power, Source, power
from models.surroundings import disk, look_around, look_around_aside


def _battery(monkeypatch: pytest.MonkeyPatch, look: Callable[[], object]) -> None:
    monkeypatch.setattr(psutil, "sensors_battery", look, raising=False)


@pytest.mark.parametrize(
    ("plugged", "percent", "expected"),
    [
        (True, 100, Power(Source.MAINS, 100)),
        (False, 41.6, Power(Source.BATTERY, 42)),
        (None, 7, Power(Source.UNKNOWN, 7)),
        (False, None, Power(Source.BATTERY, None)),
        (True, 65535, Power(Source.MAINS, None)),
    ],
)
def test_batteries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plugged: bool | None, percent: float, expected: Power
) -> None:
    _battery(monkeypatch, lambda: SimpleNamespace(power_plugged=plugged, percent=percent, secsleft=-1))
    assert power(tmp_path) == expected
    assert bool(expected.note) is (plugged is False)


def test_no_battery_and_a_broken_one_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> object:
        raise FileNotFoundError("/sys/class/power_supply/BAT0/energy_now")

    for look in (broken, lambda: None):
        _battery(monkeypatch, look)
        assert power(tmp_path) == Power()
    monkeypatch.delattr(psutil, "sensors_battery")
    assert power(tmp_path).source is Source.UNKNOWN


@pytest.mark.parametrize(("profile", "saving"), [("low-power\n", True), ("balanced\n", False)])
def test_a_system_that_saves_power(tmp_path: Path, profile: str, saving: bool) -> None:
    (tmp_path / "sys/firmware/acpi").mkdir(parents=True)
    (tmp_path / "sys/firmware/acpi/platform_profile").write_text(profile)
    assert power(tmp_path).saving is saving
    assert ("saves power" in power(tmp_path).note) is saving


def test_the_disk_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    found = disk(tmp_path / "not" / "yet")
    assert found is not None
    assert 0 < found.free_bytes <= found.total_bytes


def test_a_disk_that_can_not_be_asked_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_folder: Path) -> object:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("shutil.disk_usage", gone)
    assert disk(tmp_path) is None


def test_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = NvidiaCard("NVIDIA GeForce RTX 4060", 8188 << 20)
    monkeypatch.setattr(nvidia, "cards", lambda: (card,))
    seen = look_around(tmp_path)
    assert seen.system
    assert seen.processor
    assert seen.threads > 0
    assert 0 < seen.available_bytes <= seen.memory_bytes
    assert seen.nvidia == (card,)
    aside = asyncio.run(look_around_aside(tmp_path))
    assert (aside.processor, aside.cores, aside.nvidia) == (seen.processor, seen.cores, seen.nvidia)


def test_notes_are_what_one_should_know_beside_the_numbers(tmp_path: Path) -> None:
    seen = replace(look_around(tmp_path), nvidia=(), power=Power(Source.MAINS))
    assert seen.notes([]) == []
    seen = replace(
        seen, nvidia=(NvidiaCard("NVIDIA GeForce RTX 4060", 8188 << 20),), power=Power(Source.BATTERY)
    )
    card, battery = seen.notes(["Intel Graphics"])
    assert card.startswith("An NVIDIA card is here (RTX 4060, 8 GB)")
    assert battery == "This machine runs on its battery, so answers may be slower."
    assert seen.notes(["NVIDIA GeForce RTX 4060"]) == [battery]
