"""The whole way: from a dropped file, another program's model or a menu to what lies on the disk."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QProgressBar, QPushButton, QRadioButton
from pytestqt.qtbot import QtBot

from desktop.parts import importing as part
from desktop.parts import reveal as reveal_module
from desktop.parts.care import Care
from desktop.ui.manager.found import FoundCard
from desktop.ui.manager.importing import ImportSheet
from desktop.ui.manager.page import ModelsPage
from desktop.ui.theme import Appearance
from models.bringing import bring
from models.discovery import Discovered
from models.fake import FakeBackend, says
from models.importing import How, gather
from models.local.measures import MachineSpeed
from tests.desktop.ui.programs import closed, made
from tests.fixtures.tiny_gguf import write_tiny
from tests.models.test_importing import split


class Engine(FakeBackend):
    """The shipped fake; it knows how often it was asked to let go."""

    released = 0

    async def gauge(self) -> MachineSpeed:
        return MachineSpeed(40e9, ())

    async def release(self, path: Path) -> None:
        self.released += 1


class Scene:
    """The running program, with nothing of other programs but what a test says."""

    def __init__(self, folder: Path, look: Appearance, qtbot: QtBot) -> None:
        self.own = folder / "own"
        self.own.mkdir()
        self.qtbot = qtbot
        self.engine = Engine(says("Yes."))
        self.program = made(folder / "home", look, self.engine)
        self.paths = self.program._paths
        self.program.window.show()

    def drop(self, *paths: Path) -> ImportSheet:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        window = self.program.window
        QApplication.sendEvent(window, QDragEnterEvent(QPoint(9, 9), copy, data, left, none))
        QApplication.sendEvent(window, QDropEvent(QPointF(9, 9), copy, data, left, none))
        return self.sheet()

    def sheet(self) -> ImportSheet:
        def there() -> bool:
            return self.program.manager.importing._sheet is not None

        self.qtbot.waitUntil(there)
        sheet = self.program.manager.importing._sheet
        assert sheet is not None
        return sheet

    def go(self, sheet: ImportSheet, how: str) -> None:
        way = sheet.findChild(QRadioButton, f"import-{how}")
        go = sheet.findChild(QPushButton, "import-go")
        assert way is not None
        assert go is not None
        way.click()
        with self.qtbot.waitSignal(self.program.manager.importing.service.ended):
            go.click()

    def page(self) -> ModelsPage:
        self.program._show_page("models")
        page = self.program._pages["models"]
        assert isinstance(page, ModelsPage)
        return page

    def act(self, name: str) -> None:
        self.page().findChildren(QAction, name)[-1].trigger()

    def bring_in(self, path: Path) -> str:
        (candidate,) = gather([path]).candidates
        models = self.program.models
        model = bring(candidate, How.COPY, models.library, self.paths.models).model
        models.refresh()
        return model.id

    @property
    def notice(self) -> str:
        return self.program.window.notice._words.text()


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Discovered]:
    models: list[Discovered] = []
    monkeypatch.setattr(part, "_discover", lambda: models)
    return models


@pytest.fixture
def scene(look: Appearance, qtbot: QtBot, tmp_path: Path, found: list[Discovered]) -> Iterator[Scene]:
    scene = Scene(tmp_path, look, qtbot)
    yield scene
    closed(scene.program)


def test_a_dropped_folder_is_copied_in_as_the_user_says(scene: Scene) -> None:
    write_tiny(scene.own / "tiny.gguf")
    split(scene.own, "big")
    scene.go(scene.drop(scene.own), "copy")

    ids = {model.id: model.source for model in scene.program.models.models()}
    assert ids.items() >= {"tiny": "imported", "big-00001-of-00002": "imported"}.items()
    assert scene.notice == "Added 2 models."
    assert (scene.own / "tiny.gguf").exists()


def test_nothing_is_used_before_the_user_has_said_so(scene: Scene) -> None:
    file = write_tiny(scene.own / "tiny.gguf")
    before = scene.program.models.models()
    scene.program.offer([file])
    sheet = scene.sheet()
    sheet.reject()
    assert scene.program.models.library.models() == before
    assert scene.engine.requests == []


def test_f21_what_a_killed_import_left_is_gone_after_the_next_start(scene: Scene) -> None:
    left = scene.paths.models / "imported" / "big" / "big.gguf.part"
    left.parent.mkdir(parents=True)
    left.touch()
    scene.program._tidy()
    scene.qtbot.waitUntil(lambda: not left.parent.exists())


def test_a_model_that_was_added_can_be_used_at_once(scene: Scene) -> None:
    scene.go(scene.drop(write_tiny(scene.own / "tiny.gguf")), "in-place")
    scene.program.window.notice._button.click()
    assert scene.program.models.usable()[0].id == "tiny"


def test_what_comes_while_a_question_is_open_is_asked_afterwards(scene: Scene) -> None:
    first = scene.drop(write_tiny(scene.own / "one.gguf"))
    scene.program.offer([write_tiny(scene.own / "two.gguf")])
    first.reject()
    scene.qtbot.waitUntil(lambda: scene.program.manager.importing._sheet not in (None, first))
    assert [one.path.name for one in scene.sheet()._candidates] == ["two.gguf"]
    scene.sheet().reject()


def test_models_of_other_programs_are_offered_on_the_page(scene: Scene, found: list[Discovered]) -> None:
    for number in range(5):
        path = write_tiny(scene.own / f"m{number}.gguf")
        found.append(Discovered("Jan" if number else "Ollama", f"model {number}", path, 1))
    page = scene.page()
    scene.qtbot.waitUntil(lambda: bool(scene.program.manager.importing.discovery.found()))
    words = [label.text() for label in page.findChildren(QLabel) if label.isVisible()]
    assert "Found on this machine: 5 models of Jan and Ollama" in words
    assert page.findChild(QPushButton, "use-found-0") is None  # folded
    _click(scene, "show-found")
    _click(scene, "use-found-1")
    assert [model.id for model in scene.program.models.models()][-1] == "m1"
    _click(scene, "use-all-found")
    assert len(scene.program.manager.importing.discovery.found()) == 0
    assert not [card for card in page.findChildren(FoundCard) if card.isVisible()]


def _click(scene: Scene, name: str) -> None:
    def buttons() -> list[QPushButton]:
        return [button for button in scene.page().findChildren(QPushButton, name) if button.isVisible()]

    scene.qtbot.waitUntil(lambda: bool(buttons()))
    buttons()[-1].click()


def test_a_row_tells_when_it_answered_and_that_its_file_has_changed(scene: Scene) -> None:
    scene.bring_in(write_tiny(scene.own / "tiny.gguf"))
    scene.program.models.choose("tiny")
    with scene.qtbot.waitSignal(scene.program.chat.turn_finished):
        scene.program.chat.send(None, "Is it so?")
    page = scene.page()
    scene.program.models.refresh()
    assert any(label.text().endswith("used today") for label in page.findChildren(QLabel))
    model = scene.program.models.named("tiny")
    assert model is not None
    os.utime(model.path, (1, 1))
    scene.program._look_at_models(Qt.ApplicationState.ApplicationActive)
    assert page.findChild(QLabel, "changed-tiny") is not None


def test_a_file_that_goes_is_said_on_its_row_while_the_page_is_open(scene: Scene) -> None:
    file = write_tiny(scene.own / "tiny.gguf")
    scene.program.models.add(file)
    page = scene.page()

    def says_so() -> bool:
        labels = page.installed.findChildren(QLabel)
        return any("does not exist" in label.text() for label in labels if label.isVisible())

    assert not says_so()
    file.unlink()
    scene.qtbot.waitUntil(says_so)
    write_tiny(file)
    scene.qtbot.waitUntil(lambda: not says_so())


def test_verifying_shows_its_progress_and_its_result_on_the_row(scene: Scene) -> None:
    scene.bring_in(write_tiny(scene.own / "tiny.gguf"))
    page = scene.page()
    scene.act("verify-tiny")

    def bar() -> QProgressBar:
        return page.findChildren(QProgressBar, "verifying-tiny")[-1]

    def words() -> str:
        return page.findChildren(QLabel, "verified-tiny")[-1].text()

    assert words() == "Verifying: reading all of it again"
    assert not bar().isHidden()
    scene.qtbot.waitUntil(lambda: "Intact" in words())
    assert bar().isHidden()
    scene.program.models.refresh()  # the rows are made anew
    assert "Intact" in words()


def test_removed_from_the_list_it_comes_back_as_it_was(scene: Scene) -> None:
    scene.bring_in(write_tiny(scene.own / "tiny.gguf"))
    before = scene.program.models.named("tiny")
    assert before is not None
    scene.act("remove-tiny")
    assert scene.program.models.named("tiny") is None
    assert before.path.exists()
    scene.program.window.notice._button.click()
    assert scene.program.models.named("tiny") == before  # its origin and its hash, too


def test_a_file_of_the_users_own_has_no_trash_in_its_menu(scene: Scene) -> None:
    scene.program.models.add(write_tiny(scene.own / "tiny.gguf"))
    page = scene.page()
    assert page.findChild(QAction, "remove-tiny") is not None
    assert page.findChild(QAction, "trash-tiny") is None


def _use_trash(scene: Scene, trash: Callable[[Path], bool]) -> None:
    manager = scene.program.manager
    window, models = scene.program.window, scene.program.models
    manager.__dict__["_deeds"] = Care(
        window, models, scene.program.background, manager._release, scene.paths.models, manager, trash=trash
    )


def test_the_whole_split_model_goes_to_the_trash_once_the_engine_has_let_go(scene: Scene) -> None:
    parts = split(scene.own, "big")
    model_id = scene.bring_in(parts[0])
    bin_, released = scene.own / "bin", []
    bin_.mkdir()

    def trash(path: Path) -> bool:
        released.append(scene.engine.released)
        path.rename(bin_ / path.name)
        return True

    _use_trash(scene, trash)
    scene.act(f"trash-{model_id}")
    scene.qtbot.waitUntil(lambda: scene.program.models.named(model_id) is None)
    assert sorted(path.name for path in bin_.iterdir()) == [path.name for path in parts]
    assert released == [1, 1]
    assert scene.program.models.named(model_id) is None
    assert not [path for path in (scene.paths.models / "imported").rglob("*") if path.is_file()]
    assert all(path.exists() for path in parts)  # the originals
    assert "to the trash" in scene.notice


@pytest.mark.parametrize("agreed", [True, False])
def test_without_a_trash_it_is_asked_before_anything_is_deleted(scene: Scene, agreed: bool) -> None:
    model_id = scene.bring_in(write_tiny(scene.own / "tiny.gguf"))
    model = scene.program.models.named(model_id)
    assert model is not None
    _use_trash(scene, lambda _path: False)
    scene.act(f"trash-{model_id}")
    scene.qtbot.waitUntil(lambda: scene.program.window.findChild(QMessageBox) is not None)
    box = scene.program.window.findChild(QMessageBox)
    assert box is not None
    assert model.path.exists()
    assert "for good" in box.text()
    wanted = "Delete for good" if agreed else "Cancel"
    (button,) = [one for one in box.buttons() if one.text().replace("&", "") == wanted]
    button.click()
    assert model.path.exists() is not agreed
    assert (scene.program.models.named(model_id) is None) is agreed


def test_s07_a_link_in_the_place_of_a_model_goes_and_its_target_stays(scene: Scene) -> None:
    model_id = scene.bring_in(write_tiny(scene.own / "tiny.gguf"))
    model = scene.program.models.named(model_id)
    assert model is not None
    model.path.unlink()
    model.path.symlink_to(scene.own / "tiny.gguf")

    def trash(path: Path) -> bool:
        path.unlink()
        return True

    _use_trash(scene, trash)
    scene.act(f"trash-{model_id}")
    scene.qtbot.waitUntil(lambda: scene.program.models.named(model_id) is None)
    assert (scene.own / "tiny.gguf").exists()
    assert not model.path.is_symlink()


@pytest.mark.skipif(sys.platform != "linux", reason="a trash of the test's own")
def test_the_systems_own_trash_takes_a_model(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    (scene.own / "data").mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(scene.own / "data"))
    model_id = scene.bring_in(write_tiny(scene.own / "tiny.gguf"))
    scene.act(f"trash-{model_id}")
    scene.qtbot.waitUntil(lambda: scene.program.models.named(model_id) is None)
    assert [path.name for path in (scene.own / "data" / "Trash" / "files").iterdir()] == ["tiny.gguf"]


def test_a_file_is_shown_in_its_folder_and_a_missing_one_in_what_is_left(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def select(path: Path) -> bool:
        opened.append(f"selected {path.name}")
        return False

    class Desktop:
        @staticmethod
        def openUrl(url: QUrl) -> None:
            opened.append(url.toLocalFile())

    monkeypatch.setattr(reveal_module, "_select", select)
    monkeypatch.setattr(reveal_module, "QDesktopServices", Desktop)
    folder = scene.own / "deep"
    folder.mkdir()
    scene.program.models.add(write_tiny(folder / "tiny.gguf"))
    scene.act("reveal-tiny")
    assert opened == ["selected tiny.gguf", str(folder)]
    shutil.rmtree(folder)
    scene.act("reveal-tiny")
    assert opened[2:] == [str(scene.own)]
