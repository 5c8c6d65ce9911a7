"""What is known of an incomplete file: the small journal that lies beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from models.hub_values import HubFile

_VERSION = 1
_MAX_BYTES = 4 << 20
_LARGEST_PART = 1 << 40


@dataclass(slots=True)
class Part:
    """Bytes `start` to `end` of a file, of which `done` have come; `crc` is their CRC-32.

    The sum is taken of what came from the network, so it tells whether the disk still holds that. It needs
    no more than four bytes to be continued after a restart, which no cryptographic hash of Python's does;
    whether the file is the right one is decided by the SHA-256 of the whole.
    """

    start: int
    end: int
    done: int = 0
    crc: int = 0
    interrupted: bool = False

    @property
    def position(self) -> int:
        return self.start + self.done

    @property
    def left(self) -> int:
        return self.end - self.start - self.done

    def reset(self) -> None:
        self.done = self.crc = 0


@dataclass(slots=True)
class Journal:
    """The file that is wanted, the ETag each endpoint gave it, and its parts in order."""

    size_bytes: int
    identity: str
    part_bytes: int
    parts: list[Part]
    etags: dict[str, str] = field(default_factory=dict)

    @classmethod
    def new(cls, file: HubFile, commit: str, part_bytes: int) -> Journal:
        starts = range(0, file.size_bytes, part_bytes)
        parts = [Part(start, min(start + part_bytes, file.size_bytes)) for start in starts]
        return cls(file.size_bytes, identity(file, commit), part_bytes, parts)

    @property
    def done_bytes(self) -> int:
        return sum(part.done for part in self.parts)

    def contiguous(self) -> int:
        """How many bytes from the beginning have come without a gap."""
        for part in self.parts:
            if part.left:
                return part.position
        return self.size_bytes

    def reset(self) -> None:
        self.etags.clear()
        for part in self.parts:
            part.reset()

    def save(self, path: Path) -> None:
        """Replace the journal as a whole. Raises OSError."""
        content = {
            "version": _VERSION,
            "size_bytes": self.size_bytes,
            "identity": self.identity,
            "part_bytes": self.part_bytes,
            "etags": self.etags,
            "parts": [[part.done, part.crc] for part in self.parts],
        }
        new = path.with_name(path.name + ".new")
        new.unlink(missing_ok=True)  # never through a link that somebody put there
        with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            json.dump(content, file)
        new.replace(path)


def identity(file: HubFile, commit: str) -> str:
    """What makes two files the same: the hash where there is one, else where it is from."""
    return f"sha256:{file.sha256}" if file.sha256 else f"commit:{commit}:{file.name}"


def load(path: Path, file: HubFile, commit: str) -> Journal | None:
    """The journal of this very file, or None where there is none that can be used. Raises OSError."""
    try:
        with path.open("rb") as stream:
            content = json.loads(stream.read(_MAX_BYTES + 1)[:_MAX_BYTES])
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    return _parsed(content, file, commit) if isinstance(content, Mapping) else None


def _parsed(content: Mapping[str, Any], file: HubFile, commit: str) -> Journal | None:
    part_bytes, saved = content.get("part_bytes"), content.get("parts")
    same = (content.get("version"), content.get("size_bytes"), content.get("identity")) == (
        _VERSION,
        file.size_bytes,
        identity(file, commit),
    )
    if not (same and _whole(part_bytes, 1 << 12, _LARGEST_PART) and isinstance(saved, list)):
        return None
    journal = Journal.new(file, commit, part_bytes)
    if len(saved) != len(journal.parts):
        return None
    for part, pair in zip(journal.parts, saved, strict=True):
        if not (isinstance(pair, list) and len(pair) == 2):
            return None
        if not (_whole(pair[0], 0, part.end - part.start) and _whole(pair[1], 0, 0xFFFFFFFF)):
            return None
        part.done, part.crc = pair
        part.interrupted = part.done > 0 and part.left > 0
    etags = content.get("etags")
    items = etags.items() if isinstance(etags, Mapping) else ()
    journal.etags = {str(url): etag for url, etag in items if isinstance(etag, str)}
    return journal


def _whole(value: object, smallest: int, largest: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and smallest <= value <= largest
