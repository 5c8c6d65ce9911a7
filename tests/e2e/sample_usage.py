"""Three weeks of made-up requests, for the picture of the Usage page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw

from desktop.storage.ledger import Ledger
from desktop.storage.ledger_values import Attempt, Outcome, Place, Settlement
from desktop.storage.usage import UsageReports
from desktop.storage.usage_values import UsageFilter
from models.budget import Budget, Period
from models.chat import Usage
from models.pricing import NANO, Cost, Price, cost_of

BUDGETS = (Budget(Period.MONTH, Cost(NANO, "CNY"), "xidao"), Budget(Period.DAY, Cost(NANO // 2, "CNY")))
_DAYS = 21
_SMALL, _LARGE = Price(500, 1_500, 50, "CNY", "a sample", ""), Price(2_000, 8_000, 400, "CNY", "a sample", "")
_MODELS = (
    ("local", "smollm2-135m-instruct-q4_1", Place.LOCAL, None, 41_300),
    ("local", "Qwen3 8B", Place.LOCAL, None, 12_800),
    ("xidao", "xidao/deepseek-v3", Place.REMOTE, _SMALL, 64_000),
    ("xidao", "xidao/qwen3-235b", Place.REMOTE, _LARGE, 48_000),
)


def fill(connection: apsw.Connection, conversations: Sequence[int]) -> None:
    """Write them into a ledger, the last of them today."""
    moment = [0.0]
    ledger = Ledger(connection, lambda: moment[0])
    noon = datetime.now().replace(hour=12, minute=0)
    for day in range(_DAYS):
        for number in range((day * 7) % 9 + 3):
            moment[0] = (noon - timedelta(days=_DAYS - 1 - day)).timestamp() + number * 240
            provider, model, place, price, speed = _MODELS[(number * 3 + day) % 4]
            conversation = conversations[number % len(conversations)] if conversations else None
            row = ledger.reserve(
                Attempt(provider, model, place, conversation_id=conversation, price=price,
                        prompt_limit=9_000, completion_limit=2_000)
            )  # fmt: skip
            usage = Usage(
                700 + number * 90 + day * 31, number * 40, number * 20, 260 + day * 17 + number * 31
            )
            ledger.settle(row.id, Settlement(Outcome.FINISHED, usage, True, 4_200, 300 + number * 10, speed))


def write_statement(connection: apsw.Connection, path: Path) -> None:
    """The gateway's own list of them, in which one is missing, one is more, and one has other tokens.

    One more is in it with figures where there is an estimate here.
    """
    _break_off(connection)
    rows = list(UsageReports(connection).all_rows(UsageFilter(place=Place.REMOTE)))[:40]
    lines = ["time,model,prompt_tokens,completion_tokens,cost (CNY)"]
    for number, row in enumerate(rows):
        prompt, completion = row.usage.prompt_tokens or 0, row.usage.completion_tokens or 0
        completion += 14 if number in (0, 6) else 0
        usage = Usage(prompt, row.usage.cached_tokens, None, completion)
        cost = cost_of(usage, row.attempt.price) if row.attempt.price else None
        if number != 9:
            lines.append(_line(row.sent_at, row.attempt.model, usage, cost))
    lines.append(_line(rows[20].sent_at + 130, "xidao/qwen3-32b", Usage(410, 0, 0, 96), Cost(558_400, "CNY")))
    path.write_text("\n".join(lines), encoding="utf-8")


def _break_off(connection: apsw.Connection) -> None:
    provider, model, place, price, _speed = _MODELS[3]
    ledger = Ledger(connection)
    attempt = Attempt(provider, model, place, price=price, prompt_limit=9_000, completion_limit=2_000)
    guess = Usage(1_204, None, 40, 212, estimated=True)
    ledger.settle(ledger.reserve(attempt).id, Settlement(Outcome.STOPPED, guess, reported=False))


def _line(at: float, model: str, usage: Usage, cost: Cost | None) -> str:
    moment = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    amount = f"{cost.nano // NANO}.{cost.nano % NANO:09d}" if cost is not None else ""
    return f"{moment},{model},{usage.prompt_tokens},{usage.completion_tokens},{amount}"
