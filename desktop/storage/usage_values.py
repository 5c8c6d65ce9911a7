"""What was used, added up: filters, totals, and the panel's figures, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from desktop.storage.ledger_values import Place
from models.pricing import Cost, Price, would_have_cost


class Span(StrEnum):
    """How far back the panel looks; local days, today included, and the month is the calendar's."""

    TODAY = "today"
    WEEK = "7days"
    MONTH = "month"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class UsageFilter:
    """Which rows count; None is any. Days are `date.toordinal`, both ends included."""

    first_day: int | None = None
    last_day: int | None = None
    provider: str | None = None
    model: str | None = None
    place: Place | None = None
    purpose: str | None = None
    conversation_id: int | None = None
    currency: str | None = None

    @classmethod
    def over(cls, span: Span, today: date, *, model: str | None = None) -> UsageFilter:
        """The rows of a span that ends today."""
        last = None if span is Span.ALL else today.toordinal()
        first = {
            Span.TODAY: today,
            Span.WEEK: today - timedelta(days=6),
            Span.MONTH: today.replace(day=1),
        }.get(span)
        return cls(first.toordinal() if first else None, last, model=model)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over some rows. What isn't known is in no sum; each `…_count` says how many rows are in it.

    `costs` are the known costs for each currency, estimated ones included, free ones not. `counts` is
    what budgets count. `cached_of` are the prompt tokens of the rows whose cached tokens are known,
    `reasoning_of` the completion tokens of those whose reasoning is.
    """

    attempts: int = 0
    open_count: int = 0
    expired_count: int = 0
    failed_count: int = 0
    stopped_count: int = 0
    estimated_count: int = 0
    flawed_count: int = 0
    cost_count: int = 0
    prompt_tokens: int = 0
    prompt_count: int = 0
    completion_tokens: int = 0
    completion_count: int = 0
    cached_tokens: int = 0
    cached_of: int = 0
    reasoning_tokens: int = 0
    reasoning_of: int = 0
    duration_ms: int = 0
    duration_count: int = 0
    ttft_ms: int = 0
    ttft_count: int = 0
    speed_mtps: int = 0
    speed_count: int = 0
    costs: Mapping[str, Cost] = field(default_factory=dict)
    counts: Mapping[str, Cost] = field(default_factory=dict)

    @property
    def cost_unknown_count(self) -> int:
        """Rows of which nobody knows the cost, open ones included."""
        return self.attempts - self.cost_count

    @property
    def thinking_share(self) -> float | None:
        """Of the tokens written, how many were reasoning; None where that isn't known of any."""
        return self.reasoning_tokens / self.reasoning_of if self.reasoning_of else None

    @property
    def cache_share(self) -> float | None:
        """Of the prompts' tokens, how many were cached."""
        return self.cached_tokens / self.cached_of if self.cached_of else None

    @property
    def mean_ttft_s(self) -> float | None:
        return self.ttft_ms / self.ttft_count / 1000 if self.ttft_count else None

    @property
    def mean_speed_tps(self) -> float | None:
        """Tokens per second, the mean over the answers."""
        return self.speed_mtps / self.speed_count / 1000 if self.speed_count else None


@dataclass(frozen=True, slots=True)
class ModelKey:
    provider: str
    model: str
    place: Place


@dataclass(frozen=True, slots=True)
class DayModel:
    """One bar's part: what one model took on one local day."""

    day: int
    key: ModelKey
    totals: Totals


@dataclass(frozen=True, slots=True)
class Panel:
    """All that the panel shows for one filter, read at one moment.

    `by_day` runs from the first day with rows to the last, `by_model` and `by_conversation` from the
    most attempts to the fewest; a conversation that was deleted keeps its number, 0 is none. Of it
    `away_by_conversation` is what was answered at gateways, where something was.
    """

    totals: Totals
    by_day: tuple[DayModel, ...]
    by_model: tuple[tuple[ModelKey, Totals], ...]
    by_place: Mapping[Place, Totals]
    by_conversation: tuple[tuple[int, Totals], ...]
    away_by_conversation: Mapping[int, Totals] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saved:
    """What local answers would have cost on another model, with the arithmetic.

    `unknown_count` attempts aren't in it because their tokens aren't known. Each answer counts as a
    request of its own at the price's first tier, nothing cached.
    """

    prompt_tokens: int
    completion_tokens: int
    unknown_count: int
    price: Price

    @classmethod
    def of(cls, local: Totals, price: Price) -> Saved:
        """From the totals of local rows."""
        known = min(local.prompt_count, local.completion_count)
        return cls(local.prompt_tokens, local.completion_tokens, local.attempts - known, price)

    @property
    def cost(self) -> Cost:
        return would_have_cost(self.prompt_tokens, self.completion_tokens, self.price)

    def arithmetic(self) -> str:
        """In whole nano-units: "1,000 × 500 + 200 × 1,500 = 800,000 billionths of CNY"."""
        return (
            f"{self.prompt_tokens:,} × {self.price.input_nano:,} + {self.completion_tokens:,} × "
            f"{self.price.output_nano:,} = {self.cost.nano:,} billionths of {self.price.currency}"
        )
