"""What can happen to the conversations' file, and what must be left of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from desktop.storage.conversations import ConversationStore, Status
from desktop.storage.database import open_database
from desktop.storage.migrations import MIGRATIONS
from models.chat import Role
from models.errors import StorageBusy, StorageDamaged, StorageError, StorageTooNew

ROOT = Path(__file__).parents[2]


def written(path: Path, *, conversations: int = 30) -> Path:
    """A file with some conversations in it."""
    with closing(open_database(path)) as connection:
        store = ConversationStore(connection)
        for number in range(conversations):
            store.add_message(
                store.create(f"conversation {number}").id,
                parent_id=None,
                role=Role.USER,
                text=f"message {number} " * 100,
                status=Status.COMPLETE,
            )
    return path


def read_all(path: Path) -> int:
    """How many messages can be read; each conversation is opened."""
    with closing(open_database(path, patience_s=0)) as connection:
        store = ConversationStore(connection)
        return sum(len(store.thread(conversation.id)) for conversation in store.conversations())


def zero(path: Path, start: int, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\0" * length)


def empty(path: Path) -> None:
    (path.parent / "backups").mkdir()
    (path.parent / "backups" / "inshore-20260101T000000Z-format1.db").write_bytes(b"copy")
    path.write_bytes(b"")


def become_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: zero(path, 0, 100), id="header zeroed"),
        pytest.param(lambda path: path.write_bytes(b"<html>" * 2000), id="another file"),
        pytest.param(lambda path: os.truncate(path, path.stat().st_size // 2 // 4096 * 4096), id="truncated"),
        pytest.param(lambda path: zero(path, 4096, path.stat().st_size - 4096), id="pages zeroed"),
        pytest.param(empty, id="emptied"),
        pytest.param(become_folder, id="a folder"),
    ],
)
def test_f12_a_damaged_file_is_named_and_never_deleted(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    path = written(tmp_path / "inshore.db")
    damage(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StorageDamaged) as caught:
        read_all(path)
    assert caught.value.title == "The conversations’ file is damaged."
    assert path.is_dir() if before is None else path.read_bytes() == before


def test_f12_a_zeroed_page_is_an_error_where_it_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "inshore.db")
    with closing(open_database(path)) as connection:
        sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'message'"
        page = connection.execute(sql).get
    zero(path, (page - 1) * 4096, 4096)
    with pytest.raises(StorageDamaged):
        read_all(path)


@pytest.mark.parametrize("content", [None, b"", b"garbage" * 1000])
def test_f12_a_lost_or_garbled_log_costs_nothing_that_was_checkpointed(
    tmp_path: Path, content: bytes | None
) -> None:
    path = written(tmp_path / "inshore.db")
    if content is not None:
        path.with_name("inshore.db-wal").write_bytes(content)
    assert read_all(path) == 30


def test_f12_an_empty_file_beside_a_log_is_damage_and_not_a_first_start(tmp_path: Path) -> None:
    path = tmp_path / "inshore.db"
    path.write_bytes(b"")
    path.with_name("inshore.db-wal").write_bytes(b"something")
    with pytest.raises(StorageDamaged, match="empty"):
        open_database(path)
    assert path.with_name("inshore.db-wal").read_bytes() == b"something"


def test_an_empty_file_alone_is_a_first_start_that_was_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "inshore.db"
    path.write_bytes(b"")
    assert read_all(path) == 0


def test_f13_a_file_held_by_another_program_is_said_within_two_seconds(tmp_path: Path) -> None:
    path = written(tmp_path / "inshore.db")
    with closing(apsw.Connection(str(path))) as other:
        other.pragma("locking_mode", "exclusive")
        other.execute("BEGIN IMMEDIATE; INSERT INTO draft VALUES (1, 'x')")
        start = time.monotonic()
        with pytest.raises(StorageBusy) as caught:
            open_database(path)
        assert time.monotonic() - start < 2.9
    assert str(path) in caught.value.cause
    assert read_all(path) == 30


def test_f13_nobody_gets_in_while_we_hold_it(tmp_path: Path) -> None:
    path = written(tmp_path / "inshore.db")
    with closing(open_database(path)), pytest.raises(StorageBusy):
        open_database(path, patience_s=0)


def test_f14_a_newer_file_is_refused_and_stays_as_it_was(tmp_path: Path) -> None:
    path = written(tmp_path / "inshore.db")
    with closing(apsw.Connection(str(path))) as newer:
        newer.pragma("user_version", len(MIGRATIONS) + 1)
    before = path.read_bytes()
    with pytest.raises(StorageTooNew) as caught:
        open_database(path)
    assert path.read_bytes() == before
    assert caught.value.title == "Your conversations were written by a newer Inshore."
    assert not (tmp_path / "backups").exists()


def add_column(connection: apsw.Connection) -> None:
    connection.execute("ALTER TABLE conversation ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0")


def test_f15_an_older_file_is_copied_and_brought_up_to_date(tmp_path: Path) -> None:
    path = written(tmp_path / "inshore.db")
    before = path.read_bytes()
    steps = (*MIGRATIONS, add_column)
    with closing(open_database(path, migrations=steps)) as connection:
        assert connection.pragma("user_version") == len(steps)
        assert connection.execute("SELECT sum(pinned) FROM conversation").get == 0
        assert len(ConversationStore(connection).conversations()) == 30
    (copy,) = (tmp_path / "backups").iterdir()
    assert f"format{len(MIGRATIONS)}" in copy.name
    assert read_all(copy) == 30
    assert len(before) == copy.stat().st_size


def test_f15_a_step_that_fails_leaves_the_old_shape(tmp_path: Path) -> None:
    def break_off(connection: apsw.Connection) -> None:
        add_column(connection)
        raise apsw.FullError("disk full")

    path = written(tmp_path / "inshore.db")
    with pytest.raises(StorageError):
        open_database(path, migrations=(*MIGRATIONS, break_off))
    assert read_all(path) == 30


def test_f15_a_step_that_breaks_references_is_undone(tmp_path: Path) -> None:
    def orphan(connection: apsw.Connection) -> None:
        connection.execute("UPDATE message SET conversation_id = 999 WHERE id = 1")

    path = written(tmp_path / "inshore.db")
    with pytest.raises(StorageDamaged):
        open_database(path, migrations=(*MIGRATIONS, orphan))
    assert read_all(path) == 30


def test_f15_no_copy_no_migration(tmp_path: Path) -> None:
    path = written(tmp_path / "inshore.db")
    (tmp_path / "backups").write_text("a file where the folder should be")
    with pytest.raises(StorageError):
        open_database(path, migrations=(*MIGRATIONS, add_column))
    assert read_all(path) == 30


@pytest.mark.parametrize("moment", ["in the step", "before the commit"])
def test_f15_a_kill_during_a_migration_is_made_up_for(tmp_path: Path, moment: str) -> None:
    script = """
import os, signal, sys
from pathlib import Path
from desktop.storage.database import open_database
from desktop.storage.migrations import MIGRATIONS

def step(connection):
    connection.execute("ALTER TABLE conversation ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0")
    if sys.argv[2] == "in the step":
        os.kill(os.getpid(), signal.SIGKILL)
    connection.set_commit_hook(lambda: os.kill(os.getpid(), signal.SIGKILL))

open_database(Path(sys.argv[1]), migrations=(*MIGRATIONS, step))
"""
    path = written(tmp_path / "inshore.db")
    killed = subprocess.run([sys.executable, "-c", script, path, moment], cwd=ROOT, check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert len(list((tmp_path / "backups").glob("*.db"))) == 1
    steps = (*MIGRATIONS, add_column)
    with closing(open_database(path, migrations=steps)) as connection:
        assert connection.pragma("user_version") == len(steps)
        assert len(ConversationStore(connection).conversations()) == 30


def test_f06_a_kill_in_mid_answer_keeps_the_text_and_marks_it(tmp_path: Path) -> None:
    """What was acknowledged is stored; at most the one save in flight is stored unacknowledged (F07)."""
    script = """
import itertools, sys
from pathlib import Path
from desktop.storage.conversations import ConversationStore
from desktop.storage.database import open_database
store = ConversationStore(open_database(Path(sys.argv[1])))
_, answer = store.add_turn(store.create("c").id, parent_id=None, text="question 天", model=None)
store.set_draft(None, "next one")
for number in itertools.count(1):
    store.save_partial(answer.id, "字 " * number, "why " * number)
    print(number, flush=True)
"""
    path = tmp_path / "inshore.db"
    writer = subprocess.Popen(
        [sys.executable, "-c", script, path], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    while int(writer.stdout.readline()) < 25:
        pass
    writer.kill()
    acknowledged = int(([25, *map(int, writer.stdout.read().split())])[-1])
    writer.stdout.close()
    writer.wait(10)
    with closing(open_database(path)) as connection:
        assert connection.pragma("integrity_check") == "ok"
        store = ConversationStore(connection)
        assert store.interrupt_running() == 1
        _, answer = store.thread(store.conversations()[0].id)
        assert answer.status is Status.INTERRUPTED
        assert answer.text.count("字") - acknowledged in (0, 1)
        assert answer.reasoning.count("why") == answer.text.count("字")
        assert store.draft(None) == "next one"
        assert [hit.message_id for hit in store.search("字 字 字")] == [answer.id]


@pytest.mark.parametrize(
    "name",
    [
        b"with spaces",
        "中文 资料夹".encode(),
        "emoji 🚢".encode(),
        b"x" * 220,
        b"new\nline",
        b"50%25?mode=ro#x",
        pytest.param(b"caf\xe9", marks=pytest.mark.skipif(sys.platform != "linux", reason="paths are text")),
    ],
)
def test_f19_the_file_works_in_a_folder_of_any_name(tmp_path: Path, name: bytes) -> None:
    folder = tmp_path / os.fsdecode(name)
    folder.mkdir()
    path = written(folder / "inshore.db", conversations=2)
    with closing(open_database(path, migrations=(*MIGRATIONS, add_column))) as connection:
        assert len(ConversationStore(connection).conversations()) == 2
    (copy,) = (folder / "backups").iterdir()
    assert read_all(copy) == 2
    assert sorted(each.name for each in folder.iterdir()) == ["backups", "inshore.db"]
