"""What the charts can measure: tokens, requests, or what was paid in one currency, as whole numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from desktop.storage.ledger_values import LedgerRow
from desktop.storage.usage_values import Totals
from models.money import short
from models.pricing import Cost


class Kind(StrEnum):
    COST = "cost"
    TOKENS = "tokens"
    REQUESTS = "requests"


@dataclass(frozen=True, slots=True)
class Measure:
    """One of them; `currency` where it is a cost. A cost is in nano-units."""

    kind: Kind
    currency: str = ""

    @property
    def title(self) -> str:
        """ "Cost in CNY"."""
        return f"Cost in {self.currency}" if self.kind is Kind.COST else self.kind.value.capitalize()

    def of(self, sums: Totals) -> int:
        """How much of it."""
        if self.kind is Kind.COST:
            cost = sums.costs.get(self.currency)
            return cost.nano if cost else 0
        if self.kind is Kind.TOKENS:
            return sums.prompt_tokens + sums.completion_tokens
        return sums.attempts

    def of_row(self, row: LedgerRow) -> int:
        """How much of it one attempt was; what isn't known is in no sum."""
        if self.kind is Kind.COST:
            return row.cost.nano if row.cost is not None and row.cost.currency == self.currency else 0
        if self.kind is Kind.TOKENS:
            return (row.usage.prompt_tokens or 0) + (row.usage.completion_tokens or 0)
        return 1

    def words(self, value: int) -> str:
        """ "¥1.25", "12,000 tokens", "1 request"."""
        if self.kind is Kind.COST:
            return short(Cost(value, self.currency))
        noun = self.kind.value if value != 1 else self.kind.value[:-1]
        return f"{counted(value)} {noun}"

    def tick(self, value: int) -> str:
        """For an axis."""
        return short(Cost(value, self.currency)) if self.kind is Kind.COST else counted(value)


def measures(sums: Totals) -> tuple[Measure, ...]:
    """Those there is something to see of: each currency by itself, then tokens and requests."""
    costs = (Measure(Kind.COST, currency) for currency in sums.costs)
    return (*costs, Measure(Kind.TOKENS), Measure(Kind.REQUESTS))


def counted(number: int) -> str:
    """A whole number, rounded down to three digits for reading: "999", "12,300", "1.23 M"."""
    if number < 10_000:
        return f"{number:,}"
    if number < 1_000_000:
        return f"{number // 100 * 100:,}"
    for size, unit in ((10**12, "T"), (10**9, "bn"), (10**6, "M")):
        if number >= size:
            whole, part = divmod(number * 100 // size, 100)
            return f"{whole:,}.{part:02d}".rstrip("0").rstrip(".") + f" {unit}"
    return f"{number:,}"


def steps(most: int) -> list[int]:
    """Round values from 0 up to at least `most`, for an axis: three to six of them."""
    size, most = 1, max(most, 1)
    while size * 10 <= most:
        size *= 10
    candidates: Iterable[int] = (max(size // 5, 1), max(size // 2, 1), size, size * 2)
    step = next(one for one in candidates if one * 5 >= most)
    return [step * number for number in range(-(-most // step) + 1)]
