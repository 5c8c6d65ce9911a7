"""Days of this machine's clock, where one may begin at one o'clock, or in the years after 2037."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import starmap
from typing import Any

QUARTER = "CAST(at / 900 AS INTEGER)"
"""The quarter of an hour of a moment, for a query to group by. No day of any zone begins within one.

SQLite's own 'localtime' takes another year's daylight saving for those after 2037.
"""
_QUARTER_S = 900


def begin_of(day: date) -> float:
    """When it begins, in seconds since 1970; where clocks are put forward at midnight, it has no 0:00.

    Not by way of `astimezone`: that takes the offset of after the change for a 0:00 that was not.
    """
    return datetime.combine(day, datetime.min.time()).timestamp()


def bounds_of(day: date) -> tuple[float, float]:
    """From when to before when."""
    return begin_of(day), begin_of(day + timedelta(days=1))


def by_day(quarters: Iterable[Sequence[Any]]) -> list[tuple[date, list[int]]]:
    """Rows of a QUARTER and sums, added up by day, the newest first; what is no time at all is left out."""
    days: defaultdict[date, list[Sequence[Any]]] = defaultdict(list)
    for quarter, *sums in quarters:
        try:
            days[date.fromtimestamp(quarter * _QUARTER_S)].append(sums)
        except (OverflowError, OSError, ValueError):
            continue
    return [(day, list(starmap(_sum, zip(*days[day], strict=True)))) for day in sorted(days, reverse=True)]


def _sum(*numbers: int) -> int:
    return sum(numbers)
