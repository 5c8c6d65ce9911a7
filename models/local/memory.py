"""How much memory a model will take, from its header alone."""

from __future__ import annotations

from collections.abc import Mapping

_CELL = 2
"""Bytes of one number in the context's memory (16-bit floats)."""

_OVERHEAD = 100 << 20
"""The process, its libraries and the buffers of a computation."""


def needed_bytes(weights_bytes: int, kv: Mapping[str, object], context: int) -> int:
    """What loading the weights and a context of so many tokens takes, about.

    `kv` holds the file's scalar metadata. What it doesn't say counts as nothing: the estimate is there
    to refuse the hopeless, not to measure.
    """
    return weights_bytes + context_bytes(kv, context) + _OVERHEAD


def context_bytes(kv: Mapping[str, object], context: int) -> int:
    """The keys and values of all tokens in the context; nothing where layers differ (the entry is a list)."""
    arch = str(kv.get("general.architecture", ""))

    def number(key: str, default: int = 0) -> int:
        value = kv.get(f"{arch}.{key}")
        return value if isinstance(value, int) else default

    heads = number("attention.head_count")
    width = number("embedding_length") // heads if heads else 0
    per_head = number("attention.key_length", width) + number("attention.value_length", width)
    cells = -(-context // 256) * 256
    return cells * number("block_count") * number("attention.head_count_kv") * per_head * _CELL
