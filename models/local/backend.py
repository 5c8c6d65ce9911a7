"""Answers on this machine, with a model file of the library."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

from models.chat import ChatEvent, ChatRequest, Finished, Progress, Stage
from models.errors import AppError
from models.local.process import default_command
from models.local.protocol import Ask, Describe, EngineInfo, Load, Loaded, Reply
from models.local.supervisor import Supervisor, unexpected


class LocalBackend:
    """Answers with llama.cpp, in a worker process that is started when it is first needed.

    One request at a time; another waits and says so. A worker that died is replaced for the next
    request, unless it died three times in a minute. `find_model` gives an id's file or raises an
    AppError. `threads` None is what this machine computes best with. `context` is in tokens; None is
    the model's own, up to 8,192. A worker that does not acknowledge a cancel within `cancel_s`, or
    has not read the question within `render_s`, is killed.
    """

    def __init__(
        self,
        find_model: Callable[[str], Path],
        *,
        command: Sequence[str] | None = None,
        threads: int | None = None,
        context: int | None = None,
        available_bytes: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
        cancel_s: float = 1.5,
        render_s: float = 10.0,
    ) -> None:
        self._find_model = find_model
        self._threads = threads
        self._context = context
        self._available_bytes = available_bytes
        self._render_s = render_s
        self._warming = False
        self._worker = Supervisor(command or default_command(), clock, cancel_s)

    @property
    def worker_pid(self) -> int | None:
        """The worker's process number while there is one."""
        return self._worker.pid

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """The events of an answer, as `models.chat.Backend` promises."""
        arrived = time.monotonic()
        if self._worker.taken:
            yield Progress(Stage.LOAD if self._warming else Stage.WAIT)
        async with self._worker:
            order = self._load_order(request.model)
            if self._worker.pid is None:
                yield Progress(Stage.LOAD)
            begun = time.monotonic()
            reply = await self._worker.contact(order, _while_loading, loading=Path(order.path))
            while isinstance(reply, Progress):
                yield reply
                reply = await self._worker.reply(_while_loading, loading=Path(order.path))
            asked = time.monotonic()
            await self._worker.begin(Ask(request))
            event = await self._worker.reply(_while_answering, within_s=self._render_s)
            while not isinstance(event, Finished):
                yield event
                event = await self._worker.reply(_while_answering)
        loading = asked - begun if reply.fresh else None
        yield _with_times(event, load_s=loading, before_s=asked - arrived)

    async def warm_up(self, model: str) -> None:
        """Start the worker and load a model. Quiet: what fails here fails again in `stream`, and is seen."""
        try:
            async with self._worker:
                self._warming = True
                order = self._load_order(model)
                reply = await self._worker.contact(order, _while_loading, loading=Path(order.path))
                while isinstance(reply, Progress):
                    reply = await self._worker.reply(_while_loading, loading=Path(order.path))
        except AppError:
            return
        finally:
            self._warming = False

    async def describe(self) -> EngineInfo:
        """What the engine is and can compute on. Raises AppError."""
        async with self._worker:
            return await self._worker.contact(Describe(), _while_describing)

    async def aclose(self) -> None:
        """End the worker; a stream that still runs fails. May be called again."""
        await self._worker.aclose()

    def _load_order(self, model: str) -> Load:
        path = self._find_model(model)
        if self._threads is None:
            from models.hardware import usable_threads

            self._threads = usable_threads()
        available = self._available_bytes() if self._available_bytes is not None else None
        return Load(str(path.absolute()), self._threads, self._context, available)


def _while_loading(reply: Reply) -> Progress | Loaded:
    if isinstance(reply, Progress | Loaded):
        return reply
    raise unexpected(reply)


def _while_answering(reply: Reply) -> ChatEvent:
    if isinstance(reply, ChatEvent):
        return reply
    raise unexpected(reply)


def _while_describing(reply: Reply) -> EngineInfo:
    if isinstance(reply, EngineInfo):
        return reply
    raise unexpected(reply)


def _with_times(event: Finished, *, load_s: float | None, before_s: float) -> Finished:
    """The worker's own times, seen from the request's arrival here."""
    ttft = event.timings.ttft_s
    first = None if ttft is None else before_s + ttft
    return replace(event, timings=replace(event.timings, load_s=load_s, ttft_s=first))
