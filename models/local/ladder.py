"""With which context and cache a model is loaded: from what is wanted down to what is still of use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

SMALLEST_CONTEXT = 2048
_MARGIN_BYTES = 256 << 20
_MARGIN_PART = 32


class Cache(StrEnum):
    """How a context's numbers are stored: in 16 bits, or in 8 at half the memory."""

    F16 = "f16"
    Q8_0 = "q8_0"


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to load a model: a context in tokens, and its cache."""

    context: int
    cache: Cache = Cache.F16


def rungs(wanted: int) -> Iterator[Rung]:
    """From a context of so many tokens down: first its cache is halved, then the context itself."""
    context = wanted
    while True:
        yield Rung(context)
        yield Rung(context, Cache.Q8_0)
        if context <= SMALLEST_CONTEXT:
            return
        context = max(_half(context), SMALLEST_CONTEXT)


def contexts_over(current: int, trained: int) -> Iterator[int]:
    """The larger contexts there are to offer, up to what the model was trained for."""
    context = current
    while context < trained:
        context = min(1 << context.bit_length(), trained)
        yield context


def margin_bytes(free_bytes: int) -> int:
    """What must stay free, so that everything else goes on."""
    return max(_MARGIN_BYTES, free_bytes // _MARGIN_PART)


def usable_bytes(free_bytes: int) -> int:
    """What may be taken of the free memory."""
    return max(0, free_bytes - margin_bytes(free_bytes))


def told(wanted: int, taken: Rung, free_bytes: int, *, after_failure: bool = False) -> str:
    """What is different from what was wanted, in one sentence; empty if nothing is.

    `after_failure` if memory had run out before, so that what is free now is not the reason.
    """
    why = ", because memory had run out." if after_failure else f": {free_bytes / 1e9:.1f} GB were free."
    eight = " in 8 bits" if taken.cache is Cache.Q8_0 else ""
    if taken.context < wanted:
        context = f"{_article(taken.context)} {size(taken.context)} context{eight}"
        return f"Loaded with {context} instead of {size(wanted)}{why}"
    if eight:
        return f"Loaded with its {size(wanted)} context in 8 bits instead of 16{why}"
    return ""


def size(tokens: int) -> str:
    """A context's size as people say it: 8192 is “8k”."""
    return f"{tokens // 1024}k" if tokens >= 1024 and tokens % 1024 == 0 else f"{tokens:,}"


def _half(context: int) -> int:
    """The next smaller power of two."""
    return 1 << ((context - 1).bit_length() - 1)


def _article(tokens: int) -> str:
    return "an" if size(tokens).startswith(("8", "11", "18")) else "a"
