"""The composition root connects privacy to what the engine keeps, and the list's menu to an exported file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from desktop.app import Program
from desktop.parts.manager import Manager
from desktop.storage.export import Form
from desktop.system.options import Options
from desktop.system.settings import Theme
from desktop.ui.manager.page import ModelsPage
from desktop.ui.theme import Appearance
from models.chat import ReasoningDelta
from models.fake import FakeBackend, says
from models.library import LocalModel
from models.local.measures import MachineSpeed
from tests.desktop.ui.programs import running


class Engine(FakeBackend):
    """The shipped fake, which remembers what it was told to forget."""

    forgotten: list[str]

    async def forget(self, cache_keys: Sequence[str]) -> None:
        self.forgotten += cache_keys

    async def gauge(self) -> MachineSpeed:
        return MachineSpeed(40e9, ())


@pytest.fixture
def engine() -> Engine:
    engine = Engine([ReasoningDelta("Hm."), *says("Yes.")])
    engine.forgotten = []
    return engine


@pytest.fixture
def program(
    look: Appearance, tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Program]:
    model = LocalModel("m", "m", Path("m"), 1, "added", context_length=4096)
    with running(tmp_path / "home", look, engine) as program:
        monkeypatch.setattr(program.models, "models", lambda: [model])
        yield program


def asked(program: Program, qtbot: QtBot) -> int:
    with qtbot.waitSignal(program.chat.turn_finished):
        conversation = program.chat.send(None, "Is it so?")
    assert conversation is not None
    program._open(conversation)
    return conversation


def test_what_the_settings_say_of_kept_states_holds_at_once(program: Program) -> None:
    folder = program._paths.states
    folder.mkdir(exist_ok=True)
    state = folder / "a.state"
    state.touch()
    os.truncate(state, 3 << 29)  # takes no room
    program.settings.update(theme=Theme.DARK)
    assert state.exists()
    program.settings.update(states_gb=1)
    assert not state.exists()
    assert (shelf := program._shelf()) is not None
    assert shelf.budget_bytes == 1 << 30
    state.touch()
    program.settings.update(keep_states=False)
    assert list(folder.iterdir()) == []
    assert program._shelf() is None


def test_becoming_private_makes_the_engine_forget(program: Program, engine: Engine, qtbot: QtBot) -> None:
    conversation = asked(program, qtbot)
    program.page.options.button.click()
    program.page.options.sheet.private.click()
    qtbot.waitUntil(lambda: engine.forgotten == [str(conversation)])
    program._tidy()  # at the next start, what a crash has left
    qtbot.waitUntil(lambda: engine.forgotten == [str(conversation)] * 2)


def test_a_conversation_is_exported_from_the_list(program: Program, qtbot: QtBot, tmp_path: Path) -> None:
    conversation = asked(program, qtbot)
    program.sidebar.list.export_requested.emit(conversation, Form.JSON)
    dialog = program.window.findChild(QFileDialog)
    assert dialog is not None
    dialog.fileSelected.emit(str(tmp_path / "x.json"))
    dialog.close()
    values = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    assert [message["reasoning"] for message in values["messages"]] == ["", "Hm."]
    assert program.window.notice.isVisible()


def test_an_export_that_fails_is_said(program: Program, qtbot: QtBot, tmp_path: Path) -> None:
    program.sidebar.list.export_requested.emit(asked(program, qtbot), Form.MARKDOWN)
    dialog = program.window.findChild(QFileDialog)
    assert dialog is not None
    dialog.fileSelected.emit(str(tmp_path / "gone" / "x.md"))
    dialog.close()
    assert program.window.banner.isVisible()


def test_the_models_page_has_the_machine_measured_and_opens_links(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(Manager, "_open_link", lambda _self, address: opened.append(address))
    assert not program.manager.catalogue.measured
    program._show_page("models")
    qtbot.waitUntil(lambda: program.manager.catalogue.measured)
    assert program.manager.catalogue.machine.bandwidth == 40e9
    page = program._pages["models"]
    assert isinstance(page, ModelsPage)
    page.show_model("gemma-3-4b")
    link = page.findChild(QPushButton, "licence-link")
    assert link is not None
    link.click()
    assert opened == [link.toolTip()]


def test_a_models_settings_hold_for_its_answers(program: Program, engine: Engine, qtbot: QtBot) -> None:
    program._show_page("models")
    button = program.window.findChild(QPushButton, "options-m")
    assert button is not None
    button.click()
    program.settings.update(models=program.settings.values.with_model("m", Options(top_k=7)))
    asked(program, qtbot)
    assert engine.requests[0].sampling.top_k == 7
