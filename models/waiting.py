"""How long to wait before trying again."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT_S = 300.0
_LONGEST_BACKOFF_S = 60.0


def retry_after_s(value: str | None) -> float | None:
    """What a Retry-After header asks for, in seconds or as a date, at most 300; None if it makes no sense."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), LONGEST_WAIT_S)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return min(max((when - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WAIT_S)


def backoff_s(attempt: int, first_s: float, asked_s: float | None) -> float:
    """The wait before attempt 1, 2, …: doubling, capped, and jittered so that clients don't come together.

    What the server asked for is kept to, jitter on top.
    """
    spread = random.uniform(0.5, 1.0)  # noqa: S311 - no secret
    if asked_s is not None:
        return min(asked_s, LONGEST_WAIT_S) + first_s * spread
    return min(first_s * 2.0 ** min(attempt - 1, 16), _LONGEST_BACKOFF_S) * spread
