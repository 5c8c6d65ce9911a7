"""Downloads in the window, with a real hub server: queue, pause, resume, cancel, failures, the next start."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.background import Background
from desktop.services.downloads import Download, DownloadService, State, after
from models import download_values as told
from models.download import Guardian
from models.download_values import Target, Tuning
from models.errors import NetworkError, NotAModel, WrongBytes
from models.library import Library
from models.line import Line
from models.unfinished import Unfinished
from tests.fixtures.downloads import QUICK, REPO
from tests.fixtures.downloads import target as target_of
from tests.fixtures.gguf_writer import Gguf
from tests.hub_server import Fault, HubServer

ONE, OTHER, NO_MODEL = "model-Q4_K_M.gguf", "model-Q8_0.gguf", "web-page.gguf"
SLOW = 500_000


def model_bytes(size: int) -> bytes:
    head = Gguf().to_bytes()
    return head + random.Random(size).randbytes(size - len(head))


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer() as made:
        made.add(REPO, {ONE: model_bytes(700_000), OTHER: model_bytes(800_000), NO_MODEL: bytes(70_000)})
        yield made


class Scene:
    """The service with all that is behind it."""

    def __init__(self, folder: Path, qtbot: QtBot, tuning: Tuning = QUICK) -> None:
        self.folder, self.qtbot = folder, qtbot
        self.background, self.line = Background(), Line()
        self.background.run(self.line.hold(), lambda _outcome: None)
        self.library = Library(folder, folder / "starter")
        self.service = DownloadService(
            self.background,
            lambda: Guardian(self.line.get(), tuning=tuning),
            self.library,
            Unfinished(folder),
        )
        self.done: list[tuple[Download, str]] = []
        self.service.finished.connect(lambda one, model_id: self.done.append((one, model_id)))
        self.errors: list[object] = []
        self.service.failed.connect(self.errors.append)

    def target(self, server: HubServer, *names: str) -> Target:
        return replace(target_of(server, self.folder, names=names), under=REPO)

    def one(self, number: int) -> Download:
        return next(one for one in self.service.all() if one.id == number)

    def wait(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition, timeout=10_000)

    def wait_for(self, number: int, state: State, bytes_: int = 0) -> None:
        self.wait(lambda: self.one(number).state is state and self.one(number).done_bytes >= bytes_)

    def close(self) -> None:
        async def nothing() -> None:
            pass

        self.background.close(nothing)

    def files(self) -> list[str]:
        """Folders may go meanwhile: `rglob` would raise then."""
        return sorted(name for _folder, _folders, names in os.walk(self.folder) for name in names)


@pytest.fixture
def scene(tmp_path: Path, qtbot: QtBot) -> Iterator[Scene]:
    made = Scene(tmp_path / "models", qtbot)
    yield made
    made.close()


def test_a_download_ends_in_the_library_with_its_origin(scene: Scene, server: HubServer) -> None:
    number = scene.service.start(scene.target(server, ONE), "A model")
    assert scene.one(number).name == "A model"
    scene.wait(lambda: bool(scene.done))
    (done, model_id), model = scene.done[0], scene.library.models()[-1]
    assert (done.state, done.done_bytes) == (State.DONE, 700_000)
    assert model.id == model_id
    assert model.origin is not None
    assert model.origin.sha256 == (server.repositories[REPO].sha256_of(ONE),)
    assert scene.service.all() == []
    assert Unfinished(scene.folder).all() == []


def test_they_come_one_after_the_other(scene: Scene, server: HubServer) -> None:
    server.pace_bytes_s = SLOW
    first = scene.service.start(scene.target(server, ONE), "First")
    second = scene.service.start(scene.target(server, OTHER), "Second")
    scene.wait_for(first, State.RUNNING, 1)
    assert scene.one(second).state is State.QUEUED
    server.pace_bytes_s = None
    scene.wait(lambda: len(scene.done) == 2)
    assert [done.name for done, _ in scene.done] == ["First", "Second"]


def test_the_same_is_not_brought_twice(scene: Scene, server: HubServer) -> None:
    server.pace_bytes_s = SLOW
    number = scene.service.start(scene.target(server, ONE), "A model")
    assert scene.service.start(scene.target(server, ONE), "A model") == number


def test_a_pause_keeps_what_came_and_resuming_goes_on(scene: Scene, server: HubServer) -> None:
    server.pace_bytes_s = SLOW
    number = scene.service.start(scene.target(server, ONE), "A model")
    scene.wait_for(number, State.RUNNING, 100_000)
    scene.service.pause(number)
    assert scene.one(number).state is State.PAUSED
    server.pace_bytes_s = None
    scene.service.resume(number)  # at once: it waits until the file is let go
    scene.wait(lambda: bool(scene.done))
    assert (scene.folder / REPO / ONE).read_bytes() == model_bytes(700_000)
    assert server.content_sent() < 700_000 + 5 * (64 << 10)


def test_one_that_waits_can_be_paused_too(scene: Scene, server: HubServer) -> None:
    server.pace_bytes_s = SLOW
    first = scene.service.start(scene.target(server, ONE), "First")
    second = scene.service.start(scene.target(server, OTHER), "Second")
    scene.wait_for(first, State.RUNNING, 1)
    scene.service.pause(second)
    server.pace_bytes_s = None
    scene.wait(lambda: bool(scene.done))
    assert scene.one(second).state is State.PAUSED


def test_cancelling_removes_all_that_came(scene: Scene, server: HubServer) -> None:
    server.pace_bytes_s = SLOW
    number = scene.service.start(scene.target(server, ONE), "A model")
    scene.wait_for(number, State.RUNNING, 100_000)
    assert f"{ONE}.part" in scene.files()
    scene.service.cancel(number)
    assert scene.service.all() == []
    scene.wait(lambda: scene.files() == [])
    assert scene.done == []


def test_cancelling_leaves_what_the_library_has(scene: Scene, server: HubServer) -> None:
    scene.service.start(scene.target(server, ONE), "A model")
    scene.wait(lambda: bool(scene.done))
    server.pace_bytes_s = SLOW
    again = scene.service.start(scene.target(server, ONE), "A model")
    scene.service.pause(again)
    scene.service.cancel(again)
    scene.wait(lambda: Unfinished(scene.folder).all() == [])
    assert (scene.folder / REPO / ONE).exists()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(Fault(flip=1000, times=1000), WrongBytes), (Fault(status=503, times=1000), NetworkError)],
)
def test_a_failure_is_kept_with_its_words_and_can_be_tried_again(
    scene: Scene, server: HubServer, fault: Fault, kind: type[Exception]
) -> None:
    server.faults = [fault]
    number = scene.service.start(scene.target(server, ONE), "A model")
    scene.wait_for(number, State.FAILED)
    assert isinstance(scene.one(number).problem, kind)
    server.faults = []
    scene.service.resume(number)
    assert scene.one(number).problem is None
    scene.wait(lambda: bool(scene.done))


def test_what_is_no_model_is_said_and_cancelling_removes_it(scene: Scene, server: HubServer) -> None:
    number = scene.service.start(scene.target(server, NO_MODEL), "A model")
    scene.wait_for(number, State.FAILED)
    assert isinstance(scene.one(number).problem, NotAModel)
    scene.service.cancel(number)
    scene.wait(lambda: scene.files() == [])


def test_f25_the_next_start_offers_what_was_unfinished(
    tmp_path: Path, qtbot: QtBot, server: HubServer
) -> None:
    server.pace_bytes_s = SLOW
    before = Scene(tmp_path / "models", qtbot)
    number = before.service.start(before.target(server, ONE), "A model")
    before.wait_for(number, State.RUNNING, 100_000)
    before.close()
    asked = len(server.requests)
    server.pace_bytes_s = None

    later = Scene(tmp_path / "models", qtbot)
    try:
        later.service.restore()
        later.wait(lambda: bool(later.service.all()))
        (offered,) = later.service.all()
        assert (offered.name, offered.state) == ("A model", State.PAUSED)
        assert 100_000 <= offered.done_bytes < 700_000
        assert len(server.requests) == asked  # nothing is asked of the hub before it is resumed
        later.service.resume(offered.id)
        later.wait(lambda: bool(later.done))
        assert (tmp_path / "models" / REPO / ONE).read_bytes() == model_bytes(700_000)
        assert server.content_sent() < 700_000 + 5 * (64 << 10)
    finally:
        later.close()


def test_the_limit_can_be_changed_while_it_runs(scene: Scene, server: HubServer) -> None:
    scene.service.set_limit(50_000)
    number = scene.service.start(scene.target(server, ONE), "A model")
    scene.wait_for(number, State.RUNNING, 1)
    assert scene.service.limit_bytes_s == 50_000
    assert scene.done == []
    scene.service.pause(number)  # what waits for its turn under the old limit is let go
    scene.service.set_limit(None)
    scene.service.resume(number)
    scene.wait(lambda: bool(scene.done))


def test_events_become_what_is_shown(scene: Scene, tmp_path: Path) -> None:
    one = Download(1, "A model", Target(REPO, "0" * 40, (), tmp_path), State.RUNNING, 10)
    stalled = after(one, told.Stalled(15.0))
    assert (stalled.state, stalled.note) == (State.STALLED, "Nothing has come for 15 s. Still trying")
    assert after(stalled, told.Progress(10, 100, None, None)).state is State.STALLED
    goes_on = after(stalled, told.Progress(20, 100, 5.0, 16.0))
    assert (goes_on.state, goes_on.note, goes_on.remaining_s) == (State.RUNNING, "", 16.0)
    checking = after(goes_on, told.Checking("x"))
    assert after(checking, told.Progress(20, 100, None, None)).state is State.CHECKING
    assert after(one, told.Retrying("The server fell silent.", 3.0, 1)).note == "The server fell silent."
