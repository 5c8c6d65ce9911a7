"""Reads rows of the ledger into values."""

from __future__ import annotations

import json
from typing import Any

from desktop.storage.ledger_values import Attempt, LedgerRow, Outcome, Place, Purpose, State
from models.chat import Usage
from models.pricing import Cost, Price, Tier

COLUMNS = (
    "id, conversation_id, turn_id, purpose, provider, model, place, route_reason, attempt, sent_at, day, "
    "prompt_limit, completion_limit, currency, price_input_nano, price_output_nano, price_cached_nano, "
    "price_tiers, price_source, price_as_of, reserved_nano, raised, state, outcome, counted, prompt_tokens, "
    "cached_tokens, reasoning_tokens, completion_tokens, flaw, duration_ms, ttft_ms, speed_mtps, "
    "request_id, note, cost_nano, counts_nano"
)
_NAMES = tuple(COLUMNS.split(", "))


def row_of(values: tuple[Any, ...]) -> LedgerRow:
    """A row of COLUMNS."""
    row: dict[str, Any] = dict(zip(_NAMES, values, strict=True))
    currency = row["currency"]
    return LedgerRow(
        id=row["id"],
        attempt=_attempt(row),
        sent_at=row["sent_at"],
        day=row["day"],
        state=State(row["state"]),
        reserved=_cost(row["reserved_nano"], currency),
        raised=bool(row["raised"]),
        counts=Cost(row["counts_nano"], currency),
        cost=_cost(row["cost_nano"], currency),
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        estimated=None if row["counted"] is None else row["counted"] == "estimated",
        usage=Usage(
            row["prompt_tokens"], row["cached_tokens"], row["reasoning_tokens"], row["completion_tokens"]
        ),
        flaw=row["flaw"],
        duration_ms=row["duration_ms"],
        ttft_ms=row["ttft_ms"],
        speed_mtps=row["speed_mtps"],
        request_id=row["request_id"],
        note=row["note"],
    )


def _attempt(row: dict[str, Any]) -> Attempt:
    return Attempt(
        provider=row["provider"],
        model=row["model"],
        place=Place(row["place"]),
        purpose=Purpose(row["purpose"]),
        conversation_id=row["conversation_id"],
        turn_id=row["turn_id"],
        route_reason=row["route_reason"],
        number=row["attempt"],
        price=_price(row),
        prompt_limit=row["prompt_limit"],
        completion_limit=row["completion_limit"],
    )


def _price(row: dict[str, Any]) -> Price | None:
    if row["price_input_nano"] is None:
        return None
    tiers = json.loads(row["price_tiers"]) if row["price_tiers"] else []
    return Price(
        row["price_input_nano"],
        row["price_output_nano"],
        row["price_cached_nano"],
        row["currency"],
        row["price_source"],
        row["price_as_of"],
        tuple(Tier(*tier) for tier in tiers),
    )


def _cost(nano: int | None, currency: str) -> Cost | None:
    return None if nano is None else Cost(nano, currency)
