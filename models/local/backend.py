"""Answers on this machine, with a model file of the library."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import count
from pathlib import Path

from models.chat import (
    ChatEvent,
    ChatRequest,
    Finished,
    Notice,
    Progress,
    ReasoningDelta,
    Stage,
    TextDelta,
    TextSize,
)
from models.errors import AppError, CannotSee
from models.local.fallback import Fallback
from models.local.measures import MachineSpeed, Measures
from models.local.process import default_command
from models.local.protocol import (
    Ask,
    Count,
    Describe,
    Disown,
    EngineInfo,
    Gauge,
    Load,
    Loaded,
    MemorySpeed,
    Planned,
    Probe,
    Reply,
    Save,
    Saved,
    Tidy,
)
from models.local.states import Shelf, open_store
from models.local.supervisor import Supervisor, unexpected
from models.thinking import ThinkingSupport

_SAVE_S = 60.0  # a disk that takes longer has a fault
_LAST_SAVE_S = 2.0


class LocalBackend:
    """Answers with llama.cpp, in a worker process that is started when it is first needed.

    One request at a time; another waits and says so. A worker that died is replaced for the next
    request, unless it died three times in a minute. `find_model` gives an id's file or raises an
    AppError. `threads` None is what this machine computes best with. `context` gives the context wanted
    for an id, in tokens; None is the model's own, up to 8,192. A worker that does not acknowledge a
    cancel within `cancel_s`, or has not read the question within `render_s`, is killed. What was
    evaluated for requests with a `cache_key` is kept on the `shelf`, which is asked for at each request:
    when another conversation or model takes its place, `idle_s` after the last answer, and in `aclose`.
    What each answer took is kept in `measures`. `tidy_s` after an answer with reasoning, the conversation
    without it is read, as the next question will have it; a question that comes sooner ends that.
    """

    def __init__(
        self,
        find_model: Callable[[str], Path],
        *,
        command: Sequence[str] | None = None,
        threads: int | None = None,
        context: Callable[[str], int | None] = lambda _model: None,
        available_bytes: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
        cancel_s: float = 1.5,
        render_s: float = 10.0,
        shelf: Callable[[], Shelf | None] = lambda: None,
        idle_s: float = 20.0,
        tidy_s: float = 0.5,
        measures: Measures | None = None,
    ) -> None:
        self._find_model = find_model
        self._threads = threads
        self._context = context
        self._available_bytes = available_bytes
        self._render_s = render_s
        self._warming = False
        self._shelf = shelf
        self._idle_s = idle_s
        self._idle: asyncio.TimerHandle | None = None
        self._saving: asyncio.Task[None] | None = None
        self._tidy_s = tidy_s
        self._untidy: asyncio.TimerHandle | None = None
        self._tidying: asyncio.Task[None] | None = None
        self._unsaved = False
        self._asking = self._wanted_now = False
        self._thinking: dict[tuple[str, int], ThinkingSupport] = {}
        self._measures = measures
        self._fallback = Fallback()
        self._plan: Planned | None = None
        self._planned = ""
        self._fresh = self._as_wanted = False
        self._notice = ""
        self._worker = Supervisor(command or default_command(), clock, cancel_s)

    @property
    def worker_pid(self) -> int | None:
        """The worker's process number while there is one."""
        return self._worker.pid

    @property
    def has_idle_work(self) -> bool:
        """Whether something is still to be read ahead, or being read."""
        return self._untidy is not None or (self._tidying is not None and not self._tidying.done())

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """The events of an answer, as `models.chat.Backend` promises.

        A failure of memory or of a graphics card before the first word is followed by another attempt
        with less, which is told.
        """
        arrived = time.monotonic()
        if any(message.images for message in request.messages):
            raise CannotSee(
                "Models on this machine read text only.", "Remove the picture, or choose a gateway’s model."
            )
        end: Finished | None = None
        said = ""
        tidying = self._stop_waiting()
        if self._worker.taken and not tidying:
            yield Progress(Stage.LOAD if self._warming else Stage.WAIT)
        async with self._worker:
            self._wanted_now = False
            attempts = count()
            while end is None:
                written, said = False, request.answer_so_far
                try:
                    async with aclosing(self._attempt(request, arrived)) as events:
                        async for event in events:
                            if isinstance(event, Finished):
                                end = event  # whoever gets it finds the worker free
                                break
                            written = written or isinstance(event, TextDelta | ReasoningDelta)
                            said += event.text if isinstance(event, TextDelta) else ""
                            yield event
                except AppError as error:
                    yield Notice(await self._instead(error, request.model, next(attempts), written=written))
        self._tidy_later(request, said, end)
        yield end

    async def _attempt(self, request: ChatRequest, arrived: float) -> AsyncGenerator[ChatEvent, None]:
        order = self._load_order(request.model)
        if self._worker.pid is None:
            yield Progress(Stage.LOAD)
        begun = time.monotonic()
        async with aclosing(self._loading(order)) as progress:
            async for event in progress:
                yield event
        asked = time.monotonic()
        if self._notice:
            yield Notice(self._notice)
            self._notice = ""
        # What was there before is still there if this question is refused before it is read.
        self._unsaved = order.shelf is not None and (self._unsaved or request.cache_key is not None)
        try:
            await self._worker.begin(Ask(request))
            self._asking = True
            if self._wanted_now:
                await self._worker.answer_now()
            answer = await self._worker.reply(_while_answering, within_s=self._render_s)
            while not isinstance(answer, Finished):
                yield answer
                answer = await self._worker.reply(_while_answering)
        finally:
            self._asking = False
            self._save_later()
        loading = asked - begun if self._fresh else None
        self._record(order, answer)
        yield _with_times(answer, load_s=loading, before_s=asked - arrived)

    async def _loading(self, order: Load) -> AsyncGenerator[Progress, None]:
        """Have a model loaded; the worker is ours already."""
        path = Path(order.path)
        reply = await self._worker.contact(order, _while_loading, loading=path)
        while not isinstance(reply, Loaded):
            if isinstance(reply, Planned):
                self._plan, self._planned = reply, order.path
            else:
                yield reply
            reply = await self._worker.reply(_while_loading, loading=path)
        self._fresh = reply.fresh
        if reply.fresh:
            self._notice = reply.notice
            self._as_wanted = not reply.notice

    async def _instead(self, error: AppError, model: str, attempt: int, *, written: bool) -> str:
        """What to tell before another attempt; raises the error if there is to be none."""
        path = str(self._find_model(model).absolute())
        words = self._fallback.after(error, path, self._plan_of(path), attempt=attempt, written=written)
        if words is None:
            raise error
        await self._worker.end()  # a card that failed is of no more use to this process
        return words

    def _plan_of(self, path: str) -> Planned | None:
        """How this model was loaded last, or about to be; None if another one was."""
        return self._plan if self._planned == path else None

    def _record(self, order: Load, end: Finished) -> None:
        if self._measures is not None and self._plan is not None:
            as_wanted = self._as_wanted and not order.rung
            self._measures.record(
                Path(order.path), self._plan, order.context, as_wanted=as_wanted, timings=end.timings
            )

    async def warm_up(self, model: str) -> None:
        """Start the worker and load a model. Quiet: what fails here fails again in `stream`, and is seen."""
        try:
            async with self._worker:
                self._warming = True
                await self._load(model)
        except AppError:
            return
        finally:
            self._warming = False

    async def answer_now(self) -> None:
        """Have the running answer stop thinking and begin; nothing happens to one that has begun.

        Does not wait for it. Said while the model is still loading, it is remembered.
        """
        self._wanted_now = True
        if self._asking:
            await self._worker.answer_now()

    async def thinking_support(self, model: str) -> ThinkingSupport:
        """Whether and how a model thinks, as its own chat template shows. Raises AppError.

        Known at once for a model that was asked about before; else it is loaded, after the answer
        that is being written, if there is one.
        """
        order = self._load_order(model)
        file = (order.path, _written_at(order.path))
        if (known := self._thinking.get(file)) is not None:
            return known
        async with self._worker:
            await self._load(model)
            await self._worker.begin(Probe())
            support = await self._worker.reply(_while_probing, within_s=self._render_s)
        self._thinking[file] = support
        return support

    async def text_size(self, model: str, text: str, answer_tokens: int | None = None) -> TextSize:
        """How long a text is for a model, which is loaded first if need be. Raises AppError.

        The room for it leaves place for an answer of so many tokens; None is a usual one.

        Waits for an answer that is being written.
        """
        async with self._worker:
            await self._load(model)
            await self._worker.begin(Count(text, answer_tokens))
            return await self._worker.reply(_while_counting)

    async def forget(self, cache_keys: Sequence[str]) -> None:
        """Remove from the shelf what was evaluated for these, and put nothing of it there again.

        Waits for an answer that is being written.
        """
        self._remove(cache_keys)
        if self._worker.pid is None and not self._worker.taken:
            return
        try:
            async with self._worker:
                await self._worker.begin(Disown(tuple(cache_keys)))
                await self._worker.reply(_while_saving)
        except AppError:  # with the worker died what it held
            pass
        self._remove(cache_keys)

    def _remove(self, cache_keys: Sequence[str]) -> None:
        shelf = self._shelf()
        store = open_store(shelf) if shelf is not None else None
        if store is not None:
            for cache_key in cache_keys:
                store.forget(cache_key)

    async def release(self, path: Path) -> None:
        """Let go of a model's file, which then can be moved or deleted; waits for a running answer.

        A worker that holds another one stays. Quiet: there is nothing left to hold after a failure.
        """
        if self._worker.pid is None and not self._worker.taken:
            return
        async with self._worker:
            if self._planned in ("", str(path.absolute())):
                await self._worker.end()

    async def describe(self) -> EngineInfo:
        """What the engine is and can compute on. Raises AppError."""
        async with self._worker:
            return await self._worker.contact(Describe(), _while_describing)

    async def gauge(self) -> MachineSpeed:
        """What computes on this machine and how fast it reads its memory; measured once, then kept.

        Takes half a second the first time. Raises AppError.
        """
        if self._measures is not None and (kept := self._measures.machine()) is not None:
            return kept
        info = await self.describe()
        async with self._worker:
            found = await self._worker.contact(Gauge(self._usable_threads()), _while_gauging)
        speed = MachineSpeed(found.bandwidth, info.devices)
        if self._measures is not None:
            self._measures.keep_machine(speed)
        return speed

    async def aclose(self) -> None:
        """Save what is evaluated, end the worker; a stream that still runs fails. May be called again."""
        if self._stop_waiting() and self._tidying is not None:
            await asyncio.wait([self._tidying], timeout=_LAST_SAVE_S)
        if not self._worker.taken:
            await self._save(_LAST_SAVE_S)
        elif self._saving is not None:
            await asyncio.wait([self._saving], timeout=_LAST_SAVE_S)
        await self._worker.aclose()

    async def _load(self, model: str) -> None:
        """Have a model loaded, with nobody to tell of it; the worker is ours already."""
        order = self._load_order(model)
        try:
            async with aclosing(self._loading(order)) as progress:
                async for _ in progress:
                    pass
        except AppError as error:
            plan = self._plan_of(order.path)
            self._fallback.after(error, order.path, plan, attempt=1, written=False)
            raise

    def _usable_threads(self) -> int:
        if self._threads is None:
            from models.hardware import usable_threads

            self._threads = usable_threads()
        return self._threads

    def _load_order(self, model: str) -> Load:
        path = self._find_model(model).absolute()
        wanted = self._context(model)
        return Load(
            str(path),
            self._usable_threads(),
            wanted,
            self._available_bytes() if self._available_bytes is not None else None,
            self._shelf(),
            rung=self._fallback.rung(str(path)),
            gpu=self._fallback.gpu,
            known=self._measures.known(path, wanted) if self._measures is not None else None,
            correction_permille=self._measures.correction_permille(path) if self._measures else 1000,
        )

    def _save_later(self) -> None:
        self._stop_waiting()
        if self._unsaved:
            self._idle = asyncio.get_running_loop().call_later(self._idle_s, self._save_now)

    def _stop_waiting(self) -> bool:
        """Somebody needs the worker; whether it was being used for something that can wait."""
        for timer in (self._idle, self._untidy):
            if timer is not None:
                timer.cancel()
        self._idle = self._untidy = None
        tidying = self._tidying is not None and not self._tidying.done()
        if self._tidying is not None:
            self._tidying.cancel()
        return tidying

    def _tidy_later(self, request: ChatRequest, said: str, end: Finished) -> None:
        """After an answer with reasoning, have the conversation ready for what comes next."""
        if end.usage.reasoning_tokens:
            loop = asyncio.get_running_loop()
            self._untidy = loop.call_later(self._tidy_s, self._tidy_now, request, said)

    def _tidy_now(self, request: ChatRequest, said: str) -> None:
        self._untidy = None
        if not self._worker.taken and self._worker.pid is not None:
            self._tidying = asyncio.create_task(self._tidy(request, said), name="read ahead")

    async def _tidy(self, request: ChatRequest, said: str) -> None:
        """Quiet: what isn't read now is read with the next question."""
        try:
            async with self._worker:
                await self._worker.begin(Tidy(request, said))
                await self._worker.reply(_while_saving)
        except AppError:
            return

    def _save_now(self) -> None:
        if self._worker.taken:
            loop = asyncio.get_running_loop()
            self._idle = loop.call_later(self._idle_s, self._save_now)  # later; what runs goes on
        else:
            self._saving = asyncio.create_task(self._save(_SAVE_S), name="save what is evaluated")

    async def _save(self, within_s: float) -> None:
        """Quiet: what isn't saved is evaluated again, and nothing is lost but time."""
        if not self._unsaved or self._worker.pid is None or self._shelf() is None:
            return
        try:
            async with self._worker:
                await self._worker.begin(Save())
                await self._worker.reply(_while_saving, within_s=within_s)
                self._unsaved = False
        except AppError:
            return


def _written_at(path: str) -> int:
    """What changes when a file is replaced; 0 if there is none, which then is seen when it is loaded."""
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return 0


def _while_loading(reply: Reply) -> Progress | Planned | Loaded:
    if isinstance(reply, Progress | Planned | Loaded):
        return reply
    raise unexpected(reply)


def _while_answering(reply: Reply) -> ChatEvent:
    if isinstance(reply, ChatEvent):
        return reply
    raise unexpected(reply)


def _while_saving(reply: Reply) -> Saved:
    if isinstance(reply, Saved):
        return reply
    raise unexpected(reply)


def _while_counting(reply: Reply) -> TextSize:
    if isinstance(reply, TextSize):
        return reply
    raise unexpected(reply)


def _while_probing(reply: Reply) -> ThinkingSupport:
    if isinstance(reply, ThinkingSupport):
        return reply
    raise unexpected(reply)


def _while_gauging(reply: Reply) -> MemorySpeed:
    if isinstance(reply, MemorySpeed):
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
