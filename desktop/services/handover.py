"""What a later start may ask of the first: to show its window, or to offer model files; no more (S33)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

SHOW = b"show\n"
LONGEST = 16 << 10
_OFFER = b"offer "
_MOST_FILES = 32


def request(files: Sequence[Path]) -> bytes:
    """The words to send; of many files as many as there is room for."""
    if not files:
        return SHOW
    names = [str(path) for path in files[:_MOST_FILES]]
    while len(words := _OFFER + json.dumps(names).encode("ascii") + b"\n") > LONGEST and names:
        names.pop()
    return words if names else SHOW


def understood(heard: bytes) -> list[Path] | None:
    """The files that a whole request offers, none for the window alone; None for anything else."""
    if heard == SHOW:
        return []
    line = heard.removeprefix(_OFFER)
    if line == heard or len(heard) > LONGEST or line.find(b"\n") != len(line) - 1:
        return None
    try:
        names = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(names, list) or not 0 < len(names) <= _MOST_FILES:
        return None
    return [Path(name) for name in names] if all(map(_is_model_path, names)) else None


def may_become(heard: bytes) -> bool:
    """Whether more bytes could make a request of it."""
    if SHOW.startswith(heard) or _OFFER.startswith(heard):
        return True
    return heard.startswith(_OFFER) and len(heard) < LONGEST and b"\n" not in heard


def _is_model_path(name: object) -> bool:
    if not isinstance(name, str) or "\0" in name or not name.lower().endswith(".gguf"):
        return False
    return Path(name).is_absolute()
