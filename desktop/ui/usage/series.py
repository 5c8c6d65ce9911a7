"""The chart over time’s columns: hours to years, stacked by model, as whole numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from desktop.services.usage import Figures
from desktop.storage.ledger_values import LedgerRow, Place
from desktop.storage.usage_values import ModelKey, Span
from desktop.ui.usage.marks import OTHERS, Fill, fills
from desktop.ui.usage.measures import Measure

_MOST_DAYS, _MOST_WEEKS, _MOST_MONTHS, _MOST_SERIES = 62, 53, 60, 6


@dataclass(frozen=True, slots=True)
class Part:
    """One model's share of every column; without a `key` it is of all the models that have no own one."""

    key: ModelKey | None
    name: str
    fill: Fill
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """What stands under each column, and its parts from the bottom up."""

    per: str
    labels: tuple[str, ...]
    parts: tuple[Part, ...]

    def heights(self) -> tuple[int, ...]:
        return tuple(sum(part.values[n] for part in self.parts) for n in range(len(self.labels)))


def columns(figures: Figures, measure: Measure) -> Columns:
    """From the first day of the span, or the first with a row, to the last; today’s by the hour."""
    if figures.today:
        amounts = [
            (datetime.fromtimestamp(row.sent_at).hour, _key(row), measure.of_row(row))
            for row in figures.today
        ]
        hours = [f"{hour}:00" for hour in range(24)]
        return _stacked("hour", hours, amounts, _own_keys(figures, measure), figures.names)
    first, last = _ends(figures)
    scale = _scale(first, last)
    starts = _starts(first, last, scale)
    place = {start: number for number, start in enumerate(starts)}
    amounts = [
        (place[scale.start_of(date.fromordinal(one.day))], one.key, measure.of(one.totals))
        for one in figures.panel.by_day
    ]
    labels = [scale.label(start) for start in starts]
    return _stacked(scale.per, labels, amounts, _own_keys(figures, measure), figures.names)


def _stacked(
    per: str,
    labels: Sequence[str],
    amounts: Iterable[tuple[int, ModelKey, int]],
    own: list[ModelKey],
    names: Mapping[ModelKey, str],
) -> Columns:
    """Add up what falls into each column; this machine’s models stand at the bottom, the others on top."""
    values: dict[ModelKey | None, list[int]] = {}
    for column, key, amount in amounts:
        if amount:
            values.setdefault(key if key in own else None, [0] * len(labels))[column] += amount
    filled = fills(own)
    order = [*sorted(own, key=lambda key: key.place is not Place.LOCAL), None]
    parts = [
        Part(key, names[key] if key else "others", filled[key] if key else OTHERS, tuple(values[key]))
        for key in order
        if key in values
    ]
    return Columns(per, tuple(labels), tuple(parts))


def _key(row: LedgerRow) -> ModelKey:
    return ModelKey(row.attempt.provider, row.attempt.model, row.attempt.place)


def _own_keys(figures: Figures, measure: Measure) -> list[ModelKey]:
    """The models with a part of their own: those with the most of it."""
    most = sorted(figures.panel.by_model, key=lambda one: -measure.of(one[1]))
    keys = [key for key, sums in most if measure.of(sums)]
    patterned = fills(keys)
    own = [key for key in keys if key in patterned]
    return own if len(keys) == len(own) <= _MOST_SERIES else own[: _MOST_SERIES - 1]


def _ends(figures: Figures) -> tuple[date, date]:
    days = [one.day for one in figures.panel.by_day]
    wanted = figures.wanted
    first = min([*days, wanted.first_day] if wanted.first_day else days)
    last = max([*days, wanted.last_day] if wanted.last_day and figures.span is not Span.ALL else days)
    return date.fromordinal(first), date.fromordinal(last)


@dataclass(frozen=True, slots=True)
class _Scale:
    """How long a column is; so many `days` after its start are always in the next one."""

    per: str
    days: int
    start_of: Callable[[date], date]
    label: Callable[[date], str]


def _scale(first: date, last: date) -> _Scale:
    days = (last - first).days + 1
    if days <= _MOST_DAYS:
        return _Scale("day", 1, lambda day: day, lambda day: f"{day.day} {day:%b}")
    if days <= _MOST_WEEKS * 7:
        monday = lambda day: day - timedelta(days=day.weekday())  # noqa: E731
        return _Scale("week", 7, monday, lambda day: f"{day.day} {day:%b}")
    if days <= _MOST_MONTHS * 31:
        return _Scale("month", 32, lambda day: day.replace(day=1), lambda day: f"{day:%b %Y}")
    return _Scale("year", 367, lambda day: day.replace(month=1, day=1), lambda day: str(day.year))


def _starts(first: date, last: date, scale: _Scale) -> Sequence[date]:
    starts = [scale.start_of(first)]
    while starts[-1].toordinal() + scale.days <= date.max.toordinal():
        following = scale.start_of(starts[-1] + timedelta(days=scale.days))
        if following > last:
            break
        starts.append(following)
    return starts
