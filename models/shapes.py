"""What of a model takes memory, and how much: weights, context, buffers. Formulas, no engine."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from models.gguf import GgufHeader

F16, Q8_0, Q4_0 = 2.0, 34 / 32, 18 / 32
"""Bytes of a number in a context's cache."""

_CELLS = 256
_BATCH, _SMALL_BATCH, _OUTPUTS = 512, 128, 16
_PROCESS_BYTES, _WORD_BYTES = 8 << 20, 512
_USUAL_VOCABULARY = 128_000
_MOST_LAYERS, _LARGEST_NUMBER = 1_000, 1 << 40  # beyond any model; what a file claims is not to be trusted
_GLOBAL_EVERY = {"gemma2": 2, "gemma3": 6, "cohere2": 4}


@dataclass(frozen=True, slots=True)
class Shape:
    """A model as far as memory is concerned. Bytes are of the file's own quantisation.

    `active_bytes` are read for each token: of a mixture of experts not all. `kv_heads` and `windows` have
    an entry for each layer; 0 heads keep nothing, window 0 sees everything. Where attention is latent
    only keys are kept (`keeps_values` false).
    """

    weights_bytes: int
    active_bytes: int
    layers: int
    embedding: int
    heads: int
    vocabulary: int
    kv_heads: tuple[int, ...]
    key_length: int
    value_length: int
    windows: tuple[int, ...]
    keeps_values: bool = True
    trained_context: int | None = None

    def cache_bytes(self, context: int, number_bytes: float = F16, *, whole: bool = True) -> int:
        """The keys and values of a context of so many tokens.

        `whole` is llama.cpp's usual way: layers with a window keep everything all the same, so that a
        conversation can be cut and gone on with.
        """
        width = self.key_length + (self.value_length if self.keeps_values else 0)
        cells = (
            _rounded(context if whole or not window else min(context, window + _BATCH))
            for window in self.windows
        )
        return int(
            sum(c * heads for c, heads in zip(cells, self.kv_heads, strict=True)) * width * number_bytes
        )

    def compute_bytes(self, context: int, *, flash: bool = False) -> int:
        """The buffers of one computation; attention’s scores are most of it where they are written out."""
        outputs = _OUTPUTS * self.vocabulary * 4
        if flash:
            return outputs + _BATCH * (2 * _rounded(context) + 16 * self.embedding)
        return outputs + _SMALL_BATCH * 4 * (_rounded(context) * self.heads + 4 * self.embedding)

    def process_bytes(self) -> int:
        """What a process grows by beside llama.cpp's buffers (measured)."""
        return _PROCESS_BYTES + _WORD_BYTES * self.vocabulary

    def total_bytes(self, context: int, number_bytes: float = F16, *, flash: bool = False) -> int:
        """All of it."""
        cache = self.cache_bytes(context, number_bytes)
        return self.weights_bytes + cache + self.compute_bytes(context, flash=flash) + self.process_bytes()


def of_header(header: GgufHeader) -> Shape | None:
    """The shape of a model file; None if its header doesn't tell."""
    architecture = header.architecture

    def number(key: str, default: int = 0) -> int:
        value = header.kv.get(f"{architecture}.{key}")
        return value if type(value) is int and 0 <= value <= _LARGEST_NUMBER else default

    def each(key: str, default: int) -> tuple[int, ...]:
        array = header.arrays.get(f"{architecture}.{key}")
        if array is not None and len(array) >= layers and all(map(_believable, array)):
            return tuple(max(0, int(value)) for value in array[:layers])
        return (number(key, default),) * layers

    layers, embedding = number("block_count"), number("embedding_length")
    if layers > _MOST_LAYERS:
        return None
    heads = max(each("attention.head_count", 0), default=0)
    if not (layers and embedding and heads):
        return None
    latent = number("attention.kv_lora_rank")
    width = embedding // heads
    key_length = number("attention.key_length", width)
    kv_heads = each("attention.head_count_kv", heads)
    if latent:
        key_length, kv_heads = latent + number("rope.dimension_count", 64), (1,) * layers
    return Shape(
        weights_bytes=header.weights_bytes,
        active_bytes=_active(header, number("expert_count"), number("expert_used_count")),
        layers=layers,
        embedding=embedding,
        heads=heads,
        vocabulary=header.vocabulary or number("vocab_size", _USUAL_VOCABULARY),
        kv_heads=kv_heads,
        key_length=key_length,
        value_length=number("attention.value_length", width),
        windows=_windows(header, layers, number("attention.sliding_window")),
        keeps_values=not latent,
        trained_context=header.context_length,
    )


def estimated(parameters: int, active: int, bits: float, *, trained_context: int | None = None) -> Shape:
    """The shape of a model of which only its size is known, at so many bits a weight.

    The context's bytes a token are 48 KiB times the root of the billions of active parameters, which is
    within a third of the models of 1 to 70 billions that were looked at.
    """
    layers = 32
    kib = 48 * sqrt(max(active, 10**8) / 1e9)
    heads = max(1, round(kib * 1024 / (layers * 2 * 128 * F16)))
    return Shape(
        weights_bytes=int(parameters * bits / 8),
        active_bytes=int(active * bits / 8),
        layers=layers,
        embedding=4096,
        heads=32,
        vocabulary=_USUAL_VOCABULARY,
        kv_heads=(heads,) * layers,
        key_length=128,
        value_length=128,
        windows=(0,) * layers,
        trained_context=trained_context,
    )


def _believable(value: float) -> bool:
    return abs(value) <= _LARGEST_NUMBER  # which what is no number is not, either


def _active(header: GgufHeader, experts: int, used: int) -> int:
    if not experts or not used or not header.expert_bytes:
        return header.weights_bytes
    idle = header.expert_bytes * max(0, experts - used) // experts
    return header.weights_bytes - idle


def _windows(header: GgufHeader, layers: int, window: int) -> tuple[int, ...]:
    """Which layers see only a window: by the file's own pattern, else as the architecture has it."""
    if not window:
        return (0,) * layers
    key = f"{header.architecture}.attention.sliding_window_pattern"
    pattern = header.arrays.get(key)
    if pattern is not None and len(pattern) >= layers:
        return tuple(window if local else 0 for local in pattern[:layers])
    every = header.kv.get(key)
    if type(every) is not int or every < 1:
        every = _GLOBAL_EVERY.get(header.architecture, 0)
    return tuple(0 if every and (layer + 1) % every == 0 else window for layer in range(layers))


def _rounded(context: int) -> int:
    return -(-context // _CELLS) * _CELLS
