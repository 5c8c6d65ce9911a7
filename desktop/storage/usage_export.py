"""The ledger and its totals as values for others, every amount exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime

from desktop.storage.ledger_values import LedgerRow
from desktop.storage.usage_values import Totals
from models.money import exact
from models.pricing import Cost


def row_values(row: LedgerRow) -> dict[str, object]:
    """One attempt; None is unknown. Amounts are whole nano-units of `currency`, which is "" for free."""
    attempt, price = row.attempt, row.attempt.price
    return {
        "id": row.id,
        "sent_at": datetime.fromtimestamp(row.sent_at, UTC).isoformat(timespec="milliseconds"),
        "day": date.fromordinal(row.day).isoformat(),
        "conversation": attempt.conversation_id,
        "turn": attempt.turn_id,
        "purpose": attempt.purpose.value,
        "provider": attempt.provider,
        "model": attempt.model,
        "place": attempt.place.value,
        "route_reason": attempt.route_reason,
        "attempt": attempt.number,
        "state": row.state.value,
        "outcome": row.outcome.value if row.outcome else None,
        "prompt_tokens": row.usage.prompt_tokens,
        "cached_tokens": row.usage.cached_tokens,
        "reasoning_tokens": row.usage.reasoning_tokens,
        "completion_tokens": row.usage.completion_tokens,
        "estimated": row.estimated,
        "flaw": row.flaw,
        "duration_ms": row.duration_ms,
        "ttft_ms": row.ttft_ms,
        "speed_mtps": row.speed_mtps,
        "currency": row.counts.currency,
        "cost_nano": row.cost.nano if row.cost else None,
        "reserved_nano": row.reserved.nano if row.reserved else None,
        "counts_nano": row.counts.nano,
        "price_input_nano": price.input_nano if price else None,
        "price_output_nano": price.output_nano if price else None,
        "price_cached_nano": price.cached_nano if price else None,
        "price_source": price.source if price else None,
        "price_as_of": price.as_of if price else None,
        "request_id": row.request_id,
        "note": row.note,
    }


def totals_values(sums: Totals) -> dict[str, object]:
    """Totals; `costs` and `counts` hold whole nano-units for each currency."""
    values = asdict(sums)
    for name, costs in (("costs", sums.costs), ("counts", sums.counts)):
        values[name] = {currency: cost.nano for currency, cost in costs.items()}
    return values


def costs_words(costs: Mapping[str, Cost]) -> str:
    """The exact amounts, each currency by itself: "¥0.0042 and $1"; "nothing" without any."""
    return " and ".join(exact(cost) for cost in costs.values()) or "nothing"
