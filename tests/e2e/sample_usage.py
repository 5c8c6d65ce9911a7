"""Three weeks of made-up requests, for the picture of the Usage page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import apsw

from desktop.storage.ledger import Ledger
from desktop.storage.ledger_values import Attempt, Outcome, Place, Settlement
from models.budget import Budget, Period
from models.chat import Usage
from models.pricing import NANO, Cost, Price

BUDGETS = (Budget(Period.MONTH, Cost(NANO, "CNY"), "xidao"), Budget(Period.DAY, Cost(NANO // 2, "CNY")))
_DAYS = 21
_SMALL, _LARGE = Price(500, 1_500, 50, "CNY", "a sample", ""), Price(2_000, 8_000, 400, "CNY", "a sample", "")
_MODELS = (
    ("local", "SmolLM2 135M Instruct", Place.LOCAL, None, 41_300),
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
