"""How the next token is picked: llama.cpp's own samplers, in llama.cpp's order."""

from __future__ import annotations

import ctypes
import math
import secrets
from types import TracebackType

import llama_cpp.llama_cpp as llama
import numpy as np

from models.chat import Sampling
from models.errors import BadInput
from models.local.engine.context import Context
from models.local.engine.grammar import grammar_sampler
from models.local.engine.model import Model

_TOP_K, _TOP_P, _MIN_P, _TEMPERATURE = 40, 0.95, 0.05, 0.8
_NO_PENALTY, _PENALTY_TOKENS = 1.0, 64
_MOST_PENALTY_TOKENS = 1 << 16  # llama.cpp takes memory for each, and a file may say any number
_TOKEN = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
_SEEDS = 0xFFFFFFFF  # the last one means "random" to llama.cpp and is never drawn


class Sampler:
    """Picks tokens from what a context has computed. A context manager; `seed` is the one in use,
    `greedy` says that it is not drawn from.

    What a request leaves open is as the model's file recommends (`general.sampling.…`), then as
    llama.cpp's. Penalties count the tokens that were picked. Raises BadInput for a grammar or a schema
    that is none.
    """

    def __init__(self, model: Model, sampling: Sampling) -> None:
        self.seed = secrets.randbelow(_SEEDS) if sampling.seed is None else sampling.seed % _SEEDS
        grammar = grammar_sampler(model, sampling)
        self._free = _chain(_samplers(model, sampling, self.seed))
        self._bound = None
        if grammar is not None:
            self._bound = _chain([grammar, *_samplers(model, sampling, self.seed)])
        self._used = self._free
        self._penalises = bool(_penalties(model, sampling))
        self.greedy = _temperature(model, sampling) <= 0

    def __enter__(self) -> Sampler:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for chain in (self._free, self._bound):
            if chain is not None:
                llama.llama_sampler_free(chain)

    @property
    def is_plain(self) -> bool:
        """Whether scores are picked from as they are: without a grammar and penalties."""
        return self._bound is None and not self._penalises

    @property
    def has_grammar(self) -> bool:
        """Whether there is a grammar to keep to."""
        return self._bound is not None

    @property
    def bound(self) -> bool:
        """Whether nothing is left to bind: it keeps to its grammar, or has none."""
        return self._bound is None or self._used is self._bound

    def bind(self) -> None:
        """From here on keep to the grammar, if there is one."""
        if self._bound is not None:
            self._used = self._bound

    def pick(self, context: Context, index: int = -1) -> int:
        """The next token after the `index`th one that was evaluated last; it counts as picked.

        Raises BadInput where the grammar allows none.
        """
        if self._used is self._bound:
            return _pick_allowed(self._used, context, index)
        return int(llama.llama_sampler_sample(self._used, context.pointer, index))


def _pick_allowed(chain: object, context: Context, index: int) -> int:
    """As `llama_sampler_sample`, which ends the process where a grammar allows no token at all."""
    scores = context.scores(index)
    tokens = np.empty(len(scores), _TOKEN)
    tokens["id"], tokens["logit"], tokens["p"] = np.arange(len(scores)), scores, 0
    data = tokens.ctypes.data_as(llama.llama_token_data_p)
    choice = llama.llama_token_data_array(data, len(tokens), -1, False)
    llama.llama_sampler_apply(chain, ctypes.byref(choice))
    picked = choice.data[choice.selected]
    if not math.isfinite(picked.logit):
        raise BadInput(
            "The form that the answer must keep to leaves no way on from here.",
            "Check the grammar or the schema: nothing that this model can write fits.",
        )
    llama.llama_sampler_accept(chain, picked.id)
    return int(picked.id)


def _chain(samplers: list[object]) -> object:
    chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
    for sampler in samplers:
        llama.llama_sampler_chain_add(chain, sampler)
    return chain


def _samplers(model: Model, sampling: Sampling, seed: int) -> list[object]:
    def chosen(value: float | None, key: str, default: float) -> float:
        return value if value is not None else _own(model, key, default)

    samplers: list[object] = []
    if penalties := _penalties(model, sampling):
        last = min(max(int(_own(model, "penalty_last_n", _PENALTY_TOKENS)), 0), _MOST_PENALTY_TOKENS)
        samplers.append(llama.llama_sampler_init_penalties(model.words, last, *penalties))
    temperature = _temperature(model, sampling)
    if temperature <= 0:
        return [*samplers, llama.llama_sampler_init_greedy()]
    return [
        *samplers,
        llama.llama_sampler_init_top_k(int(chosen(sampling.top_k, "top_k", _TOP_K))),
        llama.llama_sampler_init_top_p(chosen(sampling.top_p, "top_p", _TOP_P), 1),
        llama.llama_sampler_init_min_p(chosen(sampling.min_p, "min_p", _MIN_P), 1),
        llama.llama_sampler_init_temp(temperature),
        llama.llama_sampler_init_dist(seed),
    ]


def _penalties(model: Model, sampling: Sampling) -> tuple[float, ...]:
    """For repetition, frequency and presence; empty if there are none."""
    repeat = sampling.repeat_penalty
    if repeat is None:
        repeat = _own(model, "penalty_repeat", _NO_PENALTY)
    found = (max(repeat, 0.01), sampling.frequency_penalty or 0.0, sampling.presence_penalty or 0.0)
    return () if found == (_NO_PENALTY, 0.0, 0.0) else found


def _temperature(model: Model, sampling: Sampling) -> float:
    return _own(model, "temp", _TEMPERATURE) if sampling.temperature is None else sampling.temperature


def _own(model: Model, key: str, default: float) -> float:
    """What the model's file recommends."""
    try:
        value = model.value(f"general.sampling.{key}")
        number = default if value is None else float(value)
    except ValueError:
        return default
    return number if math.isfinite(number) else default
