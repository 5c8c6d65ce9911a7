"""The question how a model shall be used, and its progress."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QRadioButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.services.importing import Ended, Proposal
from desktop.ui.manager.importing import ImportSheet
from desktop.ui.manager.units import left_words, size_words, used_words
from desktop.ui.theme import Appearance
from models.errors import ImportFailed
from models.importing import Candidate, Gathered, How, Refused

GB = 10**9
SMALL = Candidate((Path("/m/a.gguf"),), "Alpha <b>8B</b>", 5 * GB)
SPLIT = Candidate((Path("/m/b-00001-of-00002.gguf"), Path("/m/b-00002-of-00002.gguf")), "贝塔", 40 * GB)
NO_MODEL = Refused(Path("/m/photo.png"), "It is not a model.")


class Scene:
    """A sheet over a window, and what it said."""

    def __init__(self, look: Appearance, qtbot: QtBot) -> None:
        self.parent = QWidget()
        qtbot.addWidget(self.parent)
        self.look = look
        self.chosen: list[tuple[list[Candidate], How]] = []
        self.cancelled = 0

    def open(
        self, *candidates: Candidate, refused: tuple[Refused, ...] = (), free: int = 99 * GB
    ) -> ImportSheet:
        sheet = ImportSheet(Proposal(Gathered(candidates, refused), free), self.look, self.parent)
        sheet.chosen.connect(lambda models, how: self.chosen.append((models, how)))
        sheet.cancelled.connect(self._count)
        sheet.open()
        return sheet

    def _count(self) -> None:
        self.cancelled += 1


@pytest.fixture
def scene(look: Appearance, qtbot: QtBot) -> Scene:
    return Scene(look, qtbot)


def button(sheet: ImportSheet, name: str) -> QPushButton:
    found = sheet.findChild(QPushButton, name)
    assert found is not None
    return found


def way(sheet: ImportSheet, name: str) -> QRadioButton:
    found = sheet.findChild(QRadioButton, f"import-{name}")
    assert found is not None
    return found


def words(sheet: ImportSheet) -> str:
    return "\n".join(label.text() for label in sheet.findChildren(QLabel) if label.isVisible())


def test_in_place_is_what_is_done_unless_something_else_is_chosen(scene: Scene) -> None:
    sheet = scene.open(SMALL)
    assert "Alpha <b>8B</b>" in words(sheet)
    assert "5.0 GB · a.gguf" in words(sheet)
    assert button(sheet, "import-go").text() == "Add model"
    button(sheet, "import-go").click()
    assert scene.chosen == [([SMALL], How.IN_PLACE)]


@pytest.mark.parametrize(("name", "how", "deed"), [("copy", How.COPY, "Copy"), ("move", How.MOVE, "Move")])
def test_the_button_names_the_deed(scene: Scene, name: str, how: How, deed: str) -> None:
    sheet = scene.open(SMALL, SPLIT)
    way(sheet, name).click()
    assert button(sheet, "import-go").text() == f"{deed} 2 models"
    assert "b-00001-of-00002.gguf and 1 more" in words(sheet)
    button(sheet, "import-go").click()
    assert scene.chosen == [([SMALL, SPLIT], how)]


def test_a_copy_that_does_not_fit_is_not_offered_and_says_why(scene: Scene) -> None:
    sheet = scene.open(SMALL, free=3 * GB)
    assert not way(sheet, "copy").isEnabled()
    assert way(sheet, "move").isEnabled()
    assert "Needs 5.5 GB; only 3.0 GB are free." in words(sheet)


def test_s07_a_link_is_not_offered_to_be_moved(scene: Scene) -> None:
    sheet = scene.open(Candidate(SMALL.files, "L", 1, linked=True))
    assert not way(sheet, "move").isEnabled()
    assert "a link to another place" in words(sheet)


def test_what_is_no_model_is_said_and_there_is_only_a_way_out(scene: Scene) -> None:
    sheet = scene.open(refused=(NO_MODEL,))
    assert "Nothing to add" in words(sheet)
    assert "photo.png" in words(sheet)
    assert "It is not a model." in words(sheet)
    assert button(sheet, "import-go").isHidden()
    assert button(sheet, "import-cancel").text() == "Close"
    button(sheet, "import-cancel").click()
    assert sheet.isHidden()


def test_what_can_be_used_is_offered_although_something_else_can_not(scene: Scene) -> None:
    sheet = scene.open(SMALL, refused=(NO_MODEL,))
    assert "1 other can’t be used; why is said below." in words(sheet)
    button(sheet, "import-go").click()
    assert scene.chosen == [([SMALL], How.IN_PLACE)]


def test_progress_is_shown_and_cancelling_waits_for_the_end(scene: Scene) -> None:
    sheet = scene.open(SMALL)
    way(sheet, "copy").click()
    button(sheet, "import-go").click()
    sheet.show_progress(1_953_125, 4_882_812)
    bar = sheet.findChild(QProgressBar, "import-progress")
    assert bar is not None
    assert bar.value() == 1_953_125
    assert "2.0 GB of 5.0 GB" in words(sheet)
    button(sheet, "import-cancel").click()
    assert scene.cancelled == 1
    assert sheet.isVisible()
    sheet.show_end(Ended(stopped=True))
    assert sheet.isHidden()


def test_closing_the_window_of_it_while_it_runs_is_a_cancel(scene: Scene) -> None:
    sheet = scene.open(SMALL)
    button(sheet, "import-go").click()
    sheet.close()
    assert scene.cancelled == 1
    assert sheet.isVisible()
    sheet.show_end(Ended())


def test_what_failed_is_said_and_can_be_tried_again_in_another_way(scene: Scene) -> None:
    sheet = scene.open(SMALL, SPLIT)
    way(sheet, "move").click()
    button(sheet, "import-go").click()
    sheet.show_end(Ended((), ((SPLIT, ImportFailed("It is open.", "Close it.")),)))
    assert "贝塔: The model could not be brought in. It is open. Close it." in words(sheet)
    way(sheet, "in-place").click()
    button(sheet, "import-go").click()
    assert scene.chosen[-1] == ([SPLIT], How.IN_PLACE)


def test_many_fit_into_a_small_window(scene: Scene) -> None:
    sheet = scene.open(
        *(Candidate((Path(f"/m/{n}.gguf"),), f"Model {n}", GB) for n in range(60)), refused=(NO_MODEL,)
    )
    assert sheet.height() < 560
    assert sheet.width() < 600


@pytest.mark.parametrize(
    ("size", "said"), [(900, "1 kB"), (2_400_000, "2 MB"), (999_000_000, "999 MB"), (5_240_000_000, "5.2 GB")]
)
def test_sizes_are_read_easily(size: int, said: str) -> None:
    assert size_words(size) == said


@pytest.mark.parametrize(
    ("done", "elapsed", "said"),
    [
        (0, 9.0, ""),
        (10, 1.0, ""),
        (10, 3.0, "about 27 s left"),
        (10, 60.0, "about 9 min left"),
        (100, 5.0, "about 1 s left"),
    ],
)
def test_the_rest_is_told_once_it_is_known(done: int, elapsed: float, said: str) -> None:
    assert left_words(done, 100, elapsed) == said


def test_days_are_those_of_the_calendar() -> None:
    now = 1_764_072_000.0  # a noon, in Greenwich
    assert used_words(None, now) == ""
    assert used_words(now - 60, now) == "used today"
    assert used_words(now - 86_400, now) == "used yesterday"
    assert used_words(now - 10 * 86_400, now) == "used on 15 Nov 2025"
