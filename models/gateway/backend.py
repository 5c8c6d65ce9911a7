"""A backend that asks OpenAI-compatible gateways, and says truly what became of it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping, Sequence
from contextlib import aclosing

from models.chat import ChatEvent, ChatRequest, Notice, Progress, Stage, Thinking
from models.errors import AppError, KeyMissing, KeyRefused, NetworkError, Offline, RequestRefused
from models.gateway.attempts import Attempt, Outcome
from models.gateway.body import Body, Part, body_for, misunderstood
from models.gateway.dialects import switch_at
from models.gateway.failures import Asked, say_unreached
from models.gateway.providers import Connection, Dialect, split_id
from models.gateway.retrying import Patience, Place, Rotation, places_of
from models.gateway.sse import Caps
from models.gateway.trying import Try
from models.gateway.wire import Timeouts, host_of
from models.outbound import Outbound

Remembered = MutableMapping[tuple[str, str], frozenset[Part]]
"""What was found not to be understood at an address of a request to a model (by its name there)."""

_LEFT_OUT = {
    Part.THINKING: "{} does not know a switch for thinking, so the model decides.",
    Part.CARRY_ON: "{} can’t go on inside an answer, so it is asked to in words.",
    Part.STREAM_OPTIONS: "{} does not count tokens while it answers, so they are estimated.",
    Part.SAMPLING: "{} does not know some of this model’s options, so they are left out.",
}


class GatewayBackend:
    """Answers through the connections that `connection` names; any number of answers at the same time.

    `connection` finds one by its id or raises an AppError. `keys` gives a connection's keys, asked anew for
    each request and forgotten after it. `offered` gives the model names that a connection is known to
    have, for hints. `attempted` is told of each attempt once, on the loop's thread; `repeating` is waited for
    before each attempt after the first, with its number, and may raise an AppError. Before the first word a
    request is repeated as `patience` allows; after it never. Being offline is told in full once, until it
    is over. `outbound` is closed with the backend only if `owns_outbound`.
    """

    def __init__(
        self,
        connection: Callable[[str], Connection],
        keys: Callable[[str], Awaitable[Sequence[str]]],
        outbound: Outbound,
        *,
        timeouts: Timeouts | None = None,
        patience: Patience | None = None,
        caps: Caps | None = None,
        attempted: Callable[[Attempt], None] = lambda _attempt: None,
        repeating: Callable[[int], Awaitable[None]] | None = None,
        offered: Callable[[str], Sequence[str]] = lambda _connection: (),
        remembered: Remembered | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        owns_outbound: bool = False,
    ) -> None:
        self._connection, self._keys, self._outbound = connection, keys, outbound
        self._timeouts = timeouts or Timeouts()
        self._patience = patience or Patience()
        self._caps = caps or Caps()
        self._attempted, self._repeating, self._offered = attempted, repeating, offered
        self._remembered: Remembered = {} if remembered is None else remembered
        self._clock, self._sleep = clock, sleep
        self._owns_outbound = owns_outbound
        self._turn: dict[str, int] = {}
        self._offline = False
        self._closed = False

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """The answer's events, as models.chat.Backend promises."""
        if self._closed:
            raise RuntimeError("the backend is closed")
        yield Progress(Stage.PROMPT)
        connection_id, model = split_id(request.model)
        connection = self._connection(connection_id)
        if unheard := _unheard(connection, request):
            yield Notice(unheard)
        places = places_of(connection.base_urls, await self._usable_keys(connection))
        rotation = Rotation(places, self._turn.get(connection.id, 0))
        try:
            async with aclosing(self._tries(request, connection, model, rotation)) as events:
                async for event in events:
                    yield event
            self._offline = False
        except AppError as error:
            if isinstance(error, NetworkError):
                say_unreached(error, again=self._offline)
            self._offline = isinstance(error, Offline)
            raise
        finally:
            self._turn[connection.id] = rotation.index

    async def aclose(self) -> None:
        """No more answers."""
        self._closed = True
        if self._owns_outbound:
            await self._outbound.aclose()

    async def _tries(
        self, request: ChatRequest, connection: Connection, model: str, rotation: Rotation
    ) -> AsyncGenerator[ChatEvent, None]:
        """Attempts at an answer until one succeeds, has begun, or there is no use in another."""
        most = max(self._patience.tries, len(connection.base_urls))
        number = waits = 0
        without: frozenset[Part] = frozenset()
        while True:
            number += 1
            if number > 1 and self._repeating is not None:
                await self._repeating(number)
            place = rotation.place
            one = self._try(request, connection, model, place, number, without)
            if number == 1 and _known_unheard(connection, request, one.body):
                yield Notice(_LEFT_OUT[Part.THINKING].format(connection.name))
            try:
                async with aclosing(one.events()) as events:
                    async for event in events:
                        self._remember(place, one, without)
                        yield event
                return  # noqa: TRY300 - the answer is complete
            except AppError as error:
                if one.begun:
                    raise
                if part := _not_understood(error, one.body):
                    without |= {part}
                    yield Notice(_LEFT_OUT[part].format(connection.name))
                    continue
                if number >= most:
                    raise
                if rotation.next_for(error):
                    yield Notice(f"{connection.name}: {error.cause} Next try: another address or key.")
                    continue
                wait_s = self._patience.wait_s(waits, error)
                if wait_s is None:
                    raise
                waits += 1
                yield Notice(f"{error.cause} Next try: after {_seconds(wait_s)}.")
                rotation.new_round()
            async for progress in self._countdown(wait_s):
                yield progress

    def _try(
        self,
        request: ChatRequest,
        connection: Connection,
        model: str,
        place: Place,
        number: int,
        without: frozenset[Part],
    ) -> Try:
        offered = self._offered(connection.id)
        name = wire_name(connection, model, offered)
        host = host_of(place.base_url)
        secrets = (place.key,) if place.key else ()
        asked = Asked(connection.name, host, name, offered, secrets)
        without |= self._remembered.get((place.base_url, name), frozenset())
        return Try(
            request,
            body_for(connection.profile, request, name, without),
            asked,
            Attempt(
                connection.id, connection.profile.id, request.model, host, number, time.time(), Outcome.FAILED
            ),
            place,
            self._outbound,
            self._timeouts,
            self._caps,
            self._clock,
            self._attempted,
        )

    def _remember(self, place: Place, one: Try, without: frozenset[Part]) -> None:
        """Once an answer comes, what was left out of its request is left out of the next one, too."""
        if without:
            key = (place.base_url, one.body.model)
            self._remembered[key] = self._remembered.get(key, frozenset()) | without

    async def _usable_keys(self, connection: Connection) -> Sequence[str]:
        keys = tuple(key.strip() for key in await self._keys(connection.id) if key.strip())
        if not keys and connection.profile.needs_key:
            raise KeyMissing(
                f"{connection.name} answers only with a key, and there is none.", "Add your key in Settings."
            )
        if any(not key.isascii() or not key.isprintable() or " " in key for key in keys):
            raise KeyRefused("It holds signs that no key has.", "Copy the key again, and nothing around it.")
        return keys

    async def _countdown(self, wait_s: float) -> AsyncGenerator[Progress, None]:
        """Wait, saying once a second how long it still takes."""
        total = math.ceil(wait_s)
        for passed in range(total):
            yield Progress(Stage.WAIT, passed, total, remaining_s=wait_s - passed)
            await self._sleep(min(1.0, wait_s - passed))


def _not_understood(error: AppError, body: Body) -> Part | None:
    """The part of a request that a refusal is about; None if it isn't about one that could be left out."""
    if isinstance(error, RequestRefused) and error.status in (400, 422):
        return misunderstood(body, error.details)
    return None


def wire_name(connection: Connection, model: str, offered: Sequence[str]) -> str:
    """The model's name there; without the usual prefix where the gateway is known to list it so."""
    name = connection.profile.wire_name(model)
    return model if name not in offered and model in offered else name


def _unheard(connection: Connection, request: ChatRequest) -> str:
    profile = connection.profile
    if request.thinking is not Thinking.AUTO and (why := switch_at(connection).why):
        return why
    off = request.thinking is Thinking.OFF or (
        request.thinking is Thinking.ON and request.thinking_budget == 0
    )
    if off and profile.thinking is Dialect.EFFORT and profile.effort_off != "none":
        return f"{connection.name} can’t switch thinking off, so the model is asked to think little."
    return ""


def _known_unheard(connection: Connection, request: ChatRequest, body: Body) -> bool:
    """Whether the wish is left out of the body because it was not understood before."""
    wanted = request.thinking is not Thinking.AUTO and connection.profile.thinking is not Dialect.NONE
    return wanted and Part.THINKING not in body.parts


def _seconds(wait_s: float) -> str:
    whole = math.ceil(wait_s)
    return "1 second" if whole == 1 else f"{whole} seconds"
