"""The Models page: tabs, filters, rows, a model in full, and a comparison."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop.services.catalogue import CatalogueService
from desktop.services.models import ModelService
from desktop.services.settings import SettingsService
from desktop.system.options import Options
from desktop.system.paths import resources
from desktop.ui.manager.browse import Browse
from desktop.ui.manager.comparison import Comparison
from desktop.ui.manager.detail import Detail
from desktop.ui.manager.page import ModelsPage
from desktop.ui.theme import Appearance
from models.catalogue import Catalogue, load
from models.fit import Card, Machine
from models.library import Library, LocalModel
from models.library_file import Origin
from models.nvidia import NvidiaCard
from models.power import Power, Source
from models.shapes import estimated
from models.surroundings import Disk, Surroundings

W = TypeVar("W", bound=QWidget)
SHIPPED = load(resources() / "catalogue")
LAPTOP = Machine(16 * 10**9, 40e9)
RTX_4060 = NvidiaCard("NVIDIA GeForce RTX 4060", 8188 << 20)
SEEN = Surroundings(
    "Linux",
    "Some processor",
    ("AVX2",),
    8,
    8,
    16 * 10**9,
    None,
    9 * 10**9,
    Disk(74 * 10**9, 10**12),
    Power(Source.BATTERY, 50),
    (RTX_4060,),
)


class Shelf(Library):
    """A library of models that no file is needed for."""

    def __init__(self, folder: Path, models: list[LocalModel]) -> None:
        super().__init__(folder, folder)
        self._given = models

    def models(self, most: int | None = None) -> list[LocalModel]:
        return self._given


def local(model_id: str, name: str) -> LocalModel:
    shape = estimated(8 * 10**9, 8 * 10**9, 4.85)
    return LocalModel(
        model_id, name, Path(model_id), 5 * 10**9, "added", "qwen3", "8B", "Q4_K_M", 32768, "", None, shape
    )


class Scene:
    """The page with everything behind it."""

    def __init__(
        self,
        folder: Path,
        look: Appearance,
        qtbot: QtBot,
        catalogue: Catalogue = SHIPPED,
        models: list[LocalModel] | None = None,
        *,
        can_download: bool = False,
    ) -> None:
        installed = [local("mine", "Qwen3 8B")] if models is None else models
        self.speeds: dict[Path, float] = {}
        self.models = ModelService(Shelf(folder, installed), speeds=lambda _paths: dict(self.speeds))
        self.service = CatalogueService(lambda: catalogue, lambda: LAPTOP, self.models)
        began = time.perf_counter()
        self.settings = SettingsService(folder / "settings.json")
        self.page = ModelsPage(
            self.models,
            self.settings,
            self.service,
            look,
            can_download=can_download,
        )
        qtbot.addWidget(self.page)
        self.page.resize(900, 700)
        self.page.show()
        self.opened_s = time.perf_counter() - began

    def browse(self) -> Browse:
        self.press("tab-catalogue")
        assert self.page.browse is not None
        return self.page.browse

    def names(self) -> list[str]:
        rows = self.browse().list.rows
        return [rows.index(row).data() for row in range(rows.rowCount())]

    def press(self, name: str) -> None:
        self.child(QPushButton, name).click()

    def child(self, kind: type[W], name: str) -> W:
        """The newest with this name: what it replaced may not be deleted yet."""
        found = self.page.findChildren(kind, name)
        assert found, name
        return found[-1]

    def words(self, name: str) -> str:
        return "\n".join(label.text() for label in self.child(QWidget, name).findChildren(QLabel))


@pytest.fixture
def scene(tmp_path: Path, look: Appearance, qtbot: QtBot) -> Scene:
    return Scene(tmp_path, look, qtbot)


# -- on this machine


def test_a_card_says_licence_and_verdict(scene: Scene) -> None:
    words = scene.words("model-mine")
    assert "Apache-2.0 · fully open" in words  # its file says nothing, the catalogue knows it
    assert "Runs slowly. Takes" in words


def test_where_none_is_installed_the_catalogue_is_the_way(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = scene.child(QPushButton, "find-model")
    assert find.isHidden()
    monkeypatch.setattr(scene.page._models, "models", list)
    scene.page.installed.refresh()
    find.click()
    assert scene.page.browse is not None
    assert scene.page.browse.isVisible()


def test_cards_are_judged_again_when_the_machine_is_measured(scene: Scene) -> None:
    scene.service.judge_for(Machine(64 * 10**9, 400e9))
    assert "Runs well. Takes" in scene.words("model-mine")


def test_the_verdict_is_for_the_context_that_is_set(scene: Scene) -> None:
    assert "Runs slowly. Takes 6.1 GB" in scene.words("model-mine")
    options = replace(scene.settings.values.models.get("mine", Options()), context=131_072)
    scene.settings.update(models=scene.settings.values.with_model("mine", options))
    assert "fits (" in scene.words("model-mine")
    assert "131,072 do not" in scene.words("model-mine")
    scene.settings.update(models={})
    assert "Runs slowly. Takes 6.1 GB" in scene.words("model-mine")


def test_a_card_leads_to_what_the_catalogue_knows_and_back(
    tmp_path: Path, look: Appearance, qtbot: QtBot
) -> None:
    scene = Scene(tmp_path, look, qtbot, models=[local("mine", "Qwen3 8B")])
    scene.press("about-mine")
    assert scene.child(QWidget, "detail-qwen3-8b").isVisible()
    assert scene.child(QPushButton, "back-to-models").text() == "Back to your models"
    scene.press("back-to-models")
    assert scene.page.installed.isVisible()


def test_escape_leads_back(tmp_path: Path, look: Appearance, qtbot: QtBot) -> None:
    scene = Scene(tmp_path, look, qtbot, models=[local("mine", "Qwen3 8B")])
    scene.page.activateWindow()
    scene.press("about-mine")
    back = scene.child(QPushButton, "back-to-models")
    qtbot.waitUntil(back.hasFocus, timeout=10_000)
    for _time in range(2):
        qtbot.keyClick(QApplication.focusWidget() or back, Qt.Key.Key_Escape)
        assert scene.page.installed.isVisible()


# -- the catalogue


def test_a_card_of_an_unknown_model_leads_to_what_its_file_says_and_back(
    tmp_path: Path, look: Appearance, qtbot: QtBot
) -> None:
    origin = Origin("someone/other", "0123456789abcdef", ("other.gguf",), ("ab" * 32,))
    other = replace(local("other", "<b>Other</b>"), licence="secret-1.0", origin=origin)
    scene = Scene(tmp_path, look, qtbot, models=[other])
    scene.press("about-other")
    assert scene.page._over is not None
    assert scene.page._over.objectName() == "file-other"
    assert "Runs slowly." in scene.words("file-fit")
    assert "6.1 GB = 4.8 weights + 1.1 context" in scene.words("file-fit")
    assert "secret-1.0 · terms not known here" in scene.words("file-licence")
    assert "Read it before you use the model for work." in scene.words("file-licence")
    assert "32,768 tokens" in scene.words("file-facts")
    for fact in ("someone/other, version 0123456789ab", " ".join(["ab" * 8] * 4), "5.0 GB"):
        assert fact in scene.words("file-place")
    scene.page.resize(560, 600)
    qtbot.waitUntil(lambda: scene.page.horizontalScrollBar().maximum() == 0, timeout=10_000)
    scene.service.judge_for(Machine(64 * 10**9, 400e9))
    assert "Runs well." in scene.words("file-fit")
    scene.press("back-to-models")
    assert scene.page._over is None


def test_the_tabs_show_one_or_the_other(scene: Scene) -> None:
    assert scene.page.installed.isVisible()
    assert scene.browse().isVisible()
    assert not scene.page.installed.isVisible()
    scene.press("tab-installed")
    assert scene.page.installed.isVisible()
    assert not scene.page.browse.isVisible() if scene.page.browse else False


def test_every_filter_narrows_the_rows(scene: Scene) -> None:
    everything = len(scene.names())
    for name in ("filter-fits", "filter-thinking", "filter-images"):
        check = scene.child(QCheckBox, name)
        check.click()
        assert 0 < len(scene.names()) < everything, name
        check.click()
    scene.child(QComboBox, "filter-task").setCurrentIndex(2)
    assert "Gemma 3 1B" not in scene.names()
    scene.child(QComboBox, "filter-task").setCurrentIndex(0)
    scene.child(QComboBox, "filter-licence").setCurrentIndex(1)
    assert "Llama 4 Scout" not in scene.names()
    scene.child(QComboBox, "filter-licence").setCurrentIndex(0)
    scene.child(QLineEdit, "search-models").setText("deepseek")
    assert scene.names() == ["DeepSeek V3"]


def test_who_asks_is_told_why_a_model_is_left_out(scene: Scene) -> None:
    rows = scene.browse().list.rows
    scene.child(QComboBox, "filter-licence").setCurrentIndex(3)
    last = rows.index(rows.rowCount() - 1)
    assert "left out: " in last.data(Qt.ItemDataRole.AccessibleTextRole)
    assert "left out for their licence" in scene.child(QLabel, "offer-count").text()


def test_an_empty_catalogue_offers_a_way_back(scene: Scene) -> None:
    scene.browse()
    scene.child(QLineEdit, "search-models").setText("zzz")
    assert scene.child(QWidget, "no-offers").isVisible()
    scene.press("clear-filters")
    assert not scene.child(QWidget, "no-offers").isVisible()
    assert len(scene.names()) == len(SHIPPED.models)


def test_a_row_says_all_that_decides(scene: Scene) -> None:
    rows = scene.browse().list.rows
    spoken = {
        rows.index(row).data(): rows.index(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(18)
    }
    assert "installed" in spoken["Qwen3 8B"]
    assert "8 B" in spoken["Qwen3 8B"]
    assert "runs slowly: Takes" in spoken["Qwen3 8B"]
    assert "¥1.5 in, ¥4.5 out per million tokens" in spoken["Qwen3 235B"]


def test_five_hundred_models_open_at_once(tmp_path: Path, look: Appearance, qtbot: QtBot) -> None:
    many = [replace(one, id=f"{one.id}-{n}") for n in range(28) for one in SHIPPED.models]
    files = [local(f"m{n}", f"Model {n}") for n in range(500)]
    scene = Scene(tmp_path, look, qtbot, Catalogue(many, SHIPPED.licences, SHIPPED.tables), files)
    began = time.perf_counter()
    browse = scene.browse()
    browse.grab()
    shown_s = time.perf_counter() - began
    assert browse.list.rows.rowCount() == 504
    assert (scene.opened_s, shown_s) < (1.0, 1.0)  # 0.15 on a machine with nothing else to do
    assert len(browse.findChildren(QWidget)) < 60  # rows are drawn, not made


def test_many_installed_models_get_their_cards_as_one_scrolls(
    tmp_path: Path, look: Appearance, qtbot: QtBot
) -> None:
    scene = Scene(tmp_path, look, qtbot, models=[local(f"m{n}", f"Model {n}") for n in range(60)])
    bar = scene.page.verticalScrollBar()
    assert scene.page.findChild(QWidget, "model-m59") is None

    def at_the_end() -> bool:
        bar.setValue(0)
        bar.setValue(bar.maximum())
        return scene.page.findChild(QWidget, "model-m59") is not None

    qtbot.waitUntil(at_the_end)


# -- the keyboard and the mouse


def test_enter_opens_and_space_ticks(scene: Scene, qtbot: QtBot) -> None:
    offers = scene.browse().list
    offers.setFocus()
    offers.setCurrentIndex(offers.rows.index(0))
    qtbot.keyClick(offers, Qt.Key.Key_Space)
    assert offers.rows.index(0).data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
    with qtbot.waitSignal(offers.opened):
        qtbot.keyClick(offers, Qt.Key.Key_Return)
    assert isinstance(scene.page._over, Detail)


def test_the_keyboard_scrolls_the_page(scene: Scene, qtbot: QtBot) -> None:
    offers = scene.browse().list
    qtbot.waitUntil(lambda: scene.page.verticalScrollBar().maximum() > 0)
    offers.setCurrentIndex(offers.rows.index(17))
    assert scene.page.verticalScrollBar().value() > 0


def test_page_down_goes_on_by_a_few_rows(scene: Scene, qtbot: QtBot) -> None:
    offers = scene.browse().list
    offers.setCurrentIndex(offers.rows.index(2))
    qtbot.keyClick(offers, Qt.Key.Key_PageDown)
    assert offers.currentIndex().row() == 7
    for _ in range(3):
        qtbot.keyClick(offers, Qt.Key.Key_PageDown)
    assert offers.currentIndex().row() == 17


def test_a_click_on_the_box_ticks_and_elsewhere_opens(scene: Scene, qtbot: QtBot) -> None:
    offers = scene.browse().list
    row = offers.visualRect(offers.rows.index(0))
    with qtbot.assertNotEmitted(offers.opened):
        qtbot.mouseClick(
            offers.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(row.left() + 20, row.top() + 24)
        )
    assert len(offers.rows.ticked) == 1
    with qtbot.waitSignal(offers.opened):
        qtbot.mouseClick(offers.viewport(), Qt.MouseButton.LeftButton, pos=row.center())


# -- a model in full


def test_a_model_in_full_has_every_group_with_its_source(scene: Scene) -> None:
    scene.browse()
    scene.page.show_model("llama-4-maverick")
    for name in ("fit", "licence", "facts", "scores", "price", "files"):
        assert ", as of 202" in scene.words(f"detail-{name}"), name
    assert "700 million" in scene.words("detail-licence")
    assert "not legal advice" in scene.words("detail-licence")
    assert "weights + " in scene.words("detail-fit")
    assert "¥2 in, ¥6 out per million tokens" in scene.words("detail-price")
    assert "MMLU\N{NO-BREAK SPACE}91.2\N{NO-BREAK SPACE}%" in scene.words("detail-scores")


def test_the_way_back_leads_to_where_one_was(scene: Scene, qtbot: QtBot) -> None:
    scene.browse()
    bar = scene.page.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 300)
    bar.setValue(300)
    scene.page.show_model("qwen3-8b")
    assert bar.value() == 0
    scene.press("back-to-models")
    assert scene.browse().list.hasFocus() or not scene.page.isActiveWindow()
    qtbot.waitUntil(lambda: bar.value() == 300)
    assert scene.page.browse is not None
    assert scene.page.browse.isVisible()


def test_a_licence_s_link_and_a_download_are_asked_for(
    tmp_path: Path, look: Appearance, qtbot: QtBot
) -> None:
    scene = Scene(tmp_path, look, qtbot, can_download=True)
    scene.page.show_model("gemma-3-4b")
    with qtbot.waitSignal(scene.page.link_activated) as link:
        scene.press("licence-link")
    assert str(link.args[0]).startswith("https://")
    with qtbot.waitSignal(scene.page.download_requested) as download:
        scene.press("download-model")
    assert download.args == ["gemma-3-4b"]


def test_what_is_installed_or_can_t_be_had_has_no_download(
    scene: Scene, tmp_path: Path, look: Appearance, qtbot: QtBot
) -> None:
    scene.page.show_model("gemma-3-4b")
    assert scene.page.findChild(QPushButton, "download-model") is None
    able = Scene(tmp_path, look, qtbot, can_download=True)
    for model_id in ("qwen3-8b", "phi-4-multimodal"):  # installed; no files
        able.page.show_model(model_id)
        assert able.page._over is not None
        assert able.page._over.findChild(QPushButton, "download-model") is None


def test_the_model_that_is_shown_is_judged_again(scene: Scene) -> None:
    scene.page.show_model("qwen3-8b")
    scene.service.judge_for(Machine(64 * 10**9, 400e9))
    assert scene.page._over is not None
    words = [label.text() for label in scene.page._over.findChildren(QLabel)]
    assert any(text.startswith("Runs well.") for text in words)
    assert any("400 GB/s measured" in text for text in words)


def test_what_a_model_showed_here_corrects_what_others_are_expected_to_do(scene: Scene) -> None:
    def expected() -> float:
        offer = scene.service.offer("gemma-3-12b")
        assert offer is not None
        assert offer.fit is not None
        return offer.fit.tps or 0.0

    before = expected()
    scene.page.shown.connect(lambda: scene.service.describe(SEEN))
    scene.speeds = {Path("mine"): 1.0}
    scene.page.hide()
    scene.page.show()
    assert 0 < expected() < before / 2


def test_the_articles_advice_stands_beside_the_arithmetic(scene: Scene) -> None:
    scene.page.show_model("gemma-3-12b")
    words = scene.words("detail-advice")
    assert "The article advises a 24 GB card at INT4; by our arithmetic it also runs here with 16 GB" in words
    assert "One graphics card" in words
    assert "At least a 24 GB card at INT4; better an RTX 4090 or an A100 with 40 GB." in words
    assert "Advice: the XiDao team’s overview of open models, as of 2026-05." in words


def test_a_model_without_advice_has_no_such_section(scene: Scene) -> None:
    scene.page.show_model("qwen3-8b")
    assert scene.page._over is not None
    assert scene.page._over.findChild(QWidget, "detail-advice") is None


def test_a_card_that_lies_idle_is_told_once_the_engine_has_spoken(scene: Scene) -> None:
    notes = scene.browse()._notes
    scene.service.describe(SEEN)
    assert notes.text() == "This machine runs on its battery, so answers may be slower."
    scene.service.judge_for(Machine(16 * 10**9, 40e9))
    assert "An NVIDIA card is here (RTX 4060, 8 GB), but this build can’t use it." in notes.text()
    scene.page.show_model("qwen3-8b")
    words = scene.words("detail-qwen3-8b")
    assert "An NVIDIA card is here" in words
    assert "This machine: Some processor, 8 cores; 16.0 GB of memory" in words
    assert "74 GB free on the disk" in words
    card = Card("NVIDIA GeForce RTX 4060", 8 * 10**9, 272e9)
    scene.service.judge_for(Machine(16 * 10**9, 40e9, (card,)))
    assert "NVIDIA card is here" not in notes.text()


def test_the_machine_is_looked_at_each_time_the_page_is_shown(scene: Scene, qtbot: QtBot) -> None:
    scene.page.hide()
    with qtbot.waitSignal(scene.page.shown):
        scene.page.show()


def test_the_same_look_again_changes_nothing(scene: Scene, qtbot: QtBot) -> None:
    scene.service.describe(SEEN)
    with qtbot.assertNotEmitted(scene.service.changed):
        scene.service.describe(replace(SEEN, available_bytes=1))
    with qtbot.waitSignal(scene.service.changed):
        scene.service.describe(replace(SEEN, power=Power(Source.MAINS)))


# -- the comparison


def test_four_models_are_compared_in_a_narrow_window_without_scrolling_sideways(
    scene: Scene, qtbot: QtBot
) -> None:
    scene.browse()
    scene.page.resize(480, 600)
    scene.page.compare(["qwen3-235b", "phi-4-14b", "deepseek-v3", "mistral-large-3"])
    comparison = scene.child(Comparison, "comparison")
    drawn = lambda: len(comparison._charts) > 2 and comparison._charts[-1].isVisible()  # noqa: E731
    sideways = scene.page.horizontalScrollBar()
    qtbot.waitUntil(lambda: drawn() and sideways.maximum() == 0, timeout=10_000)
    scene.page.resize(900, 600)
    qtbot.waitUntil(lambda: not comparison._narrow and drawn(), timeout=10_000)


def test_two_to_four_are_compared(scene: Scene, qtbot: QtBot) -> None:
    browse = scene.browse()
    compare = scene.child(QPushButton, "compare-models")
    rows = browse.list.rows
    rows.toggle(rows.index(0))
    browse._show_ticks()
    assert not compare.isEnabled()
    assert all(rows.toggle(rows.index(row)) for row in (1, 2, 3))
    browse._show_ticks()
    assert compare.text() == "Compare 4 models"
    assert not rows.toggle(rows.index(4))
    with qtbot.waitSignal(browse.compared) as asked:
        compare.click()
    assert asked.args == [rows.ticked]
    assert scene.child(QWidget, "comparison").isVisible()


def test_a_large_window_has_charts_in_pairs_and_text_in_a_column(scene: Scene, qtbot: QtBot) -> None:
    scene.browse()
    scene.page.compare(["qwen3-235b", "phi-4-14b"])
    comparison = scene.child(Comparison, "comparison")

    def left() -> set[int]:
        return {chart.x() for chart in comparison._charts}

    qtbot.waitUntil(lambda: len(comparison._charts) > 2 and comparison._charts[0].isVisible(), timeout=10_000)
    assert len(left()) == 1
    scene.page.resize(2000, 1200)
    qtbot.waitUntil(lambda: len(left()) == 2, timeout=10_000)
    assert comparison.width() > 1600
    scene.press("back-to-models")
    qtbot.waitUntil(lambda: scene.browse().width() == 816, timeout=10_000)
    scene.page.resize(900, 700)


def test_charts_say_their_values(scene: Scene, qtbot: QtBot, look: Appearance) -> None:
    scene.page.compare(["qwen3-235b", "phi-4-14b", "gemma-3-1b"])
    qtbot.waitUntil(lambda: scene.page.findChild(QWidget, "chart-worth") is not None)
    spoken = [child.accessibleName() for child in scene.child(QWidget, "chart-math").findChildren(QWidget)]
    assert any("Qwen3 235B: MATH 87.3" in text and "Gemma 3 1B: MATH not measured" in text for text in spoken)
    assert "Measured with thinking on: Qwen3 235B." in scene.words("chart-math")
    assert "Not measured: Gemma 3 1B." in scene.words("chart-math")
    worth = [child.accessibleName() for child in scene.child(QWidget, "chart-worth").findChildren(QWidget)]
    assert any("Phi-4 14B: ¥1.2, " in text for text in worth)


def test_charts_follow_the_theme(scene: Scene, qtbot: QtBot, look: Appearance) -> None:
    scene.page.compare(["qwen3-235b", "phi-4-14b"])
    qtbot.waitUntil(lambda: scene.page.findChild(QWidget, "chart-worth") is not None)
    light = scene.child(QWidget, "chart-worth")
    look.choose("dark")

    def drawn_anew() -> bool:
        charts = scene.page.findChildren(QWidget, "chart-worth")
        return any(chart is not light and chart.isVisible() for chart in charts)

    qtbot.waitUntil(drawn_anew)


def test_models_without_scores_are_said_to_have_none(scene: Scene, qtbot: QtBot) -> None:
    scene.page.compare(["gemma-3-1b", "qwen3-0.6b"])
    qtbot.waitUntil(lambda: scene.page.findChild(QWidget, "chart-none") is not None)
    qtbot.waitUntil(scene.child(QWidget, "chart-none").isVisible)


# -- names for scripts and screen readers


def test_everything_one_can_use_has_a_name(scene: Scene, qtbot: QtBot) -> None:
    scene.browse()
    scene.page.show_model("gemma-3-4b")
    assert scene.page._over is not None
    views: list[QWidget | None] = [scene.page, scene.page.browse, scene.page._over]
    for view in views:
        assert view is not None
        kinds = (QAbstractButton, QLineEdit, QComboBox)
        for widget in (child for kind in kinds for child in view.findChildren(kind)):
            assert widget.objectName(), widget
            spoken = QAccessible.queryAccessibleInterface(widget)
            assert spoken.text(QAccessible.Text.Name), widget.objectName()


@pytest.mark.parametrize("width", [480, 760])
def test_rows_and_details_fit_a_narrow_window(scene: Scene, qtbot: QtBot, width: int) -> None:
    scene.browse()
    scene.page.resize(width, 600)
    sideways = scene.page.horizontalScrollBar()
    qtbot.waitUntil(lambda: scene.page.viewport().width() < width and sideways.maximum() == 0)
    for model in SHIPPED.models:
        scene.page.show_model(model.id)
        qtbot.waitUntil(lambda: scene.page._over is not None and scene.page._over.isVisible())
        assert sideways.maximum() == 0, model.id
