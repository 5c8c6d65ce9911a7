"""What the model has read: its context, kept from one question to the next."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any

import llama_cpp.llama_cpp as llama
import numpy as np

from models.errors import EngineCrashed, EngineOutOfMemory
from models.local import diagnosis
from models.local.engine.log import Log
from models.local.engine.model import Aborted, Model
from models.local.ladder import Cache, Rung
from models.local.stopflag import StopFlag

DEFAULT_TOKENS = 8192
OUTPUTS = 16
"""How many tokens at a time may be guessed and checked; each costs memory for a score of every word."""
_BATCH, _SMALL_BATCH, _SMALLEST_BATCH = 512, 128, 32
_LONG_S = 0.1
_NO_SLOT, _ABORTED, _NO_MEMORY = 1, 2, -2


class ContextFull(Exception):
    """There is no room for another token."""


class Context:
    """One sequence of tokens that llama.cpp has evaluated, and the means to add to it.

    `size` is how many fit. Every method that computes ends with Aborted soon after the stop flag is
    set; what was evaluated until then stays.
    """

    def __init__(
        self,
        model: Model,
        pointer: int,
        params: llama.llama_context_params,
        stop: StopFlag,
        log: Log,
        *,
        on_card: bool = False,
    ) -> None:
        self.pointer = pointer
        self.size = llama.llama_n_ctx(pointer)
        self.cache = Cache.Q8_0 if params.type_k == llama.GGML_TYPE_Q8_0 else Cache.F16
        self._model = model
        self._params = params
        self._on_card = on_card
        # llama.cpp makes batches no larger than the context that was asked for, and ends at a larger one.
        self._most = min(_BATCH, int(llama.llama_n_batch(pointer)))
        self._portion = min(_SMALL_BATCH if on_card else int(params.n_ubatch), self._most)
        self._stop = stop
        self._log = log
        self._memory = llama.llama_get_memory(pointer)
        self._held: list[int] = []
        self.on_prompt: Callable[[Sequence[int]], None] = lambda _tokens: None
        self._one = (llama.llama_token * 1)()
        self._one_batch = llama.llama_batch_get_one(self._one, 1)
        self._several = _Several()
        llama.llama_set_abort_callback(
            pointer, ctypes.cast(stop.callback, llama.ggml_abort_callback), stop.data
        )

    @classmethod
    def create(
        cls, model: Model, threads: int, rung: Rung, stop: StopFlag, log: Log, gpu_layers: int = 0
    ) -> Context:
        """A context like this, warmed up. Raises ModelTooLarge and other ModelErrors, or Aborted."""
        params = context_params(threads, rung, gpu_layers)
        with log.recording() as lines:
            pointer = llama.llama_init_from_model(model.pointer, params)
            if pointer is None:
                raise diagnosis.load_failure(model.path, lines)
        context = cls(model, pointer, params, stop, log, on_card=gpu_layers > 0)
        try:
            context._warm_up()
        except BaseException:
            context.close()
            raise
        return context

    def close(self) -> None:
        """Free the memory; before the model's `close`."""
        self._several.free()
        llama.llama_free(self.pointer)

    @property
    def used(self) -> int:
        """How many tokens are evaluated."""
        return len(self._held)

    @property
    def held(self) -> list[int]:
        """The tokens that are evaluated; not to be changed."""
        return self._held

    @property
    def kind(self) -> str:
        """What a state must fit: size and cache types."""
        p = self._params
        return f"{self.size} tokens, K {p.type_k}, V {p.type_v}, flash {p.flash_attn_type}"

    def adopt(self, tokens: Sequence[int]) -> None:
        """llama.cpp was given these tokens' state from elsewhere; no tokens: what it has is void."""
        if not tokens:
            llama.llama_memory_clear(self._memory, True)
        self._held[:] = tokens

    def keep_common(self, tokens: Sequence[int]) -> int:
        """Forget all that isn't the beginning of `tokens`; how many of them stay.

        At least one is left to evaluate, for without that there is nothing to go on from. `on_prompt`
        is called first: it may exchange what is held.
        """
        self.on_prompt(tokens)
        return self._cut(min(shared(self._held, tokens), len(tokens) - 1))

    def read(self, tokens: Sequence[int], on_progress: Callable[[int], None]) -> None:
        """Evaluate tokens; `on_progress` hears how many are done after each batch but the last.

        A processor hears the stop flag in the middle of a batch, a card only between two: there they are
        as large as a tenth of a second allows.
        """
        done = 0
        while part := list(tokens[done : done + self._portion]):
            if done:
                on_progress(done)
            begun = time.monotonic()
            buffer = (llama.llama_token * len(part))(*part)
            self._evaluate(llama.llama_batch_get_one(buffer, len(part)), part)
            done += len(part)
            if self._on_card:
                llama.llama_synchronize(self.pointer)  # what is only queued can't be stopped either
                took_s = time.monotonic() - begun
                self._portion = min(next_portion(self._portion, len(part), took_s), self._most)

    def add(self, token: int) -> None:
        """Evaluate one more token. Raises ContextFull."""
        if len(self._held) >= self.size:
            raise ContextFull
        self._one[0] = token
        self._evaluate(self._one_batch, [token])

    @property
    def room(self) -> int:
        """How many tokens more there is room for."""
        return int(self.size - len(self._held))

    @property
    def can_take_back(self) -> bool:
        """Whether the tokens evaluated last can be forgotten again."""
        return self._model.forgets_parts

    def add_with_guesses(self, token: int, guesses: Sequence[int]) -> None:
        """Evaluate a token and what may follow, fewer than `OUTPUTS` in all, with scores after each."""
        tokens = [token, *guesses]
        self._evaluate(self._several.filled(tokens, len(self._held)), tokens)

    def lead(self, index: int) -> float:
        """By how much the likeliest next token's score is above the second's, after a guess."""
        first, second = np.partition(self.scores(index), (-2, -1))[-2:][::-1]
        return float(first - second)

    def scores(self, index: int) -> Any:
        """How likely each next token is, after a guess or after all; llama.cpp's own array."""
        scores = llama.llama_get_logits_ith(self.pointer, index)
        return np.ctypeslib.as_array(scores, (self._model.words,))

    def take_back(self, count: int) -> None:
        """Forget the last tokens."""
        if count:
            self._cut(len(self._held) - count)

    def _evaluate(self, batch: llama.llama_batch, tokens: list[int]) -> None:
        # Devices without an abort callback are asked here, between batches.
        result = _ABORTED if self._stop else llama.llama_decode(self.pointer, batch)
        if result == 0:
            self._held += tokens
            return
        self._cut(len(self._held))
        if result == _ABORTED:
            raise Aborted
        if result == _NO_SLOT:
            raise ContextFull
        if result == _NO_MEMORY:
            raise EngineOutOfMemory(
                "There was not enough memory to compute the next word.",
                "Close other programs, or choose a smaller model. "
                "The next message is loaded with a smaller context.",
            )
        raise EngineCrashed(
            "llama.cpp could not compute the next word.",
            "What was written is kept.",
            details=f"llama_decode returned {result}",
        )

    def _cut(self, keep: int) -> int:
        """Keep the first tokens only; 0 if the model can't forget a part (recurrent, sliding window)."""
        if not self._can_cut(keep):
            llama.llama_memory_clear(self._memory, True)
            keep = 0
        del self._held[keep:]
        return keep

    def _can_cut(self, keep: int) -> bool:
        if not llama.llama_memory_seq_rm(self._memory, 0, keep, -1):
            return False
        # A sliding window may have dropped cells that the next token would look at; -1 is that all are gone.
        oldest = llama.llama_memory_seq_pos_min(self._memory, 0)
        return keep == 0 or bool(0 <= oldest <= max(0, keep - self._model.window))

    def _warm_up(self) -> None:
        """One token, so that the first question doesn't pay for pages and threads."""
        self.read([max(self._model.bos, 0)], lambda _done: None)
        llama.llama_memory_clear(self._memory, True)
        self._held.clear()


class _Several:
    """A batch that asks for the scores after each of its tokens."""

    def __init__(self) -> None:
        self._batch: Any = llama.llama_batch_init(OUTPUTS, 0, 1)
        for index in range(OUTPUTS):
            self._batch.n_seq_id[index] = 1
            self._batch.seq_id[index][0] = 0
            self._batch.logits[index] = 1

    def filled(self, tokens: Sequence[int], position: int) -> Any:
        """These tokens, the first of them at this position."""
        self._batch.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            self._batch.token[index] = token
            self._batch.pos[index] = position + index
        return self._batch

    def free(self) -> None:
        llama.llama_batch_free(self._batch)


def next_portion(portion: int, count: int, seconds: float) -> int:
    """How many tokens to give a card at once after it took so long for `count` of them."""
    if seconds > _LONG_S:
        return max(portion // 2, _SMALLEST_BATCH)
    return min(portion * 2, _BATCH) if count == portion and seconds < _LONG_S / 2 else portion


def shared(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def context_params(threads: int, rung: Rung, gpu_layers: int = 0) -> llama.llama_context_params:
    """llama.cpp's parameters for a context."""
    params: llama.llama_context_params = llama.llama_context_default_params()
    params.n_ctx = rung.context
    params.n_batch = params.n_ubatch = _BATCH
    params.n_threads = params.n_threads_batch = threads
    params.n_outputs_max = OUTPUTS
    params.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_AUTO
    if rung.cache is Cache.Q8_0:  # which only flash attention can read
        params.type_k = params.type_v = llama.GGML_TYPE_Q8_0
        params.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_ENABLED
    elif not gpu_layers and not _computes_f16():
        # Measured on x86 at 4,000 tokens: 24 ms a token instead of 68. Its scores take memory by the
        # batch, and small batches are as fast.
        params.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.n_ubatch = _SMALL_BATCH
    params.no_perf = True
    return params


def _computes_f16() -> bool:
    """Whether the processor adds 16-bit floats itself, without which flash attention over them is slow."""
    return b"FP16_VA = 1" in llama.llama_print_system_info()
