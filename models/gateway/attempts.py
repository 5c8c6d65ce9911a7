"""What one attempt at an answer came to: a value for whoever keeps accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from models.chat import Thinking, Usage


class Outcome(StrEnum):
    """How an attempt ended. INTERRUPTED and STOPPED ones have been charged for, in all likelihood."""

    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request to a gateway, whatever became of it. Each is told exactly once.

    `connection` and `provider` are the ids of the connection and its profile, `model` is our id for the
    model, `host` who was asked. `number` counts the attempts at one answer from 1. `at` is in seconds since
    1970. `status` is the HTTP status, None where nobody answered; `error` is the name of the error's
    class, `tps` how fast a finished one was written. A `usage` without numbers is an unknown cost, not none.
    """

    connection: str
    provider: str
    model: str
    host: str
    number: int
    at: float
    outcome: Outcome
    status: int | None = None
    error: str = ""
    request_id: str = ""
    thinking: Thinking = Thinking.AUTO
    ttft_s: float | None = None
    total_s: float = 0.0
    tps: float | None = None
    usage: Usage = field(default_factory=Usage)
