"""Bringing a model's files in: copied whole or not at all, moved without ever being at risk."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from models import bringing
from models.bringing import bring, sweep
from models.errors import BadName, ImportFailed, NoSpace, StorageFailed
from models.importing import Candidate, How, gather
from models.library import Library
from models.removal import delete_files
from models.verification import verify
from models.watching import Stopped, Watch
from tests.fixtures.gguf_writer import Gguf
from tests.fixtures.tiny_gguf import write_tiny
from tests.models.test_importing import split


class Place:
    """A library with its folder, and a folder of the user's with one model."""

    def __init__(self, folder: Path) -> None:
        self.own = folder / "mine"
        self.models = folder / "inshore" / "models"
        self.own.mkdir()
        self.library = Library(self.models, folder / "starter")
        self.file = write_tiny(self.own / "Tiny.Q8_0.gguf")

    def candidate(self, path: Path | None = None) -> Candidate:
        (one,) = gather([path or self.file]).candidates
        return one

    def here(self) -> list[str]:
        return sorted(
            str(path.relative_to(self.models))
            for path in self.models.rglob("*")
            if path.name != "library.json" and path.is_file()
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def other_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bringing, "_same_disk", lambda _candidate, _folder: False)


def test_used_in_place_nothing_is_written_but_the_list(place: Place) -> None:
    model = bring(place.candidate(), How.IN_PLACE, place.library, place.models).model
    assert (model.path, model.source) == (place.file, "added")
    assert place.here() == []


def test_a_copy_has_its_name_its_hash_and_its_progress(place: Place) -> None:
    told: list[tuple[int, int]] = []
    data = place.file.read_bytes()

    model = bring(
        place.candidate(),
        How.COPY,
        place.library,
        place.models,
        Watch(lambda done, total: told.append((done, total))),
    ).model

    assert model.path == place.models / "imported" / "Tiny.Q8_0" / "Tiny.Q8_0.gguf"
    assert model.path.read_bytes() == data == place.file.read_bytes()
    assert model.source == "imported"
    assert model.origin is not None
    assert model.origin.sha256 == (hashlib.sha256(data).hexdigest(),)
    assert told[-1] == (len(data), len(data))
    assert [one.intact for one in verify(place.library.get(model.id))] == [True]
    assert model.path.stat().st_mode & 0o077 == 0 or os.name != "posix"


def test_a_copy_that_changed_since_is_noticed_by_verifying(place: Place) -> None:
    model = bring(place.candidate(), How.COPY, place.library, place.models).model
    with model.path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x01")
    assert [one.intact for one in verify(model)] == [False]


def test_moving_within_a_disk_renames_and_keeps_the_id(place: Place) -> None:
    added = place.library.add(place.file)
    inode = place.file.stat().st_ino

    model = bring(place.candidate(), How.MOVE, place.library, place.models).model

    assert model.id == added.id
    assert model.path.stat().st_ino == inode
    assert not place.file.exists()
    assert [one.id for one in place.library.models()] == [added.id]


@pytest.mark.usefixtures("other_disk")
def test_moving_to_another_disk_takes_the_original_last(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = place.file.read_bytes()
    add, seen = place.library.add, []

    def watched(path: Path, **how: object) -> object:
        seen.append((path.read_bytes() == data, place.file.exists()))
        return add(path, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(place.library, "add", watched)
    model = bring(place.candidate(), How.MOVE, place.library, place.models).model

    assert seen == [(True, True)]
    assert not place.file.exists()
    assert model.path.read_bytes() == data


@pytest.mark.usefixtures("other_disk")
def test_a_disk_that_gives_back_something_else_costs_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = bringing._Bringing._copy_one

    def bad(self: bringing._Bringing, source: Path, part: Path) -> str:
        found = whole(self, source, part)
        with part.open("r+b") as file:
            file.write(b"?")
        return found

    monkeypatch.setattr(bringing._Bringing, "_copy_one", bad)
    with pytest.raises(ImportFailed, match="did not give back"):
        bring(place.candidate(), How.MOVE, place.library, place.models)
    assert place.file.exists()
    assert place.here() == []


@pytest.mark.usefixtures("other_disk")
def test_an_original_that_changes_meanwhile_stays(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    add = place.library.add

    def slow(path: Path, **how: object) -> object:
        os.utime(place.file, (1, 1))
        return add(path, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(place.library, "add", slow)
    brought = bring(place.candidate(), How.MOVE, place.library, place.models)
    assert place.file.exists()
    assert "changed meanwhile" in brought.notice


@pytest.mark.parametrize("how", [How.COPY, How.MOVE])
def test_a_split_model_goes_as_one(place: Place, how: How) -> None:
    paths = split(place.own)
    model = bring(place.candidate(paths[1]), how, place.library, place.models).model
    assert [path.name for path in sorted(model.path.parent.iterdir())] == [path.name for path in paths]
    assert model.path.name == paths[0].name
    assert len(verify(model)) == 2
    assert all(path.exists() is (how is How.COPY) for path in paths)
    assert len(delete_files(model, place.models)) == 2
    assert place.here() == []


def test_the_same_name_twice_are_two_folders(place: Place) -> None:
    first = bring(place.candidate(), How.COPY, place.library, place.models).model
    again = bring(place.candidate(), How.COPY, place.library, place.models).model
    assert first.path.parent.name == "Tiny.Q8_0"
    assert again.path.parent.name == "Tiny.Q8_0-2"
    assert first.id != again.id


def test_what_lies_in_inshores_folder_is_not_brought_there_again(place: Place) -> None:
    model = bring(place.candidate(), How.COPY, place.library, place.models).model
    again = bring(place.candidate(model.path), How.MOVE, place.library, place.models).model
    assert again == model


@pytest.mark.parametrize(("how", "after"), [(How.COPY, 0), (How.COPY, 5), (How.MOVE, 5), (How.MOVE, 25)])
@pytest.mark.usefixtures("other_disk")
def test_stopping_leaves_the_original_and_nothing_else(
    place: Place, how: How, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        bringing, "_CHUNK_BYTES", 1 + place.file.stat().st_size // 20
    )  # copied, then read back
    told: list[int] = []
    watch = Watch(lambda done, _total: told.append(done), lambda: len(told) == after)
    with pytest.raises(Stopped):
        bring(place.candidate(), how, place.library, place.models, watch)
    assert len(told) == after
    assert place.file.exists()
    assert place.here() == []
    assert place.library.models() == []


def test_f09_without_space_nothing_is_begun(place: Place) -> None:
    size = place.file.stat().st_size
    with pytest.raises(NoSpace) as raised:
        bring(
            place.candidate(),
            How.COPY,
            place.library,
            place.models,
            free=lambda _folder: (512 << 20) + size - 7,
        )
    assert raised.value.needed_bytes == 7
    assert place.here() == []


def test_f09_a_disk_that_fills_up_meanwhile_keeps_no_half(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int, _data: memoryview) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(bringing, "_write", full)
    with pytest.raises(NoSpace):
        bring(place.candidate(), How.COPY, place.library, place.models)
    assert place.here() == []
    assert list((place.models / "imported").iterdir()) == []


@pytest.mark.parametrize("how", [How.COPY, How.MOVE])
def test_a_list_that_cannot_be_written_leaves_the_original_where_it_was(
    place: Place, how: How, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_path: Path, **_how: object) -> object:
        raise StorageFailed("no")

    candidate = place.candidate()
    monkeypatch.setattr(place.library, "add", broken)
    with pytest.raises(StorageFailed):
        bring(candidate, how, place.library, place.models)
    assert place.file.exists()
    assert place.here() == []


def test_s07_a_link_is_never_moved_and_a_copy_of_it_is_a_file(place: Place) -> None:
    link = place.own / "link.gguf"
    link.symlink_to(place.file)
    with pytest.raises(ImportFailed, match="is a link"):
        bring(place.candidate(link), How.MOVE, place.library, place.models)
    model = bring(place.candidate(link), How.COPY, place.library, place.models).model
    assert not model.path.is_symlink()
    assert link.is_symlink()
    assert place.file.exists()


def test_s07_a_link_in_inshores_folder_leads_nothing_out(place: Place, tmp_path: Path) -> None:
    elsewhere = tmp_path / "ssh"
    elsewhere.mkdir()
    place.models.mkdir(parents=True)
    (place.models / "imported").symlink_to(elsewhere)
    with pytest.raises(BadName):
        bring(place.candidate(), How.COPY, place.library, place.models)
    (elsewhere / "x").mkdir()
    (elsewhere / "x" / "key.part").write_text("secret")
    sweep(place.models)
    assert (elsewhere / "x" / "key.part").exists()


@pytest.mark.parametrize(
    "name", ["CON.gguf", "a:b.gguf", " .gguf", "x" * 240 + ".gguf", "ends. .gguf", "sha256-12"]
)
def test_any_name_becomes_one_that_every_system_can_have(place: Place, name: str) -> None:
    Gguf().write(place.own / name)
    model = bring(place.candidate(place.own / name), How.COPY, place.library, place.models).model
    assert model.path.suffix == ".gguf"
    assert len(model.path.name) < 140
    assert not set(model.path.name) & set('<>:"|?*\\')
    assert model.path.parent.parent == place.models / "imported"


KILLED = """
import sys
from pathlib import Path
from models import bringing
from models.importing import How, gather
from models.library import Library
def stay(handle, data):
    print("WRITING", flush=True)
    sys.stdin.read()
bringing._write = stay
models = Path(sys.argv[2])
bringing.bring(gather([Path(sys.argv[1])]).candidates[0], How.COPY, Library(models, models), models)
"""


@pytest.mark.skipif(os.name != "posix", reason="locks of folders")
def test_f21_what_a_kill_left_is_swept_but_never_what_still_runs(place: Place) -> None:
    command = [sys.executable, "-c", KILLED, str(place.file), str(place.models)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "WRITING\n"
        sweep(place.models)
        assert place.here() == ["imported/Tiny.Q8_0/Tiny.Q8_0.gguf.part"]
        child.kill()
    sweep(place.models)
    assert place.here() == []
    assert place.file.exists()
