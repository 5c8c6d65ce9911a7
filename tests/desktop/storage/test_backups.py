"""Copies are whole, few and private."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from desktop.storage import backups
from desktop.storage.conversations import ConversationStore
from desktop.storage.database import open_database
from models.errors import StorageError


def test_a_copy_is_one_whole_file(
    store: ConversationStore, connection: apsw.Connection, tmp_path: Path
) -> None:
    store.create("kept")
    copy = backups.back_up(connection, tmp_path / "backups", version=1)
    assert [path.name for path in (tmp_path / "backups").iterdir()] == [copy.name]
    with closing(apsw.Connection(str(copy))) as opened:
        assert opened.execute("SELECT title FROM conversation").get == "kept"
        assert opened.pragma("journal_mode") == "delete"


def test_only_the_newest_copies_are_kept(connection: apsw.Connection, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    for year in range(2001, 2010):
        (folder / f"inshore-{year}0101T000000Z-format1.db").write_bytes(b"old")
    (folder / "mine.txt").write_text("not a copy")
    copy = backups.back_up(connection, folder, version=1)
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        *(f"inshore-{year}0101T000000Z-format1.db" for year in range(2006, 2010)),
        copy.name,
        "mine.txt",
    ]


def test_a_copy_that_fails_leaves_the_others_and_no_half_one(
    connection: apsw.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = backups.back_up(connection, tmp_path / "backups", version=1)

    def fail(*_: object) -> None:
        raise apsw.FullError("disk full")

    monkeypatch.setattr(backups, "_copy", fail)
    with pytest.raises(StorageError, match="disk is full"):
        backups.back_up(connection, tmp_path / "backups", version=2)
    assert list((tmp_path / "backups").iterdir()) == [copy]


def test_the_newest_good_copy_is_found_past_bad_ones(connection: apsw.Connection, tmp_path: Path) -> None:
    good = backups.back_up(connection, tmp_path / "backups", version=1)
    (tmp_path / "backups" / "inshore-29990101T000000Z-format1.db").write_bytes(b"garbage" * 1000)
    assert backups.newest_good(tmp_path / "backups") == good
    assert backups.newest_good(tmp_path / "absent") is None


def test_f46_a_damaged_file_is_set_aside_and_its_copy_restored(tmp_path: Path) -> None:
    path = tmp_path / "inshore.db"
    with closing(open_database(path)) as connection:
        store = ConversationStore(connection)
        for number in range(20):
            store.add_turn(store.create(f"c{number}").id, parent_id=None, text="word", model=None)
        before = store.conversations()
        backups.back_up(connection, tmp_path / "backups", version=1)
    path.write_bytes(b"\0" * 4096 + path.read_bytes()[4096:])
    aside = backups.set_aside(path)
    copy = backups.newest_good(tmp_path / "backups")
    assert copy is not None
    backups.restore(copy, path)
    assert aside.exists()
    assert copy.exists()
    with closing(open_database(path)) as connection:
        assert ConversationStore(connection).conversations() == before
        assert len(ConversationStore(connection).search("word")) == 20
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600


def test_setting_aside_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "inshore.db"
    kept = []
    for content in (b"one", b"two"):
        path.write_bytes(content)
        path.with_name("inshore.db-wal").write_bytes(content + b" log")
        kept.append(backups.set_aside(path))
    assert [each.read_bytes() for each in kept] == [b"one", b"two"]
    assert kept[1].with_name(kept[1].name + "-wal").read_bytes() == b"two log"
    assert not path.with_name("inshore.db-wal").exists()
