"""The engine: one model, one context, one question at a time."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import llama_cpp.llama_cpp as llama

from models import gguf, hardware
from models.chat import ChatRequest, Progress, Stage, TextSize
from models.errors import ModelError, TemplateFailed
from models.local import diagnosis, memory
from models.local.engine import devices
from models.local.engine.context import DEFAULT_TOKENS, Context
from models.local.engine.generation import Emit, answer, room_for_message
from models.local.engine.log import Log
from models.local.engine.model import Model, check_can_chat
from models.local.engine.state import Keeper
from models.local.protocol import EngineInfo, Load, Loaded
from models.local.states import Shelf, StateStore, open_store
from models.local.stopflag import StopFlag
from models.thinking import ThinkingKind, ThinkingSupport

_Identity = tuple[object, ...]


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
        self._order: tuple[Load, _Identity] | None = None

    def load(self, order: Load, on_progress: Callable[[int, int], None]) -> Loaded:
        """Have this model ready; `on_progress` gets bytes done and in all.

        A file that was replaced is loaded anew, one that was removed stays in use. After a failure
        (ModelError, Aborted) no model is loaded. What the one before had read is saved.
        """
        if self._context is not None and self._has(order):
            self._keep_in(order.shelf)
            return Loaded(self._context.size, fresh=False)
        size = _file_size(order.path)
        on_progress(0, size)  # a sign of life before the file is touched
        self.save()
        self._unload()
        self._check_memory(order)
        try:
            self._context = self._open(order, lambda done: on_progress(int(done * size), size))
        except BaseException:
            self._unload()
            raise
        self._order = (order, _identity(order.path))
        self._keep_in(order.shelf)
        return Loaded(self._context.size, fresh=True)

    def _open(self, order: Load, on_progress: Callable[[float], None]) -> Context:
        model = self._model = Model.load(order.path, self._log, self._stop, on_progress)
        check_can_chat(model)
        tokens = order.context or min(model.trained_context or DEFAULT_TOKENS, DEFAULT_TOKENS)
        context = Context.create(model, order.threads, tokens, self._stop, self._log)
        self._keeper = Keeper(model, context, self._stop)
        return context

    def answer(self, request: ChatRequest, emit: Emit, wanted_now: Callable[[], bool]) -> None:
        """Emit the events of an answer by the loaded model, which thinks until `wanted_now` at most."""
        if self._model is None or self._context is None:
            raise RuntimeError("nothing is loaded")
        if self._keeper is not None:
            # A sign of life: reading and writing a large state takes seconds on a slow disk.
            self._keeper.turn_to(request.cache_key, lambda: emit(Progress(Stage.PROMPT)))
        answer(self._model, self._context, request, emit, wanted_now)

    def thinking(self) -> ThinkingSupport:
        """How the loaded model thinks."""
        if self._model is None:
            raise RuntimeError("nothing is loaded")
        try:
            return self._model.template.thinking
        except TemplateFailed as error:  # it says so itself when it is asked something
            return ThinkingSupport(ThinkingKind.NONE, "", f"{error.title} {error.cause}")

    def text_size(self, text: str) -> TextSize:
        """How long a text is for the loaded model."""
        if self._model is None or self._context is None:
            raise RuntimeError("nothing is loaded")
        room = room_for_message(self._model, self._context.size)
        return TextSize(len(self._model.tokens(text)), room, self._context.size)

    def save(self) -> bool:
        """Have what is evaluated on disk, if it is somebody's; whether it is. Raises Aborted."""
        return self._keeper is not None and self._keeper.save()

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
        if self._order is None or self._order[0].path != order.path:
            return False
        before, identity = self._order
        same = (before.threads, before.context) == (order.threads, order.context)
        return same and _identity(order.path) in (identity, ())

    def _unload(self) -> None:
        if self._context is not None:
            self._context.close()
        if self._model is not None:
            self._model.close()
        self._model = self._context = self._keeper = self._order = None

    def _check_memory(self, order: Load) -> None:
        """Refuse what can't fit. A file whose header is no good is left for llama.cpp to judge."""
        if llama.llama_supports_gpu_offload():
            return  # the weights may go to a device with memory of its own
        try:
            header = gguf.read_header(Path(order.path))
        except ModelError:
            return
        free = order.available_bytes
        if free is None:
            free = hardware.memory_available_bytes()
        context = order.context or min(header.context_length or DEFAULT_TOKENS, DEFAULT_TOKENS)
        needed = memory.needed_bytes(header.weights_bytes, header.kv, context)
        if needed > free:
            raise diagnosis.too_large(order.path, needed, free)


def _identity(path: str) -> _Identity:
    """What tells a file from another under the same name; empty if there is none."""
    try:
        stat = os.stat(path)  # noqa: PTH116 - the path may hold bytes that are no text
    except OSError:
        return ()
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns)


def _file_size(path: str) -> int:
    identity = _identity(path)
    return int(str(identity[1])) if identity else 0
