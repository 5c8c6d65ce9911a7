"""The whole window with its gateways: the settings show them, and no keyring can hold the window up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from desktop.app import Program
from desktop.services.keys import Known
from desktop.system.keys import Keys
from desktop.system.secrets import SystemKeyring
from desktop.ui.theme import Appearance
from models.fake import FakeBackend
from tests.desktop.ui.programs import made
from tests.fixtures.keyrings import CANARY, MemoryHolder, Sleeping, keyring_of


@pytest.fixture
def program(look: Appearance, tmp_path: Path) -> Iterator[Program]:
    program = made(tmp_path / "home", look, FakeBackend())
    program.window.show()
    yield program
    program.window.destroy_now()
    program.setParent(None)


def use(program: Program, keyring: SystemKeyring) -> None:
    program.gateway.keys._make = lambda _asked: Keys(keyring)


def button(program: Program, name: str) -> QPushButton:
    found = program.window.findChild(QPushButton, name)
    assert found is not None
    return found


def test_a_key_is_entered_in_the_settings(program: Program, qtbot: QtBot) -> None:
    holder = MemoryHolder()
    use(program, keyring_of(holder))
    assert holder.calls == 0
    program._show_page("settings")
    qtbot.waitUntil(lambda: program.gateway.keys.state("xidao").known is Known.ABSENT)
    button(program, "enter-key-xidao").click()
    field = program.window.findChild(QLineEdit, "key-xidao")
    assert field is not None
    field.setText(CANARY)
    button(program, "keep-key-xidao").click()
    qtbot.waitUntil(lambda: holder.entries == {"xidao": CANARY})
    program._close()


def test_f38_a_keyring_that_hangs_costs_neither_opening_nor_closing_the_window(
    program: Program, qtbot: QtBot
) -> None:
    holder = Sleeping()
    use(program, keyring_of(holder, deadline_s=60))
    began = time.monotonic()
    program._show_page("settings")
    assert time.monotonic() - began < 2
    qtbot.waitUntil(lambda: holder.calls == 1)
    chip = program.window.findChild(QLabel, "key-state-xidao")
    assert chip is not None
    assert chip.text() == "Asking the keyring…"
    began = time.monotonic()
    program._close()
    assert time.monotonic() - began < 3
    holder.wake.set()
