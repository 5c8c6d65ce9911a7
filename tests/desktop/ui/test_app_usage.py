"""The composition root opens the Usage page from the sidebar, with what the command line used entered."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from desktop.app import Program
from desktop.storage.ledger_values import Attempt, Outcome, Place, Settlement
from desktop.storage.usage_pending import UsagePending, Waiting
from desktop.ui.theme import Appearance
from desktop.ui.usage.page import UsagePage
from desktop.ui.usage.statement import StatementCard
from models.budget import Budget, Period
from models.chat import Usage
from models.fake import FakeBackend
from models.pricing import Cost, Price
from tests.desktop.ui.programs import running

BUDGET = Budget(Period.MONTH, Cost(50 * 10**9, "CNY"))


@pytest.fixture
def program(look: Appearance, tmp_path: Path) -> Iterator[Program]:
    with running(tmp_path / "home", look, FakeBackend()) as program:
        yield program


def opened(program: Program) -> UsagePage:
    (button,) = program.window.findChildren(QPushButton, "open-usage")
    button.click()
    (page,) = program.window.findChildren(UsagePage)
    return page


def test_the_sidebar_opens_usage_with_what_the_command_line_used(program: Program) -> None:
    used = Settlement(Outcome.FINISHED, Usage(900, None, None, 100))
    waiting = Waiting(Attempt("local", "small", Place.LOCAL), time.time(), used)
    UsagePending(program._paths.usage_pending).add(waiting)
    page = opened(program)
    assert page.isVisible()
    assert page.table.rows.rowCount() == 1
    assert program.usage.service.prices()  # the catalogue's


def test_a_statement_is_compared_with_what_was_used(program: Program, qtbot: QtBot, tmp_path: Path) -> None:
    price = Price(1_000, 2_000, None, "CNY", "test", "2026-11")
    attempt = Attempt("xidao", "xidao/m", Place.REMOTE, price=price)
    used = Settlement(Outcome.FINISHED, Usage(900, None, None, 100), request_id="r1")
    UsagePending(program._paths.usage_pending).add(Waiting(attempt, time.time(), used))
    (tmp_path / "s.csv").write_text("request_id,cost\nr1,¥0.0012\n", encoding="utf-8")
    (card,) = opened(program).findChildren(StatementCard)
    dialog = card.ask_for_file()
    dialog.fileSelected.emit(str(tmp_path / "s.csv"))
    dialog.close()
    difference = card.findChild(QLabel, "statement-difference")
    assert difference is not None
    qtbot.waitUntil(lambda: bool(difference.text()), timeout=20_000)
    assert difference.text() == "In all, the statement has ¥0.0001 more than was written here."


def test_a_price_that_is_entered_meanwhile_is_used_at_once(program: Program) -> None:
    opened(program)
    prices = program.usage.service.prices
    assert "xidao/new" not in prices()
    program._paths.own_prices.write_text(
        '[[price]]\nmodel = "xidao/new"\ncurrency = "CNY"\ninput = "1"\noutput = "2"\n', encoding="utf-8"
    )
    assert prices()["xidao/new"].output_nano == 2_000


def test_removing_a_budget_can_be_undone(program: Program) -> None:
    program.settings.update(budgets=(BUDGET,))
    page = opened(program)
    page.findChildren(QPushButton, "remove-budget")[-1].click()
    assert not program.settings.values.budgets
    assert "Removed the budget." in [label.text() for label in program.window.notice.findChildren(QLabel)]
    program.window.notice.findChildren(QPushButton, "notice-action")[0].click()
    assert list(program.settings.values.budgets) == [BUDGET]
