"""The Usage page on a real ledger: figures, charts, budgets, rows, and what is shown without any."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QFrame, QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.services.usage import Figures
from desktop.storage.ledger_values import Attempt, Outcome, Place, Settlement, State
from desktop.storage.table_file import Table
from desktop.storage.usage_values import Saved, Span
from desktop.system.settings import load
from desktop.ui.choice import Choice
from desktop.ui.segments import Segments
from desktop.ui.theme import Appearance
from desktop.ui.usage.bars import Bars
from desktop.ui.usage.budget_row import BudgetBar
from desktop.ui.usage.figures import percent
from desktop.ui.usage.measures import Kind, Measure, counted, measures, steps
from desktop.ui.usage.page import UsagePage
from desktop.ui.usage.sections import conversation_bars, model_bars, place_bars
from desktop.ui.usage.series import columns
from desktop.ui.usage.table import cell
from models.budget import Budget, Period
from models.chat import Usage
from models.money import Rate, short
from models.pricing import Cost
from tests.desktop.ui.focus import focus_met
from tests.desktop.usage_rows import YUAN, Books, open_books


@pytest.fixture
def books(tmp_path: Path, qtbot: QtBot) -> Iterator[Books]:
    with open_books(tmp_path) as books:
        yield books


@pytest.fixture
def page(books: Books, look: Appearance, qtbot: QtBot) -> UsagePage:
    page = UsagePage(books.service, look)
    qtbot.addWidget(page)
    page.resize(900, 700)
    return page


def child(page: QWidget, kind: type[Any], name: str) -> Any:
    """The one of that name that is still there."""
    found = [one for one in page.findChildren(kind, name) if one.isVisibleTo(page)]
    assert len(found) == 1, name
    return found[0]


def figures(books: Books, span: Span) -> Figures:
    """They can be read."""
    found = books.service.figures(span)
    assert found is not None
    return found


def words(widget: QWidget) -> str:
    return " | ".join(label.text() for label in widget.findChildren(QLabel))


def test_without_rows_it_says_so_and_offers_budgets(page: UsagePage) -> None:
    page.show()
    assert "Nothing was asked this month" in words(child(page, QFrame, "usage-empty"))
    for part in (page.tiles, page.sections, page.table, page.export, page.saved, page.conversion):
        assert part.isHidden()
    assert child(page, QPushButton, "add-budget").isVisible()


def test_figures_are_the_ledgers_and_currencies_stay_apart(books: Books, page: UsagePage) -> None:
    books.write(9)
    page.show()
    sums = figures(books, Span.MONTH).panel.totals
    cost = words(child(page, QFrame, "figure-cost"))
    assert short(sums.costs["CNY"]) in cost
    assert short(sums.costs["USD"]) in cost
    assert counted(sums.prompt_tokens + sums.completion_tokens) in words(child(page, QFrame, "figure-tokens"))
    assert "33 %" in words(child(page, QFrame, "figure-local"))


@pytest.mark.parametrize("span", list(Span))
def test_the_charts_add_up_to_the_sums(books: Books, span: Span) -> None:
    for days_ago in (0, 2, 5, 20, 90, 700):
        books.write(7, days_ago=days_ago)
    shown = figures(books, span)
    for measure in measures(shown.panel.totals):
        whole = measure.of(shown.panel.totals)
        assert sum(columns(shown, measure).heights()) == whole > 0
        assert sum(bar.value for bar in model_bars(shown, measure)) == whole
        assert sum(bar.value for bar in place_bars(shown.panel, measure)) == whole
        for part in columns(shown, measure).parts:
            assert all(type(value) is int for value in part.values)


def test_a_conversation_shows_how_much_of_it_was_answered_where(books: Books) -> None:
    for number, places in enumerate(((Place.LOCAL,), (Place.REMOTE,), (Place.LOCAL, Place.REMOTE)), start=1):
        for place in places:
            row = books.ledger.reserve(Attempt("some", "m", place, conversation_id=number))
            books.ledger.settle(row.id, Settlement(Outcome.FINISHED, Usage(30, 0, 0, 10)))
    bars = {bar.name: bar for bar in conversation_bars(figures(books, Span.MONTH), Measure(Kind.TOKENS))}
    told = [bars[name] for name in ("Kyoto", "Deleted conversation 2", "Deleted conversation 3")]
    assert [(bar.value, bar.away) for bar in told] == [(40, 0), (40, 40), (80, 40)]
    assert [bar.words.partition(" · ")[2] for bar in told] == [
        "on this machine", "at gateways", "50 % at gateways",
    ]  # fmt: skip


def test_models_have_one_name_wherever_they_stand(books: Books, page: UsagePage, qtbot: QtBot) -> None:
    books.names.update({"xidao/big": "Big", "small": "Twin", "other/huge": "Twin"})
    books.write(9)
    page.show()
    shown = figures(books, Span.MONTH)
    assert set(shown.names.values()) == {"Big", "Twin · this machine", "Twin · other"}
    choice = child(page, Choice, "usage-model")
    texts = {choice.itemText(n): choice.itemData(n, Qt.ItemDataRole.ToolTipRole) for n in range(1, 4)}
    assert texts["Big"] == "xidao/big"
    assert page.saved.choice.findText("Big") >= 0
    assert any(page.table.rows.cell(row, 1) == "Big" for row in page.table.rows._rows)
    qtbot.waitUntil(lambda: page.sections.findChild(Bars, "bars-by-model") is not None)
    assert "Big (xidao/big): " in child(page, Bars, "bars-by-model").toolTip()


def test_models_that_have_no_pattern_of_their_own_are_counted_as_others(books: Books) -> None:
    for number in range(12):
        place = Place.LOCAL if number % 3 else Place.REMOTE
        row = books.ledger.reserve(Attempt("some", f"m-{number}", place))
        books.ledger.settle(row.id, Settlement(Outcome.FINISHED, Usage(number, 0, 0, 10)))
    shown = figures(books, Span.MONTH)
    drawn = columns(shown, Measure(Kind.TOKENS))
    assert drawn.parts[-1].name == "others"
    assert sum(drawn.heights()) == 120 + sum(range(12))
    assert len({(part.fill.token, part.fill.pattern) for part in drawn.parts}) == len(drawn.parts) == 6
    assert sum(bar.value for bar in model_bars(shown, Measure(Kind.REQUESTS))) == 12


def test_the_columns_are_days_then_weeks_then_months(books: Books) -> None:
    books.write(3)
    assert columns(figures(books, Span.MONTH), Measure(Kind.TOKENS)).labels[0] == "1 Nov"
    books.write(3, days_ago=200)
    assert columns(figures(books, Span.ALL), Measure(Kind.TOKENS)).per == "week"
    books.write(3, days_ago=700)
    assert columns(figures(books, Span.ALL), Measure(Kind.TOKENS)).per == "month"
    books.write(3, days_ago=365 * 50)  # the clock was wrong
    assert columns(figures(books, Span.ALL), Measure(Kind.TOKENS)).per == "year"


def test_today_is_shown_by_the_hour(books: Books) -> None:
    books.write(4)
    today = columns(figures(books, Span.TODAY), Measure(Kind.REQUESTS))
    assert (today.per, len(today.labels)) == ("hour", 24)
    assert today.heights()[12] == 4


def test_the_chart_is_drawn_and_can_be_heard(books: Books, page: UsagePage, qtbot: QtBot) -> None:
    books.write(6)
    page.show()
    qtbot.waitUntil(lambda: bool(page.findChildren(QWidget, "chart-over-time")))
    spoken = child(page, QWidget, "chart-over-time").accessibleName()
    assert "small: 246 tokens" in spoken
    assert "Most: 25 Nov, 750 tokens" in spoken
    qtbot.mouseClick(child(page, QPushButton, "usage-measure-cost-in-cny"), Qt.MouseButton.LeftButton)
    cny = figures(books, Span.MONTH).panel.totals.costs["CNY"]
    qtbot.waitUntil(lambda: short(cny) in child(page, Bars, "bars-by-model").accessibleName())
    assert "small" not in child(page, Bars, "bars-by-model").accessibleName()


def test_another_span_and_another_model_are_read_at_once(books: Books, page: UsagePage, qtbot: QtBot) -> None:
    books.write(6)
    books.write(3, days_ago=40)
    page.show()
    qtbot.mouseClick(child(page, QPushButton, "usage-span-all"), Qt.MouseButton.LeftButton)
    assert page.table.rows.rowCount() == 9
    models = child(page, Choice, "usage-model")
    models.setCurrentIndex(models.findData("xidao/big"))
    models.activated.emit(models.currentIndex())
    assert page.table.rows.rowCount() == 3
    assert models.findData("small") > 0  # the others can still be chosen


def test_new_rows_are_offered_and_not_read_by_themselves(books: Books, page: UsagePage, qtbot: QtBot) -> None:
    books.write(3)
    page.show()
    books.write(3)
    books.service.note_change()
    assert page.table.rows.rowCount() == 3
    qtbot.mouseClick(child(page, QPushButton, "usage-news"), Qt.MouseButton.LeftButton)
    assert page.table.rows.rowCount() == 6


def test_a_thousand_rows_come_page_by_page(books: Books, page: UsagePage) -> None:
    books.write(1_000)
    page.show()
    rows, view = page.table.rows, page.table.view
    assert rows.rowCount() == 200
    seen = [0]
    while rows.rowCount() > seen[-1]:
        seen.append(rows.rowCount())
        view.scrollToBottom()
        if rows.canFetchMore(rows.index(-1, -1)):
            rows.fetchMore(rows.index(-1, -1))
    assert rows.rowCount() == 1_000
    assert not rows.canFetchMore(rows.index(-1, -1))
    assert len({rows.index(row, 3).data() for row in range(1_000)}) == 1_000  # each once: its own tokens


def test_the_tables_filters_hold_for_the_export(
    books: Books, page: UsagePage, tmp_path: Path, qtbot: QtBot
) -> None:
    books.write(9)
    page.show()
    where = child(page, Choice, "usage-where")
    where.setCurrentIndex(1)
    where.activated.emit(1)
    assert page.table.rows.rowCount() == 3
    dialog = page.export.ask(Table.CSV)
    with qtbot.waitSignal(books.service.exported):
        dialog.fileSelected.emit(str(tmp_path / "x.csv"))
    dialog.reject()
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 4


def test_the_dialog_asks_for_a_csv_file(page: UsagePage, books: Books) -> None:
    books.write(1)
    page.show()
    child(page, QPushButton, "export-csv").click()
    (dialog,) = page.findChildren(QFileDialog)
    assert dialog.selectedFiles()[0].endswith("inshore-usage.csv")
    dialog.reject()


def test_the_form_of_a_budget_has_the_keyboard_and_nothing_else_had_it_meanwhile(
    page: UsagePage, qtbot: QtBot
) -> None:
    page.show()
    page.activateWindow()
    add = child(page, QPushButton, "add-budget")
    add.setFocus()
    qtbot.waitUntil(add.hasFocus, timeout=10_000)
    with focus_met() as met:
        add.click()
        child(page, QPushButton, "leave-budget").click()
    assert met == ["budget-limit", "add-budget"]


def test_a_request_s_gateway_is_called_as_it_is_elsewhere(books: Books, page: UsagePage) -> None:
    attempt = Attempt("xidao", "xidao/big", Place.REMOTE, price=YUAN, prompt_limit=100, completion_limit=50)
    row = books.ledger.get(books.ledger.reserve(attempt).id)
    assert cell(row, 5, {"xidao": "XiDao"}) == "XiDao"
    assert cell(row, 5, {}) == "xidao"  # it is not set up any more


def test_a_request_that_was_left_open_counts_until_it_is_said_that_it_was_not_charged(
    books: Books, page: UsagePage
) -> None:
    books.write(2)
    attempt = Attempt("xidao", "xidao/big", Place.REMOTE, price=YUAN, prompt_limit=100, completion_limit=50)
    row = books.ledger.reserve(attempt).id
    books.ledger.expire_open()
    page.refresh()
    found = page.findChild(QPushButton, "not-charged")
    assert found is not None
    table = page.table
    table.view.setCurrentIndex(table.rows.index(1, 0))
    assert table.left_open.isHidden()
    table.view.setCurrentIndex(table.rows.index(0, 0))
    assert not table.left_open.isHidden()
    found.click()
    assert books.ledger.get(row).state is State.RELEASED
    assert table.left_open.isHidden()
    assert cell(table.rows._rows[0], 6, {}) == "not charged"


def test_what_it_would_have_cost_is_shown_with_its_arithmetic(books: Books, page: UsagePage) -> None:
    books.write(9)
    page.show()
    choice = page.saved.choice
    choice.setCurrentIndex(choice.findData("xidao/big"))
    choice.activated.emit(choice.currentIndex())
    local = figures(books, Span.MONTH).panel.by_place[Place.LOCAL]
    shown = child(page, QLabel, "saved-arithmetic").text()
    assert Saved.of(local, YUAN).arithmetic() in shown
    assert "at ¥1 a million" in shown


def test_a_rate_of_ones_own_is_shown_beside_and_marked(books: Books, page: UsagePage, tmp_path: Path) -> None:
    books.write(6)
    page.show()
    child(page, QLineEdit, "rate").setText("0.14")
    child(page, QLineEdit, "rate").editingFinished.emit()
    cost = words(child(page, QFrame, "figure-cost"))
    assert "at your rate (¥1 = $0.14, 2026-11-25)" in cost
    assert short(figures(books, Span.MONTH).panel.totals.costs["CNY"]) in cost
    assert load(tmp_path / "settings.json")[0].rate == Rate("CNY", "USD", 140_000_000, "2026-11-25")
    child(page, QLineEdit, "rate").setText("much")
    child(page, QLineEdit, "rate").editingFinished.emit()
    assert "The rate can’t be used" in child(page, QLabel, "rate-problem").text()
    assert "at your rate" in words(child(page, QFrame, "figure-cost"))  # the last good one


def test_a_budget_is_added_with_reasons_under_its_field(books: Books, page: UsagePage, qtbot: QtBot) -> None:
    page.show()
    child(page, QPushButton, "add-budget").click()
    child(page, QLineEdit, "budget-limit").setText("1,5")
    child(page, QPushButton, "save-budget").click()
    assert "The limit can’t be used: “1,5”." in child(page, QLabel, "budget-problem").text()
    assert books.service.budgets() == ()
    child(page, QLineEdit, "budget-limit").setText("1.5")
    child(page, QPushButton, "save-budget").click()
    assert books.service.budgets() == (Budget(Period.DAY, Cost(1_500_000_000, "CNY")),)
    assert "¥0 of ¥1.5 used" in child(page, QLabel, "budget-used").text()


def test_a_budget_is_changed_and_removed(books: Books, page: UsagePage, qtbot: QtBot) -> None:
    budget = Budget(Period.ALWAYS, Cost(10**9, "USD"), "gone")
    books.service.put_budget(budget)
    page.show()
    child(page, QPushButton, "change-budget").click()
    assert child(page, QLineEdit, "budget-limit").text() == "1"
    child(page, QLineEdit, "budget-limit").setText("2")
    child(page, QPushButton, "save-budget").click()
    changed = Budget(Period.ALWAYS, Cost(2 * 10**9, "USD"), "gone")
    assert books.service.budgets() == (changed,)
    with qtbot.waitSignal(page.budget_removed) as told:
        child(page, QPushButton, "remove-budget").click()
    assert told.args == [changed]
    assert books.service.budgets() == ()


@pytest.mark.parametrize(("percent_used", "warns"), [(79, False), (80, True), (100, True)])
def test_the_bar_warns_at_80_per_cent_in_words_and_by_pattern(
    books: Books, page: UsagePage, percent_used: int, warns: bool
) -> None:
    books.write(6)
    used = books.ledger.budget_states([Budget(Period.DAY, Cost(1, "CNY"))])[0].used.nano
    limit = -(-used * 100 // percent_used) if not warns else used * 100 // percent_used
    books.service.put_budget(Budget(Period.DAY, Cost(limit, "CNY")))
    page.show()
    bar = child(page, BudgetBar, "budget-bar")
    assert bar.fill.token.startswith("warn") is warns
    assert (bar.fill.pattern is not Qt.BrushStyle.SolidPattern) is warns
    said = child(page, QLabel, "budget-used").text()
    expected = "Nothing is left" if percent_used == 100 else "Only " if warns else "used, 7"
    assert expected in said


@pytest.mark.parametrize("width", [480, 760])
def test_a_narrow_window_needs_no_sideways_scrolling(
    books: Books, page: UsagePage, qtbot: QtBot, width: int
) -> None:
    books.write(9)
    page.resize(width, 700)
    page.show()
    qtbot.waitUntil(lambda: bool(page.findChildren(QWidget, "chart-over-time")))
    qtbot.waitUntil(lambda: page.horizontalScrollBar().maximum() == 0)


def test_large_numbers_are_cut_for_reading() -> None:
    assert [counted(number) for number in (999, 9_999, 12_399, 1_999_999, 3 * 10**9)] == [
        "999", "9,999", "12,300", "1.99 M", "3 bn",
    ]  # fmt: skip
    assert [percent(*pair) for pair in ((0, 0), (0, 5), (1, 1_000), (999, 1_000), (1, 3), (5, 5))] == [
        "–", "0 %", "< 1 %", "> 99 %", "33 %", "100 %",
    ]  # fmt: skip
    for most in (0, 1, 7, 99, 1_234_567, 10**13 + 1):
        assert steps(most)[-1] >= most
        assert 2 <= len(steps(most)) <= 7


def test_choices_that_have_no_room_in_one_row_take_more(qtbot: QtBot, look: Appearance) -> None:
    outer = QWidget()
    qtbot.addWidget(outer)
    segments = Segments("money", "Money", outer)
    segments.show_choices([(number, f"Cost in {number}00") for number in range(6)], 2)
    outer.show()

    def rows() -> int:
        return len({one.y() for one in segments.findChildren(QPushButton)})

    segments.resize(1_000, 200)
    qtbot.waitUntil(lambda: rows() == 1)
    segments.resize(300, 200)
    qtbot.waitUntil(lambda: rows() >= 3)
    assert all(one.geometry().right() < 300 for one in segments.findChildren(QPushButton))
