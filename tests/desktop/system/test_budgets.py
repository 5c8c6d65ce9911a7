"""Budgets in the settings file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from desktop.system import budgets
from desktop.system.settings import Settings, load, save
from models.budget import Budget, Period
from models.pricing import NANO, Cost

SOME = (
    Budget(Period.DAY, Cost(NANO // 10, "CNY")),
    Budget(Period.MONTH, Cost(12 * NANO + 1, "USD"), "xidao"),
    Budget(Period.CONVERSATION, Cost(0, "CNY")),
)


def test_budgets_are_kept_to_the_last_digit(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    save(path, Settings(budgets=SOME))
    assert load(path) == (Settings(budgets=SOME), [])
    limits = [each["limit"] for each in json.loads(path.read_text())["budgets"]]
    assert limits == ["0.1", "12.000000001", "0"]


@pytest.mark.parametrize(
    "wrong",
    [
        7,
        {"scope": "week", "currency": "CNY", "limit": "1"},
        {"scope": "day", "currency": "yuan", "limit": "1"},
        {"scope": "day", "currency": "CNY", "limit": 0.1},
        {"scope": "day", "currency": "CNY", "limit": "-1"},
        {"scope": "day", "currency": "CNY", "limit": "1", "provider": 3},
        {"scope": [], "currency": "CNY", "limit": "1"},
    ],
)
def test_a_budget_that_can_t_be_used_is_told_and_the_others_hold(wrong: Any) -> None:
    good = budgets.written(SOME[:1])
    assert budgets.read([*good, wrong]) == (SOME[:1], ["budgets/2"])
    assert budgets.read("none") == ((), ["budgets"])
