"""Copies of the conversations' file: made before it changes shape, and put back when it is damaged."""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path

import apsw

from desktop.storage.sqlite import connect, translated
from models.errors import StorageDamaged, StorageError

_KEPT = 5


def back_up(source: apsw.Connection, folder: Path, *, version: int) -> Path:
    """Write a checked copy into `folder` and return it; the five newest are kept.

    Raises StorageError; then the older copies are as they were and no half one is left.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    final = folder / f"inshore-{moment}-format{version}.db"
    part = final.with_suffix(".part")
    try:
        _create(part)
        with translated(part):
            _copy(source, part)
        part.replace(final)
    finally:
        part.unlink(missing_ok=True)
    for old in _newest_first(folder)[_KEPT:]:
        old.unlink()
    return final


def newest_good(folder: Path) -> Path | None:
    """The newest copy that SQLite finds intact."""
    return next((path for path in _newest_first(folder) if _is_good(path)), None)


def set_aside(path: Path) -> Path:
    """Rename a damaged file (and its write-ahead log) to a free name beside it; nothing is deleted."""
    number = 1
    while (target := path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")).exists():
        number += 1
    with translated(path):
        path.rename(target)
        log = path.with_name(path.name + "-wal")
        if log.exists():
            log.rename(target.with_name(target.name + "-wal"))
    return target


def restore(backup: Path, path: Path) -> None:
    """Put a copy where the file was; the file must be closed and set aside. The copy stays."""
    import shutil  # seldom needed, and slow to import

    part = path.with_name(path.name + ".part")
    with translated(path):
        try:
            _create(part)
            shutil.copyfile(backup, part)
            _sync(part)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def _create(path: Path) -> None:
    """An empty file for this user only, in place of what a crash may have left there."""
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _copy(source: apsw.Connection, target: Path) -> None:
    with closing(connect(target)) as copy:
        with copy.backup("main", source, "main") as work:
            work.step()
        copy.pragma("journal_mode", "delete")  # one file, without a log beside it
        _check(copy)


def _check(connection: apsw.Connection) -> None:
    found = connection.pragma("quick_check")
    if found != "ok":
        raise StorageDamaged("The copy did not pass its check.", details=str(found))


def _is_good(path: Path) -> bool:
    try:
        with translated(path), closing(connect(path)) as connection:
            _check(connection)
    except StorageError:
        return False
    return True


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("inshore-*.db"), reverse=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
