"""What an answer has cost over all who wrote parts of it."""

from __future__ import annotations

from typing import Any

import pytest

from desktop.services.books import Account
from desktop.storage.ledger_values import Attempt, Place

SENT = Attempt("xidao", "xidao/m", Place.REMOTE)


@pytest.mark.parametrize(
    ("cost", "nano", "currency", "estimated"),
    [
        ({"nano": 7_000, "currency": "CNY", "estimated": False}, 7_000, "CNY", False),
        ({"nano": 7_000, "currency": "CNY", "estimated": True}, 7_000, "CNY", True),
        ({"nano": None, "currency": "CNY"}, None, "CNY", False),
        ({"nano": 7_000, "currency": "USD"}, None, "CNY", False),  # two currencies are never added
        ("none", 0, "CNY", False),
    ],
)
def test_an_answer_that_is_gone_on_with_carries_what_it_had_cost(
    cost: Any, nano: int | None, currency: str, estimated: bool
) -> None:
    account = Account(SENT, currency="CNY")
    account.carry({"cost": cost})
    assert (account.nano, account.currency, account.estimated) == (nano, currency, estimated)


@pytest.mark.parametrize(
    ("before", "told", "nano"), [(9_000, 2_000, 8_000), (2_000, 2_000, 1_000), (None, 2_000, None)]
)
def test_what_a_try_turns_out_to_have_cost_later_is_added(
    before: int | None, told: int, nano: int | None
) -> None:
    account = Account(SENT, nano=1_000, currency="CNY")
    account.follow(Account(SENT, nano=before, currency="CNY", estimated=True), told)
    assert (account.nano, account.estimated) == (nano, True)


def test_an_answer_that_is_begun_anew_carries_what_is_known_of_its_cost() -> None:
    known, unknown = Account(SENT, currency="CNY"), Account(SENT, currency="CNY")
    known.carry({"cost": {"nano": 7_000, "currency": "CNY"}}, anew=True)
    unknown.carry({"cost": {"nano": None, "currency": "CNY"}}, anew=True)
    assert (known.nano, unknown.nano) == (7_000, 0)


def test_what_had_cost_nothing_here_takes_the_currency_of_what_came_before() -> None:
    account = Account(SENT)
    account.carry({"cost": {"nano": 7_000, "currency": "CNY", "thinking_nano": 2_000}})
    assert account.values() == {"nano": 7_000, "currency": "CNY", "estimated": False, "thinking_nano": 2_000}
