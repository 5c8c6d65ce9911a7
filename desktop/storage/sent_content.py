"""What exactly was sent for each answer: the content of its requests, which never hold a key.

Pictures are replaced by their size and hash: they are in the conversation already. It goes with its
conversation, and after 90 days with the record.
"""

from __future__ import annotations

import hashlib
import re
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import apsw

from desktop.storage.sqlite import transaction, translated
from models.plain import plain

_PICTURE = re.compile(rb"(data:image/[a-z.+-]{1,20};base64,)([A-Za-z0-9+/=]{64,})")
_LARGEST = 32 << 20
_INSERT = """
INSERT INTO sent_content (message_id, conversation_id, at, host, bytes, sha256, content)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_OF = "SELECT at, host, bytes, sha256, content FROM sent_content WHERE message_id = ? ORDER BY id"


@dataclass(frozen=True, slots=True)
class SentContent:
    """One request's content as it left: `size` in bytes and `sha256` are of it with its pictures.

    `at` is in seconds since 1970.
    """

    at: float
    host: str
    size: int
    sha256: str
    text: str


class SentContents:
    """In the conversations' file. One thread only. Every method raises StorageError."""

    def __init__(self, connection: apsw.Connection, now: Callable[[], float] = time.time) -> None:
        self._connection, self._now = connection, now

    def add(self, message_id: int, conversation_id: int, host: str, content: bytes) -> None:
        """Keep what is sent for an answer, compressed."""
        text = without_pictures(content)[:_LARGEST]
        row = (
            message_id,
            conversation_id,
            self._now(),
            plain(host, 300),
            len(content),
            hashlib.sha256(content).hexdigest(),
            zlib.compress(text, 6),
        )
        with translated(), transaction(self._connection):
            self._connection.execute(_INSERT, row)

    def of(self, message_id: int) -> list[SentContent]:
        """All that was sent for an answer, the oldest first; none for one that was written here."""
        with translated():
            rows: list[Any] = self._connection.execute(_OF, (message_id,)).fetchall()
        return [SentContent(at, host, size, sha, _unpacked(blob)) for at, host, size, sha, blob in rows]


def without_pictures(content: bytes) -> bytes:
    """The content with each picture replaced by its size and its SHA-256."""

    def told(found: re.Match[bytes]) -> bytes:
        digest = hashlib.sha256(found[2]).hexdigest()
        return found[1] + f"… ({len(found[2]):,} characters, SHA-256 {digest})".encode()

    return _PICTURE.sub(told, content)


def _unpacked(blob: bytes) -> str:
    unpacker = zlib.decompressobj()
    return unpacker.decompress(blob, _LARGEST).decode("utf-8", "replace")
