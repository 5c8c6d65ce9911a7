"""Lines from other threads reach the record in the window's."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import apsw
import pytest
from pytestqt.qtbot import QtBot

from desktop.services.outbound_record import OutboundRecord
from desktop.storage.database import open_database
from desktop.storage.outbound_log import OutboundLog
from desktop.storage.outbound_pending import Pending
from models.outbound import Sent

LINE = Sent(time.time(), "huggingface.co", "search the hub", "GET", 0, 1234, 200)


class Scene:
    def __init__(self, folder: Path) -> None:
        self.connection: apsw.Connection = open_database(folder / "inshore.db")
        self.log = OutboundLog(self.connection)
        self.pending = Pending(folder / "outbound-pending.jsonl")
        self.record = OutboundRecord(self.log, self.pending)

    def lines(self) -> list[Sent]:
        return self.log.on(date.fromtimestamp(LINE.at))


@pytest.fixture
def scene(tmp_path: Path, qtbot: QtBot) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.connection.close()


def test_lines_of_any_thread_are_written_together_in_the_windows(scene: Scene, qtbot: QtBot) -> None:
    written: list[threading.Thread] = []
    scene.record.written.connect(lambda: written.append(threading.current_thread()))
    lines = [replace(LINE, bytes_in=number) for number in range(20)]
    threads = [threading.Thread(target=scene.record.record, args=(line,)) for line in lines]
    with qtbot.waitSignal(scene.record.written):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(line.bytes_in for line in scene.lines()) == list(range(20))
    assert written == [threading.main_thread()]


def test_closing_writes_what_is_left(scene: Scene) -> None:
    scene.record.record(LINE)
    scene.record.close()
    assert scene.lines() == [LINE]


def test_a_failure_is_told_once_and_loses_nothing(scene: Scene) -> None:
    told: list[object] = []
    scene.record.failed.connect(told.append)
    scene.connection.pragma("query_only", True)
    for _ in range(2):
        scene.record.record(LINE)
        scene.record.flush()
    assert len(told) == 1
    scene.connection.pragma("query_only", False)
    scene.record.flush()
    assert scene.lines() == [LINE, LINE]


def test_tidying_takes_in_what_waits_and_forgets_what_is_old(scene: Scene, qtbot: QtBot) -> None:
    scene.log.add([replace(LINE, at=LINE.at - 100 * 86_400)])
    scene.pending.record(LINE)
    with qtbot.waitSignal(scene.record.written):
        scene.record.tidy()
    assert [day.requests for day in scene.log.days()] == [1]
    assert scene.lines() == [LINE]
