"""Keeps one worker: starts it when it is needed, speaks with it, ends it when it must be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from models.errors import AppError, EngineCrashed, EngineUnresponsive, NotAvailable
from models.local import diagnosis
from models.local.crashes import CrashLimit
from models.local.process import WorkerDied, WorkerProcess
from models.local.protocol import Failed, ProtocolError, Reply, Request

_CLOSE_S = 1.0

T = TypeVar("T")

Check = Callable[[Reply], T]
"""Returns the reply if it may come now, or raises what `unexpected` makes of it."""


class Supervisor:
    """`async with` it to have the worker for oneself; afterwards that is idle or dead, however it was left.

    The worker is started with the first request, and anew after a death, unless it died three times
    in a minute. What goes wrong with it is raised as an AppError. A worker that does not acknowledge
    a cancel within `cancel_s` is killed.
    """

    def __init__(self, command: Sequence[str], clock: Callable[[], float], cancel_s: float) -> None:
        self._command = command
        self._cancel_s = cancel_s
        self._crashes = CrashLimit(clock)
        self._lock = asyncio.Lock()
        self._worker: WorkerProcess | None = None
        self._starting: asyncio.Task[WorkerProcess] | None = None
        self._settling: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def taken(self) -> bool:
        """Whether somebody has the worker."""
        return self._lock.locked()

    @property
    def pid(self) -> int | None:
        """The worker's process number while there is one."""
        return self._worker.pid if self._worker is not None else None

    async def __aenter__(self) -> None:
        if self._closed:
            raise RuntimeError("the engine is closed")
        await self._lock.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # In a task of its own: being cancelled once more must not leave the worker busy.
        task = asyncio.create_task(self._settle())
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)
        await asyncio.shield(task)

    async def contact(self, request: Request, checked: Check[T], *, loading: Path | None = None) -> T:
        """Send the first request of a turn; the first reply to it.

        A worker that was there before and dies without a word died while idle, unnoticed until now:
        that is nobody's business, and another one is asked.
        """
        idle = self._worker is not None
        await self.begin(request)
        try:
            return await self.reply(checked, loading=loading)
        except EngineCrashed:
            if not idle:
                raise
        await self.begin(request)
        return await self.reply(checked, loading=loading)

    async def begin(self, request: Request) -> None:
        """Send a request to a worker that lives."""
        worker = await self._living()
        try:
            await worker.send(request)
        except WorkerDied as died:
            raise self._crashed(died) from died

    async def reply(
        self, checked: Check[T], *, within_s: float | None = None, loading: Path | None = None
    ) -> T:
        """The next reply to the request; EngineUnresponsive if it takes longer than `within_s`.

        `loading` is the model file that the worker is busy with, for the message should it die.
        """
        worker = self._worker
        if worker is None:
            raise _closing()
        try:
            async with asyncio.timeout(within_s):
                return checked(await worker.receive())
        except TimeoutError as error:
            await self._kill(worker)
            raise _unresponsive(within_s, worker.stderr) from error
        except WorkerDied as died:
            raise self._crashed(died, loading) from died
        except ProtocolError as problem:
            await self._kill(worker)
            self._crashes.record()
            raise diagnosis.babble(problem, worker.stderr) from problem

    async def answer_now(self) -> None:
        """Have the answer begin that the worker is thinking about."""
        if self._worker is not None:
            await self._worker.answer_now()

    async def end(self) -> None:
        """End the worker, should it live; the next request has another."""
        if self._worker is not None:
            await self._kill(self._worker)

    async def aclose(self) -> None:
        """End the worker; whoever waits for it gets NotAvailable. May be called again."""
        self._closed = True
        if self._starting is not None:
            await asyncio.wait([self._starting])
        worker, self._worker = self._worker, None
        if worker is not None:
            await (worker.kill() if worker.busy else worker.close(_CLOSE_S))
        if self._settling:
            await asyncio.wait(self._settling)

    async def _settle(self) -> None:
        try:
            if self._starting is not None:
                await asyncio.wait([self._starting])
            if self._worker is not None and self._worker.busy:
                await self._worker.settle(self._cancel_s)
                if not self._worker.alive:
                    self._worker = None
        finally:
            self._lock.release()

    async def _living(self) -> WorkerProcess:
        if self._closed:
            raise _closing()
        if self._worker is not None and not self._worker.alive:
            await self._worker.death()
            self._crashes.record()
            self._worker = None
        if self._worker is None:
            self._crashes.check()
            self._starting = asyncio.create_task(WorkerProcess.start(self._command))
            self._starting.add_done_callback(self._started)
            await asyncio.shield(self._starting)  # its process must not get lost when we are cancelled
        if self._worker is None:
            raise _closing()
        return self._worker

    def _started(self, task: asyncio.Task[WorkerProcess]) -> None:
        self._starting = None
        if not task.cancelled() and task.exception() is None:
            self._worker = task.result()

    def _crashed(self, died: WorkerDied, loading: Path | None = None) -> AppError:
        self._worker = None
        if self._closed:
            return _closing()
        self._crashes.record()
        name = str(loading) if loading else None
        killed = died.memory_kills > 0
        return diagnosis.crash(died.returncode, died.stderr, loading=name, out_of_memory=killed)

    async def _kill(self, worker: WorkerProcess) -> None:
        self._worker = None
        await worker.kill()


def unexpected(reply: Reply) -> Exception:
    """What a check raises for a reply it does not want: the worker's own error, if it is one."""
    return reply.error() if isinstance(reply, Failed) else ProtocolError(f"{type(reply).__name__} now")


def _unresponsive(after_s: float | None, stderr: str) -> EngineUnresponsive:
    return EngineUnresponsive(
        f"It did not begin to read the question within {after_s:g} seconds and was ended. "
        "The model’s chat template may be broken.",
        "Try again, or choose another model.",
        details=stderr,
    )


def _closing() -> AppError:
    return NotAvailable("Inshore is closing.")
