"""Budgets as values: days, what binds, and what else could be done."""

from __future__ import annotations

from datetime import date

import pytest

from models.budget import Budget, BudgetState, Period, applicable, cheaper, check_known, refused, window
from models.errors import OverBudget
from models.pricing import Cost, Price, worst_case

YUAN = Cost(10**9, "CNY")
DAY = Budget(Period.DAY, YUAN)
PRICE = Price(1_000, 2_000, None, "CNY", "", "")


def test_a_month_begins_on_its_first_local_day() -> None:
    today = date(2026, 11, 25)
    assert window(Period.DAY, today).first == today.toordinal()
    assert window(Period.MONTH, today).first == date(2026, 11, 1).toordinal()
    assert window(Period.CONVERSATION, today).first == 0


def test_f37_a_clock_put_back_opens_no_spent_day_anew() -> None:
    days = window(Period.DAY, date(2026, 11, 24))
    assert days.first <= date(2026, 11, 25).toordinal() <= days.last
    assert date(2027, 11, 25).toordinal() > days.last  # a clock a year ahead was plainly wrong


def test_a_provider_s_budget_binds_there_only() -> None:
    there = Budget(Period.MONTH, YUAN, "xidao")
    chat = Budget(Period.CONVERSATION, YUAN)
    assert applicable([DAY, there, chat], "xidao", in_conversation=True) == (DAY, there, chat)
    assert applicable([DAY, there, chat], "other", in_conversation=False) == (DAY,)


def test_a_budget_warns_from_80_percent() -> None:
    assert not BudgetState(DAY, Cost(799_999_999, "CNY")).warns
    assert BudgetState(DAY, Cost(800_000_000, "CNY")).warns


def test_an_unknown_price_can_t_keep_a_budget() -> None:
    with pytest.raises(OverBudget, match="isn’t known"):
        check_known([DAY], None)
    check_known([], None)


def test_a_budget_in_another_currency_does_not_let_dollars_by() -> None:
    dollars = Price(1, 1, None, "USD", "", "")
    with pytest.raises(OverBudget, match="USD"):
        check_known([DAY], dollars)
    check_known([DAY, Budget(Period.DAY, Cost(1, "USD"))], dollars)


def test_a_refusal_names_the_longest_answer_that_fits() -> None:
    error = refused(BudgetState(DAY, Cost(900_000_000, "CNY")), 50_000, 100_000, PRICE)
    assert error.fits_tokens == 25_000  # (100,000,000 − 50,000 × 1,000) / 2,000
    assert (error.left_nano, error.wanted_nano) == (100_000_000, 250_000_000)
    assert "25,000 tokens" in error.hint
    assert "¥0.25" in error.cause
    assert "¥0.10" in error.cause


def test_cheaper_models_are_those_whose_worst_case_fits() -> None:
    prices = {
        "dear": Price(9_000, 9_000, None, "CNY", "", ""),
        "fair": PRICE,
        "low": Price(1, 1, None, "CNY", "", ""),
        "abroad": Price(1, 1, None, "USD", "", ""),
    }
    found = cheaper(prices, Cost(300_000, "CNY"), 100, 100)
    assert found == (("low", Cost(200, "CNY")), ("fair", worst_case(100, 100, PRICE)))


def test_a_refusal_by_a_hair_shows_the_hair() -> None:
    left = Cost(36_896_000, "CNY")
    error = refused(BudgetState(Budget(Period.DAY, left), Cost(0, "CNY")), 32, 18_433, PRICE)
    assert "up to ¥0.036898" in error.cause
    assert "has ¥0.036896 left" in error.cause
