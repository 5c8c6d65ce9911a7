"""States on disk: what is kept, for how long, and that the disk's faults cost nothing but time."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from models.local.states import Origin, Shelf, StateStore, model_fingerprint, open_store, trim

ORIGIN = Origin("model", "engine", "context")


def nothing() -> None:
    """Nobody asks for the end."""


class Desk:
    """A store, and a short way to use it."""

    def __init__(self, folder: Path, budget: int = 1000) -> None:
        self.folder = folder / "cache" / "states"
        self.key_file = folder / "state.key"
        self.store = StateStore(Shelf(str(self.folder), str(self.key_file), budget))

    def keep(self, key: str, data: bytes = b"x" * 100, write: Callable[[Path], int] | None = None) -> bool:
        fill = write or (lambda path: path.write_bytes(data))
        return self.store.keep(key, ORIGIN, [1, 2, 3], len(data), fill, nothing)

    def usable(self, key: str) -> bool:
        state = self.store.find(key, ORIGIN)
        return state is not None and self.store.check(state, nothing)

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_what_is_kept_is_found_again_also_by_another_store(desk: Desk, tmp_path: Path) -> None:
    assert desk.keep("7")
    state = Desk(tmp_path).store.find("7", ORIGIN)
    assert state is not None
    assert state.tokens == [1, 2, 3]
    assert state.path.read_bytes() == b"x" * 100
    assert desk.usable("7")
    assert not desk.usable("8")


def test_a_name_tells_nothing_and_one_state_is_two_files(desk: Desk) -> None:
    desk.keep("canary-41d7")
    desk.keep("canary-41d7")
    assert len(desk.files()) == 2
    assert not any("canary" in name for name in desk.files())


@pytest.mark.skipif(os.name != "posix", reason="file modes are of Unix")
def test_s21_states_and_their_key_are_private_under_any_umask(desk: Desk) -> None:
    before = os.umask(0)
    try:
        desk.keep("7")
        desk.key_file.unlink()
        Desk(desk.key_file.parent)
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in (*desk.folder.iterdir(), desk.key_file)}
    assert modes == {0o600}
    assert desk.folder.stat().st_mode & 0o777 == 0o700


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    desk = Desk(tmp_path, budget=300)
    for age, key in enumerate("cab"):
        assert desk.keep(key)
        for path in desk.folder.glob("*.head"):
            os.utime(path, (path.stat().st_mtime - 100 * (3 - age),) * 2)
    assert desk.usable("c")  # using it makes it the newest
    assert desk.keep("d")
    assert [desk.usable(key) for key in "abcd"] == [False, True, True, True]
    assert len(desk.files()) == 6


def test_replacing_a_state_needs_no_room_for_both(tmp_path: Path) -> None:
    desk = Desk(tmp_path, budget=250)
    assert desk.keep("a")
    assert desk.keep("b")
    assert desk.keep("b", b"y" * 120)
    assert desk.usable("a")
    assert desk.usable("b")


def test_one_that_is_larger_than_the_budget_is_not_kept(tmp_path: Path) -> None:
    desk = Desk(tmp_path, budget=50)
    assert not desk.keep("a")
    assert desk.files() == []


def test_forgetting_removes_one_and_clearing_all(desk: Desk) -> None:
    for key in "abc":
        desk.keep(key)
    desk.store.forget("b")
    assert [desk.usable(key) for key in "abc"] == [True, False, True]
    trim(desk.folder, 0)
    assert desk.files() == []


def test_models_that_answer_one_conversation_in_turn_have_a_state_each(desk: Desk) -> None:
    other = replace(ORIGIN, model="other", place="/models/other.gguf")
    assert desk.keep("a")
    assert desk.store.find("a", other) is None
    assert desk.usable("a")
    assert desk.store.keep("a", other, [4], 3, lambda path: path.write_bytes(b"abc"), nothing)
    assert desk.usable("a")
    assert desk.store.find("a", other) is not None
    assert not any(b"models" in path.read_bytes() for path in desk.folder.glob("*.head"))
    desk.store.forget("a")
    assert desk.files() == []


def test_a_smaller_budget_keeps_the_newest(desk: Desk) -> None:
    for age, key in enumerate("abc"):
        desk.keep(key)
        for path in desk.folder.glob("*.head"):
            os.utime(path, (path.stat().st_mtime - 100 * (3 - age),) * 2)
    each = max(path.stat().st_size for path in desk.folder.glob("*.state"))
    trim(desk.folder, 2 * each)
    assert [desk.usable(key) for key in "abc"] == [False, True, True]
    assert len(desk.files()) == 4


def full(path: Path) -> int:
    path.write_bytes(b"half")
    raise OSError(errno.ENOSPC, "No space left on device")


def short(path: Path) -> int:
    return path.write_bytes(b"half") + 4


@pytest.mark.parametrize("write", [full, short, lambda _path: 0])
def test_f11_a_full_disk_keeps_the_old_state_and_leaves_nothing(
    desk: Desk, write: Callable[[Path], int]
) -> None:
    desk.keep("a")
    files = desk.files()
    assert not desk.keep("a", write=write)
    assert not desk.keep("b", write=write)
    assert desk.files() == files
    assert desk.usable("a")


def test_a_disk_that_is_almost_full_is_left_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(desk.key_file)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    assert not desk.keep("a")


def test_a_folder_that_can_not_be_made_means_not_kept(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.folder.parent.write_text("a file is in the way")
    assert not desk.keep("a")
    assert not desk.usable("a")


def test_without_a_key_there_is_no_store(tmp_path: Path) -> None:
    assert open_store(Shelf(str(tmp_path), str(tmp_path / "missing" / "state.key"))) is None


def test_what_a_killed_worker_left_is_swept_when_it_is_old(desk: Desk, tmp_path: Path) -> None:
    desk.keep("a")
    old, new = desk.folder / "old.part", desk.folder / "new.part"
    old.touch()
    new.touch()
    os.utime(old, (1, 1))
    Desk(tmp_path)
    assert not old.exists()
    assert new.exists()


def test_a_fingerprint_tells_model_files_apart(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"a" * (3 << 20))
    os.utime(path, (1, 1))
    prints = [model_fingerprint(str(path))]
    for at in (0, (3 << 20) - 1):
        with path.open("r+b") as file:
            file.seek(at)
            file.write(b"b")
        os.utime(path, (1, 1))
        prints.append(model_fingerprint(str(path)))
    os.utime(path, (2, 2))
    prints.append(model_fingerprint(str(path)))
    assert len(set(prints)) == 4
    assert model_fingerprint(str(path)) == prints[-1]


def test_a_fingerprint_is_of_all_files_of_a_model(tmp_path: Path) -> None:
    first, second = (tmp_path / f"m-0000{number}-of-00002.gguf" for number in (1, 2))
    for path in (first, second):
        path.write_bytes(b"a" * 100)
    before = model_fingerprint(str(first))
    assert model_fingerprint(str(first)) == before
    second.write_bytes(b"b" * 100)
    assert model_fingerprint(str(first)) != before
    second.unlink()
    assert model_fingerprint(str(first)) != before
    first.unlink()
    with pytest.raises(FileNotFoundError):
        model_fingerprint(str(first))
