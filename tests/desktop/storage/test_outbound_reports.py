"""The record as its page reads it, exports of it, and what exactly was sent."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from datetime import datetime, timedelta
from pathlib import Path

import apsw
import pytest

from desktop.storage.conversations import ConversationStore
from desktop.storage.outbound_export import line_values
from desktop.storage.outbound_log import OutboundLog
from desktop.storage.outbound_reports import OutboundReports, RecordFilter, RecordSums
from desktop.storage.sent_content import SentContents
from desktop.storage.table_file import Table, TableFile
from models.errors import AppError
from models.outbound import Sent

NOON = datetime(2026, 11, 25, 12).astimezone().timestamp()
DAY = timedelta(days=1).total_seconds()
CHAT = Sent(NOON, "api.example", "chat", "POST", 100, 1_000, 200, "", 7, "cloud")
REFUSED = Sent(NOON + 1, "api.example", "chat", "POST", 0, 0, None, "It stays here.", 8, "local")
HUB = Sent(NOON - DAY, "hub.example", "search", "GET", 0, 500, 200)


@pytest.fixture
def reports(connection: apsw.Connection) -> OutboundReports:
    OutboundLog(connection).add([CHAT, REFUSED, HUB])
    return OutboundReports(connection)


def shown(reports: OutboundReports, wanted: RecordFilter) -> list[Sent]:
    return [row.sent for row in reports.rows(wanted, None, 10)]


def test_the_newest_line_is_first_whenever_it_was_written(reports: OutboundReports) -> None:
    assert shown(reports, RecordFilter()) == [REFUSED, CHAT, HUB]


def test_each_filter_leaves_out_the_others(reports: OutboundReports) -> None:
    assert shown(reports, RecordFilter(refused=True)) == [REFUSED]
    assert shown(reports, RecordFilter(refused=False)) == [CHAT, HUB]
    assert shown(reports, RecordFilter(host="hub.example")) == [HUB]
    assert shown(reports, RecordFilter(conversation_id=7)) == [CHAT]
    assert shown(reports, RecordFilter(since=NOON, until=NOON + 1)) == [CHAT]


def test_sums_are_those_of_the_filter(reports: OutboundReports) -> None:
    assert reports.sums(RecordFilter()) == RecordSums(3, 100, 1_500, 1)
    assert reports.sums(RecordFilter(host="nowhere")) == RecordSums()
    days = reports.by_day(RecordFilter())
    assert [(f"{day:%d}", sums.requests) for day, sums in days] == [("25", 2), ("24", 1)]
    conversations = dict(reports.by_conversation(RecordFilter()))
    assert conversations[7] == RecordSums(1, 100, 1_000, 0)
    assert conversations[8].refused == 1
    assert conversations[None].bytes_in == 500
    assert reports.hosts() == ["api.example", "hub.example"]


def test_pages_of_lines_of_one_moment_miss_none(connection: apsw.Connection) -> None:
    OutboundLog(connection).add([CHAT] * 25)
    reports = OutboundReports(connection)
    seen, page = set(), reports.rows(RecordFilter(), None, 10)
    while page:
        seen |= {row.id for row in page}
        page = reports.rows(RecordFilter(), page[-1], 10)
    assert len(seen) == 25


# -- exports


def test_an_export_is_a_table_without_formulas(reports: OutboundReports, tmp_path: Path) -> None:
    path = tmp_path / "record.csv"
    file = TableFile(path, Table.CSV, "Not exported.")
    rows = [line_values(row, {7: "=SUM(A1)"}) for row in reports.rows(RecordFilter(), None, 10)]
    file.add(rows[:1])
    file.add(rows[1:])
    assert not path.exists()
    file.finish()
    assert path.stat().st_mode & 0o777 == 0o600
    lines = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert [line["decision"] for line in lines] == ["refused", "allowed", "allowed"]
    assert lines[0]["why"] == "It stays here."
    assert (lines[1]["title"], lines[1]["bytes_out"], lines[1]["mode"]) == ("'=SUM(A1)", "100", "cloud")


def test_an_export_into_nowhere_says_so(tmp_path: Path) -> None:
    with pytest.raises(AppError, match="can’t be written"):
        TableFile(tmp_path / "none" / "record.csv", Table.CSV, "Not exported.")


# -- what exactly was sent


def test_content_is_kept_word_for_word(connection: apsw.Connection) -> None:
    contents = SentContents(connection, now=lambda: NOON)
    body = json.dumps({"messages": ["谢谢"]}, ensure_ascii=False).encode()
    contents.add(3, 1, "api.example", body)
    contents.add(4, 1, "api.example", b"other")
    (kept,) = contents.of(3)
    assert (kept.text.encode(), kept.size, kept.at) == (body, len(body), NOON)
    assert kept.sha256 == hashlib.sha256(body).hexdigest()


def test_pictures_are_told_by_size_and_hash(connection: apsw.Connection) -> None:
    picture = base64.b64encode(bytes(range(256)) * 8)
    body = b'{"url":"data:image/jpeg;base64,' + picture + b'"}'
    contents = SentContents(connection)
    contents.add(3, 1, "api.example", body)
    (kept,) = contents.of(3)
    assert picture.decode() not in kept.text
    assert hashlib.sha256(picture).hexdigest() in json.loads(kept.text)["url"]
    assert (kept.size, kept.sha256) == (len(body), hashlib.sha256(body).hexdigest())


def test_content_goes_with_its_conversation_and_the_record_stays(connection: apsw.Connection) -> None:
    store = ConversationStore(connection, now=lambda: NOON)
    here = store.create("Gone").id
    SentContents(connection).add(1, here, "api.example", b"words")
    OutboundLog(connection).add([CHAT])
    store.delete(here)
    store.purge_deleted(NOON + 1)
    assert SentContents(connection).of(1) == []
    assert shown(OutboundReports(connection), RecordFilter()) == [CHAT]


def test_content_goes_after_90_days(connection: apsw.Connection) -> None:
    SentContents(connection, now=lambda: NOON - 91 * DAY).add(1, 1, "api.example", b"old")
    SentContents(connection, now=lambda: NOON - 89 * DAY).add(2, 1, "api.example", b"new")
    OutboundLog(connection, now=lambda: NOON).prune()
    assert SentContents(connection).of(1) == []
    assert SentContents(connection).of(2)
