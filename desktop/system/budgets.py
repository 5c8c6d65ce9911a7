"""Budgets as they stand in the settings file: amounts are decimal texts, so none is ever rounded."""

from __future__ import annotations

import re
from collections.abc import Iterable

from models.budget import Budget, Period
from models.errors import BadInput
from models.money import parse_nano
from models.pricing import NANO, Cost

_CURRENCY = re.compile(r"[A-Z]{3}")
_MOST = 100


class _Unusable(ValueError):
    """The entry is no budget."""


def read(value: object) -> tuple[tuple[Budget, ...], list[str]]:
    """The budgets, and the names of the entries that can't be used, such as "budgets/2"."""
    if not isinstance(value, list) or len(value) > _MOST:
        return (), ["budgets"]
    budgets: list[Budget] = []
    bad: list[str] = []
    for number, entry in enumerate(value, 1):
        try:
            budgets.append(_one(entry))
        except (ValueError, BadInput):
            bad.append(f"budgets/{number}")
    return tuple(budgets), bad


def written(budgets: Iterable[Budget]) -> list[dict[str, str]]:
    """What `read` takes; `provider` only where the budget is for one."""
    return [_values(each) for each in budgets]


def _one(entry: object) -> Budget:
    if not isinstance(entry, dict):
        raise _Unusable
    scope, provider = entry.get("scope"), entry.get("provider", "")
    currency, limit = entry.get("currency"), entry.get("limit")
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise _Unusable
    if not isinstance(limit, str) or not isinstance(provider, str) or not isinstance(scope, str):
        raise _Unusable  # a limit that is a number has been a float
    return Budget(Period(scope), Cost(parse_nano(limit), currency), provider)


def _values(budget: Budget) -> dict[str, str]:
    whole, part = divmod(budget.limit.nano, NANO)
    limit = f"{whole}.{part:09d}".rstrip("0").rstrip(".")
    values = {"scope": budget.period.value, "currency": budget.limit.currency, "limit": limit}
    return {**values, "provider": budget.provider} if budget.provider else values
