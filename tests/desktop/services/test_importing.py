"""Looking at files and bringing models in, beside the window's thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.background import Background
from desktop.services.importing import Ended, ImportService, Proposal
from desktop.services.models import ModelService
from models import bringing
from models.bringing import Brought
from models.errors import ImportFailed
from models.importing import Candidate, How
from models.library import Library
from models.watching import Watch
from tests.fixtures.tiny_gguf import write_tiny


class Scene:
    """The service, its library, and one model of the user's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "inshore"
        self.models = ModelService(Library(self.folder, folder / "starter"))
        self.background = Background()
        self.released = 0
        self.file = write_tiny(folder / "mine.gguf")
        self.service = self.make(must_release=False)

    def make(self, *, must_release: bool) -> ImportService:
        async def release(_path: Path) -> None:
            self.released += 1

        return ImportService(self.models, self.folder, self.background, release, must_release=must_release)

    def look(self, qtbot: QtBot, *paths: Path) -> Proposal:
        with qtbot.waitSignal(self.service.looked) as waited:
            self.service.look(paths)
        assert waited.args is not None
        proposal: Proposal = waited.args[0]
        return proposal

    def bring(self, qtbot: QtBot, candidates: list[Candidate], how: How) -> Ended:
        with qtbot.waitSignal(self.service.ended) as waited:
            self.service.bring(candidates, how)
        assert waited.args is not None
        ended: Ended = waited.args[0]
        return ended


@pytest.fixture
def scene(tmp_path: Path, qtbot: QtBot) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    yield scene

    async def farewell() -> None:
        return

    scene.background.close(farewell)


def test_looking_tells_what_is_there_and_how_much_room(scene: Scene, qtbot: QtBot, tmp_path: Path) -> None:
    proposal = scene.look(qtbot, scene.file, tmp_path / "gone.gguf")
    assert [one.path for one in proposal.gathered.candidates] == [scene.file]
    assert len(proposal.gathered.refused) == 1
    assert proposal.free_bytes > 0
    assert not scene.folder.exists()  # looking makes nothing


def test_a_copy_is_told_on_its_way_and_is_in_the_list_at_its_end(scene: Scene, qtbot: QtBot) -> None:
    candidates = list(scene.look(qtbot, scene.file).gathered.candidates)
    told: list[tuple[int, int]] = []
    scene.service.progressed.connect(lambda done, total: told.append((done, total)))

    with qtbot.waitSignal(scene.models.changed):
        ended = scene.bring(qtbot, candidates, How.COPY)

    (brought,) = ended.brought
    assert scene.models.named(brought.model.id) == brought.model
    assert not scene.service.busy
    assert all(done <= total for done, total in told)


def test_one_that_fails_does_not_keep_the_others_out(scene: Scene, qtbot: QtBot, tmp_path: Path) -> None:
    other = write_tiny(tmp_path / "other.gguf")
    candidates = list(scene.look(qtbot, scene.file, other).gathered.candidates)
    scene.file.unlink()

    ended = scene.bring(qtbot, candidates, How.COPY)

    assert [one.model.id for one in ended.brought] == ["other"]
    ((candidate, error),) = ended.failed
    assert candidate.path == scene.file
    assert isinstance(error, ImportFailed)


def test_cancelling_ends_it_and_leaves_nothing_but_what_was_in(
    scene: Scene, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = write_tiny(scene.file.with_name("other.gguf"), context=64)
    candidates = list(scene.look(qtbot, scene.file, other).gathered.candidates)
    writing, never = threading.Event(), threading.Event()
    watches: list[Watch] = []
    write, bring = bringing._write, bringing.bring

    def slow(handle: int, data: memoryview) -> None:
        if len(watches) == 2:
            writing.set()
        while len(watches) == 2 and not watches[-1].stop():
            never.wait(0.01)
        write(handle, data)

    def followed(candidate: Candidate, how: How, library: Library, folder: Path, watch: Watch) -> Brought:
        watches.append(watch)
        return bring(candidate, how, library, folder, watch)

    monkeypatch.setattr(bringing, "_write", slow)
    monkeypatch.setattr(bringing, "bring", followed)
    with qtbot.waitSignal(scene.service.ended) as waited:
        scene.service.bring(candidates, How.COPY)
        qtbot.waitUntil(writing.is_set)
        scene.service.cancel()

    (ended,) = waited.args
    assert ended.stopped
    assert [one.model for one in ended.brought] == scene.models.models()
    assert len(ended.brought) == 1
    assert len(list(scene.folder.rglob("*.gguf*"))) == 1
    assert scene.file.exists()
    assert other.exists()


@pytest.mark.parametrize(("must", "times"), [(True, 1), (False, 0)])
def test_where_an_open_file_cannot_be_moved_the_engine_lets_go_first(
    scene: Scene, qtbot: QtBot, must: bool, times: int
) -> None:
    scene.service = scene.make(must_release=must)
    candidates = list(scene.look(qtbot, scene.file).gathered.candidates)
    assert len(scene.bring(qtbot, candidates, How.MOVE).brought) == 1
    assert scene.released == times
