"""The ledger: written before sending, settled once, never changed, and within its budgets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import apsw
import pytest

from desktop.storage.conversations import ConversationStore
from desktop.storage.database import open_database
from desktop.storage.health import health_of
from desktop.storage.ledger import Ledger
from desktop.storage.ledger_rows import COLUMNS
from desktop.storage.ledger_values import Attempt, Outcome, Place, Settlement, State
from desktop.storage.migrations import MIGRATIONS
from models.budget import Budget, Period
from models.chat import Usage
from models.errors import OverBudget, StorageError
from models.pricing import FREE, Cost, Price, Tier

PRICE = Price(1_000, 2_000, 100, "CNY", "a list", "2026-05", (Tier(50_000, 3_000, 4_000),))
SENT = Attempt(
    "xidao", "m", Place.REMOTE, conversation_id=7, price=PRICE, prompt_limit=100, completion_limit=50
)
WORST = Cost(100 * 1_000 + 50 * 2_000, "CNY")
DONE = Settlement(Outcome.FINISHED, Usage(90, 10, 5, 20), duration_ms=900, ttft_ms=200, speed_mtps=28_571)
COST = Cost(80 * 1_000 + 10 * 100 + 20 * 2_000, "CNY")


class Clock:
    def __init__(self, moment: float = datetime(2026, 11, 25, 12).timestamp()) -> None:
        self.moment = moment

    def __call__(self) -> float:
        return self.moment

    def set(self, *parts: int) -> None:
        self.moment = datetime(*parts).timestamp()  # type: ignore[arg-type]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(connection: apsw.Connection, clock: Clock) -> Ledger:
    return Ledger(connection, clock)


def budget(times: int, period: Period = Period.DAY, provider: str = "") -> Budget:
    """Room for so many worst cases."""
    return Budget(period, Cost(WORST.nano * times, "CNY"), provider)


# -- rows


def test_a_row_is_there_before_sending_with_its_price_frozen(ledger: Ledger, clock: Clock) -> None:
    row = ledger.get(ledger.reserve(replace(SENT, turn_id=3, route_reason="you chose it", number=2)).id)
    assert row.state is State.SENT
    assert row.attempt == replace(SENT, turn_id=3, route_reason="you chose it", number=2)
    assert (row.sent_at, row.day) == (clock.moment, date(2026, 11, 25).toordinal())
    assert (row.reserved, row.counts, row.cost, row.usage) == (WORST, WORST, None, Usage())


def test_a_settled_row_has_its_exact_cost(ledger: Ledger) -> None:
    row = ledger.settle(ledger.reserve(SENT).id, replace(DONE, request_id="r-1", note="n"))
    assert (row.state, row.outcome, row.estimated) == (State.SETTLED, Outcome.FINISHED, False)
    assert (row.cost, row.counts, row.usage) == (COST, COST, DONE.usage)
    assert (row.duration_ms, row.ttft_ms, row.speed_mtps) == (900, 200, 28_571)
    assert (row.request_id, row.note) == ("r-1", "n")


def test_rows_are_read_back_after_a_restart(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "x.db")) as connection:
        row = Ledger(connection).settle(Ledger(connection).reserve(SENT).id, DONE)
    with closing(open_database(tmp_path / "x.db")) as connection:
        assert Ledger(connection).get(row.id) == row


def test_a_local_answer_is_free_and_of_no_currency(ledger: Ledger) -> None:
    row = ledger.settle(ledger.reserve(Attempt("local", "m", Place.LOCAL), [budget(0)]).id, DONE)
    assert row.cost == FREE
    assert row.free


def test_an_unknown_price_is_unknown_and_never_zero(ledger: Ledger) -> None:
    row = ledger.settle(ledger.reserve(replace(SENT, price=None)).id, DONE)
    assert row.cost is None
    assert not row.free


def test_unknown_tokens_leave_the_cost_unknown_and_the_reservation_counting(ledger: Ledger) -> None:
    row = ledger.settle(ledger.reserve(SENT).id, Settlement(Outcome.FAILED))
    assert (row.cost, row.counts) == (None, WORST)


def test_what_never_reached_the_server_costs_nothing(ledger: Ledger) -> None:
    row = ledger.settle(ledger.reserve(SENT).id, Settlement(Outcome.FAILED, Usage(0, 0, 0, 0)))
    assert (row.cost, row.counts) == (Cost(0, "CNY"), Cost(0, "CNY"))


def test_an_estimate_is_marked_and_corrected_once(ledger: Ledger) -> None:
    row_id = ledger.reserve(SENT).id
    guess = ledger.settle(row_id, Settlement(Outcome.STOPPED, Usage(90, None, None, 3), False, ttft_ms=5))
    assert (guess.estimated, guess.cost, guess.counts) == (True, Cost(96_000, "CNY"), WORST)
    late = ledger.settle(row_id, Settlement(Outcome.STOPPED, DONE.usage, request_id="r"))
    assert (late.estimated, late.cost, late.counts, late.ttft_ms) == (False, COST, COST, 5)
    with pytest.raises(ValueError, match="settled already"):
        ledger.settle(row_id, DONE)


@pytest.mark.parametrize("wrong", [10**12, -1, float("nan"), "9"])
def test_s29_absurd_usage_is_flagged_and_in_no_sum(ledger: Ledger, wrong: Any) -> None:
    usage = Usage(1, 0, 0, wrong)
    row = ledger.settle(ledger.reserve(SENT).id, Settlement(Outcome.FINISHED, usage))
    assert row.flaw
    assert (row.usage, row.cost, row.counts) == (Usage(), None, WORST)


def test_s29_more_than_was_asked_for_is_flagged(ledger: Ledger) -> None:
    row = ledger.settle(ledger.reserve(SENT).id, Settlement(Outcome.FINISHED, Usage(90, 0, 0, 1_101)))
    assert row.flaw == "more completion tokens are reported than the request allows"
    assert row.cost is None


def test_f37_rows_keep_the_order_in_which_they_were_written(ledger: Ledger, clock: Clock) -> None:
    first = ledger.reserve(SENT).id
    clock.set(2025, 11, 25)
    second = ledger.reserve(SENT).id
    assert second > first
    assert ledger.get(second).day < ledger.get(first).day


def test_a_row_outlives_its_conversation(connection: apsw.Connection, ledger: Ledger) -> None:
    store = ConversationStore(connection, now=lambda: 1.0)
    conversation = store.create("gone")
    row = ledger.reserve(replace(SENT, conversation_id=conversation.id))
    store.delete(conversation.id)
    assert store.purge_deleted(before=2.0) == [conversation.id]
    assert ledger.get(row.id).attempt.conversation_id == conversation.id


# -- guards


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM usage",
        "UPDATE usage SET model = 'x'",
        "UPDATE usage SET id = 9",
        "UPDATE usage SET reserved_nano = 0",
        "UPDATE usage SET price_input_nano = 0",
        "UPDATE usage SET cost_nano = 0",
        "UPDATE usage SET counts_nano = 0",
        "UPDATE usage SET state = 'sent'",
        "UPDATE usage SET state = 'released'",
        "UPDATE usage SET state = 'expired'",
        "UPDATE usage SET counted = 'estimated'",
        "REPLACE INTO usage SELECT * FROM usage",
        "UPDATE OR REPLACE usage SET id = 9",
        f"INSERT INTO usage SELECT 99, {COLUMNS.removeprefix('id, ')} FROM usage",  # noqa: S608 - the columns' names are ours
    ],
)
def test_a_settled_row_can_t_be_changed_replaced_or_deleted(
    connection: apsw.Connection, ledger: Ledger, statement: str
) -> None:
    row = ledger.settle(ledger.reserve(SENT).id, DONE)
    with pytest.raises(apsw.ConstraintError):
        connection.execute(statement)
    assert ledger.get(row.id) == row
    assert connection.execute("SELECT count(*) FROM usage").get == 1


def test_a_read_only_file_is_said_and_nothing_is_kept(connection: apsw.Connection, ledger: Ledger) -> None:
    connection.pragma("query_only", True)
    with pytest.raises(StorageError):
        ledger.reserve(SENT)
    assert connection.execute("SELECT count(*) FROM usage").get == 0


def test_a_file_of_the_shape_before_gains_the_ledger(tmp_path: Path) -> None:
    path = tmp_path / "older.db"
    with closing(open_database(path, migrations=MIGRATIONS[:3])) as connection:
        connection.execute("INSERT INTO conversation (title, created_at, updated_at) VALUES ('Old', 1, 1)")
    with closing(open_database(path)) as connection:
        assert Ledger(connection).reserve(SENT).id == 1
        assert connection.execute("SELECT title FROM conversation").get == "Old"


# -- budgets


@pytest.mark.parametrize("period", list(Period))
def test_the_worst_case_is_reserved_and_what_does_not_fit_is_not_written(
    connection: apsw.Connection, ledger: Ledger, period: Period
) -> None:
    budgets = [budget(2, period)]
    ledger.reserve(SENT, budgets)
    ledger.reserve(SENT, budgets)
    with pytest.raises(OverBudget) as caught:
        ledger.reserve(SENT, budgets)
    assert (caught.value.left_nano, caught.value.fits_tokens) == (0, 0)
    assert connection.execute("SELECT count(*) FROM usage").get == 2


def test_what_a_settled_attempt_did_not_cost_is_free_again(ledger: Ledger) -> None:
    budgets = [Budget(Period.DAY, WORST + COST)]
    ledger.settle(ledger.reserve(SENT, budgets).id, DONE)
    ledger.reserve(SENT, budgets)
    with pytest.raises(OverBudget):
        ledger.reserve(SENT, budgets)


def test_a_refusal_offers_the_longest_answer_that_fits(ledger: Ledger) -> None:
    budgets = [Budget(Period.DAY, Cost(150_000, "CNY"))]
    with pytest.raises(OverBudget) as caught:
        ledger.reserve(SENT, budgets)
    assert caught.value.fits_tokens == 25
    ledger.reserve(replace(SENT, completion_limit=25), budgets)


def test_the_next_day_month_or_conversation_has_its_budget_anew(ledger: Ledger, clock: Clock) -> None:
    for allowed, later in ((budget(1), (2026, 11, 26)), (budget(2, Period.MONTH), (2026, 12, 1))):
        ledger.reserve(SENT, [allowed])
        with pytest.raises(OverBudget):
            ledger.reserve(SENT, [allowed])
        clock.set(*later)
    ledger.reserve(SENT, [budget(1), budget(2, Period.MONTH)])
    other = replace(SENT, conversation_id=8)
    ledger.reserve(other, [budget(1, Period.CONVERSATION)])
    with pytest.raises(OverBudget):
        ledger.reserve(other, [budget(1, Period.CONVERSATION)])


def test_f37_putting_the_clock_back_opens_no_budget(ledger: Ledger, clock: Clock) -> None:
    ledger.reserve(SENT, [budget(1)])
    clock.set(2026, 11, 24)
    with pytest.raises(OverBudget):
        ledger.reserve(SENT, [budget(1)])


def test_a_provider_s_budget_counts_what_is_spent_there(ledger: Ledger) -> None:
    budgets = [budget(1, Period.DAY, "xidao")]
    ledger.reserve(replace(SENT, provider="other"), budgets)
    ledger.reserve(SENT, budgets)
    with pytest.raises(OverBudget, match="for xidao"):
        ledger.reserve(SENT, budgets)


def test_the_tightest_budget_decides(ledger: Ledger) -> None:
    with pytest.raises(OverBudget, match="this month"):
        ledger.reserve(SENT, [budget(5), budget(0, Period.MONTH), budget(1, Period.ALWAYS)])


def test_dollars_do_not_count_against_yuan(ledger: Ledger) -> None:
    budgets = [budget(1), Budget(Period.DAY, Cost(WORST.nano, "USD"))]
    ledger.reserve(SENT, budgets)
    dollars = replace(SENT, price=replace(PRICE, currency="USD"))
    ledger.reserve(dollars, budgets)
    with pytest.raises(OverBudget):
        ledger.reserve(dollars, budgets)


def test_a_budget_is_raised_for_one_message_only(ledger: Ledger) -> None:
    budgets = [budget(0)]
    row = ledger.reserve(SENT, budgets, raised=budgets)
    assert ledger.get(row.id).raised
    with pytest.raises(OverBudget):
        ledger.reserve(SENT, budgets)


def test_a_warning_comes_with_80_percent(ledger: Ledger) -> None:
    budgets = [budget(5)]
    assert [len(ledger.reserve(SENT, budgets).warnings) for _ in range(5)] == [0, 0, 0, 1, 1]
    assert [one.left for one in ledger.budget_states(budgets)] == [Cost(0, "CNY")]
    assert ledger.budget_states([budget(1, Period.CONVERSATION)]) == ()
    assert [one.used.nano for one in ledger.budget_states([budget(1, Period.CONVERSATION)], 7)] == [
        WORST.nano * 5
    ]


def test_what_an_earlier_run_left_open_goes_on_counting_until_it_is_settled(ledger: Ledger) -> None:
    budgets = [budget(2)]
    first, second = ledger.reserve(SENT, budgets), ledger.reserve(SENT, budgets)
    assert ledger.expire_open() == [first.id, second.id]
    assert ledger.expire_open() == []
    row = ledger.get(first.id)
    assert (row.state, row.counts, row.note) == (State.EXPIRED, WORST, "Inshore ended before this answer did")
    with pytest.raises(OverBudget):
        ledger.reserve(SENT, budgets)
    assert ledger.settle(first.id, DONE).counts == COST
    ledger.release(second.id, "not on the gateway’s statement")
    assert ledger.get(second.id).counts == Cost(0, "CNY")
    with pytest.raises(ValueError, match="not expired"):
        ledger.release(second.id, "again")
    ledger.reserve(SENT, budgets)


def test_a_budget_needs_limits_to_reserve(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="limits"):
        ledger.reserve(replace(SENT, completion_limit=None), [budget(1)])
    assert ledger.reserve(replace(SENT, completion_limit=None)).reserved is None


# -- health


def _settled(ledger: Ledger, outcome: Outcome, ttft_ms: int | None = None) -> None:
    ledger.settle(ledger.reserve(SENT).id, Settlement(outcome, ttft_ms=ttft_ms, speed_mtps=ttft_ms))


def test_health_is_of_the_last_attempts_of_that_model(connection: apsw.Connection, ledger: Ledger) -> None:
    assert health_of(connection, "xidao", "m").success is None
    for ttft in (9_000, 100, 300, 200):
        _settled(ledger, Outcome.FINISHED, ttft)
    _settled(ledger, Outcome.FAILED)
    _settled(ledger, Outcome.STOPPED)
    _settled(ledger, Outcome.FAILED)
    ledger.reserve(SENT)
    ledger.settle(ledger.reserve(replace(SENT, model="other")).id, DONE)
    health = health_of(connection, "xidao", "m", last=5)
    assert (health.attempts, health.finished, health.failures_in_a_row) == (5, 3, 2)
    assert (health.ttft_ms, health.speed_mtps, health.success) == (200, 200, 0.6)


@pytest.mark.parametrize("ours", ["Refused", "Offline", "KeyMissing", "KeyringLocked", "RequestRefused"])
def test_what_was_not_the_gateway_s_fault_is_no_part_of_its_health(
    connection: apsw.Connection, ledger: Ledger, ours: str
) -> None:
    _settled(ledger, Outcome.FINISHED)
    for note in (ours, ours, "GatewayFailed"):
        ledger.settle(ledger.reserve(SENT).id, Settlement(Outcome.FAILED, note=note))
    health = health_of(connection, "xidao", "m")
    assert (health.attempts, health.success, health.failures_in_a_row) == (2, 0.5, 1)


def test_health_forgets_what_failed_long_ago(
    connection: apsw.Connection, ledger: Ledger, clock: Clock
) -> None:
    _settled(ledger, Outcome.FAILED)
    clock.moment += 100
    _settled(ledger, Outcome.FINISHED)
    assert health_of(connection, "xidao", "m", since=clock.moment - 50).success == 1.0
    assert health_of(connection, "xidao", "m", since=clock.moment - 150).success == 0.5


@pytest.fixture(autouse=True)
def _whole_numbers(connection: apsw.Connection) -> Iterator[Any]:
    """Every amount that a test has stored is a whole number."""
    yield
    names = [row[1] for row in connection.execute("PRAGMA table_info(usage)") if row[1].endswith("_nano")]
    for name in names:
        kinds = {row[0] for row in connection.execute(f"SELECT DISTINCT typeof({name}) FROM usage")}  # noqa: S608
        assert kinds <= {"integer", "null"}
