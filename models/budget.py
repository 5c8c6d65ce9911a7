"""Spending limits as values: what each covers, whether a worst case fits, and what else could be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from models.errors import OverBudget
from models.money import exact, short
from models.pricing import Cost, Price, longest_answer, worst_case

WARNING_PERCENT = 80
_CLOCK_DAYS = 31


class Period(StrEnum):
    """Over what a budget adds up. Days and months are those of the machine's own time zone."""

    DAY = "day"
    MONTH = "month"
    CONVERSATION = "conversation"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `limit` over `period`; with a `provider`, of what is spent there only."""

    period: Period
    limit: Cost
    provider: str = ""

    def __post_init__(self) -> None:
        if self.limit.nano < 0 or not self.limit.currency:
            raise ValueError("a budget is an amount of a currency")

    def words(self) -> str:
        """ "today’s budget", "this conversation’s budget for xidao"."""
        whose = {
            Period.DAY: "today’s budget",
            Period.MONTH: "this month’s budget",
            Period.CONVERSATION: "this conversation’s budget",
            Period.ALWAYS: "the budget",
        }[self.period]
        return f"{whose} for {self.provider}" if self.provider else whose


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A budget and what counts against it: what was spent, and what is reserved or unsettled as well."""

    budget: Budget
    used: Cost

    @property
    def left(self) -> Cost:
        """Never below nothing."""
        return Cost(max((self.budget.limit - self.used).nano, 0), self.budget.limit.currency)

    @property
    def warns(self) -> bool:
        """Whether 80 % are used up."""
        return self.used.nano * 100 >= self.budget.limit.nano * WARNING_PERCENT

    def fits(self, more: Cost) -> bool:
        return self.used + more <= self.budget.limit


@dataclass(frozen=True, slots=True)
class Window:
    """Local days as numbers (`date.toordinal`), both ends included."""

    first: int
    last: int


def window(period: Period, today: date) -> Window:
    """Which days a budget adds up.

    Days up to a month ahead count as well: rows get there when the clock is put back, and putting it
    back must not open a spent budget anew. Later ones were written by a clock that was plainly wrong.
    """
    ahead = (today + timedelta(days=_CLOCK_DAYS)).toordinal()
    if period is Period.DAY:
        return Window(today.toordinal(), ahead)
    if period is Period.MONTH:
        return Window(today.replace(day=1).toordinal(), ahead)
    return Window(0, date.max.toordinal())


def applicable(budgets: Iterable[Budget], provider: str, *, in_conversation: bool) -> tuple[Budget, ...]:
    """Those an attempt has to keep to."""
    return tuple(
        one
        for one in budgets
        if one.provider in ("", provider) and (in_conversation or one.period is not Period.CONVERSATION)
    )


def check_known(budgets: Sequence[Budget], price: Price | None) -> None:
    """Raise OverBudget where a budget can't be kept because nobody knows what it costs in its currency."""
    if price is None and budgets:
        raise OverBudget(
            f"The price of this model isn’t known, so {budgets[0].words()} can’t be kept.",
            "Enter its price, choose another model, or answer on this machine.",
            currency=budgets[0].limit.currency,
        )
    for budget in budgets if price is not None else ():
        same = [one for one in budgets if (one.period, one.provider) == (budget.period, budget.provider)]
        if price is not None and all(one.limit.currency != price.currency for one in same):
            raise OverBudget(
                f"This model is paid in {price.currency}, and {budget.words()} is in "
                f"{budget.limit.currency}.",
                f"Add a budget in {price.currency}, or choose another model.",
                currency=price.currency,
            )


def refused(state: BudgetState, prompt_tokens: int, max_tokens: int, price: Price) -> OverBudget:
    """The error for a worst case that does not fit, with the longest answer that would."""
    tokens = min(longest_answer(state.left, prompt_tokens, price), max_tokens)
    wanted = worst_case(prompt_tokens, max_tokens, price)
    shorter = f"Limit the answer to {tokens:,} tokens, choose" if tokens else "Choose"
    told = exact if short(wanted) == short(state.left) else short  # else it would seem to fit
    return OverBudget(
        f"The message can cost up to {told(wanted)}, and {state.budget.words()} has {told(state.left)} left.",
        f"{shorter} a cheaper model, answer on this machine, or raise the budget once.",
        left_nano=state.left.nano,
        wanted_nano=wanted.nano,
        currency=price.currency,
        fits_tokens=tokens,
    )


def cheaper(
    prices: Mapping[str, Price], left: Cost, prompt_tokens: int, max_tokens: int
) -> tuple[tuple[str, Cost], ...]:
    """The models whose worst case fits into what is left, and that worst case; the cheapest first."""
    found = [
        (name, worst_case(prompt_tokens, max_tokens, price))
        for name, price in prices.items()
        if price.currency == left.currency
    ]
    return tuple(sorted((one for one in found if one[1] <= left), key=lambda one: (one[1].nano, one[0])))
