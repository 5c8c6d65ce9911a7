"""Which models exist: facts, licences, prices and scores, each with its source. Data in resources/catalogue/."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from models.licences import Label, Licences, Passport, label_of
from models.sources import Source

if TYPE_CHECKING:
    from models.gguf import GgufHeader


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
class Price:
    """Nano-units of a currency per token; ¥1 per million tokens is 1,000. `cached` is None if not given."""

    currency: str
    input_nano: int
    output_nano: int
    cached_nano: int | None = None


@dataclass(frozen=True, slots=True)
class Remote:
    """A model's name at a gateway, and its price if it is known."""

    provider: str
    id: str
    price: Price | None = None


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


class Catalogue:
    """All models, the shipped ones in the files' order, then the user's own. Nothing in it changes.

    `problems` are sentences about the user's own entries that could not be used.
    """

    def __init__(
        self,
        models: Iterable[CatalogueModel],
        licences: Licences,
        tables: Iterable[BenchmarkTable] = (),
        problems: Iterable[str] = (),
    ) -> None:
        self.models, self.licences = tuple(models), licences
        self.tables, self.problems = tuple(tables), tuple(problems)
        self._by_id = {model.id: model for model in self.models}
        self._by_remote = {model.remote.id: model for model in self.models if model.remote}

    def get(self, model_id: str) -> CatalogueModel | None:
        return self._by_id.get(model_id)

    def by_remote(self, remote_id: str) -> CatalogueModel | None:
        """The model a gateway calls so."""
        return self._by_remote.get(remote_id)

    def by_header(self, header: GgufHeader) -> CatalogueModel | None:
        """The model a local file is, judged by what its header says; None when that isn't sure."""
        said = {
            key: str(header.kv.get(f"general.{key}", "")) for key in ("basename", "size_label", "finetune")
        }
        return self.by_name(header.architecture, header.name, **said)

    def by_name(
        self, architecture: str, name: str, *, basename: str = "", size_label: str = "", finetune: str = ""
    ) -> CatalogueModel | None:
        """The model whose files have this architecture and introduce themselves exactly so.

        A name that only resembles one is another's work (a fine-tune, a distillate), so it is None.
        """
        called = header_name(name) or header_name(f"{basename} {size_label}")
        found = [
            model
            for model in self.models
            if model.header is not None
            and architecture in model.header.architectures
            and called in model.header.names
            and (not size_label or not model.header.sizes or size_label in model.header.sizes)
        ]
        tuned = header_name(finetune)
        return found[0] if len(found) == 1 and (not tuned or tuned in called) else None

    def scores(self, model_id: str) -> tuple[Score, ...]:
        """A model's results over all tables, in the tables' order."""
        return tuple(
            Score(table, benchmark, value, row.thinking)
            for table in self.tables
            for row in table.rows
            if row.model == model_id
            for benchmark, value in zip(table.benchmarks, row.scores, strict=True)
        )

    def passport_of(self, stated: str, model: CatalogueModel | None = None) -> Passport | None:
        """The passport of a local model: what its file states decides, its catalogue entry where it is silent."""
        if stated.strip():
            return self.licences.by_name(stated)
        return model.passport if model is not None else None


def header_name(text: str) -> str:
    """A name as headers are compared by: lower case, words joined by “-”, dots kept."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")


def load(folder: Path, own: Path | None = None) -> Catalogue:
    """The shipped catalogue and, if there is such a file, the user's own entries.

    Raises CatalogueError if a shipped file is wrong, which is our mistake; what is wrong with the user's
    own becomes a problem. Some milliseconds; nothing is kept open.
    """
    from models.catalogue_file import read_catalogue  # it needs the values above

    return read_catalogue(folder, own)
