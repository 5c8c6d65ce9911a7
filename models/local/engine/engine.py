"""The engine: one model, one context, one question at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import llama_cpp.llama_cpp as llama

from models import hardware
from models.chat import ChatEvent, ChatRequest, Finished, Progress, Stage, TextSize
from models.errors import ModelError, NextStep, PromptTooLong, TemplateFailed
from models.local.engine import bandwidth, devices
from models.local.engine.context import Context
from models.local.engine.generation import answer, read_ahead, room_for_message
from models.local.engine.loading import Loader, Opened
from models.local.engine.log import Log
from models.local.engine.model import Model
from models.local.engine.prompt import TooLong
from models.local.engine.rehearsal import Rehearsal
from models.local.engine.state import Keeper
from models.local.engine.writing import Emit
from models.local.ladder import contexts_over, rungs, usable_bytes
from models.local.protocol import EngineInfo, Load, Loaded, Planned
from models.local.states import Shelf, StateStore, open_store
from models.local.stopflag import StopFlag
from models.suitability import parts_by_name
from models.thinking import ThinkingKind, ThinkingSupport

_Identity = tuple[tuple[int, int, int], ...]
"""Number, size and time of each of a model's files."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    order: Load
    identity: _Identity
    bytes_before: int
    opened: Opened


class Engine:
    """Holds the loaded model. Used from one thread; setting the stop flag ends its work with Aborted."""

    def __init__(self, stop: StopFlag) -> None:
        self._stop = stop
        self._log = Log()
        llama.llama_backend_init()
        self._model: Model | None = None
        self._context: Context | None = None
        self._keeper: Keeper | None = None
        self._shelf: Shelf | None = None
        self._store: StateStore | None = None
        self._loaded: _Loaded | None = None

    def load(
        self, order: Load, on_progress: Callable[[int, int], None], on_plan: Callable[[Planned], None]
    ) -> Loaded:
        """Have this model ready; `on_progress` gets bytes done and in all, `on_plan` each way that is tried.

        A file that was replaced is loaded anew, one that was removed stays in use. After a failure
        (ModelError, Aborted) no model is loaded. What the one before had read is saved.
        """
        if self._context is not None and self._has(order):
            self._keep_in(order.shelf)
            return Loaded(self._context.size, fresh=False)
        identity = _identity(order.path)
        size = sum(size for _, size, _ in identity)
        on_progress(0, size)  # a sign of life before the file is touched
        self._keep_in(order.shelf)  # what may not be kept any more is not saved now either
        self.save()
        self._unload()
        before = hardware.process_bytes()
        loader = Loader(order, self._log, self._stop, lambda done: on_progress(int(done * size), size))
        opened = loader.open(on_plan)
        self._model, self._context = opened.model, opened.context
        self._keeper = Keeper(opened.model, opened.context, self._stop)
        self._loaded = _Loaded(order, identity, before, opened)
        self._keep_in(order.shelf)
        return Loaded(opened.context.size, fresh=True, notice=opened.notice)

    def answer(self, request: ChatRequest, emit: Emit, wanted_now: Callable[[], bool]) -> None:
        """Emit the events of an answer by the loaded model, which thinks until `wanted_now` at most."""
        if self._model is None or self._context is None:
            raise RuntimeError("nothing is loaded")
        if self._keeper is not None:
            # A sign of life: reading and writing a large state takes seconds on a slow disk.
            self._keeper.turn_to(request.cache_key, lambda: emit(Progress(Stage.PROMPT)))
        try:
            answer(self._model, self._context, request, self._with_memory(emit), wanted_now)
        except TooLong as error:
            raise self._too_long(error) from error

    def _too_long(self, error: TooLong) -> PromptTooLong:
        what = "With what you pinned it is" if error.pinned else "It is"
        cause = f"{what} {error.tokens:,} tokens long; the model can read {error.room:,} at once."
        ways = "Pin less, or shorten it." if error.pinned else "Shorten it, or send it in several parts."
        larger = self._larger_context(error.tokens + error.room // 8)
        if larger and not error.pinned:
            hint = f"There is memory for a context of {larger:,} tokens. Or shorten it, or send it in parts."
            return PromptTooLong(cause, hint, next_step=NextStep.LARGER_CONTEXT)
        return PromptTooLong(cause, ways, next_step=NextStep.SHORTEN)

    def _larger_context(self, tokens: int) -> int:
        """The smallest context for so many tokens that would fit in this one's place; 0 if there is none."""
        if self._loaded is None:
            return 0
        order, opened = self._loaded.order, self._loaded.opened
        free = order.available_bytes
        if free is None:
            free = hardware.memory_available_bytes() + hardware.process_bytes() - self._loaded.bytes_before
        sizes = contexts_over(opened.context.size, opened.model.trained_context)
        context = next((size for size in sizes if size >= tokens), 0)
        ladder = [rung for rung in [*rungs(context or 1)][order.rung :] if rung.context == context]
        try:
            with Rehearsal(order.path, self._log) as rehearsal:
                ways = [rehearsal.needs(rung) for rung in ladder]
        except ModelError:  # the file is gone; it is still loaded
            return 0
        room = usable_bytes(free) * 1000 // order.correction_permille
        return context if any(needs and needs.total <= room for needs in ways) else 0

    def _with_memory(self, emit: Emit) -> Emit:
        """Add to the end of an answer what all this takes."""

        def add(event: ChatEvent) -> None:
            if isinstance(event, Finished) and self._loaded is not None:
                grown = max(0, hardware.process_bytes() - self._loaded.bytes_before)
                plan = self._loaded.opened.plan
                timings = replace(
                    event.timings, memory_bytes=grown, cache=plan.cache.value, gpu_layers=plan.gpu_layers
                )
                event = replace(event, timings=timings)
            emit(event)

        return add

    def thinking(self) -> ThinkingSupport:
        """How the loaded model thinks."""
        if self._model is None:
            raise RuntimeError("nothing is loaded")
        try:
            return self._model.template.thinking
        except TemplateFailed as error:  # it says so itself when it is asked something
            return ThinkingSupport(ThinkingKind.NONE, "", f"{error.title} {error.cause}")

    def text_size(self, text: str, answer_tokens: int | None = None) -> TextSize:
        """How long a text is for the loaded model, whose answer may have so many tokens."""
        if self._model is None or self._context is None:
            raise RuntimeError("nothing is loaded")
        tokens, size = len(self._model.tokens(text)), self._context.size
        room = room_for_message(self._model, size, answer_tokens)
        larger = self._larger_context(tokens + size - room) if tokens > room else 0
        return TextSize(tokens, room, size, larger)

    def save(self) -> bool:
        """Have what is evaluated on disk, if it is somebody's; whether it is. Raises Aborted."""
        return self._keeper is not None and self._keeper.save()

    def disown(self, cache_keys: Sequence[str]) -> None:
        """Never write to the disk what was evaluated for one of these."""
        if self._keeper is not None:
            self._keeper.disown(cache_keys)

    def tidy(self, request: ChatRequest, said: str) -> None:
        """Evaluate what the next question after this answer will begin with. Raises Aborted."""
        if self._model is None or self._context is None or self._keeper is None:
            return
        if self._keeper.holds(request.cache_key):
            # A question that failed before it was read may have announced another one.
            self._keeper.turn_to(request.cache_key, lambda: None)
            read_ahead(self._model, self._context, request, said)

    def memory_bandwidth(self, threads: int) -> float:
        """Bytes a second that so many threads read together."""
        return bandwidth.measure(threads)

    def describe(self) -> EngineInfo:
        """What this engine is."""
        return devices.describe()

    def _keep_in(self, shelf: Shelf | None) -> None:
        if shelf != self._shelf:
            self._store = open_store(shelf) if shelf is not None else None
            self._shelf = shelf
        if self._keeper is not None:
            self._keeper.store = self._store

    def _has(self, order: Load) -> bool:
        if self._loaded is None:
            return False
        before = self._loaded.order
        there = _identity(order.path)
        return _choices(before) == _choices(order) and there == self._loaded.identity[: len(there)]

    def _unload(self) -> None:
        if self._context is not None:
            self._context.close()
        if self._model is not None:
            self._model.close()
        self._model = self._context = self._keeper = self._loaded = None


def _choices(order: Load) -> tuple[object, ...]:
    """What makes a loaded model another one."""
    return (order.path, order.threads, order.context, order.rung, order.gpu)


def _identity(path: str) -> _Identity:
    """What tells a model's files from others under the same names, up to the first that is not there."""
    found = []
    for part in parts_by_name(Path(path)):
        try:
            stat = part.stat()
        except (OSError, ValueError):
            break
        found.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return tuple(found)
