"""What the user prefers when several models could answer: thrifty, balanced or best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from models.route import Preference as Preference
from models.tasks import Task


@dataclass(frozen=True, slots=True)
class Policy:
    """A preference as numbers.

    Whoever is within `margin` points of the best score for the task is good enough, and the cheapest of
    those answers. A model slower than `floor_tps` tokens a second answers only if nobody else can; an
    answer that could cost more than `ceiling_nano` (in nano-units, None: no ceiling) is asked about first.
    For `unmeasured` tasks a local model without a score is good enough, up to `light_tokens` of prompt.
    """

    words: str
    margin: float
    floor_tps: float
    ceiling_nano: int | None
    unmeasured: frozenset[Task]
    light_tokens: int


_LIGHT = frozenset({Task.CHAT})

THRIFTY = Policy(
    "Answers on this machine whenever it can, and else from the cheapest model that is roughly as good.",
    margin=14.0,
    floor_tps=2.0,
    ceiling_nano=50_000_000,
    unmeasured=frozenset(Task),
    light_tokens=1 << 30,
)
BALANCED = Policy(
    "Nearly the best answer for a fraction of its price; small talk stays on this machine.",
    margin=7.0,
    floor_tps=5.0,
    ceiling_nano=500_000_000,
    unmeasured=_LIGHT,
    light_tokens=100,
)
BEST = Policy(
    "The model with the best score for each task, whatever it costs within your budget.",
    margin=0.0,
    floor_tps=5.0,
    ceiling_nano=None,
    unmeasured=frozenset(),
    light_tokens=0,
)
POLICIES: Mapping[Preference, Policy] = MappingProxyType(
    {Preference.THRIFTY: THRIFTY, Preference.BALANCED: BALANCED, Preference.BEST: BEST}
)
