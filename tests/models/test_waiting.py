"""How long is waited before the next try."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from models.waiting import backoff_s, retry_after_s


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5.0),
        (" 7 ", 7.0),
        ("99999999999999999999", 300.0),
        ("", None),
        (None, None),
        ("soon", None),
        ("-3", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after_s(value) == seconds


@pytest.mark.parametrize(("ahead_s", "least", "most"), [(60, 50, 60), (-60, 0, 0), (10**6, 300, 300)])
def test_retry_after_as_a_date(ahead_s: int, least: float, most: float) -> None:
    told = retry_after_s(format_datetime(datetime.now(UTC) + timedelta(seconds=ahead_s), usegmt=True))
    assert told is not None
    assert least <= told <= most


def test_waits_grow_with_jitter_and_are_capped() -> None:
    waits = [[backoff_s(attempt, 1.0, None) for _ in range(50)] for attempt in (1, 2, 3, 50)]
    for each, longest in zip(waits, (1, 2, 4, 60), strict=True):
        assert longest / 2 <= min(each) < max(each) <= longest


def test_what_the_server_asks_for_is_kept_to() -> None:
    assert 20 < backoff_s(1, 1.0, 20.0) <= 21
    assert backoff_s(1, 1.0, 10**9) <= 301
