"""Lines of the outbound record on their way into the file that the window may be holding.

The command line has no share in the conversations' file while the window is open. Each line goes to a file
beside it at once, so that a killed program loses none, and into the record as soon as somebody can.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from desktop.storage.held_file import held, let_go
from desktop.storage.outbound_log import OutboundLog
from desktop.storage.sqlite import translated
from models.outbound import Sent

_LARGEST = 64 << 20
_KINDS: dict[str, tuple[type, ...]] = {
    "at": (int, float), "host": (str,), "purpose": (str,), "method": (str,), "bytes_out": (int,),
    "bytes_in": (int,), "status": (int, type(None)), "refused": (str,), "conversation_id": (int, type(None)),
    "mode": (str,),
}  # fmt: skip


class Pending:
    """The file of lines that wait. Any number of programs may write to it. Raises StorageError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def record(self, line: Sent) -> None:
        """Keep one line; any thread."""
        text = json.dumps(asdict(line), ensure_ascii=True) + "\n"
        with translated(self._path), held(self._path) as file:
            file.write(text.encode())

    def move_into(self, log: OutboundLog) -> int:
        """Bring all lines into the record; how many. They stay where they are if that fails.

        What is no line of ours is dropped: half a line that a full disk left.
        """
        if not self._path.exists():
            return 0
        with translated(self._path), held(self._path) as file:
            file.seek(0)
            lines = list(_parsed(file.read(_LARGEST)))
            log.add(lines)
            let_go(file, self._path)
        return len(lines)


def _parsed(content: bytes) -> Iterator[Sent]:
    for text in content.splitlines():
        try:
            values: Any = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(values, dict):
            values.setdefault("mode", "")  # lines of before it was recorded
        if isinstance(values, dict) and all(
            type(values.get(field.name)) in _KINDS[field.name] for field in fields(Sent)
        ):
            yield Sent(**{field.name: values[field.name] for field in fields(Sent)})
