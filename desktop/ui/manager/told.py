"""A model's facts as words to read, in groups, each fact with the group of sources it is from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.expected import QUANTISATIONS, expected_shape
from models.facts import Architecture, CatalogueModel
from models.fit import USUAL_CONTEXT, Fit, Machine, Verdict, fit
from models.offer import parameters_words, strengths_words
from models.shapes import Shape
from models.sources import Source
from models.surroundings import Surroundings

_KINDS = {Architecture.DENSE: "dense", Architecture.MOE: "mixture of experts"}
_LANGUAGES = {
    "ar": "Arabic", "de": "German", "en": "English", "es": "Spanish", "fr": "French", "hi": "Hindi",
    "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "pt": "Portuguese",
    "ru": "Russian", "th": "Thai", "tl": "Tagalog", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
_GB = 1e9

Fact = tuple[str, str, str]
"""Name, value, and the group of the model's `sources`."""


def facts(model: CatalogueModel) -> list[Fact]:
    """What is known of a model; what isn't is left out."""
    told = [
        ("Publisher", model.publisher, "publisher"),
        ("Released", model.release, "release"),
        ("Architecture", _KINDS[model.architecture] if model.architecture else "", "size"),
        ("Parameters", parameters_words(model), "size"),
        ("Experts", _experts(model), "experts"),
        ("Context", f"{model.context:,} tokens" if model.context else "", "context"),
        ("Takes in", ", ".join(model.modalities), "modalities"),
        ("Languages", _languages(model), "languages"),
        ("Thinking", _thinking(model.thinking_switch), "thinking"),
        ("Good at", ", ".join(strengths_words(model)), "strengths"),
    ]
    return [fact for fact in told if fact[1]]


def sources_of(model: CatalogueModel, told: Sequence[Fact]) -> list[tuple[Source, str]]:
    """Each source once, with the names of the facts that are from it."""
    found: dict[str, tuple[Source, list[str]]] = {}
    for name, _value, group in told:
        if (source := model.sources.get(group)) is not None:
            found.setdefault(source.id, (source, []))[1].append(name.lower())
    return [(source, ", ".join(names)) for source, names in found.values()]


def source_words(source: Source) -> str:
    """A source with its date."""
    return f"{source.title}, as of {source.as_of}" if source.as_of else source.title


def arithmetic(model: CatalogueModel, machine: Machine) -> list[tuple[str, str]]:
    """For each usual quantisation what it takes, as a sum in GB, and how it does on the machine."""
    rows = []
    for name, bits in QUANTISATIONS:
        shape = expected_shape(model, bits)
        if shape is None:
            return []
        rows.append((name, f"{parts_words(shape)}. {_outcome(fit(shape, machine))}"))
    return rows


def parts_words(shape: Shape) -> str:
    """What a model takes with the usual context, as a sum in GB."""
    tokens = min(USUAL_CONTEXT, shape.trained_context or USUAL_CONTEXT)
    parts = (
        f"{shape.weights_bytes / _GB:,.1f} weights",
        f"{shape.cache_bytes(tokens) / _GB:,.1f} context",
        f"{(shape.compute_bytes(tokens) + shape.process_bytes()) / _GB:,.1f} buffers",
    )
    return f"{shape.total_bytes(tokens) / _GB:,.1f} GB = {' + '.join(parts)}"


def _outcome(result: Fit) -> str:
    if result.verdict in (Verdict.WELL, Verdict.SLOWLY) and result.tps is not None:
        speed = f"{result.tps:.0f}" if result.tps >= 10 else f"{result.tps:.1f}"
        return f"{result.verdict.value.capitalize()}, about {speed} tokens/s."
    return result.reason


def machine_words(machine: Machine, *, measured: bool, seen: Surroundings | None = None) -> str:
    """What the arithmetic is for, in a line."""
    cards = ", ".join(f"{card.name} with {card.memory_bytes / _GB:.0f} GB" for card in machine.cards)
    processor = f"{seen.processor}, {seen.cores} core{'' if seen.cores == 1 else 's'}; " if seen else ""
    memory = f"{machine.memory_bytes / _GB:.1f} GB of memory, {machine.room_bytes / _GB:.1f} GB for a model"
    speed = f"{machine.bandwidth / _GB:.0f} GB/s {'measured' if measured else 'assumed until measured'}"
    learned = ", corrected by what models showed here" if machine.paces else ""
    disk = f"; {seen.disk.free_bytes / _GB:.0f} GB free on the disk" if seen and seen.disk else ""
    context = f"With a context of {USUAL_CONTEXT:,} tokens."
    graphics = cards or "no graphics card in use"
    return f"{context} This machine: {processor}{memory}; {speed}{learned}; {graphics}{disk}."


def advice(model: CatalogueModel) -> list[tuple[str, str]]:
    """Where a model is advised to run, and on what."""
    return [
        (
            f"{one.place[:1].upper()}{one.place[1:]}",
            f"At least {one.least}" + (f"; better {one.better}." if one.better else "."),
        )
        for one in model.hardware
    ]


def files(model: CatalogueModel) -> list[tuple[str, str]]:
    """Quantisation and where its file is."""
    found = [
        (quantisation, f"{entry.repository}: {name}")
        for entry in model.files
        for quantisation, name in entry.quantisations.items()
    ]
    if model.projector:
        found.append(("Images", f"{model.projector.repository}: {model.projector.file}"))
    return found


def _experts(model: CatalogueModel) -> str:
    if not model.experts:
        return ""
    return f"{model.experts}" + (f" and {model.shared_experts} shared" if model.shared_experts else "")


def _languages(model: CatalogueModel) -> str:
    names = ", ".join(_named(_LANGUAGES, code) for code in model.languages)
    least = f"at least {model.languages_at_least}" if model.languages_at_least else ""
    return f"{least}, with {names}" if least and names else least or names


def _named(names: Mapping[str, str], code: str) -> str:
    return names.get(code, code)


def _thinking(switch: bool | None) -> str:
    return {None: "", True: "can be switched on and off", False: "no switch"}[switch]
