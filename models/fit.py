"""Whether a model runs on a machine, how fast, and if not, what would help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from models.likest import likest
from models.shapes import F16, Q8_0, Shape, estimated

USUAL_CONTEXT, SMALLEST_CONTEXT = 8192, 2048

_GB = 10**9
_SYSTEM_BYTES = 3 << 29
_MARGIN_BYTES = 256 << 20
_CARD_MARGIN_BYTES = 768 << 20
_EFFICIENCY = 0.65
_TALK_TOKENS = 1024
_WELL_TPS, _SLOWLY_TPS = 6.0, 1.0  # people read about five tokens a second
_CARDS_GB = (6, 8, 12, 16, 24, 32, 48, 80)
_MOST_CARDS = 8


class Verdict(StrEnum):
    """From the best to the worst."""

    WELL = "runs well"
    SLOWLY = "runs slowly"
    LESS_CONTEXT = "runs with less context"
    NEEDS_GPU = "needs a graphics card"
    GATEWAY = "use the gateway"


@dataclass(frozen=True, slots=True)
class Card:
    """A graphics card. `bandwidth` is in bytes a second."""

    name: str
    memory_bytes: int
    bandwidth: float


@dataclass(frozen=True, slots=True)
class Pace:
    """What one model showed here: the bytes it reads for a token, and its speed over the expected one."""

    read_bytes: int
    ratio: float


@dataclass(frozen=True, slots=True)
class Machine:
    """What a model has to run on. `memory_bytes` is the machine's own, all of it; `bandwidth` is its.

    `shared` cards use the machine's memory (Apple's, and most built-in ones): they add speed, no room.
    `paces` are what models showed on it; speeds to expect are corrected by them.
    """

    memory_bytes: int
    bandwidth: float
    cards: tuple[Card, ...] = ()
    shared: bool = False
    paces: tuple[Pace, ...] = ()

    @property
    def room_bytes(self) -> int:
        """What of its memory a model may have."""
        return max(0, self.memory_bytes - _SYSTEM_BYTES - _MARGIN_BYTES)

    @property
    def card_bytes(self) -> int:
        """What all cards with memory of their own have room for."""
        if self.shared:
            return 0
        return sum(max(0, card.memory_bytes - _CARD_MARGIN_BYTES) for card in self.cards)

    def pace(self, read_bytes: int) -> float:
        """By how much faster or slower than expected the measured model was that is likest; 1 if none is."""
        return likest(read_bytes, ((one.read_bytes, one.ratio) for one in self.paces)) or 1.0


@dataclass(frozen=True, slots=True)
class Fit:
    """The answer. `reason` is one sentence; `tps` None where it would not run at all.

    `needed_bytes` is for `context` tokens; `on_cards` is the part of the weights that cards hold, 0 to 1.
    """

    verdict: Verdict
    reason: str
    needed_bytes: int
    context: int
    tps: float | None
    on_cards: float = 0.0


def fit(
    shape: Shape, machine: Machine, context: int = USUAL_CONTEXT, *, measured_tps: float | None = None
) -> Fit:
    """Judge a model on a machine with a context of so many tokens, at most what it was trained for.

    A speed that was measured here counts more than the expected one.
    """
    wanted = min(context, shape.trained_context or context)
    for tokens, number_bytes in _ways(wanted):
        needed = shape.total_bytes(tokens, number_bytes, flash=number_bytes != F16)
        if needed <= machine.room_bytes + machine.card_bytes:
            on_cards = _on_cards(needed, machine)
            tps = measured_tps or expected_tps(shape, machine, tokens, on_cards)
            return _running(shape, wanted, tokens, needed, tps, on_cards)
    return _not_here(shape, wanted)


def expected_tps(shape: Shape, machine: Machine, context: int, on_cards: float) -> float:
    """Tokens a second: what is read for each, by the bandwidth of where it lies.

    Reading is what takes the time; 65 % of the bandwidth is what decoding reaches. A thousand tokens of
    context are read with the weights. It is corrected by what a model of about its size showed here.
    """
    read = shape.active_bytes + shape.cache_bytes(min(context, _TALK_TOKENS))
    card = min((card.bandwidth for card in machine.cards), default=0.0)
    fast = max(card, machine.bandwidth) if machine.shared else card
    part = 1.0 if machine.shared and machine.cards else on_cards
    seconds = read * (1 - part) / machine.bandwidth + (read * part / fast if part else 0.0)
    return _EFFICIENCY * machine.pace(shape.active_bytes) / seconds


def best_bits(
    parameters: int, active: int, choices: Sequence[tuple[str, float]], machine: Machine
) -> tuple[str, Fit] | None:
    """Of quantisations (name, bits a weight), the finest that runs well, else the coarsest that runs."""
    found: tuple[str, Fit] | None = None
    for name, bits in sorted(choices, key=lambda choice: -choice[1]):
        result = fit(estimated(parameters, active, bits), machine)
        if result.verdict is Verdict.WELL:
            return name, result
        if result.tps is not None:
            found = name, result
    return found


def _ways(wanted: int) -> Sequence[tuple[int, float]]:
    """Contexts and caches, the best first."""
    ways = [(wanted, F16), (wanted, Q8_0)]
    tokens = wanted
    while tokens > SMALLEST_CONTEXT:
        tokens = max(1 << ((tokens - 1).bit_length() - 1), SMALLEST_CONTEXT)
        ways += [(tokens, F16), (tokens, Q8_0)]
    return ways


def _on_cards(needed: int, machine: Machine) -> float:
    return min(1.0, machine.card_bytes / needed)


def _running(shape: Shape, wanted: int, tokens: int, needed: int, tps: float, on_cards: float) -> Fit:
    speed = f"about {tps:.0f} tokens/s" if tps >= 10 else f"about {tps:.1f} tokens/s"
    size = f"{needed / _GB:.1f} GB"
    if tps < _SLOWLY_TPS:
        reason = f"It would fit ({size}), but write less than a word a second."
        return Fit(Verdict.GATEWAY, reason, needed, tokens, tps, on_cards)
    if tokens < wanted:
        reason = f"A context of {tokens:,} tokens fits ({size}), {wanted:,} do not; {speed}."
        return Fit(Verdict.LESS_CONTEXT, reason, needed, tokens, tps, on_cards)
    verdict = Verdict.WELL if tps >= _WELL_TPS else Verdict.SLOWLY
    return Fit(verdict, f"Takes {size}; {speed}.", needed, tokens, tps, on_cards)


def _not_here(shape: Shape, wanted: int) -> Fit:
    needed = shape.total_bytes(wanted)
    least = shape.total_bytes(min(wanted, SMALLEST_CONTEXT), Q8_0, flash=True)
    for gigabytes in _CARDS_GB:
        room = gigabytes * _GB - _CARD_MARGIN_BYTES
        if least <= room:
            how = "would hold it" if needed <= room else "would hold it with less context"
            reason = f"Needs {needed / _GB:.1f} GB: a graphics card with {gigabytes} GB {how}."
            return Fit(Verdict.NEEDS_GPU, reason, needed, wanted, None)
    room = 80 * _GB - _CARD_MARGIN_BYTES
    cards = -(-least // room)
    if cards <= _MOST_CARDS:
        less = "" if needed <= cards * room else ", and less context"
        words = f"Needs {needed / _GB:.0f} GB: {cards} cards with 80 GB each, in a server{less}."
    else:
        words = f"Needs {needed / _GB:.0f} GB, which is more than one server has."
    return Fit(Verdict.GATEWAY, words, needed, wanted, None)
