"""Ways to ask a gateway in tests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.chat import ChatEvent, ChatRequest, Message, Role, Thinking
from models.errors import AppError
from models.gateway.attempts import Attempt
from models.gateway.backend import GatewayBackend
from models.gateway.providers import Connection, connect, read_profiles
from models.gateway.retrying import Patience
from models.gateway.wire import Timeouts
from models.outbound import Outbound, Sent

ROOT = Path(__file__).parents[2]
PROFILES = read_profiles(ROOT / "resources" / "providers.toml")
KEY = "sk-canary0123456789canary"
QUICK = Timeouts(connect_s=5, first_byte_s=5, idle_s=5, empty_s=5, after_finish_s=1)
HASTY = Patience(tries=3, first_wait_s=0.01)


@dataclass
class Asking:
    """What was told of an answer: its events, the error that ended it, attempts, and what left."""

    events: list[ChatEvent] = field(default_factory=list)
    error: AppError | None = None
    attempts: list[Attempt] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)


def request(text: str = "Hello?", *, thinking: Thinking = Thinking.AUTO, **values: Any) -> ChatRequest:
    model = values.pop("model", "xidao/qwen3-235b")
    return ChatRequest(model, (Message(Role.USER, text),), thinking=thinking, **values)


def connection(*urls: str, profile: str = "xidao") -> Connection:
    return connect(PROFILES[profile], connection_id="xidao", base_urls=urls)


def backend(
    place: Connection, outbound: Outbound | None = None, *, keys: Sequence[str] = (KEY,), **options: Any
) -> GatewayBackend:
    async def find(_connection: str) -> Sequence[str]:
        return keys

    options = {"timeouts": QUICK, "patience": HASTY, "owns_outbound": True, **options}
    return GatewayBackend(lambda _id: place, find, outbound or Outbound(), **options)


def ask_gateway(place: Connection, *requests: ChatRequest, **options: Any) -> Asking:
    """Ask one after the other on a loop of its own; an error ends it and is kept."""
    told = Asking()
    outbound = options.pop("outbound", None) or Outbound(record=told.sent.append)
    one = backend(place, outbound, attempted=told.attempts.append, **options)

    async def go() -> None:
        try:
            for question in requests or (request(),):
                async for event in one.stream(question):
                    told.events.append(event)
        except AppError as error:
            told.error = error
        finally:
            await one.aclose()

    asyncio.run(asyncio.wait_for(go(), 60))
    return told
