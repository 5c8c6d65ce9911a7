"""The file is opened durable, private and in the present shape."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from desktop.storage.database import open_database
from desktop.storage.migrations import MIGRATIONS
from desktop.storage.sqlite import transaction, translated
from models.errors import NextStep, StorageDamaged, StorageFailed, StorageTooNew

ROOT = Path(__file__).parents[3]


def test_the_bundled_sqlite_has_the_wal_fix() -> None:
    assert tuple(map(int, apsw.sqlite_lib_version().split("."))) >= (3, 51, 3)


def test_the_connection_is_durable_and_alone(
    connection: apsw.Connection, configured: Callable[[apsw.Connection, float], None]
) -> None:
    assert connection.pragma("foreign_keys") == 1
    configured(connection, 1.0)  # as the program does; other tests don't wait for the disk
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2  # FULL
    assert connection.pragma("locking_mode") == "exclusive"
    assert connection.pragma("secure_delete") == 1
    assert connection.pragma("user_version") == len(MIGRATIONS)
    assert connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, -1) == 1
    assert connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, -1) == 0


def test_no_shared_memory_file_is_used(connection: apsw.Connection, tmp_path: Path) -> None:
    connection.execute("INSERT INTO draft VALUES (0, 'x')")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inshore.db", "inshore.db-wal"]


def test_no_time_is_lost_in_a_second_start(tmp_path: Path) -> None:
    open_database(tmp_path / "inshore.db").close()
    open_database(tmp_path / "inshore.db").close()
    assert [path.name for path in tmp_path.iterdir()] == ["inshore.db"]  # no backup without a migration


def test_a_parent_can_not_be_younger_than_its_child(connection: apsw.Connection) -> None:
    connection.execute("INSERT INTO conversation (title, created_at, updated_at) VALUES ('c', 1, 1)")
    with pytest.raises(apsw.ConstraintError), transaction(connection):
        connection.execute(
            "INSERT INTO message (id, conversation_id, parent_id, role, text, status, created_at) "
            "VALUES (1, 1, 2, 'user', '', 'complete', 1), (2, 1, 1, 'user', '', 'complete', 1)"
        )
    assert connection.execute("SELECT count(*) FROM message").get == 0


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "inshore.db"
    with closing(apsw.Connection(str(path))) as other:
        other.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(StorageDamaged, match="another program"):
        open_database(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("error", "kind", "step"),
    [
        (apsw.FullError("full"), StorageFailed, NextStep.RETRY),
        (apsw.ReadOnlyError("ro"), StorageFailed, NextStep.RETRY),
        (apsw.CorruptError("bad"), StorageDamaged, NextStep.NONE),
        (OSError(28, "No space left on device"), StorageFailed, NextStep.NONE),
    ],
)
def test_the_worlds_faults_are_said_with_the_path(
    error: Exception, kind: type[StorageFailed], step: NextStep
) -> None:
    with pytest.raises(kind) as caught, translated(Path("/a/天.db")):
        raise error
    assert "/a/天.db" in caught.value.cause
    assert caught.value.__cause__ is error
    assert caught.value.next_step is step


def test_our_own_mistakes_are_not_dressed_up(connection: apsw.Connection) -> None:
    with pytest.raises(apsw.SQLError), translated():
        connection.execute("SELECT nonsense FROM nowhere")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed) as caught:
        open_database(tmp_path / "absent" / "inshore.db")
    assert str(tmp_path / "absent") in caught.value.cause


def test_a_format_of_the_future_is_named(tmp_path: Path) -> None:
    path = tmp_path / "inshore.db"
    open_database(path).close()
    with pytest.raises(StorageTooNew) as caught:
        open_database(path, migrations=())
    assert f"format {len(MIGRATIONS)}" in caught.value.cause


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size")
def test_f11_a_failed_write_is_said_and_rolled_back(tmp_path: Path) -> None:
    script = """
import resource, sys
from pathlib import Path
from desktop.storage.conversations import ConversationStore
from desktop.storage.database import open_database
from models.errors import StorageFailed
connection = open_database(Path(sys.argv[1]))
store = ConversationStore(connection)
conversation = store.create("c")
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
try:
    store.add_turn(conversation.id, parent_id=None, text="x" * 1_000_000, model=None)
except StorageFailed as error:
    print(error.details)
print(len(store.thread(conversation.id)), connection.in_transaction)
connection.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", script, os.fspath(tmp_path / "inshore.db")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "IOERR" in done.stdout.splitlines()[0]
    assert done.stdout.splitlines()[1] == "0 False"
