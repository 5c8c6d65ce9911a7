"""A small file that several programs append to, one at a time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def held(path: Path) -> Iterator[IO[bytes]]:
    """The file, made if need be, for this user only, and for nobody else meanwhile."""
    while True:
        with open(path, "a+b", buffering=0, opener=_open) as file:
            _lock(file)
            if _is_still(file, path):  # else another program has emptied and removed it meanwhile
                yield file
                return


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)


def _lock(file: IO[bytes]) -> None:
    """Wait for other programs; closing the file lets it go. Windows has no such lock."""
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)


def _is_still(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def let_go(file: IO[bytes], path: Path) -> None:
    """Empty a held file and remove it."""
    file.truncate(0)
    if sys.platform != "win32":  # there an open file can't be removed; an empty one does no harm
        path.unlink(missing_ok=True)
