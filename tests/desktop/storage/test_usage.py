"""What was used: every total equals the rows, for any filter."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop.storage.database import open_database
from desktop.storage.ledger import Ledger
from desktop.storage.ledger_tables import SUMS, sums_over_rows
from desktop.storage.ledger_values import Attempt, LedgerRow, Outcome, Place, Purpose, Settlement, State
from desktop.storage.usage import UsageReports
from desktop.storage.usage_values import ModelKey, Saved, Span, Totals, UsageFilter
from models.chat import Usage
from models.pricing import Cost, Price, totals

TODAY = date(2026, 11, 25)
PRICES = (
    Price(1_000, 2_000, 100, "CNY", "a list", "2026-05"),
    Price(7, 13, None, "USD", "yours", ""),
    None,
)
LOCAL = Attempt("local", "small", Place.LOCAL, conversation_id=1)

some = st.none() | st.integers(0, 5_000)


@st.composite
def steps(draw: st.DrawFn) -> tuple[int, Attempt, Settlement | None, bool]:
    """A day, an attempt, how it ended (None: not), and whether a late usage corrects it."""
    local = draw(st.booleans())
    attempt = Attempt(
        "local" if local else draw(st.sampled_from(["xidao", "other"])),
        draw(st.sampled_from(["a", "b"])),
        Place.LOCAL if local else Place.REMOTE,
        draw(st.sampled_from(list(Purpose))),
        draw(st.sampled_from([None, 1, 2])),
        price=None if local else draw(st.sampled_from(PRICES)),
        prompt_limit=draw(st.none() | st.integers(0, 5_000)),
        completion_limit=draw(st.none() | st.integers(0, 5_000)),
    )
    usage = Usage(draw(some), draw(some), draw(some), draw(some))
    settlement = Settlement(
        draw(st.sampled_from(Outcome)), usage, draw(st.booleans()), draw(some), draw(some), draw(some)
    )
    return draw(st.integers(0, 3)), attempt, draw(st.none() | st.just(settlement)), draw(st.booleans())


filters = st.builds(
    UsageFilter,
    first_day=st.none() | st.integers(TODAY.toordinal(), TODAY.toordinal() + 3),
    last_day=st.none() | st.integers(TODAY.toordinal(), TODAY.toordinal() + 3),
    provider=st.sampled_from([None, "xidao", "local"]),
    model=st.sampled_from([None, "a", "b"]),
    place=st.none() | st.sampled_from(Place),
    purpose=st.none() | st.sampled_from(Purpose),
    conversation_id=st.sampled_from([None, 0, 1, 2]),
    currency=st.sampled_from([None, "CNY", "USD", ""]),
)


def _write(
    connection: apsw.Connection, written: Iterable[tuple[int, Attempt, Settlement | None, bool]]
) -> None:
    moment = [0.0]
    ledger = Ledger(connection, lambda: moment[0])
    for day, attempt, settlement, late in written:
        moment[0] = datetime(TODAY.year, TODAY.month, TODAY.day + day, 12).timestamp()
        row = ledger.reserve(attempt)
        if settlement is None:
            continue
        settled = ledger.settle(row.id, settlement)
        if settled.estimated and late:
            ledger.settle(row.id, Settlement(Outcome.FINISHED, Usage(3, 1, 1, 2)))
    for expired in ledger.expire_open()[::2]:
        ledger.release(expired, "known")


def _matches(row: LedgerRow, wanted: UsageFilter) -> bool:
    facts: list[tuple[Any, Any]] = [
        (wanted.provider, row.attempt.provider),
        (wanted.model, row.attempt.model),
        (wanted.place, row.attempt.place),
        (wanted.purpose, row.attempt.purpose),
        (wanted.conversation_id, row.attempt.conversation_id or 0),
        (wanted.currency, row.counts.currency),
    ]
    after = wanted.first_day is None or row.day >= wanted.first_day
    before = wanted.last_day is None or row.day <= wanted.last_day
    return after and before and all(want is None or want == have for want, have in facts)


def _key(row: LedgerRow) -> ModelKey:
    return ModelKey(row.attempt.provider, row.attempt.model, row.attempt.place)


def _summed(rows: list[LedgerRow]) -> Totals:
    """The totals in plain Python, as slowly and as plainly as can be."""

    def count(test: Callable[[LedgerRow], bool]) -> int:
        return sum(1 for row in rows if test(row))

    def add(value: Callable[[LedgerRow], int | None]) -> int:
        return sum(value(row) or 0 for row in rows)

    return Totals(
        attempts=len(rows),
        open_count=count(lambda r: r.state is State.SENT),
        expired_count=count(lambda r: r.state is State.EXPIRED),
        failed_count=count(lambda r: r.outcome is Outcome.FAILED),
        stopped_count=count(lambda r: r.outcome is Outcome.STOPPED),
        estimated_count=count(lambda r: r.estimated is True),
        flawed_count=count(lambda r: r.flaw is not None),
        cost_count=count(lambda r: r.cost is not None),
        prompt_tokens=add(lambda r: r.usage.prompt_tokens),
        prompt_count=count(lambda r: r.usage.prompt_tokens is not None),
        completion_tokens=add(lambda r: r.usage.completion_tokens),
        completion_count=count(lambda r: r.usage.completion_tokens is not None),
        cached_tokens=add(lambda r: r.usage.cached_tokens),
        cached_of=add(lambda r: None if r.usage.cached_tokens is None else r.usage.prompt_tokens),
        reasoning_tokens=add(lambda r: r.usage.reasoning_tokens),
        reasoning_of=add(lambda r: None if r.usage.reasoning_tokens is None else r.usage.completion_tokens),
        duration_ms=add(lambda r: r.duration_ms),
        duration_count=count(lambda r: r.duration_ms is not None),
        ttft_ms=add(lambda r: r.ttft_ms),
        ttft_count=count(lambda r: r.ttft_ms is not None),
        speed_mtps=add(lambda r: r.speed_mtps),
        speed_count=count(lambda r: r.speed_mtps is not None),
        costs=totals(row.cost or Cost(0, row.counts.currency) for row in rows),
        counts=totals(row.counts for row in rows),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps(), max_size=14), st.lists(filters, min_size=3, max_size=6))
def test_every_total_equals_its_rows_for_any_filter(written: Any, wanted: list[UsageFilter]) -> None:
    with TemporaryDirectory() as folder, closing(open_database(Path(folder) / "x.db")) as connection:
        _write(connection, written)
        reports = UsageReports(connection)
        everything = list(reports.all_rows(UsageFilter()))
        assert [row.id for row in everything] == list(range(len(written), 0, -1))
        for one in wanted:
            rows = [row for row in everything if _matches(row, one)]
            assert list(reports.all_rows(one)) == rows
            panel = reports.panel(one)
            assert panel.totals == reports.totals(one) == _summed(rows)
            assert panel.by_model == reports.by_model(one)
            assert panel.by_place == reports.by_place(one)
            for key, sums in panel.by_model:
                assert sums == _summed([row for row in rows if _key(row) == key])
            for part in panel.by_day:
                assert part.totals.attempts
            assert sum(part.totals.attempts for part in panel.by_day) == len(rows)
            for number, sums in panel.by_conversation:
                assert sums == _summed([r for r in rows if (r.attempt.conversation_id or 0) == number])
            assert sum(sums.attempts for _, sums in panel.by_conversation) == len(rows)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps(), max_size=14))
def test_the_kept_sums_equal_sums_made_anew_and_hold_whole_numbers_only(written: Any) -> None:
    with TemporaryDirectory() as folder, closing(open_database(Path(folder) / "x.db")) as connection:
        _write(connection, written)
        for table in ("usage_daily", "usage_conversation_daily"):
            kept = connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
            assert sorted(kept) == sorted(connection.execute(sums_over_rows(table)).fetchall())
            assert all(type(value) is int for row in kept for value in row[-len(SUMS) :])


# -- single cases


def test_an_empty_ledger_has_an_empty_panel(connection: apsw.Connection) -> None:
    panel = UsageReports(connection).panel(UsageFilter())
    assert panel.totals == Totals()
    assert (panel.by_day, panel.by_model, panel.by_conversation) == ((), (), ())
    assert set(panel.by_place) == set(Place)
    assert panel.totals.thinking_share is panel.totals.cache_share is panel.totals.mean_speed_tps is None


def test_shares_are_of_those_rows_that_know_them(connection: apsw.Connection) -> None:
    _write(
        connection,
        [
            (0, LOCAL, Settlement(Outcome.FINISHED, Usage(100, 25, 30, 40), True, 9, 500, 20_000), False),
            (
                0,
                LOCAL,
                Settlement(Outcome.FINISHED, Usage(900, None, None, 60), True, 9, 1_500, 40_000),
                False,
            ),
        ],
    )
    sums = UsageReports(connection).totals(UsageFilter())
    assert (sums.cache_share, sums.thinking_share) == (0.25, 0.75)
    assert (sums.mean_ttft_s, sums.mean_speed_tps) == (1.0, 30.0)


@pytest.mark.parametrize(
    ("span", "first", "last"),
    [
        (Span.TODAY, TODAY, TODAY),
        (Span.WEEK, date(2026, 11, 19), TODAY),
        (Span.MONTH, date(2026, 11, 1), TODAY),
        (Span.ALL, None, None),
    ],
)
def test_a_span_ends_today(span: Span, first: date | None, last: date | None) -> None:
    wanted = UsageFilter.over(span, TODAY)
    assert wanted.first_day == (first and first.toordinal())
    assert wanted.last_day == (last and last.toordinal())


def test_what_local_answers_would_have_cost_shows_its_arithmetic(connection: apsw.Connection) -> None:
    _write(
        connection,
        [
            (0, LOCAL, Settlement(Outcome.FINISHED, Usage(1_000, 0, 0, 200)), False),
            (1, LOCAL, Settlement(Outcome.FINISHED, Usage(500, 0, 0, 100)), False),
            (1, LOCAL, Settlement(Outcome.FAILED), False),
        ],
    )
    local = UsageReports(connection).by_place(UsageFilter())[Place.LOCAL]
    price = PRICES[0]
    assert price is not None
    saved = Saved.of(local, price)
    assert saved.cost == Cost(1_500 * 1_000 + 300 * 2_000, "CNY")
    assert saved.unknown_count == 1
    assert saved.arithmetic() == "1,500 × 1,000 + 300 × 2,000 = 2,100,000 billionths of CNY"


def test_any_number_of_conversations_is_listed(connection: apsw.Connection) -> None:
    """More than SQLite takes values for in one query."""
    connection.limit(apsw.SQLITE_LIMIT_VARIABLE_NUMBER, 40)
    ledger = Ledger(connection)
    for number in range(1, 61):
        ledger.reserve(Attempt("local", "small", Place.LOCAL, conversation_id=number))
    assert len(UsageReports(connection).by_conversation(UsageFilter(), limit=1 << 30)) == 60
