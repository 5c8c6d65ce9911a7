"""The usage service: figures of a span, budgets, and exports that are whole or not there."""

from __future__ import annotations

import csv
import io
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.services.usage import budget_of
from desktop.storage.csv_lines import as_csv
from desktop.storage.table_file import Table
from desktop.storage.usage_export import row_values
from desktop.storage.usage_values import Span, UsageFilter
from desktop.system.settings import load
from models.budget import Budget, Period
from models.errors import BadInput, StorageError
from models.pricing import Cost
from tests.desktop.usage_rows import Books, open_books


@pytest.fixture
def books(tmp_path: Path, qtbot: QtBot) -> Iterator[Books]:
    with open_books(tmp_path) as books:
        yield books


def test_a_span_and_a_model_choose_the_rows(books: Books) -> None:
    books.write(6)
    books.write(3, days_ago=3)
    books.write(3, days_ago=40)
    shown = [books.service.figures(span) for span in Span]
    assert [one.panel.totals.attempts for one in shown if one] == [6, 9, 9, 12]
    only = books.service.figures(Span.ALL, "xidao/big")
    assert only is not None
    assert only.panel.totals.attempts == 4
    assert only.titles == {1: "Kyoto"}


def test_a_ledger_that_can_not_be_read_is_told_and_is_not_an_empty_one(
    books: Books, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_wanted: UsageFilter) -> None:
        raise StorageError("The disk can’t be read.")

    monkeypatch.setattr(books.reports, "panel", fail)
    with qtbot.waitSignal(books.service.failed):
        assert books.service.figures(Span.ALL) is None


def test_csv_is_what_the_command_line_prints(books: Books, tmp_path: Path, qtbot: QtBot) -> None:
    books.write(1_203)
    wanted, path = books.service.wanted(Span.ALL), tmp_path / "usage.csv"
    with qtbot.waitSignal(books.service.exported) as told:
        books.service.export(path, Table.CSV, wanted, Span.ALL)
    assert told.args == [str(path)]
    assert path.read_text() == "".join(as_csv(row_values(row) for row in books.reports.all_rows(wanted)))
    assert len(list(csv.reader(io.StringIO(path.read_text())))) == 1_204
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not list(tmp_path.glob(".*part"))


def test_json_has_the_totals_and_every_row_with_whole_amounts(
    books: Books, tmp_path: Path, qtbot: QtBot
) -> None:
    books.write(7)
    path = tmp_path / "usage.json"
    with qtbot.waitSignal(books.service.exported):
        books.service.export(path, Table.JSON, books.service.wanted(Span.MONTH), Span.MONTH)
    values = json.loads(path.read_text(), parse_float=lambda text: pytest.fail(f"a float: {text}"))
    assert values["period"] == "month"
    sums = values["totals"]["costs"]
    for currency, nano in sums.items():
        rows = [row for row in values["rows"] if row["currency"] == currency]
        assert sum(row["cost_nano"] for row in rows) == nano > 0


def test_an_export_is_empty_but_whole_without_rows(books: Books, tmp_path: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(books.service.exported):
        books.service.export(tmp_path / "a.json", Table.JSON, books.service.wanted(Span.TODAY), Span.TODAY)
    assert json.loads((tmp_path / "a.json").read_text())["rows"] == []


def test_an_export_that_can_not_be_written_says_so_and_leaves_the_old_file(
    books: Books, tmp_path: Path, qtbot: QtBot
) -> None:
    books.write(3)
    with qtbot.waitSignal(books.service.failed) as told:
        books.service.export(
            tmp_path / "no-such-folder" / "a.csv", Table.CSV, books.service.wanted(Span.ALL), Span.ALL
        )
    assert told.args[0].title == "The usage was not exported."


def test_closing_during_an_export_leaves_nothing_behind(books: Books, tmp_path: Path) -> None:
    books.write(3)
    path = tmp_path / "a.csv"
    path.write_text("before")
    books.service.export(path, Table.CSV, books.service.wanted(Span.ALL), Span.ALL)
    books.service.close()
    assert path.read_text() == "before"
    assert not list(tmp_path.glob(".*part"))


def test_a_budget_is_kept_exactly_and_changed_in_its_place(books: Books, tmp_path: Path) -> None:
    first = budget_of(Period.DAY, "", "cny", "0.1")
    second = budget_of(Period.MONTH, "xidao", "CNY", "50")
    books.service.put_budget(first)
    books.service.put_budget(second)
    more = Budget(Period.DAY, Cost(300_000_000, "CNY"))
    books.service.put_budget(more, first)
    assert load(tmp_path / "settings.json")[0].budgets == (more, second)
    books.service.remove_budget(more)
    assert books.service.budgets() == (second,)


def test_a_second_budget_for_the_same_is_refused(books: Books) -> None:
    books.service.put_budget(budget_of(Period.DAY, "", "CNY", "1"))
    with pytest.raises(BadInput, match="There is a budget in CNY"):
        books.service.put_budget(budget_of(Period.DAY, "", "CNY", "2"))
    books.service.put_budget(budget_of(Period.DAY, "", "USD", "2"))


@pytest.mark.parametrize(
    ("currency", "limit", "cause"),
    [
        ("CNY", "1e3", "The limit can’t be used"),
        ("CNY", "-1", "The limit can’t be used"),
        ("CNY", "", "The limit can’t be used"),
        ("CNY", "0", "nothing could be sent"),
        ("yuan", "1", "The currency can’t be used"),
    ],
)
def test_what_is_no_budget_is_refused_in_words(currency: str, limit: str, cause: str) -> None:
    with pytest.raises(BadInput, match=cause):
        budget_of(Period.DAY, "", currency, limit)


def test_states_are_in_the_order_of_the_budgets_and_count_this_conversation(books: Books) -> None:
    books.write(6)
    budgets = [budget_of(period, "", "CNY", "5") for period in (Period.CONVERSATION, Period.DAY)]
    for one in budgets:
        books.service.put_budget(one)
    states = books.service.budget_states()
    assert [state.budget for state in states] == budgets
    assert [state.used for state in states] == [
        books.ledger.budget_states([one], 1)[0].used for one in budgets
    ]


def test_two_exports_at_once_are_both_whole(books: Books, tmp_path: Path, qtbot: QtBot) -> None:
    books.write(1_100)
    path, done = tmp_path / "a.csv", list[str]()
    books.service.exported.connect(done.append)
    for span in (Span.ALL, Span.ALL):
        books.service.export(path, Table.CSV, books.service.wanted(span), span)
    qtbot.waitUntil(lambda: len(done) == 2)
    assert len(path.read_text().splitlines()) == 1_101
    assert not list(tmp_path.glob(".*part"))


def test_rmb_is_the_currency_that_models_are_priced_in() -> None:
    assert budget_of(Period.DAY, "", " rmb ", "5").limit.currency == "CNY"
