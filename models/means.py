"""What budgets leave for one answer, as the router asks for it."""

from __future__ import annotations

from collections.abc import Iterable

from models.budget import BudgetState
from models.candidates import Budget


def means(states: Iterable[BudgetState], currency: str) -> Budget | None:
    """The least that is left in any budget of all gateways together; None where none is set.

    A budget in another currency leaves nothing in this one, as amounts of two currencies are not compared:
    then nothing is left, and the router says so. Budgets of one gateway alone are looked at when the
    answer is booked.
    """
    general = [one for one in states if not one.budget.provider]
    if not general:
        return None
    foreign = next((one for one in general if one.budget.limit.currency != currency), None)
    if foreign is not None:
        return Budget(foreign.budget.limit.currency, foreign.left.nano)
    return Budget(currency, min(one.left.nano for one in general))
