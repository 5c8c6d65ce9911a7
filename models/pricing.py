"""Exact money: what tokens cost, in whole nano-units of a currency. No float is ever involved.

¥1 per million tokens is 1,000 nano-yuan a token, so a cost is a product of whole numbers and is never
rounded; only what is shown is (models.money).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.chat import Usage

if TYPE_CHECKING:
    from models.facts import CatalogueModel

NANO = 10**9
LARGEST_PRICE = 10**7  # nano a token: 10,000 units of the currency for a million tokens
MOST_TOKENS = 1 << 24  # of one attempt: more than any context holds


class MixedCurrencies(ValueError):
    """Two currencies were to be added or compared, which is our mistake and never a sum."""


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount of one currency. Only FREE, which is nothing of no currency, goes with any other.

    Adding or comparing two currencies raises MixedCurrencies.
    """

    nano: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.nano) is not int:
            raise TypeError(f"an amount is a whole number of nano-units, not {self.nano!r}")
        if not self.currency and self.nano:
            raise ValueError("an amount needs a currency")

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.nano + other.nano, self._common(other))

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.nano - other.nano, self._common(other))

    def __lt__(self, other: Cost) -> bool:
        self._common(other)
        return self.nano < other.nano

    def __le__(self, other: Cost) -> bool:
        self._common(other)
        return self.nano <= other.nano

    def _common(self, other: Cost) -> str:
        if self.currency and other.currency and self.currency != other.currency:
            raise MixedCurrencies(f"{self.currency} and {other.currency} can’t be added or compared")
        return self.currency or other.currency


FREE = Cost(0, "")


@dataclass(frozen=True, slots=True)
class Tier:
    """The price of a whole request whose prompt has more than `above_tokens`."""

    above_tokens: int
    input_nano: int
    output_nano: int
    cached_nano: int | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """Nano-units of `currency` a token, with where the price is from and as of when.

    `cached_nano` is None where no price for cached prompt tokens is known; they then cost what others
    cost, which is never too little. `as_of` is a day or a month, "" for a price the user entered undated.
    """

    input_nano: int
    output_nano: int
    cached_nano: int | None
    currency: str
    source: str
    as_of: str
    tiers: tuple[Tier, ...] = ()

    def __post_init__(self) -> None:
        for one in (self._base(), *self.tiers):
            for nano in (one.input_nano, one.output_nano, one.cached_nano or 0, one.above_tokens):
                if type(nano) is not int:
                    raise TypeError(f"a price is a whole number of nano-units a token, not {nano!r}")
            if min(one.input_nano, one.output_nano, one.cached_nano or 0) < 0:
                raise ValueError("a price is not negative")
            if max(one.input_nano, one.output_nano, one.cached_nano or 0) > LARGEST_PRICE:
                raise ValueError("a price is at most 10,000 for a million tokens")
        if not self.currency:
            raise ValueError("a price needs a currency")

    def tier(self, prompt_tokens: int) -> Tier:
        """The rates for a prompt of this length."""
        reached = [one for one in self.tiers if prompt_tokens > one.above_tokens]
        return max(reached, key=lambda one: one.above_tokens, default=self._base())

    def _base(self) -> Tier:
        return Tier(0, self.input_nano, self.output_nano, self.cached_nano)


@dataclass(frozen=True, slots=True)
class CostRange:
    """What a message will cost: at least `low`, at most `high`."""

    low: Cost
    high: Cost


def cost_of(usage: Usage, price: Price) -> Cost | None:
    """The exact cost of one attempt; None where its tokens aren't known.

    Cached tokens are part of the prompt and are not paid twice; reasoning is part of the completion.
    Where a usage says nothing of cached tokens, nothing was granted: all of the prompt is paid in full.
    Raises ValueError for a usage that `absurdity` finds fault with.
    """
    fault = absurdity(usage)
    if fault:
        raise ValueError(fault)
    if usage.prompt_tokens is None or usage.completion_tokens is None:
        return None
    rates, cached = price.tier(usage.prompt_tokens), usage.cached_tokens or 0
    cached_nano = rates.input_nano if rates.cached_nano is None else rates.cached_nano
    nano = (usage.prompt_tokens - cached) * rates.input_nano + cached * cached_nano
    return Cost(nano + usage.completion_tokens * rates.output_nano, price.currency)


def worst_case(prompt_tokens: int, max_tokens: int, price: Price) -> Cost:
    """The most a request can cost, if the prompt is no longer and the answer's limit is kept.

    A longer prompt can fall into another tier, so every tier that can be reached counts.
    """
    reached = [price.tier(0), *(one for one in price.tiers if prompt_tokens > one.above_tokens)]
    nano = max(
        prompt_tokens * max(one.input_nano, one.cached_nano or 0) + max_tokens * one.output_nano
        for one in reached
    )
    return Cost(nano, price.currency)


def longest_answer(left: Cost, prompt_tokens: int, price: Price) -> int:
    """The largest limit for an answer with which the worst case still fits into what is left; 0 if none."""
    for_answer = left - worst_case(prompt_tokens, 0, price)
    if for_answer.nano <= 0:
        return 0
    reached = [price.tier(0), *(one for one in price.tiers if prompt_tokens > one.above_tokens)]
    dearest = max(one.output_nano for one in reached)
    return min(for_answer.nano // dearest, MOST_TOKENS) if dearest else MOST_TOKENS


def draft_range(
    low_prompt: int, high_prompt: int, max_tokens: int, price: Price, *, cached_tokens: int = 0
) -> CostRange:
    """What a draft will cost, from a one-token answer to the longest allowed one.

    `low_prompt` and `high_prompt` bound the prompt's tokens, history included; `cached_tokens` are those
    of the history that the gateway may still have, which only the lower bound counts on.
    """
    low = cost_of(Usage(low_prompt, min(cached_tokens, low_prompt), None, 1), price)
    high = worst_case(high_prompt, max(max_tokens, 1), price)
    if low is None:
        raise ValueError("the draft’s tokens are known")
    return CostRange(min(low, high), high)


def would_have_cost(prompt_tokens: int, completion_tokens: int, price: Price) -> Cost:
    """What so many tokens of many short requests would have cost at a price's first tier, uncached."""
    nano = prompt_tokens * price.input_nano + completion_tokens * price.output_nano
    return Cost(nano, price.currency)


def totals(costs: Iterable[Cost]) -> dict[str, Cost]:
    """The sum for each currency, by currency; FREE ones add nothing."""
    sums: dict[str, Cost] = {}
    for cost in costs:
        if cost.currency:
            sums[cost.currency] = sums.get(cost.currency, FREE) + cost
    return dict(sorted(sums.items()))


def absurdity(usage: Usage) -> str:
    """Why a usage can't be true, "" if it can: a server may send anything, and it must not become a sum."""
    counts = {
        "prompt": usage.prompt_tokens,
        "cached": usage.cached_tokens,
        "reasoning": usage.reasoning_tokens,
        "completion": usage.completion_tokens,
    }
    for name, count in counts.items():
        if count is not None and (type(count) is not int or not 0 <= count <= MOST_TOKENS):
            return f"the number of {name} tokens can’t be true"
    if (usage.cached_tokens or 0) > (usage.prompt_tokens if usage.prompt_tokens is not None else MOST_TOKENS):
        return "more tokens are cached than the prompt has"
    completion = usage.completion_tokens if usage.completion_tokens is not None else MOST_TOKENS
    if (usage.reasoning_tokens or 0) > completion:
        return "more tokens are reasoning than were written"
    return ""


def price_of(model_id: str, own: Mapping[str, Price], entry: CatalogueModel | None) -> Price | None:
    """What a gateway’s model costs: the user’s own price, else the catalogue’s; None is unknown."""
    return own.get(model_id) or (catalogue_price(entry) if entry is not None else None)


def catalogue_price(model: CatalogueModel) -> Price | None:
    """A catalogue entry's price at its gateway with its source; None where none is known."""
    stated = model.remote.price if model.remote else None
    if stated is None:
        return None
    source = model.sources.get("remote")
    return Price(
        stated.input_nano,
        stated.output_nano,
        stated.cached_nano,
        stated.currency,
        source.title if source else "",
        source.as_of if source else "",
    )
