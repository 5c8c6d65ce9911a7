"""A download in words."""

from __future__ import annotations

from desktop.services.downloads import Download, State

_UNITS = ((10**9, "GB", 1), (10**6, "MB", 0), (10**3, "kB", 0))


def progress_words(one: Download) -> str:
    """ "3.1 of 4.7 GB · 12 MB/s · 2 min left", or what it waits for."""
    parts = [_how_far(one.done_bytes, one.total_bytes)]
    match one.state:
        case State.QUEUED:
            parts.append("waiting for its turn")
        case State.LOOKING:
            parts.append("looking at what is here")
        case State.PAUSED:
            parts.append("paused")
        case State.CHECKING:
            parts.append("checking it against the hub’s SHA-256")
        case State.RUNNING:
            if one.rate_bytes_s:
                parts.append(f"{amount(round(one.rate_bytes_s))}/s")
            if one.remaining_s is not None:
                parts.append(f"{left_words(one.remaining_s)} left")
    if one.note:
        parts.append(one.note.rstrip("."))
    return " · ".join(parts)


def amount(count: int) -> str:
    """Bytes in the unit that suits them: "4.7 GB", "350 MB"."""
    factor, unit, digits = _unit(count)
    return f"{count / factor:.{digits}f} {unit}"


def left_words(seconds: float) -> str:
    """A remaining time, rounded as one says it."""
    if seconds < 55:
        return f"{max(5, 5 * round(seconds / 5))} s"
    if seconds < 3570:
        return f"{max(1, round(seconds / 60))} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours < 10 else f"{hours} h"


def _how_far(done: int, total: int) -> str:
    factor, unit, digits = _unit(total)
    return f"{done / factor:.{digits}f} of {total / factor:.{digits}f} {unit}" if done else amount(total)


def _unit(count: int) -> tuple[int, str, int]:
    return next((unit for unit in _UNITS if count >= unit[0]), (1, "B", 0))
