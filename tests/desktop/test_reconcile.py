"""`usage reconcile`: what a gateway states against what was written here, end to end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import pytest

from desktop import cli
from desktop.commands.services import Services
from desktop.storage.database import open_database
from desktop.storage.ledger import Ledger
from desktop.storage.ledger_values import Attempt, Outcome, Place, Settlement, State
from desktop.system.paths import Paths
from models.budget import Budget, Period
from models.chat import Usage
from models.library import Library
from models.pricing import Cost, Price
from tests.fakes import FakeBackend

PRICE = Price(1_000, 2_000, None, "CNY", "test", "2026-11")
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
HEADER = "request_id,time,model,prompt_tokens,completion_tokens,cost (CNY)"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths.find({"INSHORE_HOME": str(tmp_path)})
    paths.create()
    return paths


@pytest.fixture
def ledger(paths: Paths) -> Iterator[apsw.Connection]:
    with closing(open_database(paths.database, backups=paths.backups)) as connection:
        yield connection


def add(connection: apsw.Connection, request_id: str, prompt: int, completion: int, at: float = NOON) -> None:
    attempt = Attempt("xidao", "xidao/m", Place.REMOTE, price=PRICE, prompt_limit=100, completion_limit=100)
    ledger = Ledger(connection, now=lambda: at)
    usage = Usage(prompt, None, None, completion)
    ledger.settle(ledger.reserve(attempt).id, Settlement(Outcome.FINISHED, usage, request_id=request_id))


def run(paths: Paths, lines: list[str], *more: str, header: str = HEADER) -> int:
    file = paths.data / "statement.csv"
    file.write_text("\n".join([header, *lines]), encoding="utf-8")
    engine: Any = FakeBackend
    services = Services(paths, Library(paths.models, paths.data), engine)
    return cli.main(["usage", "reconcile", str(file), *more], services)


def test_each_request_is_in_its_group_with_its_sums(
    paths: Paths, ledger: apsw.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    for request_id in ("r1", "r2", "r9"):
        add(ledger, request_id, 10, 5)
    add(ledger, "", 10, 7, NOON + 60)
    add(ledger, "r8", 10, 5, NOON - 9_000)  # long before the statement begins
    ledger.close()
    lines = [
        "r1,2026-11-25T12:00:00Z,m,10,5,0.00002",
        "r2,2026-11-25T12:00:00Z,m,10,6,0.000022",
        ",2026-11-25T12:01:30Z,m,10,7,0.000024",
        "r3,2026-11-25T12:00:00Z,m,10,5,0.00002",
        "oops,yesterday,m,10,5,0.00002",
    ]
    assert run(paths, lines, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert {name: group["count"] for name, group in said["groups"].items()} == {
        "matched": 2, "differing": 1, "only_theirs": 1, "only_ours": 1, "unpaid": 0,
    }  # fmt: skip
    assert said["all"] == {
        "theirs": {"CNY": 86_000},
        "ours": {"CNY": 84_000},
        "difference": {"CNY": 2_000},
    }
    assert [one["line"] for one in said["unread"]] == [6]
    differing = said["differences"][0]
    assert (differing["difference_nano"], differing["request_id"]) == (2_000, "r2")
    assert "answer tokens: 6 there, 5 here" in differing["differs"]


def test_it_is_told_in_words_and_the_differences_as_csv(
    paths: Paths, ledger: apsw.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    add(ledger, "r1", 10, 5)
    ledger.close()
    lines = ["r1,2026-11-25T12:00:00Z,=m,10,5,0.00003"]
    assert run(paths, lines) == 0
    out = capsys.readouterr().out
    assert "Differing: 1 (¥0.00003 there, ¥0.00002 here)" in out
    assert "the statement has ¥0.00001 more than was written here." in out
    assert run(paths, lines, "--csv") == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.startswith("group,differs,line,id")
    assert line.startswith("differing,cost,2,1,r1")
    assert "'=m" in line


def test_columns_and_currency_can_be_named(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    header = "ref,spent,what"
    assert run(paths, ["r1,0.5,x"], header=header) == 1
    assert "No column says which request" in capsys.readouterr().err
    more = ("--column", "request=ref", "--column", "cost=spent")
    assert run(paths, ["r1,0.5,x"], *more, header=header) == 1
    assert "currency" in capsys.readouterr().err
    assert run(paths, ["r1,0.5,x"], *more, "--currency", "USD", "--json", header=header) == 0
    assert json.loads(capsys.readouterr().out)["all"]["theirs"] == {"USD": 500_000_000}
    assert run(paths, ["r1,0.5,x"], "--column", "cost=gone", header=header) == 1
    assert "names no column" in capsys.readouterr().err


def test_usage_alone_is_what_it_was(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    engine: Any = FakeBackend
    services = Services(paths, Library(paths.models, paths.data), engine)
    assert cli.main(["usage", "--json", "--period", "today"], services) == 0
    assert json.loads(capsys.readouterr().out)["period"] == "today"


def test_a_corrected_row_keeps_what_the_gateway_said_of_its_cache(
    paths: Paths, ledger: apsw.Connection
) -> None:
    """The answer was stopped after the gateway had told how much of the prompt it had cached."""
    price = replace(PRICE, cached_nano=100)
    attempt = Attempt("xidao", "xidao/m", Place.REMOTE, price=price, prompt_limit=100, completion_limit=100)
    book = Ledger(ledger, now=lambda: NOON)
    for request_id, cached in (("r1", 80), ("r2", 95)):
        stopped = Settlement(
            Outcome.STOPPED, Usage(96, cached, 0, 3, estimated=True), False, request_id=request_id
        )
        book.settle(book.reserve(attempt).id, stopped)
    ledger.close()
    lines = [f"{name},2026-11-25T12:00:00Z,m,90,5,0.00001" for name in ("r1", "r2")]
    assert run(paths, lines, "--settle") == 0
    with closing(open_database(paths.database, backups=paths.backups)) as connection:
        kept, beyond = (Ledger(connection).get(number) for number in (1, 2))
    assert (kept.usage, kept.cost) == (Usage(90, 80, None, 5), Cost(10 * 1_000 + 80 * 100 + 5 * 2_000, "CNY"))
    assert (beyond.usage, beyond.flaw) == (Usage(90, None, None, 5), None)


def leave_open(connection: apsw.Connection, at: float, model: str = "xidao/m") -> int:
    """An attempt of which the program did not see the end."""
    attempt = Attempt("xidao", model, Place.REMOTE, price=PRICE, prompt_limit=100, completion_limit=100)
    return Ledger(connection, now=lambda: at).reserve(attempt).id


@pytest.fixture
def doubtful(ledger: apsw.Connection) -> tuple[int, ...]:
    """One that is known, one estimated, and two that were left open, of which one was never charged."""
    add(ledger, "known", 10, 5)
    books = Ledger(ledger, now=lambda: NOON + 10)
    guessed = leave_open(ledger, NOON + 10)
    guess = Usage(9, None, None, 4, estimated=True)
    books.settle(guessed, Settlement(Outcome.STOPPED, guess, reported=False, request_id="guessed"))
    charged, never = leave_open(ledger, NOON + 20), leave_open(ledger, NOON + 30, "xidao/other")
    books.expire_open()
    ledger.close()
    return guessed, charged, never


STATED = [
    "known,2026-11-25T12:00:00Z,m,10,5,0.00002",
    "guessed,2026-11-25T12:00:10Z,m,12,6,0.000024",
    "lost,2026-11-25T12:00:20Z,m,7,3,0.000013",
    "last,2026-11-25T12:09:00Z,elsewhere,1,1,0.000003",
]


def counted(paths: Paths) -> int:
    """What counts against a budget, in nano-yuan."""
    with closing(open_database(paths.database, backups=paths.backups)) as connection:
        [state] = Ledger(connection).budget_states([Budget(Period.ALWAYS, Cost(10**9, "CNY"))])
        return state.used.nano


def test_what_a_statement_knows_better_is_entered_when_it_is_asked_for(
    paths: Paths, doubtful: tuple[int, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    before = counted(paths)
    assert run(paths, STATED, "--provider", "xidao") == 0
    told = capsys.readouterr().err
    assert "2 requests were estimated here, or left open" in told
    assert "1 request that was left open here is not in it" in told
    assert counted(paths) == before
    assert run(paths, STATED, "--provider", "xidao", "--settle") == 0
    assert "Entered 3 requests" in capsys.readouterr().err
    with closing(open_database(paths.database, backups=paths.backups)) as connection:
        guessed, charged, never = (Ledger(connection).get(row_id) for row_id in doubtful)
    assert (guessed.usage, guessed.estimated, guessed.cost) == (
        Usage(12, None, None, 6),
        False,
        Cost(24_000, "CNY"),
    )
    assert (charged.state, charged.cost, charged.request_id) == (State.SETTLED, Cost(13_000, "CNY"), "lost")
    assert (never.state, never.counts) == (State.RELEASED, Cost(0, "CNY"))
    assert counted(paths) == 20_000 + 24_000 + 13_000
    assert run(paths, STATED, "--provider", "xidao", "--settle") == 0
    assert "Entered" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lines", "more"),
    [
        (STATED, ()),  # nobody says whose statement it is
        (STATED[:2], ("--provider", "xidao")),  # it ends before
        ([*STATED, "bad,yesterday,m,1,1,1"], ("--provider", "xidao")),  # a line that nobody can read
    ],
)
def test_what_was_left_open_goes_on_counting_where_a_statement_says_nothing_of_it(
    paths: Paths, doubtful: tuple[int, ...], lines: list[str], more: tuple[str, ...]
) -> None:
    assert run(paths, lines, *more, "--settle") == 0
    with closing(open_database(paths.database, backups=paths.backups)) as connection:
        never = Ledger(connection).get(doubtful[2])
    assert (never.state, never.counts) == (State.EXPIRED, never.reserved)
