"""Reads the catalogue's files. The checks are the schema; resources/catalogue/README.md says it in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from models.catalogue_model import Known, model_of
from models.facts import BenchmarkTable, CatalogueModel
from models.licence_file import read_licences
from models.licences import Licences
from models.plain import plain
from models.score_file import read_tables
from models.sources import YOURS, Source, read_sources
from models.toml_table import CatalogueError, Table, read_table

_OTHERS = ("sources.toml", "licences.toml", "benchmarks.toml")


@dataclass(frozen=True, slots=True)
class Content:
    """What the files say: the shipped models and the user's own, and what could not be used of those."""

    models: tuple[CatalogueModel, ...]
    licences: Licences
    tables: tuple[BenchmarkTable, ...]
    problems: tuple[str, ...]


def read_all(folder: Path, own: Path | None) -> Content:
    """Everything in the folder, and the user's own entries; see `models.catalogue.load`."""
    sources = read_sources(folder / "sources.toml")
    licences = read_licences(folder / "licences.toml", sources)
    known = Known(licences, sources)
    models: list[CatalogueModel] = []
    for path in sorted(folder.glob("*.toml")):
        if path.name not in _OTHERS:
            models += _family(read_table(path), known, models)
    tables = read_tables(folder / "benchmarks.toml", sources, [model.id for model in models])
    added, problems = _own(own, known, models)
    return Content((*models, *added), licences, tables, tuple(problems))


def _family(top: Table, known: Known, before: Sequence[CatalogueModel]) -> list[CatalogueModel]:
    """The models of one family's file, which share what its table says."""
    family = top.table("family")
    if family is None:
        top.fail("family", "this is missing")
    models: list[CatalogueModel] = []
    for table in top.tables("model"):
        model = model_of(table.over(family), known)
        _check_new(table, model, [*before, *models])
        models.append(model)
    top.done()
    return models


def _check_new(table: Table, model: CatalogueModel, others: Iterable[CatalogueModel]) -> None:
    for other in others:
        if other.id == model.id:
            table.fail("id", f"“{model.id}” is there twice")
        if model.remote and other.remote and other.remote.id == model.remote.id:
            table.fail("remote/id", f"{other.name} is called “{model.remote.id}”, too")


# -- the user's own


def _own(
    path: Path | None, known: Known, shipped: Sequence[CatalogueModel]
) -> tuple[list[CatalogueModel], list[str]]:
    """The entries that can be used, and a sentence for each that can't."""
    if path is None:
        return [], []
    try:
        tables = read_table(path).tables("model")
    except FileNotFoundError:
        return [], []
    except OSError as error:
        return [], [f"Your own models could not be read from {path.name}: {error.strerror or error}."]
    except CatalogueError as error:
        return [], [_sentence(error)]
    return _usable(tables, Known(known.licences, _with_yours(known.sources), lenient=True), shipped)


def _usable(
    tables: Iterable[Table], known: Known, shipped: Sequence[CatalogueModel]
) -> tuple[list[CatalogueModel], list[str]]:
    models: list[CatalogueModel] = []
    problems: list[str] = []
    for table in tables:
        try:
            model = model_of(table, known)
            _check_new(table, model, [*shipped, *models])
        except CatalogueError as error:
            problems.append(_sentence(error))
        else:
            models.append(model)
    return models, problems


def _with_yours(sources: Mapping[str, Source]) -> Mapping[str, Source]:
    return MappingProxyType({**sources, YOURS.id: YOURS})


def _sentence(error: CatalogueError) -> str:
    where = f" at “{plain(error.key)}”" if error.key else ""
    return plain(f"One of your own models in {error.file} can’t be used{where}: {error.why}.", 400)
