"""The hardware that a model's source advises, beside what our own arithmetic says of a machine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.expected import QUANTISATIONS, expected_shape
from models.facts import Advised, CatalogueModel
from models.fit import Fit, Machine, Verdict, fit
from models.sources import YOURS

_GB = 10**9
_NEARLY = 0.88
"""Of the memory that a machine is sold with, firmware and built-in graphics keep up to an eighth."""
_SOLD_GB = (2, 4, 6, 8, 10, 11, 12, 16, 18, 20, 24, 32, 36, 40, 48, 64, 80, 96, 128, 192, 256, 512)
_RUNNING = {Verdict.WELL: "well", Verdict.SLOWLY: "slowly", Verdict.LESS_CONTEXT: "with less context"}
_INT4_BITS = QUANTISATIONS[0][1]


class Comparison(StrEnum):
    """Arithmetic against advice, for one machine."""

    AGREES = "agrees"
    KINDER = "kinder"
    HARSHER = "harsher"


@dataclass(frozen=True, slots=True)
class Compared:
    """The least that is advised, whether the machine has it, and one sentence with both sides."""

    advised: Advised
    met: bool
    comparison: Comparison
    words: str


def compared(model: CatalogueModel, machine: Machine) -> Compared | None:
    """The model's advice beside its fit at INT4; None where no number is advised or its size isn't known.

    Of several pieces of advice the one that the machine has counts, else the one that asks for least.
    """
    shape = expected_shape(model, _INT4_BITS)
    rows = sorted((row for row in model.hardware if _gigabytes(row)), key=_gigabytes)
    if shape is None or not rows:
        return None
    met = [row for row in rows if meets(row, machine)]
    row, found = (met or rows)[0], fit(shape, machine)
    who = {"article": "The article", YOURS.id: "Your entry"}.get(model.sources["hardware"].id, "Its source")
    comparison, words = _words(f"{who} advises {row.least}", bool(met), found, machine)
    return Compared(row, bool(met), comparison, words)


def meets(row: Advised, machine: Machine) -> bool:
    """Whether a machine has as much memory of the kind as advised; shared memory is no card's own."""
    if row.card_gb is not None:
        have = 0 if machine.shared else sum(card.memory_bytes for card in machine.cards)
        return have >= row.card_gb * _GB * _NEARLY
    return row.memory_gb is not None and machine.memory_bytes >= row.memory_gb * _GB * _NEARLY


def sold_gb(memory_bytes: int) -> float:
    """The size that memory is sold with, where it is near a usual one, else as it is."""
    gigabytes = memory_bytes / _GB
    usual = min(_SOLD_GB, key=lambda size: abs(size - gigabytes))
    return usual if abs(usual - gigabytes) < usual * 0.08 else round(gigabytes, 1)


def _words(advice: str, met: bool, found: Fit, machine: Machine) -> tuple[Comparison, str]:
    how = _RUNNING.get(found.verdict)
    reason = f"{found.reason[:1].lower()}{found.reason[1:]}"
    reason = reason if reason.startswith("it ") else f"it {reason}"
    if met and how:
        return Comparison.AGREES, f"{advice}, which this machine has; by our arithmetic, too, it runs {how}."
    if met:
        return Comparison.HARSHER, f"{advice}, which this machine has; but by our arithmetic {reason}"
    if how:
        also = f"it also runs here with {_has(machine)}"
        return Comparison.KINDER, f"{advice}; by our arithmetic {also}{'' if how == 'well' else f', {how}'}."
    return Comparison.AGREES, f"{advice}; by our arithmetic {reason}"


def _has(machine: Machine) -> str:
    """What of the machine a model runs in."""
    memory = f"{sold_gb(machine.memory_bytes):g} GB of memory"
    if machine.shared or not machine.cards:
        return memory
    cards = len(machine.cards)
    each = f"{sold_gb(min(card.memory_bytes for card in machine.cards)):g} GB"
    return f"a card of {each} and {memory}" if cards == 1 else f"{cards} cards of {each} and {memory}"


def _gigabytes(row: Advised) -> int:
    return row.card_gb or row.memory_gb or 0
