"""Sizes, days and remaining times as they are read."""

from __future__ import annotations

from datetime import datetime

_FEW_S = 2.0  # before that a rate says nothing


def size_words(size_bytes: int) -> str:
    """A size with its unit."""
    if size_bytes >= 1e9:
        return f"{size_bytes / 1e9:.1f} GB"
    return f"{size_bytes / 1e6:.0f} MB" if size_bytes >= 1e6 else f"{size_bytes / 1e3:.0f} kB"


def left_words(done: int, total: int, elapsed_s: float) -> str:
    """How long the rest takes at the speed so far; "" while that can't be said."""
    if not done or elapsed_s < _FEW_S:
        return ""
    left_s = (total - done) * elapsed_s / done
    if left_s < 60:
        return f"about {max(1, round(left_s))} s left"
    return f"about {round(left_s / 60)} min left"


def used_words(used_at: float | None, now: float) -> str:
    """When a model answered last, in days of the local calendar."""
    if used_at is None:
        return ""
    day = datetime.fromtimestamp(used_at).date()
    days = (datetime.fromtimestamp(now).date() - day).days
    if days <= 0:
        return "used today"
    return "used yesterday" if days == 1 else f"used on {day.day} {day:%b %Y}"
