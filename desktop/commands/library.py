"""`models`: what is installed, and adding, showing and forgetting a model's file."""

from __future__ import annotations

import os
from pathlib import Path

from desktop.commands import catalogued
from desktop.commands.judging import Judge
from desktop.commands.licences import catalogue_of
from desktop.commands.services import Services
from desktop.commands.terminal import Terminal
from desktop.commands.units import size
from models.catalogue import Catalogue
from models.errors import AppError, BadInput, ModelNotFound
from models.library import LocalModel
from models.licences import Label
from models.plain import plain, shown
from models.removal import delete_files
from models.terms import terms_of_file


def list_models(services: Services, terminal: Terminal, *, as_json: bool, everything: bool = False) -> int:
    """Print all models, the default first; a model with a problem says so. The exit code.

    With `everything` those of the catalogue that aren't installed follow, in its order.
    """
    models = services.library.models()
    if services.library.problem is not None:
        terminal.note(services.library.problem.one_line())
    catalogue, judge = catalogue_of(services), Judge(services)
    for problem in catalogue.problems:
        terminal.note(problem)
    others = catalogued.others(catalogue, models) if everything else []
    if as_json:
        here = [_record(model, catalogue) | judge.record(model) for model in models]
        terminal.record({"models": here + [catalogued.record(model, judge) for model in others]})
        return 0
    if not models:
        terminal.note("No model is installed yet. Add one with: python main.py models add FILE")
    for model in models:
        terminal.line(_summary(model, catalogue))
    for entry in others:
        terminal.line(catalogued.summary(entry, judge))
    return 0


def add_model(path: Path, how: str, services: Services, terminal: Terminal, *, as_json: bool) -> int:
    """Remember a file where it lies, or bring it into Inshore's folder: "in place", "copy" or "move".

    Raises AppError if it is no model that can chat, or can't be brought.
    """
    services.paths.create()
    if how == "in place":
        model = services.library.add(path, known_as=_name_elsewhere(path))
        notice = f"Its file stays at {shown(model.path)}"
    else:
        model, notice = _bring(path, how, services, terminal)
    if as_json:
        terminal.record(_record(model, catalogue_of(services)))
    else:
        terminal.line(f"Added {model.id} ({model.name}). {notice}")
    return 0


def _bring(path: Path, how: str, services: Services, terminal: Terminal) -> tuple[LocalModel, str]:
    from models.bringing import bring
    from models.importing import How, gather
    from models.watching import Watch

    path = path.expanduser()
    found = gather([path])
    if len(found.candidates) != 1 or path.is_dir():
        words = found.refused[0].words if found.refused else "Name one model’s file."
        raise BadInput(f"“{shown(path)}”: {words}")
    verb = "Copying" if how == "copy" else "Moving"
    watch = Watch(lambda done, total: terminal.status(f"{verb}: {done * 100 // max(total, 1)} %"))
    known_as = _name_elsewhere(path)
    brought = bring(
        found.candidates[0], How(how), services.library, services.paths.models, watch, known_as=known_as
    )
    terminal.end_lines()
    words = f"Its file is at {shown(brought.model.path)}"
    return brought.model, f"{words}\n{brought.notice}" if brought.notice else words


def _name_elsewhere(path: Path) -> str:
    """What another program calls a file that has no telling name, or ""."""
    if path.suffix.lower() == ".gguf":
        return ""
    from models.discovery import discover

    real = os.path.realpath(path)
    found = discover(Path.home(), os.environ)
    return next((model.name for model in found if os.path.realpath(model.path) == real), "")


def show_model(model_id: str, services: Services, terminal: Terminal, *, as_json: bool) -> int:
    """Print what is known of a model: an installed one, else one of the catalogue."""
    catalogue, judge = catalogue_of(services), Judge(services)
    try:
        model = services.library.get(model_id)
    except ModelNotFound:
        if (entry := catalogue.get(model_id)) is None:
            raise
        record, facts = catalogued.record(entry, judge), catalogued.facts(entry, judge)
    else:
        entry = catalogue.by_name(model.architecture, model.name)
        record = _record(model, catalogue) | judge.record(model)
        facts = [*_facts(model, catalogue), *judge.facts(model)]
    if as_json:
        terminal.record(record | catalogued.advice_record(entry, judge))
        return 0
    for name, value in [*facts, *catalogued.advice_facts(entry, judge)]:
        terminal.line(f"{name + ':' if name else '':<14}{value}")
    return 0


def remove_model(
    model_id: str, services: Services, terminal: Terminal, *, as_json: bool, delete: bool = False
) -> int:
    """Forget a model; its file stays, unless it is one that Inshore downloaded and `delete` is set."""
    model = services.library.get(model_id)
    deleted = delete_files(model, services.paths.models) if delete else []
    services.library.remove(model_id)
    if as_json:
        gone = {"deleted": [str(path) for path in deleted]} if delete else {}
        terminal.record({"removed": model_id, "path": str(model.path), **gone})
    elif deleted:
        terminal.line(f"Removed {model_id} and deleted {len(deleted)} of its files.")
    else:
        terminal.line(f"Removed {model_id} from the library. Its file stays at {shown(model.path)}")
    return 0


def _label(model: LocalModel, catalogue: Catalogue) -> Label:
    return terms_of_file(model, catalogue).label


def _summary(model: LocalModel, catalogue: Catalogue) -> str:
    if model.problem is not None:
        return f"{model.id}  ({model.problem.title} {model.problem.cause})"
    licence = _label(model, catalogue).text
    facts = (model.parameters, model.quantisation, size(model.size_bytes), licence)
    return f"{model.id}  " + " · ".join(fact for fact in facts if fact)


def _facts(model: LocalModel, catalogue: Catalogue) -> list[tuple[str, str]]:
    label = _label(model, catalogue)
    context = f"{model.context_length:,} tokens" if model.context_length else "unknown"
    facts = [
        ("Id", model.id),
        ("Name", model.name),
        ("File", shown(model.path)),
        ("Size", size(model.size_bytes)),
        ("Source", _source(model)),
        ("Architecture", model.architecture or "unknown"),
        ("Parameters", model.parameters or "unknown"),
        ("Quantisation", model.quantisation or "unknown"),
        ("Context", context),
        ("Licence", label.text),
        ("", label.meaning),
    ]
    if model.problem is None:
        return facts
    return [*facts[:3], ("Problem", model.problem.one_line())]


def _source(model: LocalModel) -> str:
    if model.source == "imported":
        return "brought into Inshore’s folder by you"
    if model.origin is not None:
        return plain(f"downloaded from {model.origin.repo}, version {model.origin.commit[:12]}")
    return "part of Inshore" if model.source == "starter" else "added by you"


def _record(model: LocalModel, catalogue: Catalogue) -> dict[str, object]:
    label = _label(model, catalogue)
    return {
        "id": model.id,
        "name": model.name,
        "path": str(model.path),
        "size_bytes": model.size_bytes,
        "source": model.source,
        "architecture": model.architecture,
        "parameters": model.parameters,
        "quantisation": model.quantisation,
        "context_length": model.context_length,
        "licence": model.licence,
        "licence_tier": label.tier,
        "licence_label": label.text,
        "problem": None if model.problem is None else _problem(model.problem),
    }


def _problem(error: AppError) -> dict[str, str]:
    kind = type(error).__name__
    return {"kind": kind, "title": error.title, "cause": error.cause, "hint": error.hint}
