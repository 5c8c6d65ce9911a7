"""How the next token is picked: llama.cpp's own samplers, in llama.cpp's order."""

from __future__ import annotations

import secrets
from types import TracebackType

import llama_cpp.llama_cpp as llama

from models.chat import Sampling
from models.local.engine.context import Context
from models.local.engine.model import Model

_TOP_K, _TOP_P, _MIN_P, _TEMPERATURE = 40, 0.95, 0.05, 0.8
_SEEDS = 0xFFFFFFFF  # the last one means "random" to llama.cpp and is never drawn


class Sampler:
    """Picks tokens from what a context has computed. A context manager; `seed` is the one in use."""

    def __init__(self, model: Model, sampling: Sampling) -> None:
        self.seed = secrets.randbelow(_SEEDS) if sampling.seed is None else sampling.seed % _SEEDS
        self._chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
        for sampler in _samplers(model, sampling, self.seed):
            llama.llama_sampler_chain_add(self._chain, sampler)

    def __enter__(self) -> Sampler:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        llama.llama_sampler_free(self._chain)

    def pick(self, context: Context) -> int:
        """The next token."""
        return int(llama.llama_sampler_sample(self._chain, context.pointer, -1))


def _samplers(model: Model, sampling: Sampling, seed: int) -> list[object]:
    def chosen(value: float | None, key: str, default: float) -> float:
        return value if value is not None else _own(model, key, default)

    temperature = chosen(sampling.temperature, "temp", _TEMPERATURE)
    if temperature <= 0:
        return [llama.llama_sampler_init_greedy()]
    return [
        llama.llama_sampler_init_top_k(int(chosen(sampling.top_k, "top_k", _TOP_K))),
        llama.llama_sampler_init_top_p(chosen(sampling.top_p, "top_p", _TOP_P), 1),
        llama.llama_sampler_init_min_p(chosen(sampling.min_p, "min_p", _MIN_P), 1),
        llama.llama_sampler_init_temp(temperature),
        llama.llama_sampler_init_dist(seed),
    ]


def _own(model: Model, key: str, default: float) -> float:
    """What the model's file recommends."""
    try:
        return float(model.value(f"general.sampling.{key}") or default)
    except ValueError:
        return default
