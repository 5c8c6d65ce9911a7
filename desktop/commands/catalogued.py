"""What `models show` and `models list --all` say from the catalogue: of what isn't installed, and advice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from desktop.commands.judging import Judge, fit_record
from models.catalogue import Catalogue
from models.errors import BadInput
from models.facts import CatalogueModel
from models.library import LocalModel
from models.offer import installed_ids, parameters_words, price_words, strengths_words

Facts = list[tuple[str, str]]


def others(catalogue: Catalogue, installed: Iterable[LocalModel]) -> list[CatalogueModel]:
    """The catalogue's models of which no file is here that could answer."""
    here = installed_ids(catalogue, (model for model in installed if model.problem is None))
    return [model for model in catalogue.models if model.id not in here]


def summary(model: CatalogueModel, judge: Judge) -> str:
    """One line of a list: how large it is, its licence, how it would do here, and what the gateway asks."""
    offer = judge.offer(model)
    price = price_words(offer.price) if offer.price else ""
    told = (parameters_words(model), model.label.text, offer.verdict, price)
    return f"{model.id}  " + " · ".join(word for word in ("not installed", *told) if word)


def facts(model: CatalogueModel, judge: Judge) -> Facts:
    """Lines to read of a model that isn't installed; what isn't known is left out."""
    offer = judge.offer(model)
    told = [
        ("Id", model.id),
        ("Name", model.name),
        ("Source", "the catalogue; it is not installed"),
        ("Publisher", model.publisher),
        ("Parameters", parameters_words(model)),
        ("Context", f"{model.context:,} tokens" if model.context else ""),
        ("Good at", ", ".join(strengths_words(model))),
        ("Licence", model.label.text),
        ("", model.label.meaning),
        ("Gateway", price_words(offer.price) if offer.price else ""),
        ("On this PC", f"{offer.verdict}. {offer.reason}"),
        ("Proposed", offer.quantisation or "" if offer.runs else ""),
        *(("Files at", files.repository) for files in model.files),
    ]
    return [(name, value) for name, value in told if value]


def record(model: CatalogueModel, judge: Judge) -> dict[str, object]:
    """The same as fields for programs; None is unknown."""
    offer = judge.offer(model)
    found = offer.fit
    return {
        "id": model.id,
        "name": model.name,
        "source": "catalogue",
        "publisher": model.publisher,
        "parameters": model.parameters,
        "context_length": model.context,
        "licence": model.licence,
        "licence_tier": model.label.tier,
        "licence_label": model.label.text,
        "fit": fit_record(found) if found else None,
        "verdict": offer.verdict,
        "reason": offer.reason,
        "needed_bytes": found.needed_bytes if found else None,
        "tokens_per_second": found.tps if found else None,
        "quantisation": offer.quantisation,
        "repositories": [files.repository for files in model.files],
    }


def file_of(model: CatalogueModel, quantisation: str | None, judge: Judge) -> tuple[str, str]:
    """The repository and the pattern of the file to download: the quantisation asked for, else the one that
    is proposed for this machine. Raises BadInput with the choices."""
    known = {
        name: (files.repository, pattern)
        for files in reversed(model.files)
        for name, pattern in files.quantisations.items()
    }
    if not known:
        raise BadInput(f"The catalogue knows no file of {model.name} that could run here.")
    wanted = (quantisation or judge.offer(model).quantisation or "").strip("*")
    found = next((known[name] for name in known if name.lower() == wanted.lower()), None)
    if found is None and quantisation is None:
        return next(iter(known.values()))
    if found is None:
        raise BadInput(
            f"Of {model.name} the catalogue knows {', '.join(known)}.", "Choose one of them with --file."
        )
    return found


def advice_facts(model: CatalogueModel | None, judge: Judge) -> Facts:
    """What the catalogue's source advises, beside our arithmetic; nothing where it advises nothing."""
    if model is None or not model.hardware:
        return []
    rows = [f"{one.place}: at least {one.least}" for one in model.hardware]
    both = judge.advice(model)
    lines = ["; ".join(rows) + "."] + ([both.words] if both else [])
    return [("Advised" if number == 0 else "", line) for number, line in enumerate(lines)]


def advice_record(model: CatalogueModel | None, judge: Judge) -> dict[str, object]:
    """The same for programs, `advice` being None where the source advises nothing."""
    if model is None or not model.hardware:
        return {"advice": None}
    both = judge.advice(model)
    return {
        "advice": {
            "hardware": [asdict(one) for one in model.hardware],
            "source": model.sources["hardware"].title,
            "met": both.met if both else None,
            "comparison": both.comparison.value if both else None,
            "words": both.words if both else "",
        }
    }
