"""Opens the conversations' file: private, durable, one program at a time, in the present shape."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

import apsw

from desktop.storage.backups import back_up
from desktop.storage.migrations import MIGRATIONS, Migration
from desktop.storage.sqlite import connect, connect_for_reading, shown, transaction, translated
from models.errors import StorageBusy, StorageDamaged, StorageTooNew

_LOG_LIMIT_BYTES = 16 << 20


def open_database(
    path: Path,
    *,
    backups: Path | None = None,
    migrations: Sequence[Migration] = MIGRATIONS,
    patience_s: float = 2.0,
) -> apsw.Connection:
    """Open the file, create it where there is none, and bring an older one up to date.

    The connection belongs to one thread; whoever opened it closes it. Before a change of shape a copy
    goes into `backups` (default: the folder of that name beside the file). Raises StorageTooNew or
    StorageDamaged and leaves the file as it was, StorageBusy after `patience_s` seconds when another
    program holds it, StorageFailed when the disk is full, read-only or broken.
    """
    with translated(path):
        _prepare(path, backups or path.with_name("backups"))
        connection = connect(path)
        try:
            _configure(connection, patience_s)
            version = _version(connection, path, len(migrations))
            connection.pragma("journal_mode", "wal")
            if 0 < version < len(migrations):
                back_up(connection, backups or path.with_name("backups"), version=version)
            _migrate(connection, version, migrations)
            connection.pragma("foreign_keys", True)
        except BaseException:
            connection.close()
            raise
    return connection


def check_database(path: Path, backups: Path) -> None:
    """Raise the StorageError that opening the file would, as far as a look tells; nothing is written.

    A file that is not there, or that another program has open, is in order.
    """
    if not path.exists():
        return
    with suppress(StorageBusy), translated(path):
        _check_kind(path)
        _check_not_emptied(path, backups)
        with closing(connect_for_reading(path)) as connection:
            _version(connection, path, len(MIGRATIONS))


def _prepare(path: Path, backups: Path) -> None:
    """Create the file before SQLite does, which would obey the umask; its log inherits the file's mode."""
    _check_kind(path)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    if os.name == "posix" and path.stat().st_mode & 0o077:
        with suppress(PermissionError):  # a file system without modes, such as FAT
            path.chmod(0o600)
    _check_not_emptied(path, backups)


def _check_kind(path: Path) -> None:
    if path.is_dir():
        raise StorageDamaged(f"“{shown(path)}” is a folder, not a file.", "Move it away, then start again.")


def _check_not_emptied(path: Path, backups: Path) -> None:
    if path.stat().st_size == 0 and (_has_log(path) or any(backups.glob("*.db"))):
        raise StorageDamaged(
            f"It is empty, but it was not before. The file is “{shown(path)}”.",
            "Nothing was deleted. Copies may be in the folder “backups” beside it.",
        )


def _has_log(path: Path) -> bool:
    log = path.with_name(path.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def _configure(connection: apsw.Connection, patience_s: float) -> None:
    """Nothing here writes to the file."""
    connection.set_busy_timeout(round(patience_s * 1000))
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
    connection.pragma("locking_mode", "exclusive")
    connection.pragma("synchronous", "full")
    connection.pragma("secure_delete", True)
    connection.pragma("journal_size_limit", _LOG_LIMIT_BYTES)
    connection.pragma("foreign_keys", False)  # a migration may rebuild tables


def _version(connection: apsw.Connection, path: Path, known: int) -> int:
    version = int(connection.execute("PRAGMA user_version").get)
    if version > known:
        raise StorageTooNew(
            f"The file has format {version}, and this Inshore knows formats up to {known}. "
            f"The file is “{shown(path)}”.",
            "Update Inshore. Nothing in the file was changed.",
        )
    if version == 0 and connection.execute("SELECT count(*) FROM sqlite_schema").get:
        raise StorageDamaged(
            f"“{shown(path)}” is the database of another program.", "Move it away, then start again."
        )
    return version


def _migrate(connection: apsw.Connection, version: int, migrations: Sequence[Migration]) -> None:
    """Each step commits together with its number: after a crash the next start goes on from there."""
    for number, step in enumerate(migrations[version:], start=version + 1):
        with transaction(connection):
            step(connection)
            _check_references(connection)
            connection.pragma("user_version", number)


def _check_references(connection: apsw.Connection) -> None:
    broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise StorageDamaged("Some messages belong to no conversation.", details=str(broken[:20]))
