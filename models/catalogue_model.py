"""Reads one model's table: the facts, and that each group of them names its source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from models.facts import (
    Advised,
    Architecture,
    Bound,
    CatalogueModel,
    Files,
    HeaderNames,
    Modality,
    Note,
    Projector,
    Remote,
    Shape,
    StatedPrice,
    Strength,
    header_name,
)
from models.licences import Licences, Passport
from models.sources import YOURS, Source, named_source
from models.toml_table import Table

# A group of facts and the keys in it: if one of them is there, `sources` must say where the group is from.
GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "publisher": ("publisher",),
        "licence": ("licence",),
        "release": ("release",),
        "size": ("architecture", "parameters", "parameters_bound", "active_parameters"),
        "experts": ("experts", "shared_experts"),
        "context": ("context",),
        "modalities": ("modalities",),
        "languages": ("languages", "languages_at_least"),
        "thinking": ("thinking_switch",),
        "strengths": ("strengths", "summary"),
        "remote": ("remote",),
        "files": ("files", "projector"),
        "shape": ("shape",),
        "hardware": ("hardware",),
    }
)
_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,99}")
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_FILE = re.compile(r"(?!.*\.\.)[\w*-][\w*./-]*\.gguf")
_CURRENCY = re.compile(r"[A-Z]{3}")
_RELEASE = re.compile(r"(?:early |mid |late )?\d{4}|\d{4}-\d\d(?:-\d\d)?")


@dataclass(frozen=True, slots=True)
class Known:
    """What an entry may refer to. A lenient reader needs no sources and takes unknown licences' names."""

    licences: Licences
    sources: Mapping[str, Source]
    lenient: bool = False


def model_of(table: Table, known: Known) -> CatalogueModel:
    """The model of one table; raises CatalogueError naming the file and the key."""
    licence, passport = _licence(table, known)
    model = CatalogueModel(
        id=_matching(table, "id", _ID, "an id has small letters, digits, “-” and “.”"),
        name=table.text("name"),
        family=_matching(table, "family", _ID, "an id has small letters, digits, “-” and “.”", known),
        family_name=table.text("family_name", "Your own" if known.lenient else None),
        publisher=table.text("publisher", "" if known.lenient else None),
        licence=licence,
        passport=passport,
        summary=table.text("summary", ""),
        architecture=_architecture(table),
        parameters=table.maybe_number("parameters"),
        parameters_bound=Bound(table.one_of("parameters_bound", tuple(Bound), Bound.EXACT)),
        active_parameters=table.maybe_number("active_parameters"),
        experts=table.maybe_number("experts"),
        shared_experts=table.maybe_number("shared_experts"),
        context=table.maybe_number("context"),
        modalities=tuple(Modality(name) for name in table.texts("modalities", tuple(Modality))),
        languages=table.texts("languages"),
        languages_at_least=table.maybe_number("languages_at_least"),
        thinking_switch=table.flag("thinking_switch") if "thinking_switch" in table else None,
        strengths=tuple(Strength(name) for name in table.texts("strengths", tuple(Strength))),
        release=_release(table),
        remote=_remote(table.table("remote")),
        files=tuple(_files(files) for files in table.tables("files")),
        projector=_projector(table.table("projector")),
        shape=_shape(table.table("shape")),
        hardware=tuple(_advised(row) for row in table.tables("hardware")),
        header=_header(table.table("header")),
        notes=tuple(_note(note, known) for note in table.tables("notes")),
        sources=_sources(table, known),
        starter=table.flag("starter"),
        own=known.lenient,
    )
    if model.active_parameters and model.active_parameters > (model.parameters or 0):
        table.fail("active_parameters", "no more parameters can be active than there are")
    table.done()
    return model


def _matching(table: Table, key: str, form: re.Pattern[str], why: str, known: Known | None = None) -> str:
    value = table.text(key, "own" if known is not None and known.lenient else None)
    if not form.fullmatch(value):
        table.fail(key, f"“{value}” can’t be used: {why}")
    return value


def _licence(table: Table, known: Known) -> tuple[str, Passport | None]:
    stated = table.text("licence", "" if known.lenient else None)
    if known.lenient:
        passport = known.licences.by_name(stated)
        return (passport.id if passport else stated), passport
    passport = known.licences.get(stated)
    if passport is None:
        table.fail("licence", f"licences.toml has no “{stated}”")
    return stated, passport


def _sources(table: Table, known: Known) -> Mapping[str, Source]:
    """A source for each group of facts that the table has."""
    named = table.table("sources")
    present = [group for group, keys in GROUPS.items() if any(key in table for key in keys)]
    if named is None:
        if known.lenient:
            return MappingProxyType(dict.fromkeys(present, YOURS))
        table.fail("sources", "this is missing")
    found = {}
    for group in present:
        if known.lenient and group not in named:
            found[group] = YOURS
        else:
            found[group] = named_source(named, group, known.sources)
    for group in named:
        if group not in GROUPS:
            named.fail(group, "there is no such group of facts")
    return MappingProxyType(found)


def _release(table: Table) -> str:
    if "release" not in table:
        return ""
    return _matching(table, "release", _RELEASE, "write 2026-03, 2026-03-31 or early 2026")


def _architecture(table: Table) -> Architecture | None:
    if "architecture" not in table:
        return None
    return Architecture(table.one_of("architecture", tuple(Architecture)))


def _remote(table: Table | None) -> Remote | None:
    if table is None:
        return None
    remote = Remote(table.text("provider"), table.text("id"), _price(table.table("price")))
    table.done()
    return remote


def _price(table: Table | None) -> StatedPrice | None:
    if table is None:
        return None
    price = StatedPrice(
        currency=_matching(table, "currency", _CURRENCY, "a currency has three capital letters, such as CNY"),
        input_nano=table.number("input_nano", least=0),
        output_nano=table.number("output_nano", least=0),
        cached_nano=table.maybe_number("cached_nano", least=0),
    )
    table.done()
    return price


def _files(table: Table) -> Files:
    repository = _matching(table, "repository", _REPOSITORY, "a repository is owner/name")
    names = table.table("quantisations")
    if names is None or not tuple(names):
        table.fail("quantisations", "at least one file is needed here")
    files = {key: _matching(names, key, _FILE, "a file’s name ends in .gguf") for key in names}
    table.done()
    return Files(repository, MappingProxyType(files))


def _projector(table: Table | None) -> Projector | None:
    if table is None:
        return None
    projector = Projector(
        _matching(table, "repository", _REPOSITORY, "a repository is owner/name"),
        _matching(table, "file", _FILE, "a file’s name ends in .gguf"),
    )
    table.done()
    return projector


def _shape(table: Table | None) -> Shape | None:
    if table is None:
        return None
    head_dim = table.number("head_dim")
    shape = Shape(
        n_layers=table.number("n_layers"),
        n_heads=table.number("n_heads"),
        n_kv_heads=table.number("n_kv_heads"),
        head_dim=head_dim,
        value_dim=table.number("value_dim", head_dim),
        embedding=table.number("embedding"),
        vocabulary=table.number("vocabulary"),
        feed_forward=table.maybe_number("feed_forward"),
        sliding_window=table.maybe_number("sliding_window"),
        full_attention_every=table.maybe_number("full_attention_every"),
        n_experts=table.maybe_number("n_experts"),
        n_experts_used=table.maybe_number("n_experts_used"),
        expert_feed_forward=table.maybe_number("expert_feed_forward"),
        kv_latent=table.maybe_number("kv_latent"),
        kv_rope=table.maybe_number("kv_rope"),
    )
    if shape.n_heads % shape.n_kv_heads:
        table.fail("n_kv_heads", "it divides the number of heads")
    table.done()
    return shape


def _advised(table: Table) -> Advised:
    advised = Advised(
        table.text("place"),
        table.text("least"),
        table.text("better", ""),
        table.maybe_number("card_gb"),
        table.maybe_number("memory_gb"),
    )
    if advised.card_gb is not None and advised.memory_gb is not None:
        table.fail("memory_gb", "either the cards’ memory or the machine’s is advised, not both")
    table.done()
    return advised


def _header(table: Table | None) -> HeaderNames | None:
    if table is None:
        return None
    header = HeaderNames(table.texts("architectures"), table.texts("names"), table.texts("sizes"))
    if not header.architectures or not header.names:
        table.fail("names", "an architecture and a name are needed here")
    for name in header.names:
        if header_name(name) != name:
            table.fail("names", f"write “{header_name(name)}” instead of “{name}”")
    table.done()
    return header


def _note(table: Table, known: Known) -> Note:
    source = (
        YOURS if known.lenient and "source" not in table else named_source(table, "source", known.sources)
    )
    note = Note(table.text("text"), source)
    table.done()
    return note
