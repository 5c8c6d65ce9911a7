"""Which parts of an answer were written by whom, where more than one had a hand in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """What one model wrote, from the character `at` on. `place` is where, in words."""

    at: int
    model: str
    name: str
    place: str = ""
    remote: bool = False


def parts_of(receipt: Mapping[str, object] | None) -> list[Part]:
    """The parts that a receipt tells of, in their order; of one hand there is one, of an old receipt none."""
    values = receipt or {}
    told = values.get("parts")
    if isinstance(told, list):
        return [part for part in map(_part, told) if part is not None]
    route = values.get("route")
    if not isinstance(route, Mapping) or not route.get("model"):
        return []
    model = str(route["model"])
    place = str(values.get("place") or "")
    return [Part(0, model, str(route.get("name") or model), place, route.get("backend") == "gateway")]


def joined(before: Sequence[Part], part: Part) -> list[Part]:
    """With one more part; one that adds nothing, or goes on with its own, makes no seam."""
    kept = [one for one in before if one.at < part.at]
    if kept and kept[-1].model == part.model:
        return kept
    return [*kept, part]


def _part(value: object) -> Part | None:
    if not isinstance(value, Mapping):
        return None
    at = value.get("at")
    if not isinstance(at, int) or isinstance(at, bool) or at < 0:
        return None
    model = str(value.get("model") or "")
    name, place = str(value.get("name") or model), str(value.get("place") or "")
    return Part(at, model, name, place, value.get("remote") is True)
