"""This machine, as `models.fit` judges models on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models import hardware
from models.fit import Card, Machine

USUAL_BANDWIDTH = 20e9
"""Bytes a second of an ordinary laptop, until this machine's are measured."""
_CARD_BANDWIDTH = 300e9
"""Of a graphics card with memory of its own; drivers don't tell."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device that the engine can compute on. Memory is as its driver says; 0 is unknown."""

    name: str
    description: str
    kind: str
    free_bytes: int
    total_bytes: int


def this_machine(bandwidth: float | None, devices: Sequence[Device]) -> Machine:
    """The machine with its measured bandwidth, and those devices that are graphics cards."""
    own = [device for device in devices if device.kind == "gpu" and not is_shared(device)]
    built_in = [device for device in devices if device.kind in ("gpu", "igpu") and is_shared(device)]
    speed = bandwidth or USUAL_BANDWIDTH
    total = hardware.memory_total_bytes()
    if own:
        cards = tuple(Card(card.description, card.total_bytes, _CARD_BANDWIDTH) for card in own)
        return Machine(total, speed, cards)
    cards = tuple(Card(card.description, card.total_bytes, speed) for card in built_in)
    return Machine(total, speed, cards, shared=bool(cards))


def is_shared(device: Device) -> bool:
    """Whether a card computes in the machine's own memory: built-in ones, and Apple's."""
    return device.kind == "igpu" or device.name.startswith(("MTL", "Metal"))
