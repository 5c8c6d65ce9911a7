"""What is known of things of other sizes, for one of which only the size is known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

_T = TypeVar("_T")
_LIKE = 4.0


def likest(size: int, known: Iterable[tuple[int, _T]]) -> _T | None:
    """What is known of the size that is nearest by its factor; None where none is within a factor of four."""
    found = {max(one, size) / max(min(one, size), 1): value for one, value in known}
    nearest = min(found, default=_LIKE + 1)
    return found[nearest] if nearest <= _LIKE else None
