"""What loading a model would take, in llama.cpp's own numbers: everything but the memory itself."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

import llama_cpp.llama_cpp as llama

from models.local import diagnosis
from models.local.engine.context import context_params
from models.local.engine.log import Log
from models.local.ladder import Rung
from models.local.offload import Shape

_CACHE = re.compile(r"(?:kv_cache|memory_recurrent)\w*: size =\s*([\d.]+) MiB")
_BUFFER = re.compile(r"(\S+)\s+(compute|output) buffer size =\s*([\d.]+) MiB")

_PROCESS_BYTES, _WORD_BYTES = 8 << 20, 512
"""Measured: what a process grows by beside llama.cpp's buffers, and for each token of a vocabulary."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Bytes of one way to load a model, all of it on the processor's side."""

    weights: int
    cache: int
    compute: int
    process: int

    @property
    def total(self) -> int:
        """All together."""
        return self.weights + self.cache + self.compute + self.process


class Rehearsal:
    """A model file opened without its weights. A context manager. Opening raises ModelError."""

    def __init__(self, path: str, log: Log) -> None:
        self._log = log
        params = llama.llama_model_default_params()
        params.no_alloc = True
        params.load_mode = llama.LLAMA_LOAD_MODE_NONE
        params.n_gpu_layers = 0
        with log.rehearsing() as lines:
            pointer = llama.llama_model_load_from_file(os.fsencode(path), params)
            if pointer is None:
                raise diagnosis.load_failure(path, lines)
        self._model = pointer
        self.trained_context = int(llama.llama_model_n_ctx_train(pointer))
        self._weights = int(llama.llama_model_size(pointer))
        self._words = int(llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(pointer)))
        self._layers = max(1, int(llama.llama_model_n_layer(pointer)))
        self._output = self._output_bytes(pointer)

    def __enter__(self) -> Rehearsal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        llama.llama_model_free(self._model)

    def needs(self, rung: Rung) -> Needs | None:
        """What this rung would take; None if the model can't be loaded so."""
        with self._log.rehearsing() as lines:
            context = llama.llama_init_from_model(self._model, context_params(1, rung))
            if context is None:
                return None
            llama.llama_free(context)
            return self._read(lines)

    def shape(self, needs: Needs) -> Shape:
        """The same by layers."""
        each = (self._weights - self._output) // self._layers
        return Shape(self._layers, each, needs.cache // self._layers, self._output, needs.compute)

    def _output_bytes(self, model: int) -> int:
        """The part of the weights that turns a state into words: width times vocabulary of all parameters."""
        count = self._words * int(llama.llama_model_n_embd(model))
        return min(
            self._weights * count // max(int(llama.llama_model_n_params(model)), 1), self._weights // 2
        )

    def _read(self, lines: Sequence[str]) -> Needs:
        cache = sum(_bytes(found[1]) for line in lines if (found := _CACHE.search(line)))
        buffers = [found for line in lines if (found := _BUFFER.search(line))]
        compute = sum(_bytes(found[3]) for found in buffers)
        return Needs(self._weights, cache, compute, _PROCESS_BYTES + _WORD_BYTES * self._words)


def _bytes(mebibytes: str) -> int:
    return int(float(mebibytes) * (1 << 20))
