"""The border to SQLite: connecting, transactions, and its errors in plain words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import apsw

from models.errors import NextStep, StorageBusy, StorageDamaged, StorageError, StorageFailed

_BUSY = (apsw.BusyError, apsw.LockedError, apsw.ProtocolError)
_DAMAGED = (apsw.NotADBError, apsw.CorruptError, apsw.FormatError)
_FAILED: dict[type[apsw.Error], tuple[str, str]] = {
    apsw.FullError: ("The disk is full.", "Free some space, then try again."),
    apsw.ReadOnlyError: ("The folder with your data can’t be written to.", "Check who may write there."),
    apsw.PermissionsError: ("The folder with your data may not be used.", "Check who may write there."),
    apsw.CantOpenError: ("The file can’t be opened.", "Check that the folder exists and may be used."),
    apsw.IOError: ("The disk reported an error.", "Check the disk, then try again."),
    apsw.NoLFSError: ("The disk does not take files this large.", ""),
    apsw.TooBigError: ("The text is too long to be stored.", "Shorten it."),
    apsw.NoMemError: ("There is not enough memory.", "Close other programs, then try again."),
}


def connect(path: Path) -> apsw.Connection:
    """Open a database file; nothing is read yet. The caller closes the connection."""
    try:
        return apsw.Connection(str(path))
    except UnicodeEncodeError:
        # SQLite takes a path of any bytes, its wrapper only UTF-8; the folder's descriptor has a plain name.
        return _connect_through_descriptor(path)


def connect_for_reading(path: Path) -> apsw.Connection:
    """Open a database file so that nothing is written, not even beside it. The caller closes the connection.

    Without a log beside it no program has it open.
    """
    quiet = "" if path.with_name(path.name + "-wal").exists() else "&immutable=1"
    name = f"file:{quote(os.fsencode(path))}?mode=ro{quiet}"
    return apsw.Connection(name, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)


def _connect_through_descriptor(path: Path) -> apsw.Connection:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        return apsw.Connection(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


@contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """All or nothing. The first error is the one that is raised, whatever the disk does afterwards."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # on a full disk SQLite has rolled back by itself
            connection.execute("ROLLBACK")
        raise


@contextmanager
def translated(path: Path | None = None) -> Iterator[None]:
    """Raise what the world did to the file as a StorageError; let our own mistakes through as they are."""
    try:
        yield
    except apsw.Error as exc:
        error = _in_plain_words(exc, path)
        if error is None:
            raise
        raise error from exc
    except OSError as exc:
        where = _at(path)
        raise StorageFailed(
            f"{exc.strerror or 'The disk reported an error'}.{where}", details=repr(exc)
        ) from exc


def shown(path: Path) -> str:
    """A path for a message: bytes that aren't text become a replacement character."""
    return os.fsencode(path).decode(errors="replace")


def _in_plain_words(exc: apsw.Error, path: Path | None) -> StorageError | None:
    where, details = _at(path), _details(exc)
    if isinstance(exc, _BUSY):
        return StorageBusy(
            f"It keeps the file locked.{where}",
            "Close that program, then try again.",
            details=details,
            next_step=NextStep.RETRY,
        )
    if isinstance(exc, _DAMAGED):
        return StorageDamaged(
            f"It is not a database, or parts of it can’t be read.{where}",
            "Nothing was deleted. Copies may be in the folder “backups” beside it.",
            details=details,
        )
    for kind, (cause, hint) in _FAILED.items():
        if isinstance(exc, kind):
            return StorageFailed(cause + where, hint, details=details, next_step=NextStep.RETRY)
    return None


def _at(path: Path | None) -> str:
    return "" if path is None else f" The file is “{shown(path)}”."


def _details(exc: apsw.Error) -> str:
    code = getattr(exc, "extendedresult", 0)
    return (
        f"{exc} ({apsw.mapping_extended_result_codes.get(code) or apsw.mapping_result_codes.get(code, code)})"
    )
