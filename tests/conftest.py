"""What holds for the whole suite."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest
from pytestqt.qtbot import QtBot

from desktop.storage import database
from desktop.ui import imports
from tests.fixtures.keyrings import CANARY
from tests.gateway_server.asking import KEY
from tests.network_guard import watched

_PLANTED = (CANARY.encode(), KEY.encode(), CANARY.encode("utf-16-le"), KEY.encode("utf-16-le"))
_LARGEST = 64 << 20  # models are larger, and nobody writes into them
_PATIENCE_MS = 20_000
"""How long a test waits for what doesn't come: a wait that comes true is over at once, on any machine."""

Configure = Callable[[apsw.Connection, float], None]


def pytest_configure() -> None:
    """As main.py does; and waits that say no time of their own are patient."""
    imports.restore()
    for wait in (QtBot.waitUntil, QtBot.waitSignal, QtBot.waitSignals, QtBot.waitCallback, QtBot.waitExposed):
        wait.__kwdefaults__ = {**(wait.__kwdefaults__ or {}), "timeout": _PATIENCE_MS}


@pytest.fixture(scope="session", autouse=True)
def no_key_in_any_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """S19: whatever the tests did with keys, none of them is in a file of any Inshore that they started."""
    yield
    found = [str(file) for home in homes(tmp_path_factory.getbasetemp()) for file in holding_a_key(home)]
    assert not found, f"a key was written into {', '.join(found)}"


@pytest.fixture(scope="session", autouse=True)
def configured() -> Iterator[Configure]:
    """How the program sets up its database. In tests it does not wait for the disk: nobody pulls the plug.

    What a killed process wrote is there all the same, and waiting took most of the time of many tests.
    """
    shipped = database._configure

    def hurried(connection: apsw.Connection, patience_s: float) -> None:
        shipped(connection, patience_s)
        connection.pragma("synchronous", "off")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_configure", hurried)
        yield shipped


@pytest.fixture(scope="session", autouse=True)
def connections() -> Iterator[list[str]]:
    """The connections that were made past the gate."""
    with watched() as past:
        yield past


@pytest.fixture(autouse=True)
def no_connection_past_the_gate(connections: list[str]) -> Iterator[None]:
    """S24: whoever connects elsewhere fails the test that it happened in."""
    yield
    made, connections[:] = list(connections), []
    assert not made, f"connected past the gate:\n{made[0]}"


def homes(folder: Path) -> Iterator[Path]:
    """The folders that INSHORE_HOME named: those with a `config` and a `data` in them."""
    for path, folders, _files in os.walk(folder):
        if {"config", "data"} <= set(folders):
            yield Path(path)
            folders.clear()


def holding_a_key(home: Path) -> Iterator[Path]:
    """Files in it that hold one of the keys that the tests use."""
    for path, _folders, files in os.walk(home):
        for file in (Path(path, name) for name in files):
            if file.is_file() and file.stat().st_size <= _LARGEST:
                content = file.read_bytes()
                if any(key in content for key in _PLANTED):
                    yield file
