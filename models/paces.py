"""What models showed of their speed on this machine, to say better what others like them will do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from models.fit import Machine, Pace, fit
from models.shapes import Shape

_LEAST, _MOST = 0.2, 3.0
"""What is further from the arithmetic says more of a busy minute, or of another card, than of the machine."""


def learned(machine: Machine, measured: Iterable[tuple[Shape, float]]) -> Machine:
    """The machine with what was measured on it: shapes of models and the tokens a second that they wrote."""
    bare = replace(machine, paces=())
    paces = []
    for shape, tps in measured:
        expected = fit(shape, bare).tps
        if expected and tps > 0:
            paces.append(Pace(shape.active_bytes, min(max(tps / expected, _LEAST), _MOST)))
    return replace(machine, paces=tuple(sorted(paces, key=lambda one: one.read_bytes)))
