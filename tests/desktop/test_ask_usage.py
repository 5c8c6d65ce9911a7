"""What `ask` enters into the ledger, against a gateway's own record, and the budgets it keeps to."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest

from desktop import cli
from desktop.commands.over_budget import Wish
from desktop.commands.remote import StandIn
from desktop.commands.services import Services
from desktop.storage.database import open_database
from desktop.storage.ledger import Ledger
from desktop.storage.ledger_values import Attempt, LedgerRow, Outcome, Place, Settlement, State
from desktop.storage.usage import UsageReports
from desktop.storage.usage_pending import UsagePending, Waiting
from desktop.storage.usage_values import UsageFilter
from desktop.system.paths import Paths
from desktop.system.providers import DEFAULT, Provider
from desktop.system.settings import Settings, save
from models.budget import Budget, Period
from models.chat import TextDelta, Usage
from models.errors import EngineCrashed, OverBudget, StorageError
from models.gateway.retrying import Patience
from models.library import Library, LocalModel
from models.pricing import NANO, Cost, Price
from models.route import Mode
from models.ways_on import Kind, Way
from tests.fakes import FakeBackend
from tests.fixtures.keyrings import MemoryHolder, keyring_of
from tests.gateway_server import FAULTS, GatewayServer, answer, error, usage
from tests.gateway_server.server import Received, Reply

ROOT = Path(__file__).parents[2]
MODEL = "xidao/qwen3-32b"  # ¥0.8 and ¥2.4 a million tokens
PRICE = Price(1_000, 2_000, None, "CNY", "test", "2026-11")
SENT = Attempt("xidao", "m", Place.REMOTE, price=PRICE, prompt_limit=100, completion_limit=50)
WORST = 200_000
SMALL = LocalModel("small", "Small", Path("small"), 1, "starter")


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths.find({"INSHORE_HOME": str(tmp_path)})
    paths.create()
    return paths


def _services(paths: Paths, url: str) -> Services:
    engine: Any = FakeBackend
    return Services(
        paths, Library(paths.models, paths.data), engine, StandIn(url, "sk-canary0123456789canary")
    )


def _ask(paths: Paths, url: str, *more: str, model: str = MODEL) -> int:
    return cli.main(
        ["ask", "Hello?", "--mode", "cloud", "--model", model, "--json", *more], _services(paths, url)
    )


def _rows(paths: Paths) -> tuple[LedgerRow, ...]:
    """The oldest first."""
    with closing(open_database(paths.database, backups=paths.backups)) as connection:
        return tuple(reversed(tuple(UsageReports(connection).all_rows(UsageFilter()))))


def _cost(out: str) -> object:
    return json.loads(out.splitlines()[-1])["cost"]


def test_a_gateway_s_answer_is_a_row_with_its_exact_cost(
    paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    with GatewayServer(answer(told=usage(1_000, 10))) as server:
        assert _ask(paths, server.url) == 0
    nano = 1_000 * 800 + 10 * 2_400
    assert _cost(capsys.readouterr().out) == {"nano": nano, "currency": "CNY"}
    [row] = _rows(paths)
    assert (row.state, row.outcome, row.cost) == (State.SETTLED, Outcome.FINISHED, Cost(nano, "CNY"))
    assert (row.usage.prompt_tokens, row.usage.completion_tokens, row.estimated) == (1_000, 10, False)


def test_an_own_price_goes_before_the_catalogue_s(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ("[[price]]", f'model = "{MODEL}"', 'currency = "USD"', 'input = "1"', 'output = "2"')
    paths.own_prices.write_text("\n".join(lines))
    with GatewayServer(answer(told=usage(10, 5))) as server:
        assert _ask(paths, server.url) == 0
    assert _cost(capsys.readouterr().out) == {"nano": 20_000, "currency": "USD"}


def test_a_model_costs_the_same_at_a_second_gateway_of_its_kind(paths: Paths) -> None:
    with GatewayServer(answer(told=usage(1_000, 10))) as server:
        work = Provider("work", "xidao", "Work", (server.url,), (server.url,))
        save(paths.settings_file, Settings(providers=(*DEFAULT, work)))
        holder = MemoryHolder()
        holder.entries["work"] = "sk-of-work"
        services = replace(_services(paths, ""), stand_in=None, keyring=lambda _asked: keyring_of(holder))
        assert cli.main(["ask", "Hello?", "--mode", "cloud", "--model", "work/qwen3-32b"], services) == 0
    [row] = _rows(paths)
    assert row.cost == Cost(1_000 * 800 + 10 * 2_400, "CNY")


def test_each_attempt_has_a_row_and_a_refused_one_costs_nothing(paths: Paths) -> None:
    with GatewayServer(error(429), answer(told=usage(12, 4))) as server:
        assert _ask(paths, server.url) == 0
    first, second = _rows(paths)
    assert (first.outcome, first.counts.nano, first.attempt.number) == (Outcome.FAILED, 0, 1)
    assert (second.outcome, second.attempt.number) == (Outcome.FINISHED, 2)
    assert second.counts == Cost(12 * 800 + 4 * 2_400, "CNY")


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between attempts."""
    monkeypatch.setattr(Patience, "wait_s", lambda *_: 0.0)


@pytest.mark.usefixtures("_hasty")
@pytest.mark.parametrize(
    ("reply", "counts", "sure"),
    [
        *((f"status-{status}", 0, True) for status in (401, 402, 404, 429)),
        *((f"status-{status}", 0, False) for status in (500, 529)),
        ("portal", 0, True),
        ("dropped", None, None),
        ("only-null", None, None),
    ],
)
def test_what_failed_before_the_first_word_is_charged_by_what_is_known(
    paths: Paths, reply: str, counts: int | None, sure: bool | None
) -> None:
    """None: it may have been charged, so its worst case goes on counting."""
    with GatewayServer(respond=lambda _request: FAULTS[reply]()) as server:
        assert _ask(paths, server.url, "--max-tokens", "50") == 1
    rows = _rows(paths)
    assert [row.attempt.number for row in rows] == list(range(1, len(rows) + 1))
    for row in rows:
        assert (row.state, row.outcome) == (State.SETTLED, Outcome.FAILED)
        assert row.counts == (row.reserved if counts is None else Cost(0, "CNY"))
        assert row.cost == (None if counts is None else Cost(0, "CNY"))
        assert sure is None or row.estimated is not sure


@pytest.mark.usefixtures("_hasty")
def test_a_connection_that_is_refused_costs_nothing(paths: Paths) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert _ask(paths, f"http://127.0.0.1:{taken.getsockname()[1]}/v1") == 1
    assert {(row.note, row.counts.nano, row.estimated) for row in _rows(paths)} == {
        ("NotConnected", 0, False)
    }


@pytest.mark.usefixtures("_hasty")
def test_another_attempt_is_reserved_before_it_is_sent(
    paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first may have been charged, so there is no room for a second: it must not be sent."""
    worst = 22 * 800 + 50 * 2_400
    save(paths.settings_file, Settings(budgets=(Budget(Period.DAY, Cost(worst * 3 // 2, "CNY")),)))
    with GatewayServer(FAULTS["dropped"]()) as server:
        assert _ask(paths, server.url, "--max-tokens", "50") == 1
        assert len(server.chats) == 1
    assert "--over-budget" in capsys.readouterr().err
    [row] = _rows(paths)
    assert row.counts == Cost(worst, "CNY")


@pytest.mark.parametrize("wrong", [-1, 10**12, "12", 1.5, float("nan")])
def test_s29_absurd_usage_is_flagged_and_not_summed(
    paths: Paths, capsys: pytest.CaptureFixture[str], wrong: Any
) -> None:
    with GatewayServer(answer(told=usage(wrong, 4))) as server:
        assert _ask(paths, server.url) == 0
    assert _cost(capsys.readouterr().out) == {"nano": None, "currency": "CNY"}
    [row] = _rows(paths)
    assert row.flaw
    assert row.usage.completion_tokens is None


def test_what_does_not_fit_into_a_budget_is_not_sent(
    paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    save(paths.settings_file, Settings(budgets=(Budget(Period.DAY, Cost(NANO // 1_000, "CNY")),)))
    with GatewayServer() as server:
        assert _ask(paths, server.url) == 1
        assert server.chats == []
        assert "today’s budget" in capsys.readouterr().err
        assert _ask(paths, server.url, "--max-tokens", "100") == 0
        assert server.chats[0].json["max_tokens"] == 100
    assert len(_rows(paths)) == 1


@pytest.fixture
def tight(paths: Paths) -> Paths:
    """A budget of ¥0.001, which a whole answer does not fit into."""
    save(paths.settings_file, Settings(budgets=(Budget(Period.DAY, Cost(NANO // 1_000, "CNY")),)))
    return paths


def test_over_budget_the_hint_names_what_can_be_chosen(
    tight: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    with GatewayServer() as server:
        assert _ask(tight, server.url) == 1
    assert (
        "--over-budget: shorten (at most 409 tokens), raise (once, by up to ¥0.019)."
        in capsys.readouterr().err
    )


def test_over_budget_a_shorter_answer_is_asked_for(tight: Paths) -> None:
    with GatewayServer() as server:
        assert _ask(tight, server.url, "--over-budget", "shorten") == 0
        assert server.chats[0].json["max_tokens"] == 409


def test_over_budget_it_is_raised_for_one_question_only(
    tight: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    with GatewayServer(answer(told=usage(10, 900))) as server:
        assert _ask(tight, server.url, "--over-budget", "raise") == 0
        assert "exceeded this once" in capsys.readouterr().err
        assert _ask(tight, server.url) == 1
        assert len(server.chats) == 1
    [row] = _rows(tight)
    assert row.raised


def test_over_budget_this_machine_answers(
    tight: Paths, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Library, "models", lambda _self: [SMALL])
    monkeypatch.setattr(Library, "get", lambda _self, _id: SMALL)
    with GatewayServer() as server:
        assert _ask(tight, server.url, "--over-budget", "local") == 0
        assert server.chats == []
    captured = capsys.readouterr()
    assert "At the cap: local only" in captured.err
    assert json.loads(captured.out.splitlines()[-1])["route"]["model"] == "small"
    [row] = _rows(tight)
    assert row.attempt.place is Place.LOCAL


def test_at_the_cap_hybrid_is_local_only_where_a_model_is_here() -> None:
    refused = OverBudget("", "", currency="CNY", left_nano=1, wanted_nano=5)
    assert Wish(None, Mode.HYBRID, ["small"]).way(refused) == Way(Kind.LOCAL, model="small")
    for wish in (
        Wish(None, Mode.HYBRID, []),
        Wish(None, Mode.CLOUD, ["small"]),
        Wish(Kind.LOCAL, Mode.CLOUD, []),
    ):
        with pytest.raises(OverBudget):
            wish.way(refused)


def test_while_the_window_holds_the_ledger_attempts_wait_beside_it(paths: Paths) -> None:
    with (
        closing(open_database(paths.database, backups=paths.backups)) as held,
        GatewayServer(error(429), answer(told=usage(12, 4))) as server,
    ):
        assert _ask(paths, server.url) == 0
        assert UsagePending(paths.usage_pending).move_into(held) == 2
    assert not paths.usage_pending.exists()
    first, second = _rows(paths)
    assert (first.outcome, second.outcome) == (Outcome.FAILED, Outcome.FINISHED)
    assert second.cost == Cost(12 * 800 + 4 * 2_400, "CNY")


def test_an_answer_that_ends_while_the_window_holds_the_ledger_is_settled_later(paths: Paths) -> None:
    """The window was started meanwhile, and took what is open for what a crash left."""
    held: list[apsw.Connection] = []

    def open_window(_request: Received) -> Reply:
        held.append(open_database(paths.database, backups=paths.backups))
        Ledger(held[0]).expire_open()
        return answer(told=usage(12, 4))

    with GatewayServer(respond=open_window) as server:
        assert _ask(paths, server.url) == 0
    [connection] = held
    reports = UsageReports(connection)
    assert [row.state for row in reports.all_rows(UsageFilter())] == [State.EXPIRED]
    assert UsagePending(paths.usage_pending).move_into(connection) == 1
    [row] = reports.all_rows(UsageFilter())
    assert (row.state, row.cost) == (State.SETTLED, Cost(12 * 800 + 4 * 2_400, "CNY"))
    connection.close()


STATED = Settlement(Outcome.STOPPED, Usage(1, 0, 0, 1))
Meanwhile = Callable[[Ledger], object]


@pytest.mark.parametrize("waits", [False, True], ids=["at once", "later"])
@pytest.mark.parametrize(
    ("meanwhile", "states", "cost"),
    [
        (lambda _ledger: None, [State.SETTLED], 12 * 800 + 4 * 2_400),
        (
            lambda ledger: ledger.release(1, "not charged, as you said"),
            [State.RELEASED, State.SETTLED],
            12 * 800 + 4 * 2_400,
        ),
        (lambda ledger: ledger.settle(1, STATED), [State.SETTLED], 3_200),
    ],
    ids=["expired", "let go of", "settled"],
)  # fmt: skip
def test_an_answer_whose_row_was_closed_meanwhile_is_entered_once(
    paths: Paths, waits: bool, meanwhile: Meanwhile, states: list[State], cost: int
) -> None:
    """A window took it for what a crash left, and its user let it go or entered a statement."""
    held: list[apsw.Connection] = []

    def open_window(_request: Received) -> Reply:
        held.append(open_database(paths.database, backups=paths.backups))
        ledger = Ledger(held[0])
        ledger.expire_open()
        meanwhile(ledger)
        if not waits:
            held[0].close()
        return answer(told=usage(12, 4))

    with GatewayServer(respond=open_window) as server:
        assert _ask(paths, server.url) == 0
    if waits:
        assert UsagePending(paths.usage_pending).move_into(held[0]) == 1
        held[0].close()
    rows = _rows(paths)
    assert [row.state for row in rows] == states
    assert rows[-1].cost == Cost(cost, "CNY")
    assert (rows[-1].note, rows[0].sent_at) == (None, rows[-1].sent_at)


def test_an_answer_whose_ledger_was_replaced_meanwhile_is_told(
    paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    def replace_file(_request: Received) -> Reply:
        paths.database.unlink()
        return answer(told=usage(12, 4))

    with GatewayServer(respond=replace_file) as server:
        assert _ask(paths, server.url) == 0
    assert "missing in your usage" in capsys.readouterr().err


def test_a_local_answer_that_breaks_off_is_counted_as_an_estimate(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Library, "models", lambda _self: [SMALL])
    monkeypatch.setattr(Library, "get", lambda _self, _id: SMALL)
    script: list[Any] = [TextDelta("Half "), TextDelta("an", tokens=6), EngineCrashed("", "")]
    engine: Any = lambda *_: FakeBackend(script)  # noqa: E731
    assert cli.main(["ask", "Hello?"], Services(paths, Library(paths.models, paths.data), engine)) == 1
    [row] = _rows(paths)
    assert (row.outcome, row.estimated, row.usage.completion_tokens) == (Outcome.FAILED, True, 6)
    assert row.usage.prompt_tokens
    assert row.duration_ms is not None


def test_usage_counts_what_has_waited(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    open_database(paths.database, backups=paths.backups).close()
    UsagePending(paths.usage_pending).add(Waiting(SENT, 1_764_000_000.0, Settlement(Outcome.STOPPED)))
    assert cli.main(["usage", "--json"], _services(paths, "")) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["attempts"] == 1


def test_while_the_window_holds_the_ledger_no_budget_is_passed_by(paths: Paths) -> None:
    save(paths.settings_file, Settings(budgets=(Budget(Period.DAY, Cost(NANO, "CNY")),)))
    with closing(open_database(paths.database, backups=paths.backups)), GatewayServer() as server:
        assert _ask(paths, server.url) == 1
        assert server.chats == []


def test_waiting_lines_come_back_as_they_were_and_others_are_dropped(paths: Paths) -> None:
    pending = UsagePending(paths.usage_pending)
    done = Settlement(Outcome.FINISHED, Usage(90, 10, 5, 20), duration_ms=9, request_id="r")
    pending.add(Waiting(SENT, 1_764_000_000.0, done))
    line = paths.usage_pending.read_text()
    wrong = (line.replace('"number": 1', '"number": -1'), line.replace('"xidao"', "3"), line[:50], "[]", "{}")
    paths.usage_pending.write_text("\n".join((*wrong, line)))
    with closing(open_database(paths.database, backups=paths.backups)) as connection:
        assert pending.move_into(connection) == 1
    [row] = _rows(paths)
    assert (row.attempt, row.sent_at, row.usage, row.request_id) == (SENT, 1_764_000_000.0, done.usage, "r")


def test_what_waited_is_entered_once_whenever_the_program_ended(paths: Paths) -> None:
    """Killed between the ledger and the file that waits, with one row whole and one still open."""
    pending = UsagePending(paths.usage_pending)
    for number in (1, 2):
        done = Settlement(Outcome.FINISHED, Usage(90, 10, 5, 20))
        pending.add(Waiting(replace(SENT, number=number), 1_764_000_000.5, done))
    whole = paths.usage_pending.read_bytes()
    paths.usage_pending.write_bytes(whole.splitlines(keepends=True)[0])
    with closing(open_database(paths.database, backups=paths.backups)) as connection:
        pending.move_into(connection)
        Ledger(connection, now=lambda: 1_764_000_000.5).reserve(replace(SENT, number=2))
        paths.usage_pending.write_bytes(whole)
        pending.move_into(connection)
    assert [(row.attempt.number, row.state) for row in _rows(paths)] == [
        (1, State.SETTLED),
        (2, State.SETTLED),
    ]


_CHILD = """
import random, sys, time
from pathlib import Path
from desktop.storage.database import open_database
from desktop.storage.ledger import Ledger
from models.errors import OverBudget, StorageBusy
from tests.desktop.test_ask_usage import SENT, budget, used
from contextlib import closing
dice = random.Random(int(sys.argv[2]))
root = Path(sys.argv[1])
print("ready", flush=True)
first = True
while True:
    try:
        with closing(open_database(root / "data" / "inshore.db", backups=root / "data" / "backups")) as one:
            ledger = Ledger(one)
            row = ledger.reserve(SENT, [budget(60)]).id
            print("sent", flush=True)
            if not first and dice.random() < 0.5:
                ledger.settle(row, used(dice))
            first = False
    except StorageBusy:
        pass
    except OverBudget:
        print("over", flush=True)
        break
"""


def budget(times: int) -> Budget:
    return Budget(Period.ALWAYS, Cost(WORST * times, "CNY"))


def used(dice: random.Random) -> Settlement:
    return Settlement(Outcome.FINISHED, Usage(dice.randrange(101), None, None, dice.randrange(51)))


Spend = Callable[[int], subprocess.Popen[str]]


@pytest.fixture
def spend(paths: Paths, tmp_path: Path) -> Iterator[Spend]:
    """Starts a process that spends until the budget says no; its number makes its dice."""
    open_database(paths.database, backups=paths.backups).close()
    made: list[subprocess.Popen[str]] = []

    def start(number: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", _CHILD, str(tmp_path), str(number)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        made.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT))
        return made[-1]

    yield start
    for child in made:
        child.kill()
        child.communicate()


@pytest.mark.skipif(os.name != "posix", reason="kills with SIGKILL")
def test_a_budget_holds_with_processes_killed_between_reservation_and_settlement(
    paths: Paths, spend: Spend
) -> None:
    """One after the other, as the file is held by one at a time: who waits for it could wait for long."""
    for number in range(2):
        child = spend(number)
        assert child.stdout is not None
        for line in child.stdout:
            if line == "sent\n":
                break
        child.send_signal(signal.SIGKILL)
        child.wait(20)
    out, _err = spend(2).communicate(timeout=60)
    assert out.endswith("over\n")
    with closing(open_database(paths.database, backups=paths.backups)) as connection:
        ledger = Ledger(connection)
        [before] = ledger.budget_states([budget(60)])
        ledger.expire_open()
        [after] = ledger.budget_states([budget(60)])
    assert before == after
    assert before.used <= before.budget.limit
    assert sum(row.counts.nano for row in _rows(paths)) == after.used.nano
    assert any(row.state is State.EXPIRED for row in _rows(paths))


def test_a_thousand_interleaved_sends_never_exceed_a_budget(paths: Paths) -> None:
    dice = random.Random(7)
    limit = budget(200)
    spent = refused = 0
    open_rows: list[int] = []
    with closing(open_database(paths.database, backups=paths.backups)) as connection:
        ledger = Ledger(connection)
        for number in range(1_000):
            if open_rows and dice.random() < 0.5:
                row = ledger.settle(open_rows.pop(dice.randrange(len(open_rows))), used(dice))
                spent += row.counts.nano
            try:
                open_rows.append(ledger.reserve(replace(SENT, number=1 + number % 3), [limit]).id)
            except (OverBudget, StorageError):
                refused += 1
            [state] = ledger.budget_states([limit])
            assert state.used.nano == spent + len(open_rows) * WORST <= limit.limit.nano
    assert refused > 100
