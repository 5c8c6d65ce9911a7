"""Adds up the ledger for the panel and the command line, from sums that the ledger's triggers keep."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import apsw

from desktop.storage.ledger_rows import COLUMNS, row_of
from desktop.storage.ledger_tables import SUMS
from desktop.storage.ledger_values import LedgerRow, Place
from desktop.storage.sqlite import translated
from desktop.storage.usage_values import DayModel, ModelKey, Panel, Totals, UsageFilter
from models.pricing import Cost, totals

_MODEL = ("provider", "model", "place")
_PAGE = 500
_MONEY = ("cost_nano", "counts_nano")


class UsageReports:
    """Reads the ledger; one thread only. Raises StorageError for what the disk or the file did.

    Every total equals the sum over `rows` with the same filter, and never adds two currencies.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def totals(self, wanted: UsageFilter) -> Totals:
        """Over all rows of a filter."""
        return self._grouped((), wanted).get((), Totals())

    def by_model(self, wanted: UsageFilter) -> tuple[tuple[ModelKey, Totals], ...]:
        """For each model at each provider; the one with the most attempts first."""
        groups = self._grouped(_MODEL, wanted)
        return _most_first((_model(key), sums) for key, sums in groups.items())

    def by_day(self, wanted: UsageFilter) -> tuple[DayModel, ...]:
        """For each day and model, the earliest day first."""
        groups = sorted(self._grouped(("day", *_MODEL), wanted).items(), key=lambda group: group[0])
        return tuple(DayModel(key[0], _model(key[1:]), sums) for key, sums in groups)

    def by_place(self, wanted: UsageFilter) -> Mapping[Place, Totals]:
        """Local against remote; both are always there."""
        groups = self._grouped(("place",), wanted)
        return {place: groups.get((place.value,), Totals()) for place in Place}

    def by_conversation(self, wanted: UsageFilter, limit: int = 50) -> tuple[tuple[int, Totals], ...]:
        """The conversations with the most attempts; 0 stands for none."""
        busiest = self._busiest(wanted, limit)
        groups = self._grouped(("conversation_id",), wanted, only=busiest)
        return _most_first((key[0], sums) for key, sums in groups.items())

    def panel(self, wanted: UsageFilter) -> Panel:
        """Everything the panel shows, from one reading of the file."""
        by_day = self.by_day(wanted)
        parts: dict[ModelKey, list[Totals]] = {}
        for one in by_day:
            parts.setdefault(one.key, []).append(one.totals)
        models = {key: _added(sums) for key, sums in parts.items()}
        conversations, away = self._conversations(wanted)
        return Panel(
            totals=_added(models.values()),
            by_day=by_day,
            by_model=_most_first(models.items()),
            by_place={
                place: _added(sums for key, sums in models.items() if key.place is place) for place in Place
            },
            by_conversation=conversations,
            away_by_conversation=away,
        )

    # -- single rows

    def rows(
        self, wanted: UsageFilter, *, before: int | None = None, limit: int = 100
    ) -> tuple[LedgerRow, ...]:
        """The newest rows with ids below `before`, newest first: a page of the panel's table."""
        where, values = _where(wanted, "usage")
        if before is not None:
            where, values = f"{where} AND id < ?", [*values, before]
        query = f"SELECT {COLUMNS} FROM usage WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608
        with translated():
            return tuple(row_of(row) for row in self._connection.execute(query, [*values, limit]))

    def all_rows(self, wanted: UsageFilter) -> Iterator[LedgerRow]:
        """Every row, newest first, read page by page: for an export of any length."""
        before: int | None = None
        while page := self.rows(wanted, before=before, limit=_PAGE):
            yield from page
            before = page[-1].id

    # -- how

    def _grouped(
        self, key: Sequence[str], wanted: UsageFilter, *, only: Sequence[int] | None = None
    ) -> dict[tuple[Any, ...], Totals]:
        conversations = "conversation_id" in key or wanted.conversation_id is not None
        table = "usage_conversation_daily" if conversations else "usage_daily"
        where, values = _where(wanted, table)
        if only is not None:
            most = self._connection.limit(apsw.SQLITE_LIMIT_VARIABLE_NUMBER)
            few = len(values) + len(only) <= most  # and a list is quicker than a query
            listed = ", ".join("?" * len(only)) if few else "SELECT value FROM json_each(?)"
            where += f" AND conversation_id IN ({listed})"
            values = [*values, *(only if few else (json.dumps(list(only)),))]
        columns = ", ".join((*key, "currency"))
        sums = ", ".join(f"sum({name})" for name in SUMS)
        query = f"SELECT {columns}, {sums} FROM {table} WHERE {where} GROUP BY {columns}"  # noqa: S608
        groups: dict[tuple[Any, ...], list[Totals]] = {}
        with translated():
            for row in self._connection.execute(query, values):
                groups.setdefault(row[: len(key)], []).append(_totals(row[len(key)], row[len(key) + 1 :]))
        return {group: _added(parts) for group, parts in groups.items()}

    def _conversations(
        self, wanted: UsageFilter, limit: int = 50
    ) -> tuple[tuple[tuple[int, Totals], ...], Mapping[int, Totals]]:
        """As `by_conversation`, and what of each was answered at gateways."""
        busiest = self._busiest(wanted, limit)
        parts: dict[int, list[Totals]] = {}
        away: dict[int, Totals] = {}
        groups = self._grouped(("conversation_id", "place"), wanted, only=busiest)
        for (number, place), sums in groups.items():
            parts.setdefault(number, []).append(sums)
            if Place(place) is Place.REMOTE:
                away[number] = sums
        return _most_first((number, _added(sums)) for number, sums in parts.items()), away

    def _busiest(self, wanted: UsageFilter, limit: int) -> list[int]:
        where, values = _where(wanted, "usage_conversation_daily")
        query = (
            f"SELECT conversation_id FROM usage_conversation_daily WHERE {where} "  # noqa: S608
            "GROUP BY conversation_id ORDER BY sum(attempts) DESC, conversation_id DESC LIMIT ?"
        )
        with translated():
            return [row[0] for row in self._connection.execute(query, [*values, limit])]


def _where(wanted: UsageFilter, table: str) -> tuple[str, list[object]]:
    tests: list[tuple[str, object]] = [
        ("day >= ?", wanted.first_day),
        ("day <= ?", wanted.last_day),
        ("provider = ?", wanted.provider),
        ("model = ?", wanted.model),
        ("place = ?", wanted.place),
        ("purpose = ?", wanted.purpose),
        ("currency = ?", wanted.currency),
    ]
    given = [(test, value) for test, value in tests if value is not None]
    if wanted.conversation_id is not None:
        column = "coalesce(conversation_id, 0)" if table == "usage" and not wanted.conversation_id else ""
        given.append((f"{column or 'conversation_id'} = ?", wanted.conversation_id))
    return " AND ".join(test for test, _ in given) or "1", [value for _, value in given]


def _totals(currency: str, sums: Sequence[int]) -> Totals:
    values = dict(zip(SUMS, sums, strict=True))
    cost, counts = (totals([Cost(values.pop(name), currency)]) for name in _MONEY)
    return Totals(**values, costs=cost, counts=counts)


def _added(parts: Any) -> Totals:
    """The sum of totals; each currency by itself."""
    listed: list[Totals] = list(parts)
    if len(listed) == 1:
        return listed[0]
    plain = (name for name in SUMS if name not in _MONEY)
    return Totals(
        **{name: sum(getattr(one, name) for one in listed) for name in plain},
        costs=totals(cost for one in listed for cost in one.costs.values()),
        counts=totals(cost for one in listed for cost in one.counts.values()),
    )


def _model(key: tuple[Any, ...]) -> ModelKey:
    return ModelKey(key[0], key[1], Place(key[2]))


def _most_first(groups: Any) -> tuple[tuple[Any, Totals], ...]:
    return tuple(sorted(groups, key=lambda group: (-group[1].attempts, str(group[0]))))
