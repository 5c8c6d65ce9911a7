"""Reads what a model file says about itself, quickly and without trusting it.

The file is read, never mapped: a mapped file that another program cuts short kills the process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path
from struct import Struct

from models.errors import DamagedModel, UnsupportedModel
from models.gguf_source import AGAIN, Source, of_beginning, opened
from models.gguf_types import FILE_TYPES, GUESSED, TENSOR_TYPES
from models.plain import plain

Scalar = int | float | bool | str

_MAX_KEYS = 10_000
_MAX_TENSORS = 20_000
_MAX_DIMENSIONS = 4
_MAX_TEXT_BYTES = 1 << 20
_MAX_KEPT_BYTES = 8 << 20
_MOST_NUMBERS = 1024
_LONGEST_NAME = 256

_TEXT, _ARRAY = 8, 9
_SCALARS = {
    0: Struct("<B"), 1: Struct("<b"), 2: Struct("<H"), 3: Struct("<h"), 4: Struct("<I"), 5: Struct("<i"),
    6: Struct("<f"), 7: Struct("<?"), 10: Struct("<Q"), 11: Struct("<q"), 12: Struct("<d"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What a file claims to be. Texts are cleaned of control characters; None and "" mean: it doesn't say.

    `weights_bytes` is the sum over the tensors, `parameters` the number of their numbers. `kv` holds the
    scalar metadata by key, texts over 1 MiB and all arrays left out; `arrays` the arrays of up to 1,024
    numbers; `vocabulary` counts the tokens. `expert_bytes` of
    the weights are experts.
    """

    version: int
    architecture: str
    name: str
    licence: str
    parameters_label: str
    quantisation: str
    context_length: int | None
    layers: int | None
    has_chat_template: bool
    weights_bytes: int
    file_bytes: int
    kv: Mapping[str, Scalar]
    arrays: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    vocabulary: int | None = None
    parameters: int = 0
    expert_bytes: int = 0


def read_header(path: Path) -> GgufHeader:
    """Read the header of a GGUF file, version 2 or 3; at most 64 MiB of it, in memory that is bounded so.

    Raises ModelFileMissing, NotAModel, DamagedModel (a file shorter than its tensors included) or
    UnsupportedModel. Nothing the file says is executed.
    """
    with opened(path) as source:
        return _parse(source)


def read_beginning(data: bytes, file_bytes: int) -> GgufHeader:
    """What the first bytes of a file of `file_bytes` tell, for one that isn't here.

    Facts that stand further on are missing; the weights are taken to be the whole file, and experts the
    part of it that their dimensions make. Raises NotAModel, DamagedModel or UnsupportedModel where not
    even the architecture is known.
    """
    source = of_beginning(data, file_bytes)
    version = _version(source)
    _tensor_count, key_count = source.u64(), source.u64()
    if key_count > _MAX_KEYS:
        raise DamagedModel("Its header announces more entries than any model has.", AGAIN)
    metadata = _Metadata()
    with suppress(DamagedModel):  # where the bytes end
        _read_metadata(source, key_count, metadata)
    header = _describe(version, metadata.kv, _Tensors(), file_bytes, file_bytes)
    if not header.architecture:
        raise DamagedModel("Its header doesn’t say what kind of model it is.", AGAIN)
    vocabulary = metadata.counts.get("tokenizer.ggml.tokens")
    return replace(
        header,
        arrays=metadata.arrays,
        vocabulary=vocabulary,
        expert_bytes=_expert_bytes(metadata.kv, header.architecture, file_bytes, vocabulary),
    )


def _expert_bytes(
    kv: Mapping[str, Scalar], architecture: str, file_bytes: int, vocabulary: int | None
) -> int:
    """By the count of weights: three matrices an expert, four square ones a layer, two of the vocabulary."""

    def number(key: str) -> int:
        return _number(kv, f"{architecture}.{key}") or 0

    layers, embedding = number("block_count"), number("embedding_length")
    experts = 3 * layers * number("expert_count") * embedding * number("expert_feed_forward_length")
    others = 4 * layers * embedding**2 + 2 * embedding * (vocabulary or 0)
    return file_bytes * experts // (experts + others) if experts else 0


@dataclass(slots=True)
class _Tensors:
    """Sums over the tensors' descriptions. `end` is relative to the first tensor's data."""

    weights: int = 0
    data_bytes: int = 0
    expert_bytes: int = 0
    end: int = 0
    all_known: bool = True
    by_type: Counter[str] = field(default_factory=Counter)


def _parse(source: Source) -> GgufHeader:
    version = _version(source)
    tensor_count, key_count = source.u64(), source.u64()
    if key_count > _MAX_KEYS or tensor_count > _MAX_TENSORS:
        raise DamagedModel("Its header announces more entries than any model has.", AGAIN)
    metadata = _metadata(source, key_count)
    tensors = _tensors(source, tensor_count)
    weights_bytes = _checked_size(source, metadata.kv, tensors)
    header = _describe(version, metadata.kv, tensors, weights_bytes, source.size)
    return replace(
        header,
        arrays=metadata.arrays,
        vocabulary=metadata.counts.get("tokenizer.ggml.tokens"),
        parameters=tensors.weights,
        expert_bytes=tensors.expert_bytes,
    )


def _version(source: Source) -> int:
    version = source.u32()
    if version in (2, 3):
        return version
    if version and version & 0xFFFF == 0:
        raise UnsupportedModel(
            "It was written for big-endian machines.", "Look for another file of this model."
        )
    if version == 0:
        raise DamagedModel("Its header has no version.", AGAIN)
    if version == 1:
        raise UnsupportedModel("It is in the first version of GGUF.", "Look for a newer file of this model.")
    raise UnsupportedModel(
        f"It is in version {version} of GGUF, which is newer than this Inshore.", "Update Inshore."
    )


@dataclass(slots=True)
class _Metadata:
    """Scalars, short arrays of numbers, and the lengths of all other arrays."""

    kv: dict[str, Scalar] = field(default_factory=dict)
    arrays: dict[str, tuple[float, ...]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


def _metadata(source: Source, count: int) -> _Metadata:
    metadata = _Metadata()
    _read_metadata(source, count, metadata)
    return metadata


def _read_metadata(source: Source, count: int, metadata: _Metadata) -> None:
    """What was read before an error stays."""
    room = _MAX_KEPT_BYTES
    for _ in range(count):
        before = source.position
        key, value = _text(source), _value(source)
        room -= source.position - before if isinstance(value, str) else 64
        if value is None or key is None or room < 0:
            continue
        if isinstance(value, _Length):
            metadata.counts[key] = value.count
        elif isinstance(value, tuple):
            metadata.arrays[key] = value
        else:
            metadata.kv[key] = value


@dataclass(frozen=True, slots=True)
class _Length:
    """Stands for an array that was stepped over."""

    count: int


def _value(source: Source) -> Scalar | tuple[float, ...] | _Length | None:
    """The next value; None for very long texts, which are stepped over."""
    kind = source.u32()
    if kind == _TEXT:
        return _text(source)
    if kind == _ARRAY:
        return _array(source)
    layout = _SCALARS.get(kind)
    if layout is None:
        raise _garbled()
    value: Scalar = layout.unpack(source.take(layout.size))[0]
    return value


def _text(source: Source) -> str | None:
    length = source.u64()
    if length > _MAX_TEXT_BYTES:
        source.skip(length)
        return None
    return source.take(length).decode("utf-8", "replace")


def _array(source: Source) -> tuple[float, ...] | _Length:
    """A short array of numbers; any other is stepped over."""
    kind, count = source.u32(), source.u64()
    if kind == _TEXT:
        source.skip_texts(count)
    elif kind not in _SCALARS:  # arrays of arrays too: llama.cpp refuses them
        raise _garbled()
    elif count <= _MOST_NUMBERS:
        layout = _SCALARS[kind]
        return tuple(layout.unpack(source.take(layout.size))[0] for _ in range(count))
    else:
        source.skip(count * _SCALARS[kind].size)
    return _Length(count)


def _tensors(source: Source, count: int) -> _Tensors:
    tensors = _Tensors()
    for _ in range(count):
        expert = _is_expert(source)
        before = tensors.data_bytes
        _add_tensor(tensors, _dimensions(source), source.u32(), source.u64())
        tensors.expert_bytes += expert * (tensors.data_bytes - before)
    return tensors


def _is_expert(source: Source) -> bool:
    """Step over a tensor's name; whether it holds experts, of which a token needs only some."""
    length = source.u64()
    if length <= _LONGEST_NAME:
        return b"_exps." in source.take(length)
    source.skip(length)
    return False


def _dimensions(source: Source) -> tuple[int, ...]:
    count = source.u32()
    if count > _MAX_DIMENSIONS:
        raise _garbled()
    return tuple(source.u64() for _ in range(count))


def _add_tensor(tensors: _Tensors, shape: tuple[int, ...], kind: int, offset: int) -> None:
    weights = prod(shape)
    if max(weights, offset, *shape) >= 1 << 63:
        raise _garbled()
    tensors.weights += weights
    if kind not in TENSOR_TYPES:
        tensors.all_known = False
        return
    name, block, block_bytes = TENSOR_TYPES[kind]
    size = -(-weights // block) * block_bytes
    tensors.data_bytes += size
    tensors.end = max(tensors.end, offset + size)
    tensors.by_type[name] += size


def _checked_size(source: Source, kv: Mapping[str, Scalar], tensors: _Tensors) -> int:
    """The weights' bytes, all of them present in the file."""
    start = _aligned(source.position, kv.get("general.alignment", 32))
    if tensors.end and start + tensors.end > source.size:
        raise DamagedModel(
            f"It ends early: {source.size:,} of at least {start + tensors.end:,} bytes are there.",
            "The download was not finished. Download it again.",
        )
    return tensors.data_bytes if tensors.all_known else max(0, source.size - start)


def _aligned(position: int, alignment: Scalar) -> int:
    if not isinstance(alignment, int) or alignment <= 0 or alignment & (alignment - 1):
        raise _garbled()
    return -(-position // alignment) * alignment


def _describe(
    version: int, kv: Mapping[str, Scalar], tensors: _Tensors, weights_bytes: int, file_bytes: int
) -> GgufHeader:
    architecture = _words(kv, "general.architecture")
    return GgufHeader(
        version=version,
        architecture=architecture,
        name=_words(kv, "general.name"),
        licence=_licence(kv),
        parameters_label=_words(kv, "general.size_label") or _count_label(tensors.weights),
        quantisation=_quantisation(kv, tensors),
        context_length=_number(kv, f"{architecture}.context_length"),
        layers=_number(kv, f"{architecture}.block_count"),
        has_chat_template=bool(kv.get("tokenizer.chat_template")),
        weights_bytes=weights_bytes,
        file_bytes=file_bytes,
        kv=kv,
    )


def _words(kv: Mapping[str, Scalar], key: str) -> str:
    value = kv.get(key)
    return plain(value) if isinstance(value, str) else ""


def _licence(kv: Mapping[str, Scalar]) -> str:
    """The licence's id; hubs say "other" for one that has only a name."""
    stated = _words(kv, "general.license")
    return (_words(kv, "general.license.name") or stated) if stated in ("", "other") else stated


def _number(kv: Mapping[str, Scalar], key: str) -> int | None:
    value = kv.get(key)
    return value if type(value) is int and value > 0 else None


def _quantisation(kv: Mapping[str, Scalar], tensors: _Tensors) -> str:
    """llama.cpp's name for the mixture, else the type that most of the bytes have."""
    file_type = _number(kv, "general.file_type") or 0
    if "general.file_type" in kv and (name := FILE_TYPES.get(file_type & ~GUESSED)):
        return name
    return tensors.by_type.most_common(1)[0][0] if tensors.by_type else ""


def _count_label(weights: int) -> str:
    for unit, size in (("T", 10**12), ("B", 10**9), ("M", 10**6), ("K", 10**3)):
        if weights >= size:
            return f"{weights / size:.3g}{unit}"
    return ""


def _garbled() -> DamagedModel:
    return DamagedModel("Its header makes no sense.", AGAIN)
