"""F45: a settings file in any condition costs at most the entries that can't be read."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from desktop.system.options import Options
from desktop.system.settings import Settings, Theme, load, save
from models.chat import Thinking
from models.errors import AppError
from models.routing import Mode

CHOSEN = Settings(
    theme=Theme.DARK,
    model="天",
    mode=Mode.HYBRID,
    thinking=Thinking.ON,
    max_tokens=256,
    temperature=0.7,
    window=(-5, 0, 1180, 780),
    sidebar_width=300,
    send_with_enter=False,
    keep_states=False,
    states_gb=5,
    thinking_budget=512,
    hub_endpoints=("https://huggingface.co", "https://mirror.example.org/hub"),
    hub_signed_in="huggingface.co",
    models={"天": Options(top_k=3, stop=("END",)), "m": Options(context=4096, unknown={"new": [1]})},
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.json"


def names(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


def test_a_first_start_has_the_defaults_and_writes_nothing(path: Path) -> None:
    assert load(path) == (Settings(), [])
    assert names(path) == []


def test_what_is_saved_is_loaded(path: Path) -> None:
    for settings in (CHOSEN, Settings()):
        save(path, settings)
        assert load(path) == (settings, [])
    assert names(path) == ["settings.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 100,
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe{}",
        b'{"theme": "dark"',
        b"[" * 100_000,
        b'{"max_tokens": ' + b"9" * 10_000 + b"}",
        b" " * (2 << 20),
    ],
)
def test_f45_a_corrupt_file_is_kept_and_the_defaults_hold(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    settings, problems = load(path)
    assert settings == Settings()
    assert len(problems) == 2
    assert "settings.bad-1.json" in problems[1]
    save(path, CHOSEN)
    assert path.with_name("settings.bad-1.json").read_bytes() == content
    assert load(path) == (CHOSEN, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("theme", "purple"),
        ("theme", ["dark"]),
        ("theme", None),
        ("model", 5),
        ("model", ""),
        ("mode", {}),
        ("thinking", True),
        ("max_tokens", 0),
        ("max_tokens", True),
        ("max_tokens", 1.5),
        ("max_tokens", 10**400),
        ("temperature", float("nan")),
        ("temperature", "warm"),
        ("temperature", -1),
        ("temperature", 10**400),
        ("window", [1, 2, 3]),
        ("window", [1, 2, 3, "4"]),
        ("window", [0, 0, 0, 0]),
        ("window", [0, 0, 10**9, 1]),
        ("window", "0,0,1,1"),
        ("sidebar_width", -1),
        ("thinking_budget", -1),
        ("models", ["m"]),
        ("models", None),
        ("send_with_enter", 1),
        ("hub_endpoints", "https://mirror.example.org"),
        ("hub_endpoints", [1]),
        ("hub_endpoints", ["https://good.example.org", "ftp://bad.example.org"]),
        ("hub_endpoints", ["http://192.168.1.5"]),
        ("hub_signed_in", "https://hub.example.org/a"),
        ("hub_signed_in", True),
    ],
    ids=lambda value: str(value)[:20],
)
def test_f45_a_wrong_value_costs_only_itself(path: Path, name: str, value: object) -> None:
    content = {"theme": "dark", "model": "kept", "sidebar_width": 300} | {name: value}
    path.write_text(json.dumps(content))
    settings, problems = load(path)
    assert getattr(settings, name) == getattr(Settings(), name)
    assert f"“{name}”" in problems[0]
    kept = {"theme": Theme.DARK, "model": "kept", "sidebar_width": 300}
    for other in kept.keys() - {name}:
        assert getattr(settings, other) == kept[other]
    assert path.with_name("settings.bad-1.json").read_text() == path.read_text()


def test_f45_a_wrong_option_of_a_model_costs_only_itself(path: Path) -> None:
    path.write_text(json.dumps({"models": {"m": {"top_k": -1, "seed": 5}, "n": 7, "o": {"min_p": 0.1}}}))
    settings, problems = load(path)
    assert settings.models == {"m": Options(seed=5), "o": Options(min_p=0.1)}
    assert "“models/m/top_k”" in problems[0]
    assert "“models/n/options”" in problems[1]


def test_f45_entries_of_a_newer_version_survive(path: Path) -> None:
    path.write_text(json.dumps({"theme": "dark", "unknown": 1, "from the future": {"deep": ["天", None]}}))
    settings, problems = load(path)
    assert problems == []
    save(path, settings)
    written = json.loads(path.read_text())
    assert written["from the future"] == {"deep": ["天", None]}
    assert written["unknown"] == 1
    assert written["theme"] == "dark"


def test_f45_a_file_with_a_byte_order_mark_is_read(path: Path) -> None:
    path.write_bytes(b'\xef\xbb\xbf{"theme": "light"}')
    assert load(path) == (Settings(theme=Theme.LIGHT), [])


def test_f45_the_same_damage_is_kept_once_and_another_beside_it(path: Path) -> None:
    for content in (b"one", b"one", b"two"):
        path.write_bytes(content)
        load(path)
    assert names(path) == ["settings.bad-1.json", "settings.bad-2.json", "settings.json"]


def test_f45_a_folder_in_its_place_is_said(path: Path) -> None:
    path.mkdir()
    settings, problems = load(path)
    assert settings == Settings()
    assert str(path) in problems[0]
    with pytest.raises(AppError, match=r"settings\.json"):
        save(path, CHOSEN)
    assert names(path) == ["settings.json"]


def test_f10_a_save_that_fails_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(path, CHOSEN)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AppError) as caught:
        save(path, Settings())
    assert caught.value.title == "Your settings can’t be saved."
    assert "No space left" in caught.value.cause
    assert names(path) == ["settings.json"]
    assert load(path) == (CHOSEN, [])


@pytest.mark.skipif(os.name != "posix", reason="links and modes")
def test_a_link_stays_a_link_and_the_file_is_private(path: Path) -> None:
    target = path.parent / "dotfiles.json"
    target.write_text("{}")
    target.chmod(0o644)
    path.symlink_to(target)
    save(path, CHOSEN)
    assert path.is_symlink()
    assert load(target) == (CHOSEN, [])
    assert target.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(sys.platform != "linux", reason="paths are text")
def test_f19_a_folder_that_is_not_text(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9 \n")
    folder.mkdir()
    save(folder / "settings.json", CHOSEN)
    assert load(folder / "settings.json") == (CHOSEN, [])
