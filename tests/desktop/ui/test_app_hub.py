"""The whole window with a hub: models come down, each request is on record, and a token is asked for once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtWidgets import (
    QAbstractButton,
    QFileDialog,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desktop.app import Program
from desktop.storage.acceptance_export import Listing
from desktop.storage.acceptances import AcceptanceStore
from desktop.storage.database import open_database
from desktop.storage.outbound_log import OutboundLog
from desktop.system import settings
from desktop.system.key import HUB
from desktop.system.keys import Keys
from desktop.system.paths import Paths
from desktop.ui.manager.page import ModelsPage
from desktop.ui.settings.licences import LicencesCard
from desktop.ui.theme import Appearance
from models.catalogue import Catalogue, load
from models.fake import FakeBackend
from models.local.measures import MachineSpeed
from tests.desktop.ui.programs import closed, made
from tests.desktop.ui.test_bringing import OTHER, QWEN, model_bytes
from tests.fixtures.gguf_writer import Gguf, usual_metadata
from tests.fixtures.keyrings import MemoryHolder, Sleeping, keyring_of
from tests.hub_server import HubServer

W = TypeVar("W", bound=QWidget)


class Engine(FakeBackend):
    """The shipped fake, on a machine that was measured."""

    async def gauge(self) -> MachineSpeed:
        return MachineSpeed(40e9, ())


class Scene:
    """One run of the program after another, in one home."""

    def __init__(self, home: Path, look: Appearance, qtbot: QtBot, server: HubServer) -> None:
        self.look, self.qtbot, self.server = look, qtbot, server
        self.holder = MemoryHolder()
        self.home = home
        self.paths = Paths.find({"INSHORE_HOME": str(home)})
        self.paths.create()
        wanted = replace(settings.load(self.paths.settings_file)[0], hub_endpoints=(server.url,))
        settings.save(self.paths.settings_file, wanted)
        self.program: Program | None = None

    def start(self) -> Program:
        self.program = program = made(self.home, self.look, Engine())
        program.gateway.keys._make = lambda _asked: Keys(keyring_of(self.holder))
        program.window.show()
        return program

    def end(self) -> None:
        if self.program is not None:
            closed(self.program)
            self.program = None

    def page(self) -> ModelsPage:
        assert self.program is not None
        self.program._show_page("models")
        page = self.program._pages["models"]
        assert isinstance(page, ModelsPage)
        return page

    def child(self, kind: type[W], name: str) -> W:
        def found() -> list[W]:
            return [one for one in self.page().findChildren(kind, name) if one.isVisible()]

        self.wait(lambda: bool(found()))
        return found()[0]

    def press(self, name: str) -> None:
        self.child(QAbstractButton, name).click()

    def wait(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition, timeout=10_000)

    def here(self) -> list[str]:
        assert self.program is not None
        return [model.source for model in self.program.models.models()]


@pytest.fixture
def scene(tmp_path: Path, look: Appearance, qtbot: QtBot) -> Iterator[Scene]:
    with HubServer() as server:
        server.add(QWEN, {"Qwen3-0.6B-Q8_0.gguf": model_bytes(300_000)})
        server.add(OTHER, {"tiny-Q4_0.gguf": model_bytes(70_000)})
        made = Scene(tmp_path / "home", look, qtbot, server)
        yield made
        made.end()


def test_a_model_comes_down_and_each_request_is_on_record(scene: Scene) -> None:
    scene.start()
    scene.page().show_model("qwen3-0.6b")
    scene.press("download-model")
    scene.press("start-download")
    scene.wait(lambda: "downloaded" in scene.here())
    scene.end()
    connection = open_database(scene.paths.database)
    log = OutboundLog(connection)
    lines = [line for day in log.days() for line in log.on(day.day)]
    connection.close()
    assert len(lines) == len(scene.server.requests)
    assert {line.host for line in lines} == {"127.0.0.1"}
    assert {line.purpose for line in lines} >= {"look at a model", "download a model"}
    assert sum(line.bytes_in for line in lines) >= 300_000


def test_a_token_is_asked_for_once_and_kept_in_the_keyring_alone(scene: Scene) -> None:
    scene.server.repositories[QWEN].gated = "auto"
    scene.start()
    scene.page().show_model("qwen3-0.6b")
    scene.press("download-model")
    scene.child(QWidget, "gate")
    scene.child(QLineEdit, "hub-token").setText(scene.server.token)
    scene.press("use-token")
    scene.child(QWidget, "choices")
    scene.wait(lambda: scene.holder.entries == {HUB: scene.server.token})
    scene.end()
    assert scene.server.token not in scene.paths.settings_file.read_text()

    scene.start()
    scene.page().show_model("qwen3-0.6b")
    scene.press("download-model")
    scene.press("start-download")
    scene.wait(lambda: "downloaded" in scene.here())


def test_a_look_waits_until_the_keyring_has_answered(scene: Scene) -> None:
    """The first thing that the page is asked for: a model whose terms were accepted before."""
    scene.server.repositories[QWEN].gated = "auto"
    scene.holder = holder = Sleeping()
    holder.entries[HUB] = scene.server.token
    settings.save(
        scene.paths.settings_file,
        replace(settings.load(scene.paths.settings_file)[0], hub_signed_in="127.0.0.1"),
    )
    program = scene.start()
    page = scene.page()
    page.show_model("qwen3-0.6b")
    download = next(one for one in page.findChildren(QAbstractButton, "download-model"))
    download.click()
    scene.wait(lambda: holder.calls == 1)
    assert scene.server.requests == []
    holder.wake.set()
    scene.child(QWidget, "choices")
    assert not [one for one in page.findChildren(QWidget, "gate") if one.isVisible()]
    assert isinstance(program, Program)


def test_another_token_takes_the_place_of_one_that_was_wrong(scene: Scene) -> None:
    scene.server.repositories[QWEN].gated = "auto"
    scene.start()
    scene.page().show_model("qwen3-0.6b")
    scene.press("download-model")
    for token in ("hf_expired", scene.server.token):
        scene.child(QLineEdit, "hub-token").setText(token)
        scene.press("use-token")
        scene.wait(lambda token=token: scene.holder.entries == {HUB: token})  # type: ignore[misc]
    scene.child(QWidget, "choices")


def test_a_kept_token_is_shown_and_removed_in_the_settings(scene: Scene) -> None:
    scene.holder.entries[HUB] = scene.server.token
    wanted = replace(settings.load(scene.paths.settings_file)[0], hub_signed_in="127.0.0.1")
    settings.save(scene.paths.settings_file, wanted)
    program = scene.start()
    scene.page()  # which asks the keyring for it
    scene.wait(lambda: program.manager.downloads.token_for("127.0.0.1") == scene.server.token)
    program._show_page("settings")
    remove = program.window.findChild(QPushButton, "remove-hub-token")
    assert remove is not None
    assert remove.isVisible()
    remove.click()
    scene.wait(lambda: scene.holder.entries == {})
    assert remove.isHidden() or not remove.isVisible()
    assert program.manager.downloads.token_for("127.0.0.1") is None
    assert program.settings.values.hub_signed_in == ""
    program.window.notice._button.click()
    scene.wait(lambda: program.manager.downloads.token_for("127.0.0.1") == scene.server.token)
    assert scene.holder.entries == {HUB: scene.server.token}


def test_a_model_of_ones_own_answers_once_its_licence_is_accepted(scene: Scene) -> None:
    """Tier 2: the file says that it is under Gemma's terms."""
    program = scene.start()
    values = usual_metadata() | {"general.license": "gemma", "general.name": "My Gemma"}
    program.models.add(Gguf(values).write(scene.paths.data / "mine.gguf"))
    program.chat.answering.choose(None, "mine")
    began = program.chat.send(None, "Hello?")
    assert began is not None
    answer = program.chat.messages(began)[-1]
    assert answer.error is not None
    assert answer.error["title"] == "The model’s licence must be accepted first."
    assert "My Gemma" in answer.error["cause"]
    scene.press("accept-mine")
    scene.child(QLineEdit, "intended-use").setText("notes at home")
    scene.press("accept-licence")
    assert [(one.model, one.use) for one in AcceptanceStore(program._connection).all()] == [
        ("mine", "notes at home")
    ]
    program.chat.answering.route(began)


def test_what_was_accepted_is_shown_in_the_settings_and_saved_with_all_models(
    scene: Scene, tmp_path: Path
) -> None:
    program = scene.start()
    store = AcceptanceStore(program._connection)
    program._show_page("settings")
    card = program._pages["settings"].findChild(LicencesCard)
    assert card is not None
    accepted = card.findChild(QWidget, "accepted-licences")
    assert accepted is not None

    def said() -> list[str]:
        return [label.text() for label in accepted.findChildren(QLabel) if label.isVisible()]

    scene.wait(lambda: said() == ["You have accepted none so far."])
    passport = program.manager.catalogue.catalogue.licences.get("gemma")
    assert passport is not None
    store.add(passport, "gemma-3-4b", "=notes at home")
    program._show_page("models")
    program._show_page("settings")
    scene.wait(lambda: "".join(said()).endswith(", for =notes at home"))
    (line,) = said()
    assert line.startswith("Gemma 3 4B: Gemma Terms of Use (2026-04-01), on ")
    for form, expected in (("csv", ",'=notes at home," + passport.text_hash()), ("md", "| =notes at home |")):
        button = card.findChild(QPushButton, f"licences-{form}")
        assert button is not None
        button.click()
        (dialog,) = (one for one in program.window.findChildren(QFileDialog) if one.isVisible())
        dialog.fileSelected.emit(str(tmp_path / f"list.{form}"))
        dialog.reject()
        text = (tmp_path / f"list.{form}").read_text()
        assert expected in text
        assert "smollm2-135m-instruct-q4" in text
    folder = tmp_path / "gone" / "list.csv"
    card.export_requested.emit(str(folder), Listing.CSV)
    assert any("was not saved" in label.text() for label in program.window.banner.findChildren(QLabel))


def test_the_catalogue_is_read_once_beside_the_window(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []

    def read(*folders: Path) -> Catalogue:
        if scene.paths.own_catalogue in folders:  # a window of an earlier test may be reading its own
            threads.append(threading.current_thread().name)
        return load(*folders)

    monkeypatch.setattr("models.catalogue.load", read)
    manager = scene.start().manager
    manager.read_ahead()
    scene.wait(lambda: manager._read is not None)
    assert manager.catalogue.offers() != ()
    manager.read_ahead()
    assert len(threads) == 1
    assert threads != [threading.current_thread().name]


def test_starting_and_looking_asks_no_hub_and_no_keyring(scene: Scene) -> None:
    scene.start()
    page = scene.page()
    page.show_hub()
    page.show_catalogue()
    page.show_model("qwen3-0.6b")
    scene.qtbot.wait(50)
    assert scene.server.requests == []
    assert scene.holder.calls == 0


def test_the_mirror_that_is_set_meanwhile_is_asked_and_gets_no_token_of_another(scene: Scene) -> None:
    scene.server.repositories[QWEN].gated = "auto"
    program = scene.start()
    with HubServer() as mirror:
        address = mirror.url.replace("127.0.0.1", "localhost")
        mirror.add(QWEN, {"Qwen3-0.6B-Q8_0.gguf": model_bytes(300_000)})
        scene.page().show_model("qwen3-0.6b")
        scene.press("download-model")
        scene.child(QLineEdit, "hub-token").setText(scene.server.token)
        scene.press("use-token")
        scene.child(QWidget, "choices")
        scene.press("back-to-models")
        program.settings.update(hub_endpoints=(address,))
        scene.page().show_model("qwen3-0.6b")
        scene.press("download-model")
        scene.child(QWidget, "choices")
        assert mirror.requests != []
        assert not any("authorization" in request.headers for request in mirror.requests)
