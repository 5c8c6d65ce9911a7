"""The facts of a model as values: size, licence, price, files, shape, scores; each group with its source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from models.licences import Label, Passport, label_of
from models.sources import Source


class Architecture(StrEnum):
    DENSE = "dense"
    MOE = "moe"


class Modality(StrEnum):
    """What a model takes in beside what it writes, which is text."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"


class Bound(StrEnum):
    """How exactly a number of parameters is known."""

    EXACT = "exact"
    ABOUT = "about"
    AT_LEAST = "at least"


class Strength(StrEnum):
    """What a model is picked for; filters use these."""

    GENERAL = "general"
    CODE = "code"
    MATH = "math"
    REASONING = "reasoning"
    CHINESE = "chinese"
    MULTILINGUAL = "multilingual"
    LONG_CONTEXT = "long context"
    IMAGES = "images"
    SMALL = "small machines"
    VALUE = "low cost"


@dataclass(frozen=True, slots=True)
class Shape:
    """What memory is predicted from when there is no file to ask; None where it isn't known.

    `head_dim` is a key's size, `value_dim` a value's. Every `full_attention_every`-th layer looks at the
    whole context, the others at `sliding_window` tokens (for Llama 4: at the chunk of so many tokens they
    stand in). `kv_latent` and `kv_rope` are the sizes per layer and token that latent attention (MLA)
    caches instead of keys and values.
    """

    n_layers: int
    n_heads: int
    n_kv_heads: int
    head_dim: int
    value_dim: int
    embedding: int
    vocabulary: int
    feed_forward: int | None = None
    sliding_window: int | None = None
    full_attention_every: int | None = None
    n_experts: int | None = None
    n_experts_used: int | None = None
    expert_feed_forward: int | None = None
    kv_latent: int | None = None
    kv_rope: int | None = None


@dataclass(frozen=True, slots=True)
class Files:
    """A hub's repository with GGUF files: a name per quantisation, with `*` for the numbers of its parts.

    A name may begin with folders. Sizes and hashes are asked of the hub, never kept here.
    """

    repository: str
    quantisations: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Projector:
    """The file that lets a local model see or hear (llama.cpp's mmproj)."""

    repository: str
    file: str


@dataclass(frozen=True, slots=True)
class StatedPrice:
    """As a source states it, in nano-units of a currency a token; ¥1 per million tokens is 1,000.

    `cached_nano` is None if not given.
    """

    currency: str
    input_nano: int
    output_nano: int
    cached_nano: int | None = None


@dataclass(frozen=True, slots=True)
class Remote:
    """A model's name at a gateway, and its price if it is known."""

    provider: str
    id: str
    price: StatedPrice | None = None


@dataclass(frozen=True, slots=True)
class Advised:
    """Hardware that a source advises for a model; `least` and `better` go on after “advises”.

    `card_gb` is the memory of all graphics cards together, `memory_gb` the machine's own, in the GB of
    shops; None where the source gives no number.
    """

    place: str
    least: str
    better: str = ""
    card_gb: int | None = None
    memory_gb: int | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Something a reader should know beside the facts, such as where sources differ."""

    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class HeaderNames:
    """How a model's own files introduce themselves; `names` are normalised by `header_name`."""

    architectures: tuple[str, ...]
    names: tuple[str, ...]
    sizes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """One model. None, () and "" mean: not known. `sources` has one source for each group of facts.

    `parameters` and `active_parameters` are counts, `context` is in tokens, `release` is a day, a month, or
    words such as “early 2026”.
    `passport` is None where the licence's terms aren't known; `licence` is then what was stated.
    """

    id: str
    name: str
    family: str
    family_name: str
    publisher: str
    licence: str
    passport: Passport | None
    summary: str = ""
    architecture: Architecture | None = None
    parameters: int | None = None
    parameters_bound: Bound = Bound.EXACT
    active_parameters: int | None = None
    experts: int | None = None
    shared_experts: int | None = None
    context: int | None = None
    modalities: tuple[Modality, ...] = ()
    languages: tuple[str, ...] = ()
    languages_at_least: int | None = None
    thinking_switch: bool | None = None
    strengths: tuple[Strength, ...] = ()
    release: str = ""
    remote: Remote | None = None
    files: tuple[Files, ...] = ()
    projector: Projector | None = None
    shape: Shape | None = None
    hardware: tuple[Advised, ...] = ()
    header: HeaderNames | None = None
    notes: tuple[Note, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    starter: bool = False
    own: bool = False

    @property
    def label(self) -> Label:
        """The licence's label."""
        return label_of(self.passport, self.licence)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One column of a table; `unit` is "percent" or "stars" (of five)."""

    id: str
    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Row:
    """A model's scores in the order of the table's benchmarks; `thinking`: measured with thinking on."""

    model: str
    scores: tuple[float, ...]
    thinking: bool = False


@dataclass(frozen=True, slots=True)
class BenchmarkTable:
    """One table of scores, its rows in the order of the source."""

    id: str
    title: str
    benchmarks: tuple[Benchmark, ...]
    rows: tuple[Row, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Score:
    """One model's result in one benchmark."""

    table: BenchmarkTable
    benchmark: Benchmark
    value: float
    thinking: bool


def header_name(text: str) -> str:
    """A name as headers are compared by: lower case, words joined by “-”, dots kept."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")
