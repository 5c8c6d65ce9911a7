"""A copy of what was accepted, for programs that meet the database while the window holds it."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from models.licences import Acceptance

_LARGEST = 8 << 20
_TEXTS = ("licence", "version", "model", "text_hash", "use")


def write_copy(path: Path, accepted: Iterable[Acceptance]) -> None:
    """Replace the whole copy. Only who holds the database may. Raises OSError."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(part, "w", encoding="utf-8", opener=_private) as file:
            json.dump([asdict(one) for one in accepted], file, ensure_ascii=False)
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def read_copy(path: Path) -> list[Acceptance] | None:
    """What it has: it may lack the newest, and has nothing that wasn’t accepted. None where there is none."""
    try:
        with path.open("rb") as file:
            items = json.loads(file.read(_LARGEST))
        return [_acceptance(item) for item in items]
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def _acceptance(item: object) -> Acceptance:
    if not isinstance(item, dict) or not all(isinstance(item.get(name), str) for name in _TEXTS):
        raise ValueError
    return Acceptance(**{name: item[name] for name in _TEXTS}, accepted_at=float(item.get("accepted_at", "")))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_EXCL, 0o600)
