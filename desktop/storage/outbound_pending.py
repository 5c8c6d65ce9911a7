"""Lines of the outbound record on their way into the file that the window may be holding.

The command line has no share in the conversations' file while the window is open. Each line goes to a file
beside it at once, so that a killed program loses none, and into the record as soon as somebody can.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import IO, Any

from desktop.storage.outbound_log import OutboundLog
from desktop.storage.sqlite import translated
from models.outbound import Sent

_LARGEST = 64 << 20
_KINDS: dict[str, tuple[type, ...]] = {
    "at": (int, float), "host": (str,), "purpose": (str,), "method": (str,), "bytes_out": (int,),
    "bytes_in": (int,), "status": (int, type(None)), "refused": (str,), "conversation_id": (int, type(None)),
}  # fmt: skip


class Pending:
    """The file of lines that wait. Any number of programs may write to it. Raises StorageError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def record(self, line: Sent) -> None:
        """Keep one line; any thread."""
        text = json.dumps(asdict(line), ensure_ascii=True) + "\n"
        with translated(self._path), _held(self._path) as file:
            file.write(text.encode())

    def move_into(self, log: OutboundLog) -> int:
        """Bring all lines into the record; how many. They stay where they are if that fails.

        What is no line of ours is dropped: half a line that a full disk left.
        """
        if not self._path.exists():
            return 0
        with translated(self._path), _held(self._path) as file:
            file.seek(0)
            lines = list(_parsed(file.read(_LARGEST)))
            log.add(lines)
            file.truncate(0)
            if sys.platform != "win32":  # there an open file can't be removed; an empty one does no harm
                self._path.unlink(missing_ok=True)
        return len(lines)


@contextmanager
def _held(path: Path) -> Iterator[IO[bytes]]:
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


def _parsed(content: bytes) -> Iterator[Sent]:
    for text in content.splitlines():
        try:
            values: Any = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(values, dict) and all(
            type(values.get(field.name)) in _KINDS[field.name] for field in fields(Sent)
        ):
            yield Sent(**{field.name: values[field.name] for field in fields(Sent)})
