"""The record of what left: kept by day and by conversation, and forgotten after 90 days."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from desktop.storage.database import open_database
from desktop.storage.migrations import MIGRATIONS
from desktop.storage.outbound_log import OutboundLog
from desktop.storage.outbound_pending import Pending
from models.errors import StorageBusy, StorageError, StorageFailed
from models.outbound import Sent

ROOT = Path(__file__).parents[3]
TODAY = datetime(2026, 11, 25, 12).astimezone()
NOON = TODAY.timestamp()
LINE = Sent(NOON, "huggingface.co", "search the hub", "GET", 0, 1234, 200)


@pytest.fixture
def log(connection: apsw.Connection) -> OutboundLog:
    return OutboundLog(connection, now=lambda: NOON)


@pytest.fixture
def pending(tmp_path: Path) -> Pending:
    return Pending(tmp_path / "outbound-pending.jsonl")


def test_a_line_is_read_back_after_a_restart(tmp_path: Path) -> None:
    refused = replace(LINE, status=None, refused="It is not one of the servers expected here.")
    for_7 = replace(LINE, at=NOON + 1, host="api.example.org", method="POST", bytes_out=99, conversation_id=7)
    with closing(open_database(tmp_path / "inshore.db")) as connection:
        OutboundLog(connection).add([refused, for_7])
    with closing(open_database(tmp_path / "inshore.db")) as connection:
        assert OutboundLog(connection).on(TODAY.date()) == [refused, for_7]
        assert OutboundLog(connection).of(7) == [for_7]
        assert OutboundLog(connection).of(8) == []


def test_days_are_those_of_this_machines_clock(log: OutboundLog) -> None:
    midnight = datetime(2026, 11, 25).astimezone().timestamp()
    before, after = replace(LINE, at=midnight - 1), replace(LINE, at=midnight)
    log.add([after, before, replace(after, refused="No.", bytes_in=0, status=None)])
    assert log.on(date(2026, 11, 24)) == [before]
    assert len(log.on(date(2026, 11, 25))) == 2
    newest, older = log.days()
    assert (newest.day, newest.requests, newest.bytes_in, newest.refused) == (date(2026, 11, 25), 2, 1234, 1)
    assert (older.day, older.requests, older.refused) == (date(2026, 11, 24), 1, 0)


def test_what_is_older_than_90_days_is_forgotten(log: OutboundLog) -> None:
    kept = replace(LINE, at=(TODAY - timedelta(days=89)).timestamp())
    log.add([replace(LINE, at=(TODAY - timedelta(days=91)).timestamp()), kept])
    assert log.prune() == 1
    assert [day.day for day in log.days()] == [(TODAY - timedelta(days=89)).date()]
    assert log.prune() == 0


def test_nothing_but_what_a_line_has_room_for_is_kept(log: OutboundLog, connection: apsw.Connection) -> None:
    columns = [row[1] for row in connection.execute("PRAGMA table_info(outbound)")]
    assert columns == ["id", *(field.name for field in fields(Sent))]
    log.add([replace(LINE, host="h" * 10_000, purpose="a\nb\u202e", bytes_in=1 << 80, bytes_out=-1)])
    (line,) = log.on(TODAY.date())
    assert (len(line.host), line.purpose, line.bytes_in, line.bytes_out) == (300, "a b", 1 << 62, 0)


def test_a_failed_write_keeps_none_of_the_lines(log: OutboundLog, connection: apsw.Connection) -> None:
    connection.pragma("query_only", True)
    with pytest.raises(StorageError):
        log.add([LINE, LINE])
    connection.pragma("query_only", False)
    assert log.days() == []


def test_a_file_of_the_version_before_gets_the_table(tmp_path: Path) -> None:
    path = tmp_path / "inshore.db"
    without = [step for step in MIGRATIONS if step.__name__ != "_outbound_record"]
    assert len(without) == len(MIGRATIONS) - 1
    open_database(path, migrations=MIGRATIONS[: MIGRATIONS.index(_step())]).close()
    with closing(open_database(path)) as connection:
        OutboundLog(connection).add([LINE])
        assert OutboundLog(connection).on(TODAY.date()) == [LINE]


def _step() -> object:
    return next(step for step in MIGRATIONS if step.__name__ == "_outbound_record")


# -- lines that wait


def test_lines_wait_until_the_file_can_be_written(pending: Pending, log: OutboundLog, tmp_path: Path) -> None:
    second = replace(LINE, at=NOON + 1, refused="No “way”.")
    pending.record(LINE)
    pending.record(second)
    assert (tmp_path / "outbound-pending.jsonl").stat().st_mode & 0o777 == 0o600
    assert pending.move_into(log) == 2
    assert log.on(TODAY.date()) == [LINE, second]
    assert pending.move_into(log) == 0
    assert not (tmp_path / "outbound-pending.jsonl").exists()


def test_lines_that_can_t_be_moved_stay(
    pending: Pending, log: OutboundLog, connection: apsw.Connection
) -> None:
    pending.record(LINE)
    connection.pragma("query_only", True)
    with pytest.raises(StorageError):
        pending.move_into(log)
    connection.pragma("query_only", False)
    assert pending.move_into(log) == 1


@pytest.mark.parametrize(
    "rubbish",
    [b"{", b"[]", b"\xff\xfe", b'{"at": "now"}', b'{"at": 1}', b"[" * 100_000, b"null", b""],
    ids=lambda value: str(value[:8]),
)
def test_what_is_no_line_is_dropped(
    pending: Pending, log: OutboundLog, tmp_path: Path, rubbish: bytes
) -> None:
    pending.record(LINE)
    with (tmp_path / "outbound-pending.jsonl").open("ab") as file:
        file.write(rubbish + b"\n")
    pending.record(replace(LINE, at=NOON + 1))
    assert pending.move_into(log) == 2


def test_a_wrong_type_is_no_line(pending: Pending, log: OutboundLog, tmp_path: Path) -> None:
    values = {field.name: getattr(LINE, field.name) for field in fields(Sent)}
    lines = [values | {"bytes_in": True}, values | {"status": "200"}, values | {"conversation_id": 1.5}]
    (tmp_path / "outbound-pending.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert pending.move_into(log) == 0


def test_a_link_in_its_place_is_not_written_through(pending: Pending, tmp_path: Path) -> None:
    secret = tmp_path / "id_rsa"
    secret.write_text("secret")
    (tmp_path / "outbound-pending.jsonl").symlink_to(secret)
    with pytest.raises(StorageFailed):
        pending.record(LINE)
    assert secret.read_text() == "secret"


_WRITER = """
import sys
from pathlib import Path
from desktop.storage.outbound_pending import Pending
from models.outbound import Sent
for number in range(200):
    Pending(Path(sys.argv[1])).record(Sent(number, sys.argv[2], "test", "GET", 0, 0, 200))
"""


def test_several_programs_lose_no_line_while_another_takes_them_in(
    pending: Pending, log: OutboundLog, tmp_path: Path
) -> None:
    path = os.fspath(tmp_path / "outbound-pending.jsonl")
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, path, name], cwd=ROOT) for name in ("one", "two")
    ]
    moved = 0
    while any(writer.poll() is None for writer in writers):
        moved += pending.move_into(log)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert moved + pending.move_into(log) == 400


def test_the_window_holds_the_file(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "inshore.db")) as window:
        window.execute("SELECT 1 FROM outbound").fetchall()
        with pytest.raises(StorageBusy):
            open_database(tmp_path / "inshore.db", patience_s=0.05)
