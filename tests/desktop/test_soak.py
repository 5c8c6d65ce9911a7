"""The books under load: the gateway's own record against the ledger, and budgets while processes die."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from desktop.storage.database import open_database
from desktop.storage.ledger import Ledger
from desktop.storage.ledger_values import LedgerRow, Outcome, State
from desktop.storage.reconciling import compared
from desktop.storage.usage import UsageReports
from desktop.storage.usage_values import UsageFilter
from models.pricing import Cost
from models.reconciling import Group
from models.statement import Line, Statement
from tests.desktop.soaking import PRICE, Till, budgets_of, services_of, soak
from tests.gateway_server import GatewayServer

ROOT = Path(__file__).parents[2]
FULL = "INSHORE_SOAK" in os.environ  # `make soak`; in the suite there is no time for it
REQUESTS = 2_000 if FULL else 250
SENDS, KILLS, PROCESSES = (1_000, 4, 2) if FULL else (200, 2, 2)
BUDGET = SENDS * 12_000
LONG_S = 100


def rows_of(home: Path) -> list[LedgerRow]:
    paths = services_of(home).paths
    with closing(open_database(paths.database, backups=paths.backups)) as connection:
        return list(UsageReports(connection).all_rows(UsageFilter()))[::-1]


def test_the_ledger_equals_the_gateway_s_own_record_after_many_requests_with_faults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    till = Till(6)
    with GatewayServer(respond=till.respond) as server:
        asyncio.run(asyncio.wait_for(soak(services_of(tmp_path), server.url, 6, REQUESTS), LONG_S))
    capsys.readouterr()
    rows = [row for row in rows_of(tmp_path) if not never_asked(row)]
    assert len(rows) == len(till.charged) > REQUESTS
    assert {row.state for row in rows} == {State.SETTLED}
    reported = {row.request_id: row for row in rows if row.estimated is False and row.usage.completion_tokens}
    for name, row in reported.items():
        assert (row.usage.prompt_tokens, row.usage.completion_tokens) == till.told[name or ""]
        assert row.cost == Cost(till.charged[name or ""], "CNY")
    stopped = set(till.told) - set(reported)  # by us, before the numbers came
    assert len(stopped) < len(rows) // 10
    lines = [
        Line(number, name, None, "", *till.told[name], Cost(till.charged[name], "CNY"), 9)
        for number, name in enumerate(reported)
        if name
    ]
    report = compared(Statement(tuple(lines)), rows, 120)
    assert (report.count(Group.MATCHED), report.count(Group.DIFFERING)) == (len(reported), 0)


@pytest.mark.skipif(os.name != "posix", reason="kills with SIGKILL")
def test_sends_of_processes_that_are_killed_never_cost_more_than_the_budget(
    tmp_path: Path,
) -> None:
    """By the gateway's own record: what it charged, also for answers that nobody was left to hear."""
    dice, till, begun = random.Random(8), Till(8), 0
    services_of(tmp_path)
    with GatewayServer(respond=till.respond) as server:
        children = [start(tmp_path, server.url, number) for number in range(PROCESSES)]
        for number in range(KILLS):
            begun += hear(children[0], dice.randrange(SENDS // 10, SENDS // 6))
            victim = children.pop(0)
            victim.send_signal(signal.SIGKILL)
            out, _err = victim.communicate(timeout=LONG_S)
            begun += out.count("sent")
            children.append(start(tmp_path, server.url, PROCESSES + number))
        for child in children:
            out, err = child.communicate(timeout=LONG_S)
            begun += out.count("sent")
            assert child.returncode == 0, err
    assert begun >= SENDS
    charged = sum(till.charged.values())
    rows = rows_of(tmp_path)
    with closing(open_database(services_of(tmp_path).paths.database)) as connection:
        ledger = Ledger(connection)
        before = ledger.budget_states(budgets_of(BUDGET))
        ledger.expire_open()
        assert ledger.budget_states(budgets_of(BUDGET)) == before
    for state in before:
        assert charged <= state.used.nano <= state.budget.limit.nano
    assert sum(row.counts.nano for row in rows) == before[0].used.nano
    assert before[0].left.nano < 2 * (80 * PRICE.output_nano + 22 * PRICE.input_nano)  # it was used up
    assert any(row.state is State.SENT for row in rows)  # somebody was killed between the two


def never_asked(row: LedgerRow) -> bool:
    """Stopped before anything was sent."""
    return row.outcome is Outcome.STOPPED and row.estimated is False and row.usage.prompt_tokens == 0


def start(home: Path, url: str, seed: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.desktop.soaking", str(home), url, str(seed)]
    command += [str(SENDS // 2), str(BUDGET)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def hear(child: subprocess.Popen[str], count: int) -> int:
    """Read until so many sends have begun; how many have."""
    assert child.stdout is not None
    heard = 0
    while heard < count and child.stdout.readline():
        heard += 1
    return heard
