"""One asyncio loop in one thread, and the way back: the only file where Qt and asyncio meet."""

from __future__ import annotations

import sys
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

if TYPE_CHECKING:
    import asyncio  # imported where the loop is made: it costs 35 ms that a window need not wait for

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended. `error` is None for a good end and for a cancelled one."""

    error: Exception | None = None
    cancelled: bool = False
    value: Any = None


class Job:
    """A running job. GUI thread only."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._task: asyncio.Task[Any] | None = None
        self.muted = False

    def cancel(self) -> None:
        """Ask it to end; from now on no event arrives, only `on_end`, when it has really ended."""
        self.muted = True
        self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())


class Background(QObject):
    """Runs coroutines on a thread of its own and reports in the GUI thread.

    `on_event` and `on_end` are called in the GUI thread, in order; `on_end` exactly once for each job,
    also when it was cancelled, and before `close` returns at the latest. The thread starts with the
    first job.
    """

    _posted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._waiting: list[Callable[[], None]] = []
        self._jobs: set[Job] = set()
        self._posted.connect(self._drain, Qt.ConnectionType.QueuedConnection)

    def start(
        self,
        stream: AsyncGenerator[T, None],
        on_event: Callable[[T], None],
        on_end: Callable[[Outcome], None],
    ) -> Job:
        """Consume a stream: `on_event` for each of its items, then `on_end`."""

        async def consume() -> None:
            try:
                async for event in stream:
                    self._post(lambda event=event: None if job.muted else on_event(event))  # type: ignore[misc]
            finally:
                await stream.aclose()

        job = Job(self._running_loop())
        self._launch(job, consume(), on_end)
        return job

    def run(self, work: Coroutine[Any, Any, T], on_end: Callable[[Outcome], None]) -> Job:
        """Run a coroutine; its result is in the outcome's `value`."""
        job = Job(self._running_loop())
        self._launch(job, work, on_end)
        return job

    def tell(self, call: Callable[[], None]) -> None:
        """Have something called in the GUI thread, in order with the events and ends of jobs. Any thread."""
        self._post(call)

    async def asked(self, call: Callable[[], T]) -> T:
        """Have something called in the GUI thread; what it gives or raises. To be awaited in a job."""
        import asyncio

        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def settle(give: Callable[[], None]) -> None:
            if not answer.done():  # else nobody waits any more
                give()

        def ask() -> None:
            try:
                value = call()
            except Exception as error:  # noqa: BLE001 - raised where it was asked for
                reason = error
                loop.call_soon_threadsafe(settle, lambda: answer.set_exception(reason))
            else:
                loop.call_soon_threadsafe(settle, lambda: answer.set_result(value))

        self._post(ask)
        return await answer

    def close(self, farewell: Callable[[], Coroutine[Any, Any, None]], timeout_s: float = 4.0) -> None:
        """Cancel all jobs, run `farewell` (closing what lives on the loop), and end the thread."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        import asyncio

        done = asyncio.run_coroutine_threadsafe(self._finish(farewell), loop)
        try:
            done.result(timeout_s)
        except TimeoutError:
            done.cancel()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout_s)
        self._loop = self._thread = None
        while self._waiting:
            try:
                self._drain()
            except Exception as error:  # noqa: BLE001 - reported; what closes after this must still close
                sys.excepthook(type(error), error, error.__traceback__)

    async def _finish(self, farewell: Callable[[], Coroutine[Any, Any, None]]) -> None:
        import asyncio

        jobs = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in jobs:
            task.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await farewell()

    def _launch(self, job: Job, work: Coroutine[Any, Any, Any], on_end: Callable[[Outcome], None]) -> None:
        def ended(task: asyncio.Task[Any]) -> None:
            self._jobs.discard(job)
            outcome = _outcome(task)
            self._post(lambda: on_end(outcome))

        def begin() -> None:
            self._jobs.add(job)  # the loop itself does not keep a task that waits
            job._task = job._loop.create_task(work)
            job._task.add_done_callback(ended)

        job._loop.call_soon_threadsafe(begin)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            import asyncio

            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._serve, args=(self._loop,), name="background")
            self._thread.daemon = True
            self._thread.start()
        return self._loop

    @staticmethod
    def _serve(loop: asyncio.AbstractEventLoop) -> None:
        import asyncio

        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    def _post(self, call: Callable[[], None]) -> None:
        with self._lock:
            self._waiting.append(call)
            first = len(self._waiting) == 1
        if first:
            self._posted.emit(None)

    @Slot(object)
    def _drain(self, _nothing: object = None) -> None:
        with self._lock:
            calls, self._waiting = self._waiting, []
        try:
            while calls:
                calls.pop(0)()
        finally:
            if calls:  # one of them failed: the others still have their turn
                with self._lock:
                    self._waiting[:0] = calls
                self._posted.emit(None)


def _outcome(task: asyncio.Task[Any]) -> Outcome:
    if task.cancelled():
        return Outcome(cancelled=True)
    error = task.exception()
    if isinstance(error, Exception):
        return Outcome(error=error)
    return Outcome(value=task.result())
