"""The page of what left: empty, filtered, paged, and exported."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import apsw
import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget
from pytestqt.qtbot import QtBot

from desktop.services.record import RecordService
from desktop.storage.database import open_database
from desktop.storage.outbound_log import OutboundLog
from desktop.storage.outbound_reports import OutboundReports
from desktop.storage.sent_content import SentContents
from desktop.ui.record.page import RecordPage
from desktop.ui.record.sent import SentPage, Shown
from desktop.ui.theme import Appearance
from models.outbound import Sent

_MANY = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)
INSERT INTO outbound (at, host, purpose, method, bytes_out, bytes_in, status, conversation_id, mode)
SELECT at - i, host, purpose, method, bytes_out, bytes_in, status, conversation_id, mode FROM outbound, n
"""
NOON = datetime(2026, 11, 25, 12).astimezone().timestamp()
LINE = Sent(NOON, "api.example", "chat", "POST", 2_000, 30_000, 200, "", 7, "cloud")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[apsw.Connection]:
    with closing(open_database(tmp_path / "inshore.db")) as connection:
        yield connection


@pytest.fixture
def page(look: Appearance, qtbot: QtBot, connection: apsw.Connection) -> RecordPage:
    service = RecordService(
        OutboundReports(connection),
        SentContents(connection),
        lambda: {7: "月亮"},
        today=lambda: date(2026, 11, 25),
    )
    page = RecordPage(service)
    service.setParent(page)
    qtbot.addWidget(page)
    page.resize(900, 700)
    page.show()
    return page


def label(page: RecordPage, words: str) -> bool:
    return any(one.isVisible() and words in one.text() for one in page.findChildren(QLabel))


def press(page: RecordPage, name: str) -> None:
    button = page.findChild(QAbstractButton, name)
    assert button is not None
    button.click()


def rows(page: RecordPage) -> list[list[str]]:
    lines = page.lines.lines
    return [
        [lines.index(row, column).data() for column in range(lines.columnCount())]
        for row in range(lines.rowCount())
    ]


def test_an_empty_record_says_what_that_means(page: RecordPage) -> None:
    assert label(page, "Nothing has left this machine.")
    assert not page.lines.isVisible()


def test_a_filter_that_leaves_nothing_is_no_empty_record(
    page: RecordPage, connection: apsw.Connection
) -> None:
    OutboundLog(connection).add([replace(LINE, at=NOON - 30 * 86_400)])
    page.refresh()
    assert page.lines.isVisible()
    press(page, "record-span-today")
    assert not label(page, "Nothing has left this machine.")
    assert label(page, "Nothing of this has left")


def test_a_line_has_time_host_purpose_bytes_decision_and_conversation(
    page: RecordPage, connection: apsw.Connection
) -> None:
    refused = replace(LINE, at=NOON + 1, refused="It stays here.", bytes_out=0, bytes_in=0, mode="local")
    OutboundLog(connection).add([LINE, refused])
    page.refresh()
    newest, older = rows(page)
    assert older[1:] == ["api.example", "chat", "2 kB", "30 kB", "allowed", "cloud", "月亮"]
    assert newest[5] == "refused"
    assert "It stays here." in page.lines.lines.index(0, 0).data(3)  # the tooltip
    assert page.sums.text() == "1 request: 2 kB out, 30 kB in; 1 refused, nothing of it left."


def test_a_day_and_a_conversation_narrow_the_lines(page: RecordPage, connection: apsw.Connection) -> None:
    OutboundLog(connection).add([LINE, replace(LINE, at=NOON - 86_400, conversation_id=None)])
    page.refresh()
    page.groups.chosen.emit(date(2026, 11, 24))
    assert [row[-1] for row in rows(page)] == ["–"]
    press(page, "record-all")
    press(page, "record-by-by-conversation")
    page.groups.chosen.emit(7)
    assert [row[-1] for row in rows(page)] == ["月亮"]
    assert label(page, "Only “月亮”")


def test_100_000_lines_come_page_by_page(page: RecordPage, connection: apsw.Connection) -> None:
    OutboundLog(connection).add([LINE])
    connection.execute(_MANY)
    begun = time.process_time()
    page.refresh()
    assert time.process_time() - begun < 1  # measured: 0.15 s; a page that reads all takes ten times this
    lines = page.lines.lines
    assert lines.rowCount() == 200
    lines.fetchMore(lines.index(-1, -1))
    assert lines.rowCount() == 400


def test_what_is_shown_is_exported(
    page: RecordPage, connection: apsw.Connection, qtbot: QtBot, tmp_path: Path
) -> None:
    OutboundLog(connection).add([LINE] * 3 + [replace(LINE, host="hub.example")])
    page.refresh()
    page._host.setCurrentIndex(page._host.findData("hub.example"))
    dialog = page.ask_for_file()
    with qtbot.waitSignal(page._service.exported):
        dialog.fileSelected.emit(str(tmp_path / "out.csv"))
    dialog.close()
    text = (tmp_path / "out.csv").read_text(encoding="utf-8")
    assert text.count("\n") == 2
    assert "hub.example" in text


def test_all_controls_have_names(page: RecordPage, connection: apsw.Connection) -> None:
    OutboundLog(connection).add([LINE])
    page.refresh()
    for widget in page.findChildren(QWidget):
        if widget.isVisible() and widget.objectName().startswith(("record-", "export-")):
            assert widget.accessibleName() or widget.property("text"), widget.objectName()


def test_very_long_content_is_shown_in_part_and_copied_whole(look: Appearance, qtbot: QtBot) -> None:
    text = '{"messages": "' + "谢" * 300_000 + '"}'
    page = SentPage(look)
    qtbot.addWidget(page)
    page.show_requests([Shown("then", text)], remote=True)
    assert len(page.text.toPlainText()) < 210_000
    assert "more characters" in page.text.toPlainText()
    page._copy.click()
    assert QGuiApplication.clipboard().text() == text


def test_a_request_s_long_line_gives_way_in_a_narrow_window(look: Appearance, qtbot: QtBot) -> None:
    page = SentPage(look)
    qtbot.addWidget(page)
    page.show_requests([Shown("2026-11-25 12:00:00 to a.gateway.example: " * 4, "{}")], remote=True)
    page.resize(480, 700)
    page.show()
    body = page.widget()
    assert body is not None
    assert body.minimumSizeHint().width() <= page.viewport().width()


def test_content_that_is_gone_is_said_to_be(look: Appearance, qtbot: QtBot) -> None:
    page = SentPage(look)
    qtbot.addWidget(page)
    page.show_requests((), remote=True)
    assert "kept for 90 days" in page.words.text()
    assert page.text.isHidden()
