"""Writes a model of another architecture and shape; its weights are nothing, but take what real ones do."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from tests.fixtures.gguf_writer import ARRAY, F32, TEXT, U32, Gguf, Raw, Tensor, Typed, Value

_LAYERS, _WIDTH, _FORWARD = 12, 1024, 3072
_HEADS, _KV_HEADS, _HEAD_WIDTH = 16, 8, 128
_CONTEXT = 8192
_AS_F32, _AS_F16 = 0, 1
_SIZES = (1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8)
"""Bytes of a value of each type; texts and arrays tell theirs."""


def write_another(words_of: Path, target: Path) -> None:
    """A Qwen3 of 12 layers in F16, which reads with the vocabulary of `words_of`."""
    words = dict(_vocabulary(words_of.read_bytes()))
    Gguf(_shape() | words, tuple(_tensors(_tokens(words)))).write(target)


def _shape() -> dict[str, Value]:
    numbers = {
        "context_length": _CONTEXT,
        "embedding_length": _WIDTH,
        "block_count": _LAYERS,
        "feed_forward_length": _FORWARD,
        "attention.head_count": _HEADS,
        "attention.head_count_kv": _KV_HEADS,
        "attention.key_length": _HEAD_WIDTH,
        "attention.value_length": _HEAD_WIDTH,
    }
    return {
        "general.architecture": "qwen3",
        **{f"qwen3.{name}": Typed(U32, number) for name, number in numbers.items()},
        "qwen3.attention.layer_norm_rms_epsilon": Typed(F32, 1e-6),
        "qwen3.rope.freq_base": Typed(F32, 1_000_000.0),
    }


def _vocabulary(data: bytes) -> Iterator[tuple[str, Raw]]:
    """All that a file says of its tokenizer, as it stands there."""
    (count,) = struct.unpack_from("<Q", data, 16)
    at = 24
    for _ in range(count):
        size, at = _number(data, at), at + 8
        name, at = data[at : at + size].decode(), at + size
        (kind,) = struct.unpack_from("<I", data, at)
        end = _end(data, at + 4, kind)
        if name.startswith("tokenizer."):
            yield name, Raw(kind, data[at + 4 : end])
        at = end


def _end(data: bytes, at: int, kind: int) -> int:
    """Where a value ends that begins there."""
    if kind == TEXT:
        return at + 8 + _number(data, at)
    if kind != ARRAY:
        return at + _SIZES[kind]
    (inner,), count = struct.unpack_from("<I", data, at), _number(data, at + 4)
    at += 12
    if inner != TEXT:
        return at + count * _SIZES[inner]
    for _ in range(count):
        at = _end(data, at, TEXT)
    return at


def _number(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<Q", data, at)[0])


def _tokens(words: dict[str, Raw]) -> int:
    return _number(words["tokenizer.ggml.tokens"].data, 4)


def _tensors(vocabulary: int) -> Iterator[Tensor]:
    yield _matrix("token_embd", _WIDTH, vocabulary)
    yield _norm("output_norm", _WIDTH)
    for layer in range(_LAYERS):
        block = f"blk.{layer}."
        yield _norm(block + "attn_norm", _WIDTH)
        yield _norm(block + "ffn_norm", _WIDTH)
        yield _norm(block + "attn_q_norm", _HEAD_WIDTH)
        yield _norm(block + "attn_k_norm", _HEAD_WIDTH)
        yield _matrix(block + "attn_q", _WIDTH, _HEADS * _HEAD_WIDTH)
        yield _matrix(block + "attn_k", _WIDTH, _KV_HEADS * _HEAD_WIDTH)
        yield _matrix(block + "attn_v", _WIDTH, _KV_HEADS * _HEAD_WIDTH)
        yield _matrix(block + "attn_output", _HEADS * _HEAD_WIDTH, _WIDTH)
        yield _matrix(block + "ffn_gate", _WIDTH, _FORWARD)
        yield _matrix(block + "ffn_up", _WIDTH, _FORWARD)
        yield _matrix(block + "ffn_down", _FORWARD, _WIDTH)


def _matrix(name: str, columns: int, rows: int) -> Tensor:
    return Tensor(f"{name}.weight", (columns, rows), _AS_F16, bytes=2 * columns * rows)


def _norm(name: str, size: int) -> Tensor:
    return Tensor(f"{name}.weight", (size,), _AS_F32, bytes=4 * size)
