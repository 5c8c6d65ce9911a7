"""What the ledger keeps: an attempt before it is sent, how it ended, and a row, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from models.budget import BudgetState
from models.chat import Usage
from models.pricing import FREE, Cost, Price


class Place(StrEnum):
    LOCAL = "local"
    REMOTE = "remote"


class Purpose(StrEnum):
    """What the answer was for; whatever else asks a model adds its own."""

    ANSWER = "answer"
    TITLE = "title"
    SUMMARY = "summary"
    TEST = "test"


class State(StrEnum):
    """SENT until it is known how it ended; EXPIRED if the program ended first; RELEASED by the user."""

    SENT = "sent"
    SETTLED = "settled"
    EXPIRED = "expired"
    RELEASED = "released"


class Outcome(StrEnum):
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request to one model, before it is sent. It holds no text of anyone's.

    `prompt_limit` is a number of tokens that the prompt can't exceed, `completion_limit` the longest
    answer that is asked for. `price` None is unknown for a remote model; a local one is free.
    """

    provider: str
    model: str
    place: Place
    purpose: Purpose = Purpose.ANSWER
    conversation_id: int | None = None
    turn_id: int | None = None
    route_reason: str = ""
    number: int = 1
    price: Price | None = None
    prompt_limit: int | None = None
    completion_limit: int | None = None

    def __post_init__(self) -> None:
        if self.place is Place.LOCAL and self.price is not None:
            raise ValueError("a local answer has no price")


@dataclass(frozen=True, slots=True)
class Settlement:
    """How an attempt ended. `usage` as the server sent it, or estimated here where `reported` is False.

    What surely never reached the server is settled with reported zeros. Times are whole milliseconds,
    `speed_mtps` thousandths of tokens per second. `request_id` is the gateway's. `note` is ours, for
    example an error's class; never text of the conversation.
    """

    outcome: Outcome
    usage: Usage = field(default_factory=Usage)
    reported: bool = True
    duration_ms: int | None = None
    ttft_ms: int | None = None
    speed_mtps: int | None = None
    request_id: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Reservation:
    """An attempt that may be sent. `warnings` are the budgets of which 80 % are used with it."""

    id: int
    reserved: Cost | None
    warnings: tuple[BudgetState, ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One row. None is unknown, never zero; `counts` is what budgets count, the reservation if in doubt.

    An estimated cost is shown, but budgets count its reservation until the gateway's figures come.
    `day` is a local day (`date.toordinal`). `flaw` says why the reported usage was not believed.
    """

    id: int
    attempt: Attempt
    sent_at: float
    day: int
    state: State
    reserved: Cost | None
    raised: bool
    counts: Cost
    cost: Cost | None = None
    outcome: Outcome | None = None
    estimated: bool | None = None
    usage: Usage = field(default_factory=Usage)
    flaw: str | None = None
    duration_ms: int | None = None
    ttft_ms: int | None = None
    speed_mtps: int | None = None
    request_id: str | None = None
    note: str | None = None

    @property
    def thinking_nano(self) -> int:
        """What its reasoning cost, as a part of `cost`; 0 where that isn't known."""
        price, reasoning = self.attempt.price, self.usage.reasoning_tokens
        if price is None or self.cost is None or not reasoning:
            return 0
        return reasoning * price.tier(self.usage.prompt_tokens or 0).output_nano

    @property
    def free(self) -> bool:
        return self.cost == FREE
