"""Bringing a model here by the Models page, with a real hub server behind it."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import apsw
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop.background import Background
from desktop.services.acceptances import AcceptanceService
from desktop.services.bringing import Bringing
from desktop.services.catalogue import CatalogueService
from desktop.services.downloads import DownloadService, State
from desktop.services.hub import HubService
from desktop.services.models import ModelService
from desktop.services.settings import SettingsService
from desktop.storage.acceptances import AcceptanceStore
from desktop.storage.database import open_database
from desktop.system.paths import resources
from desktop.ui.manager.hub_list import FoundList
from desktop.ui.manager.page import ModelsPage
from desktop.ui.theme import Appearance
from models.catalogue import load
from models.download import Guardian
from models.fit import Machine
from models.hub import Endpoint
from models.hub_values import Found, Gate
from models.library import Library
from models.licences import label_of
from models.line import Line
from models.repo_offer import FoundModel
from models.unfinished import Unfinished
from tests.fixtures.downloads import QUICK
from tests.fixtures.gguf_writer import Gguf
from tests.hub_server import Fault, HubServer

W = TypeVar("W", bound=QWidget)
SHIPPED = load(resources() / "catalogue")
LAPTOP = Machine(16 * 10**9, 40e9)
GEMMA, QWEN = "ggml-org/gemma-3-4b-it-GGUF", "Qwen/Qwen3-0.6B-GGUF"
SMALL, LARGE = "gemma-3-4b-it-Q4_K_M.gguf", "gemma-3-4b-it-Q8_0.gguf"
OTHER = "somebody/tiny-GGUF"
SLOW = 400_000


def model_bytes(size: int) -> bytes:
    head = Gguf().to_bytes()
    return head + random.Random(size).randbytes(size - len(head))


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer() as made:
        made.add(GEMMA, {SMALL: model_bytes(500_000), LARGE: model_bytes(600_000)})
        files = {"tiny-Q4_0.gguf": model_bytes(70_000), "mmproj-tiny-F16.gguf": model_bytes(10_000)}
        made.add(OTHER, files, extra={"tags": ["gguf"], "gguf": {"total": 8 * 10**9}})
        yield made


class Scene:
    """The page, its services and the hub."""

    def __init__(
        self, folder: Path, look: Appearance, qtbot: QtBot, server: HubServer, url: str = ""
    ) -> None:
        self.qtbot, self.server, self.folder = qtbot, server, folder / "models"
        self.folder.mkdir()
        self.connection: apsw.Connection = open_database(folder / "inshore.db")
        self.store = AcceptanceStore(self.connection)
        self.background, self.line, self.typed = Background(), Line(), ""
        self.background.run(self.line.hold(), lambda _outcome: None)
        library = Library(self.folder, folder / "starter")
        self.models = ModelService(library)
        catalogue = CatalogueService(lambda: SHIPPED, lambda: LAPTOP, self.models)
        acceptances = AcceptanceService(lambda: self.store)

        def token(_host: str) -> str | None:
            return self.typed or None

        def endpoints() -> tuple[Endpoint, ...]:
            return (Endpoint(url or server.url),)

        def guardian() -> Guardian:
            return Guardian(self.line.get(), tuning=QUICK, token=token)

        self.hub = HubService(
            self.background, lambda: self.line, endpoints, token, catalogue, acceptances, self.folder
        )
        self.downloads = DownloadService(self.background, guardian, library, Unfinished(self.folder))
        self.downloads.finished.connect(lambda _one, _id: self.models.reread())
        bringing = Bringing(self.hub, self.downloads, acceptances)
        settings = SettingsService(folder / "settings.json")
        self.page = ModelsPage(self.models, settings, catalogue, look, bringing=bringing)
        self.page.token_entered.connect(self.take_token)
        qtbot.addWidget(self.page)
        self.page.resize(900, 700)
        self.page.show()

    def take_token(self, token: str) -> None:
        self.typed = token

    def close(self) -> None:
        async def nothing() -> None:
            pass

        self.background.close(nothing)
        self.connection.close()

    def wait(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition, timeout=10_000)

    def find(self, kind: type[W], name: str) -> W | None:
        return next((one for one in self.page.findChildren(kind, name) if one.isVisible()), None)

    def child(self, kind: type[W], name: str) -> W:
        self.wait(lambda: self.find(kind, name) is not None)
        found = self.find(kind, name)
        assert found is not None
        return found

    def press(self, name: str) -> None:
        self.child(QAbstractButton, name).click()

    def words(self, name: str) -> str:
        return "\n".join(label.text() for label in self.child(QWidget, name).findChildren(QLabel))

    def accept(self) -> None:
        self.child(QLineEdit, "intended-use").setText("notes at home")
        self.press("accept-licence")

    def ask_for(self, model_id: str) -> None:
        self.page.show_model(model_id)
        self.press("download-model")

    def search(self, text: str) -> None:
        self.press("tab-hub")
        field = self.child(QLineEdit, "hub-query")
        field.setText(text)
        self.qtbot.keyClick(field, Qt.Key.Key_Return)

    def open_result(self, row: int = 0) -> None:
        results = self.child(FoundList, "hub-results")
        results.setCurrentIndex(results.rows.index(row))
        self.qtbot.keyClick(results, Qt.Key.Key_Return)

    def files(self) -> list[str]:
        """Folders may go meanwhile: `rglob` would raise then."""
        return sorted(name for _folder, _folders, names in os.walk(self.folder) for name in names)


@pytest.fixture
def scene(tmp_path: Path, look: Appearance, qtbot: QtBot, server: HubServer) -> Iterator[Scene]:
    made = Scene(tmp_path, look, qtbot, server)
    yield made
    made.close()


# -- from the catalogue


def test_nothing_is_requested_before_the_licence_is_accepted(scene: Scene) -> None:
    scene.ask_for("gemma-3-4b")
    assert "Gemma" in scene.words("acceptance-card")
    assert scene.server.requests == []
    scene.accept()
    scene.child(QWidget, "choices")
    (accepted,) = scene.store.all()
    assert (accepted.model, accepted.use) == ("gemma-3-4b", "notes at home")
    assert accepted.text_hash == next(p for p in SHIPPED.licences.all if p.id == accepted.licence).text_hash()
    assert scene.server.requests != []
    assert scene.files() == []


def test_who_would_rather_not_goes_back_and_nothing_was_asked(scene: Scene) -> None:
    scene.ask_for("gemma-3-4b")
    scene.press("refuse-licence")
    assert scene.page.installed.isVisible()
    assert scene.server.requests == []
    assert scene.store.all() == []


def test_the_files_come_with_sizes_verdicts_and_a_proposal(scene: Scene) -> None:
    scene.ask_for("gemma-3-4b")
    scene.accept()
    words = scene.words("choices")
    assert "500 kB" in words
    assert "600 kB" in words
    assert "Proposed for this machine" in words
    chosen = [button for button in scene.page.findChildren(QRadioButton) if button.isChecked()]
    assert [button.text() for button in chosen] == ["Q8_0"]
    assert scene.child(QPushButton, "start-download").text() == "Download 600 kB"
    assert "are free on the disk" in scene.child(QLabel, "disk-space").text()
    headers = [r.headers.get("range") for r in scene.server.to("cdn")]
    assert headers == ["bytes=0-131071"]  # of one file its beginning, for what it takes of memory


def test_what_was_accepted_is_not_asked_again(scene: Scene) -> None:
    scene.ask_for("gemma-3-4b")
    scene.accept()
    scene.child(QWidget, "choices")
    scene.press("back-to-models")
    scene.ask_for("gemma-3-4b")
    scene.child(QWidget, "choices")
    assert scene.find(QWidget, "acceptance-card") is None


def test_a_download_is_seen_on_its_way_and_then_among_the_models(scene: Scene) -> None:
    scene.server.pace_bytes_s = SLOW
    scene.ask_for("gemma-3-4b")
    scene.accept()
    scene.press("choice-0")
    scene.press("start-download")
    assert scene.page.installed.isVisible()
    scene.wait(lambda: "of 500 kB" in scene.words("downloads"))
    assert "Gemma 3 4B Q4_K_M" in scene.words("downloads")
    scene.server.pace_bytes_s = None
    scene.wait(lambda: scene.find(QWidget, "downloads") is None)
    scene.child(QWidget, "model-gemma-3-4b-it-q4_k_m")


def test_what_is_here_is_said_to_be(scene: Scene) -> None:
    scene.ask_for("gemma-3-4b")
    scene.accept()
    scene.press("choice-0")
    scene.press("start-download")
    scene.wait(lambda: len(scene.models.models()) == 1)
    scene.ask_for("gemma-3-4b")
    scene.wait(lambda: "Already here" in scene.words("choices"))
    assert not scene.child(QRadioButton, "choice-0").isEnabled()


def test_a_disk_without_room_is_said_before(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.looking.free_bytes", lambda _folder: 100_000_000)
    scene.ask_for("gemma-3-4b")
    scene.accept()
    assert not scene.child(QPushButton, "start-download").isEnabled()
    assert "more are needed" in scene.child(QLabel, "disk-space").text()


def test_a_hub_that_fails_is_said_with_a_way_on(scene: Scene) -> None:
    scene.server.faults = [Fault(where="hub", status=503, times=1)]
    scene.ask_for("gemma-3-4b")
    scene.accept()
    assert "overloaded or out of order" in scene.words("bring-problem")
    scene.press("look-again")
    scene.child(QWidget, "choices")


def test_a_gated_model_is_explained_and_a_token_is_taken(scene: Scene) -> None:
    scene.server.repositories[GEMMA].gated = "manual"
    scene.ask_for("gemma-3-4b")
    scene.accept()
    assert "only to those who accept its terms" in scene.words("gate")
    with scene.qtbot.waitSignal(scene.page.link_activated) as link:
        scene.press("open-gate")
    assert link.args == [f"{scene.server.url}/{GEMMA}"]
    field = scene.child(QLineEdit, "hub-token")
    assert field.echoMode() is QLineEdit.EchoMode.Password
    field.setText("wrong")
    scene.press("use-token")
    scene.wait(lambda: "With the token that Inshore has" in scene.words("gate"))
    scene.child(QLineEdit, "hub-token").setText(f" {scene.server.token} ")
    with scene.qtbot.waitSignal(scene.page.token_entered) as entered:
        scene.press("use-token")
    assert entered.args == [scene.server.token]
    scene.press("start-download")
    scene.wait(lambda: len(scene.models.models()) == 1)
    assert not any("authorization" in request.headers for request in scene.server.to("cdn"))


# -- what is on its way


def begin(scene: Scene) -> int:
    scene.server.pace_bytes_s = SLOW
    scene.ask_for("gemma-3-4b")
    scene.accept()
    scene.press("start-download")
    (one,) = scene.downloads.all()
    scene.wait(lambda: scene.downloads.all()[0].done_bytes > 50_000)
    return one.id


def test_pause_and_go_on(scene: Scene) -> None:
    begin(scene)
    scene.press("pause-download")
    assert "paused" in scene.words("downloads")
    assert scene.child(QPushButton, "pause-download").text() == "Go on"
    scene.server.pace_bytes_s = None
    scene.press("pause-download")
    scene.wait(lambda: len(scene.models.models()) == 1)


def test_cancelling_asks_and_then_removes_the_parts(scene: Scene) -> None:
    begin(scene)
    scene.press("cancel-download")
    assert scene.downloads.all() != []
    scene.press("keep-download")
    assert scene.find(QPushButton, "remove-parts") is None
    scene.press("cancel-download")
    assert "that have come" in scene.words("downloads")
    scene.press("remove-parts")
    assert scene.find(QWidget, "downloads") is None
    scene.wait(lambda: scene.files() == [])


def test_a_failure_is_said_in_words_with_what_to_do(scene: Scene) -> None:
    scene.server.faults = [Fault(flip=300_000, times=1000)]
    scene.ask_for("gemma-3-4b")
    scene.accept()
    scene.press("start-download")
    scene.wait(lambda: scene.downloads.all()[0].state is State.FAILED)
    words = scene.words("downloads")
    assert "came with other bytes than the hub announced" in words
    assert "Try again, or another address of the hub" in words
    assert scene.child(QPushButton, "pause-download").text() == "Try again"


def test_the_speed_can_be_limited(scene: Scene) -> None:
    begin(scene)
    limit = scene.child(QComboBox, "download-limit")
    limit.setCurrentIndex(3)
    assert scene.downloads.limit_bytes_s == 500_000
    limit.setCurrentIndex(0)
    assert scene.downloads.limit_bytes_s is None


# -- the hub


def test_nothing_leaves_before_the_search_is_asked_for(scene: Scene) -> None:
    scene.press("tab-hub")
    field = scene.child(QLineEdit, "hub-query")
    assert not scene.child(QPushButton, "search-hub").isEnabled()
    field.setText("tiny")
    scene.qtbot.wait(50)
    assert scene.server.requests == []
    scene.press("search-hub")
    scene.child(FoundList, "hub-results")
    assert len(scene.server.requests) == 1
    assert "search=tiny" in scene.server.requests[0].path


def test_a_result_says_what_decides(scene: Scene) -> None:
    scene.search("tiny")
    results = scene.child(FoundList, "hub-results")
    said = results.rows.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "tiny-GGUF, by somebody" in said
    assert "licence Licence unknown" in said
    assert "runs slowly: As Q4_K_M. Takes" in said
    assert "8 B · 1,234 downloads · changed 2026-10-01" in said


def test_a_result_opens_to_its_files_and_their_licence(scene: Scene) -> None:
    scene.search("tiny")
    scene.child(FoundList, "hub-results")
    scene.open_result()
    words = scene.words("choices")
    assert "70 kB" in words
    assert "Q4_0" in [button.text() for button in scene.page.findChildren(QRadioButton)]
    assert "10 kB" not in words  # a projector answers nothing by itself
    assert "Nothing says under which licence this model is" in scene.words("bring-licence")
    scene.press("start-download")
    scene.wait(lambda: len(scene.models.models()) == 1)
    assert scene.models.models()[0].origin is not None


def test_a_licence_that_the_search_named_is_asked_for_before_the_hub(scene: Scene) -> None:
    scene.server.repositories[OTHER].extra["tags"] = ["gguf", "license:gemma"]
    scene.search("tiny")
    scene.child(FoundList, "hub-results")
    scene.open_result()
    scene.child(QWidget, "acceptance-card")
    assert len(scene.server.requests) == 1  # the search
    scene.accept()
    scene.child(QWidget, "choices")
    assert [one.model for one in scene.store.all()] == [OTHER]
    scene.press("back-to-models")
    assert scene.child(FoundList, "hub-results").rows.rowCount() == 1


def test_offline_is_said_once(tmp_path: Path, look: Appearance, qtbot: QtBot, server: HubServer) -> None:
    scene = Scene(tmp_path, look, qtbot, server, "http://127.0.0.1:9")
    try:
        scene.search("tiny")
        label = scene.child(QLabel, "hub-words")
        scene.wait(lambda: "does not accept connections" in label.text())
        assert scene.find(FoundList, "hub-results") is None
    finally:
        scene.close()


def test_another_search_replaces_the_one_on_its_way(scene: Scene) -> None:
    scene.server.faults = [
        Fault(where="hub", stall_after=0, when=lambda request: "search=slow" in request.path)
    ]
    found: list[Any] = []
    scene.hub.found.connect(found.append)
    scene.search("slow")
    scene.search("tiny")
    scene.wait(lambda: bool(found))
    assert [one.found.repo for one in found[0]] == [OTHER]
    assert len(found) == 1


def test_more_results_come_below_and_a_failure_leaves_those_that_are_there(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.services.hub._MOST_FOUND", 2)
    for number in range(5):
        scene.server.add(f"many/{number}-GGUF", {})
    scene.search("many")
    results = scene.child(FoundList, "hub-results")
    assert "The first 2 repositories" in scene.child(QLabel, "hub-words").text()
    scene.server.faults = [Fault(where="hub", status=500)]
    scene.press("more-of-hub")
    assert "out of order" in scene.child(QLabel, "hub-more-words").text()
    assert results.rows.rowCount() == 2
    scene.press("more-of-hub")
    scene.wait(lambda: results.rows.rowCount() == 4)
    scene.press("more-of-hub")
    scene.wait(lambda: results.rows.rowCount() == 5)
    assert scene.find(QPushButton, "more-of-hub") is None
    assert scene.child(QLabel, "hub-words").text().startswith("5 repositories")
    assert results.height() == results.sizeHintForRow(0) * 5
    scene.search("tiny")
    scene.wait(lambda: results.rows.rowCount() == 1)


def test_nothing_found_says_so(scene: Scene) -> None:
    scene.search("zzz")
    label = scene.child(QLabel, "hub-words")
    scene.wait(lambda: "Nothing at 127.0.0.1 is called “zzz”" in label.text())


def test_a_thousand_results_are_drawn_as_they_come_into_sight(scene: Scene) -> None:
    found = Found("o/m", "apache-2.0", Gate.OPEN, 12_345, 1, "2026-10-01", None, "llama", 8192, 8 * 10**9)
    rows = [FoundModel(found, label_of(None, "apache-2.0"))] * 1000
    scene.press("tab-hub")
    before = len(scene.page.findChildren(QWidget))
    scene.hub.found.emit(rows)
    results = scene.child(FoundList, "hub-results")
    assert len(scene.page.findChildren(QWidget)) - before < 10
    bar = scene.page.verticalScrollBar()
    scene.wait(lambda: bar.maximum() > 90_000)
    bar.setValue(bar.maximum())
    assert not scene.page.viewport().grab().isNull()
    assert results.rows.rowCount() == 1000


def test_everything_one_can_use_has_a_name(scene: Scene) -> None:
    begin(scene)
    scene.search("tiny")
    scene.open_result()
    scene.child(QWidget, "choices")
    for kind in (QAbstractButton, QLineEdit, QComboBox):
        for widget in scene.page.findChildren(kind):
            named = widget.accessibleName() or getattr(widget, "text", lambda: "")()
            assert widget.objectName(), named
            assert named, widget.objectName()
