"""A fresh file, a store on it, and a clock that moves one second a look."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import apsw
import pytest

from desktop.storage.conversations import ConversationStore
from desktop.storage.database import open_database


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[apsw.Connection]:
    connection = open_database(tmp_path / "inshore.db")
    yield connection
    connection.close()


@pytest.fixture
def store(connection: apsw.Connection) -> ConversationStore:
    ticks = count(1_000)
    return ConversationStore(connection, now=lambda: float(next(ticks)))
