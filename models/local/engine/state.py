"""Moves what the model has read between the context and the disk, so that nothing is evaluated twice."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import llama_cpp
import llama_cpp.llama_cpp as llama

from models.local.engine.context import Context, shared
from models.local.engine.model import Aborted, Model
from models.local.states import Origin, State, StateStore, model_fingerprint
from models.local.stopflag import StopFlag

_WORTH = 64
"""Evaluating fewer tokens than these is as quick as reading a file."""


class Keeper:
    """Knows whose tokens the context holds. None is nobody's: those are never written to the disk."""

    def __init__(self, model: Model, context: Context, stop: StopFlag) -> None:
        self.store: StateStore | None = None
        self._context = context
        self._stop = stop
        self._origin = _origin(model, context)
        self._owner: str | None = None
        self._on_disk: list[int] = []

    def turn_to(self, owner: str | None, on_work: Callable[[], None]) -> None:
        """The next prompt is this one's. When that comes, states are exchanged if it pays.

        `on_work` is called before that takes time. Raises Aborted out of `Context.keep_common`.
        """
        self._context.on_prompt = lambda tokens: self._exchange(owner, tokens, on_work)

    def holds(self, owner: str | None) -> bool:
        """Whether what the context holds is this one's."""
        return self._owner == owner

    def disown(self, owners: Sequence[str]) -> None:
        """What these own is nobody's from here on."""
        if self._owner in owners:
            self._owner, self._on_disk = None, []

    def save(self) -> bool:
        """Write what the context holds, unless that is on disk or nobody's; whether it is on disk then.

        Raises Aborted.
        """
        held = self._context.held
        if self.store is None or self._owner is None or len(held) < _WORTH:
            return False
        if held == self._on_disk:
            return True
        size = llama.llama_state_seq_get_size(self._context.pointer, 0)
        kept = self.store.keep(
            self._owner, self._origin, held, size, lambda path: _write(self._context, path), self._look_up
        )
        self._on_disk = list(held) if kept else []
        return kept

    def _exchange(self, owner: str | None, tokens: Sequence[int], on_work: Callable[[], None]) -> None:
        if owner == self._owner:
            return
        if self._owner is not None and self.store is not None:
            on_work()
            self.save()
        # Whoever stops us in between must not leave one conversation's tokens under another's name.
        self._owner, self._on_disk = None, []
        if owner is not None and self.store is not None:
            state = self.store.find(owner, self._origin)
            here = shared(self._context.held, tokens)
            if state is not None and shared(state.tokens, tokens) >= here + _WORTH:
                on_work()
                self._restore(self.store, state)
        self._owner = owner

    def _restore(self, store: StateStore, state: State) -> None:
        if not store.check(state, self._look_up):
            return
        if _read(self._context, state):
            self._context.adopt(state.tokens)
            self._on_disk = list(state.tokens)
        else:
            self._context.adopt([])
            store.drop(state)

    def _look_up(self) -> None:
        if self._stop:
            raise Aborted


def _origin(model: Model, context: Context) -> Origin:
    engine = (
        f"{llama_cpp.__version__} {llama.llama_version().decode()} {llama.llama_print_system_info().decode()}"
    )
    try:
        fingerprint = model_fingerprint(model.path)
    except OSError:  # removed since it was loaded: no state is of such a file
        fingerprint = os.urandom(16).hex()
    return Origin(fingerprint, engine, context.kind, model.path)


def _write(context: Context, path: Path) -> int:
    """Bytes written; 0 is a failure."""
    tokens = (llama.llama_token * len(context.held))(*context.held)
    return int(llama.llama_state_seq_save_file(context.pointer, os.fsencode(path), 0, tokens, len(tokens)))


def _read(context: Context, state: State) -> bool:
    tokens = (llama.llama_token * len(state.tokens))()
    count = ctypes.c_size_t()
    read = llama.llama_state_seq_load_file(
        context.pointer, os.fsencode(state.path), 0, tokens, len(tokens), ctypes.byref(count)
    )
    return bool(read) and tokens[: count.value] == state.tokens
