"""What an answer would cost and how long it would take, before it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from models.candidates import Candidate, Facts
from models.chat import Thinking
from models.money import about
from models.pricing import Cost, CostRange
from models.tasks import Task

# Tokens of an answer, few and many.
_ANSWERS: Mapping[Task, tuple[int, int]] = MappingProxyType(
    {
        Task.CHAT: (100, 600),
        Task.CODE: (300, 1500),
        Task.MATH: (250, 1500),
        Task.CHINESE: (150, 800),
        Task.TRANSLATION: (50, 400),
        Task.DOCUMENT: (300, 1200),
        Task.IMAGE: (100, 500),
    }
)
_THOUGHTS = (500, 4000)


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """What an answer costs at least and at most, in nano-units of one currency."""

    currency: str
    low_nano: int
    high_nano: int

    def words(self) -> str:
        """Such as “≈ ¥0.06–0.11”; “nothing to pay” for zero."""
        if self.high_nano == 0:
            return "nothing to pay"
        return about(CostRange(Cost(self.low_nano, self.currency), Cost(self.high_nano, self.currency)))

    def most(self) -> str:
        """The upper end alone, rounded up, such as “¥0.11”."""
        nothing, most = Cost(0, self.currency), Cost(self.high_nano, self.currency)
        return about(CostRange(nothing, most)).removeprefix("≤ ")


def answer_tokens(facts: Facts) -> tuple[int, int]:
    """How long the answer will be, reasoning included: few and many tokens.

    Many is a guess unless `max_answer_tokens` is set; whoever promises “at most” sets it to that.
    """
    low, high = _ANSWERS[facts.task]
    if facts.task is Task.TRANSLATION:
        low, high = max(low, facts.prompt_tokens * 7 // 10), max(high, facts.prompt_tokens * 3 // 2)
    if facts.thinking is Thinking.ON:
        low, high = low + _THOUGHTS[0], high + _THOUGHTS[1]
    if facts.max_answer_tokens is not None:
        high = facts.max_answer_tokens
    return min(low, high), high


def cost_of(candidate: Candidate, facts: Facts) -> CostEstimate | None:
    """None if its price isn't known. Local answers cost nothing."""
    if candidate.local:
        return CostEstimate(facts.currency, 0, 0)
    price = candidate.price
    if price is None:
        return None
    rates = price.tier(facts.prompt_tokens)
    low, high = (
        facts.prompt_tokens * rates.input_nano + tokens * rates.output_nano for tokens in answer_tokens(facts)
    )
    return CostEstimate(price.currency, low, high)


def time_of(candidate: Candidate, facts: Facts) -> float | None:
    """Seconds to the end of an answer of middle length; None if its speed isn't known."""
    if not candidate.tps:
        return None
    reading = facts.prompt_tokens / candidate.prompt_tps if candidate.prompt_tps else 0.0
    return (candidate.ttft_s or 0.0) + reading + sum(answer_tokens(facts)) / 2 / candidate.tps


def tokens_words(tokens: int) -> str:
    """Such as “800” or “41k”."""
    return str(tokens) if tokens < 1000 else f"{round(tokens / 1000)}k"
