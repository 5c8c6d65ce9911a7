"""Sizes as people read them."""

from __future__ import annotations


def size(count: int) -> str:
    """Bytes for reading: decimal units, three digits."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= factor:
            return f"{count / factor:.3g} {unit}"
    return f"{count} B"
