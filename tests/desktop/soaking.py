"""Many sends at once through `ask`'s books and the gateway's backend; by itself: one process that sends.

python -m tests.desktop.soaking HOME URL SEED COUNT BUDGET prints a line for each send that begins.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from desktop.commands.bookkeeping import Books
from desktop.commands.services import Services
from desktop.services.turns import ATTEMPTED, REPEATING, in_conversation
from desktop.storage.booking import attempt_of
from desktop.system.paths import Paths
from models.budget import Budget, Period
from models.chat import ChatRequest, Finished, Message, Role, Sampling
from models.errors import AppError
from models.gateway.attempts import Attempt
from models.leave import Leave, Standing
from models.library import Library
from models.pricing import Cost, Price
from models.route import Mode, Privacy, Route
from tests.gateway_server import FAULTS, Cut, Received, Reply, answer, error, events, usage
from tests.gateway_server.asking import backend, connection

MODEL = "xidao/qwen3-32b"
PRICE = Price(1_000, 2_000, None, "CNY", "soak", "2026-11")
PROMPT = 22  # bytes of “Hello?” and what a template may add: the most that the gateway can charge for
LIMITS = (5, 20, 80)
_AT_ONCE = 24


@dataclass
class Till:
    """The gateway's own record, and what it does to each request. `charged` holds each by its name there.

    What it answers it charges for exactly as it says; what it broke off, anything up to all that was asked
    for; what it refused, nothing. `told` are those whose numbers reached the other side.
    """

    seed: int
    charged: dict[str, int] = field(default_factory=dict)
    told: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def respond(self, request: Received) -> Reply:
        dice, name, limit = self._dice, f"req-{len(self.charged)}", int(request.json["max_tokens"])
        headers = {"Content-Type": "text/event-stream", "x-request-id": name}
        self.charged[name] = 0
        fate = dice.random()
        if fate < 0.12:
            return error(dice.choice((400, 401, 402, 403, 429, 500, 503)), **{"x-request-id": name})
        prompt, completion = dice.randrange(1, PROMPT + 1), dice.randrange(1, limit + 1)
        self.charged[name] = prompt * PRICE.input_nano + completion * PRICE.output_nano
        if fate < 0.17:
            return FAULTS["dropped"]()
        numbers = usage(prompt, completion, cached=0, reasoning=dice.randrange(completion))
        if fate < 0.22:
            whole = events(told=numbers)
            return Reply([*whole[: dice.randrange(1, 4)], Cut(reset=dice.random() < 0.5)], headers=headers)
        if fate < 0.25:
            return answer(told=None, headers=headers)
        if fate < 0.28:
            return answer(told=usage(dice.choice((-1, 10**12, "many", 1.5)), completion), headers=headers)
        self.told[name] = (prompt, completion)
        return answer("Hello there " * dice.randrange(1, 4), told=numbers, headers=headers)


def budgets_of(nano: int) -> tuple[Budget, ...]:
    """Three that all hold for what is sent here."""
    kinds = ((Period.ALWAYS, ""), (Period.MONTH, "xidao"), (Period.DAY, ""))
    return tuple(Budget(period, Cost(nano, "CNY"), provider) for period, provider in kinds)


class _Silent:
    """A terminal that nobody reads."""

    def note(self, text: str) -> None: ...


def services_of(home: Path) -> Services:
    paths = Paths.find({"INSHORE_HOME": str(home)})
    paths.create()
    engine: Any = None
    return Services(paths, Library(paths.models, paths.data), engine)


async def _repeating(number: int) -> None:
    await REPEATING.get()(number)


def _attempted(told: Attempt) -> None:
    ATTEMPTED.get()(told)


async def soak(
    services: Services,
    url: str,
    seed: int,
    count: int,
    budgets: Sequence[Budget] = (),
    at_once: int = _AT_ONCE,
) -> None:
    """Send so many questions, some of them stopped; returns when all have ended."""
    gateway = backend(connection(url), attempted=_attempted, repeating=_repeating)
    numbers = iter(range(count))

    async def work(dice: random.Random) -> None:
        for _number in numbers:
            print("sent", flush=True)
            await _send(services, gateway, dice, budgets)

    await asyncio.gather(*(work(random.Random(f"{seed}/{n}")) for n in range(at_once)))
    await gateway.aclose()


async def _send(services: Services, gateway: Any, dice: random.Random, budgets: Sequence[Budget]) -> None:
    sampling = Sampling(max_tokens=dice.choice(LIMITS))
    request = ChatRequest(MODEL, (Message(Role.USER, "Hello?"),), sampling=sampling)
    route, silent = Route("gateway", MODEL, "soak"), _Silent()
    try:
        books = Books(services, silent, attempt_of(route, request, PRICE), budgets)  # type: ignore[arg-type]
    except AppError:
        return
    stop_after = dice.randrange(1, 4) if dice.random() < 0.04 else 0
    try:
        leave = Standing(Leave(Mode.CLOUD, Privacy.OUT))
        stream = in_conversation(1, gateway.stream(request), books.attempted, books.repeating, leave)
        async with aclosing(stream):
            await _read(stream, stop_after)
    except AppError as error:
        books.fail(error)
    finally:
        books.stop()


async def _read(stream: Any, stop_after: int) -> None:
    count = 0
    async for event in stream:
        count += 1
        if count == stop_after and not isinstance(event, Finished):
            return


if __name__ == "__main__":
    home, url, seed, count, nano = sys.argv[1:]
    asyncio.run(soak(services_of(Path(home)), url, int(seed), int(count), budgets_of(int(nano))))
