"""Every folder has one place, and is this user's alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from desktop.system.paths import Paths, resources, shown
from models.errors import AppError


def test_one_variable_moves_everything(tmp_path: Path) -> None:
    paths = Paths.find({"INSHORE_HOME": str(tmp_path)})
    assert paths == Paths(tmp_path / "config", tmp_path / "data", tmp_path / "cache", tmp_path / "models")
    assert paths.settings_file == tmp_path / "config" / "settings.json"
    assert paths.database == tmp_path / "data" / "inshore.db"
    assert paths.backups == tmp_path / "data" / "backups"
    assert paths.crash_log.parent == paths.lock_file.parent == paths.data


def test_a_relative_home_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Paths.find({"INSHORE_HOME": "here"}).data == tmp_path / "here" / "data"


@pytest.mark.skipif(sys.platform != "linux", reason="the XDG folders")
def test_otherwise_the_platform_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    paths = Paths.find({})
    assert paths.config == tmp_path / ".config" / "Inshore"
    assert paths.data == tmp_path / ".local" / "share" / "Inshore"
    assert paths.models == paths.data / "models"


def test_finding_makes_nothing(tmp_path: Path) -> None:
    Paths.find({"INSHORE_HOME": str(tmp_path / "absent")})
    assert not (tmp_path / "absent").exists()


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_folders_are_private_with_their_new_parents_and_old_parents_stay(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    old.chmod(0o755)
    (old / "home").mkdir()
    (old / "home" / "data").mkdir()
    (old / "home" / "data").chmod(0o777)
    paths = Paths.find({"INSHORE_HOME": str(old / "home")})
    for _ in range(2):
        paths.create()
        assert {each.stat().st_mode & 0o777 for each in (paths.config, paths.data, paths.models)} == {0o700}
    assert old.stat().st_mode & 0o777 == 0o755


def test_f18_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    with pytest.raises(AppError) as caught:
        Paths.find({"INSHORE_HOME": str(tmp_path)}).create()
    assert str(tmp_path / "data") in caught.value.cause
    with pytest.raises(AppError, match="data"):
        Paths.find({"INSHORE_HOME": str(tmp_path / "data")}).create()


@pytest.mark.skipif(sys.platform != "linux", reason="paths are text")
@pytest.mark.parametrize("name", [b"caf\xe9", "天 🚢\n".encode(), b"y" * 200])
def test_f19_a_home_of_any_name(tmp_path: Path, name: bytes) -> None:
    home = tmp_path / os.fsdecode(name)
    paths = Paths.find({"INSHORE_HOME": str(home)})
    paths.create()
    assert paths.data.is_dir()
    shown(paths.data).encode()  # can be printed


def test_the_resources_lie_beside_the_packages() -> None:
    assert (resources() / "themes").is_dir()


def test_a_frozen_program_brings_its_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_MEIPASS", "/opt/inshore", raising=False)
    assert resources() == Path("/opt/inshore/resources")
