"""Looking after models' files: when they answered, whether they changed, went or are whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.background import Background
from desktop.services.care import CareService
from desktop.services.models import ModelService
from models.bringing import bring
from models.importing import How, gather
from models.library import Library
from models.noted import Noted
from tests.fixtures.tiny_gguf import write_tiny


class Scene:
    """One model that was copied in, and one used in place."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "inshore"
        library = Library(self.home, folder / "starter")
        self.mine = write_tiny(folder / "mine.gguf")
        (candidate,) = gather([write_tiny(folder / "own" / "copied.gguf")]).candidates
        self.copied = bring(candidate, How.COPY, library, self.home).model
        self.added = library.add(self.mine)
        self.models = ModelService(library)
        self.background = Background()
        self.notes = folder / "notes.json"
        self.care = CareService(self.models, self.background, Noted(self.notes, lambda: 1_700_000_000.0))

    def verified(self, qtbot: QtBot, model_id: str) -> tuple[bool | None, str]:
        self.care.verify(model_id)
        qtbot.waitUntil(lambda: (check := self.care.check(model_id)) is not None and not check.running)
        check = self.care.check(model_id)
        assert check is not None
        return check.good, check.words


@pytest.fixture
def scene(tmp_path: Path, qtbot: QtBot) -> Iterator[Scene]:
    (tmp_path / "own").mkdir()
    scene = Scene(tmp_path)
    yield scene

    async def farewell() -> None:
        return

    scene.background.close(farewell)


def test_when_a_model_answered_survives_a_restart(scene: Scene) -> None:
    scene.care.answered("mine")
    again = CareService(scene.models, scene.background, Noted(scene.notes, lambda: 0.0))
    assert again.used_at(scene.added) == 1_700_000_000.0
    assert again.used_at(scene.copied) is None


def test_a_file_that_is_another_than_when_it_answered_is_known(scene: Scene) -> None:
    scene.care.answered("mine")
    assert not scene.care.has_changed(scene.added)
    os.utime(scene.mine, (1, 1))
    assert scene.care.has_changed(scene.added)
    scene.care.answered("mine")
    assert not scene.care.has_changed(scene.added)


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"mine": {"used_at": "x"}}', b"\xff", b'{"mine": 3}'])
def test_notes_that_make_no_sense_cost_the_notes_only(scene: Scene, content: bytes) -> None:
    scene.notes.write_bytes(content)
    care = CareService(scene.models, scene.background, Noted(scene.notes, lambda: 5.0))
    assert care.used_at(scene.added) is None
    care.answered("mine")
    assert care.used_at(scene.added) == 5.0


def _watch(scene: Scene, qtbot: QtBot) -> None:
    """And let the first look go by, which would see everything."""
    scene.care.watch()
    qtbot.waitUntil(lambda: not scene.care._settle.isActive())


def test_a_file_that_goes_and_comes_back_is_noticed_both_times(scene: Scene, qtbot: QtBot) -> None:
    _watch(scene, qtbot)
    aside = scene.mine.with_name("aside")
    with qtbot.waitSignal(scene.models.changed):
        scene.mine.rename(aside)
    gone = scene.models.named("mine")
    assert gone is not None
    assert gone.problem is not None
    assert "does not exist" in gone.problem.cause
    with qtbot.waitSignal(scene.models.changed):
        aside.rename(scene.mine)
    assert scene.models.named("mine") == scene.added


def test_a_folder_that_goes_and_comes_back_is_noticed_both_times(scene: Scene, qtbot: QtBot) -> None:
    _watch(scene, qtbot)
    folder = scene.copied.path.parent
    with qtbot.waitSignal(scene.models.changed):
        folder.rename(folder.with_name("aside"))
    with qtbot.waitSignal(scene.models.changed):
        folder.with_name("aside").rename(folder)
    assert scene.models.named("copied") == scene.copied


def test_once_the_window_closes_nothing_is_looked_at_any_more(scene: Scene, qtbot: QtBot) -> None:
    _watch(scene, qtbot)
    scene.mine.unlink()
    scene.care.unwatch()
    scene.care.unwatch()
    assert not scene.care._settle.isActive()
    with qtbot.waitSignal(scene.models.changed):
        scene.care.watch()  # it may be opened again


def test_looking_again_says_nothing_where_nothing_happened(scene: Scene, qtbot: QtBot) -> None:
    scene.models.models()
    scene.mine.with_name("beside.txt").write_text("x")
    with qtbot.assertNotEmitted(scene.models.changed):
        scene.models.look_again()
    os.utime(scene.mine, (1, 1))
    with qtbot.waitSignal(scene.models.changed):
        scene.models.look_again()


def test_a_whole_copy_is_verified(scene: Scene, qtbot: QtBot) -> None:
    assert scene.verified(qtbot, "copied") == (True, "Intact: every byte is as it was brought here.")


def test_a_changed_copy_is_said_to_be_one(scene: Scene, qtbot: QtBot) -> None:
    with scene.copied.path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x01")
    good, words = scene.verified(qtbot, "copied")
    assert good is False
    assert "“copied.gguf” is not what it was" in words


def test_of_a_file_used_in_place_nobody_knows_the_hash(scene: Scene, qtbot: QtBot) -> None:
    good, words = scene.verified(qtbot, "mine")
    assert good is None
    assert "Readable to its end" in words


def test_a_missing_file_cannot_be_verified_and_says_so(scene: Scene, qtbot: QtBot) -> None:
    scene.mine.unlink()
    good, words = scene.verified(qtbot, "mine")
    assert good is False
    assert "mine.gguf" in words


def test_a_verification_can_be_cancelled_and_its_result_taken_away(scene: Scene, qtbot: QtBot) -> None:
    scene.care.verify("copied")
    check = scene.care.check("copied")
    assert check is not None
    assert check.running
    scene.care.cancel("copied")
    qtbot.waitUntil(lambda: not scene.care._jobs)
    assert scene.care.check("copied") is None
    scene.verified(qtbot, "copied")
    scene.care.forget("copied")
    assert scene.care.check("copied") is None
