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


def test_what_had_cost_nothing_here_takes_the_currency_of_what_came_before() -> None:
    account = Account(SENT)
    account.carry({"cost": {"nano": 7_000, "currency": "CNY", "thinking_nano": 2_000}})
    assert account.values() == {"nano": 7_000, "currency": "CNY", "estimated": False, "thinking_nano": 2_000}
