"""What a benchmark gives back."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class Row(TypedDict):
    """One measured value. `target` is written as people read it ("≥ 0.97"); no target, no verdict.

    `runs` holds the values of which `value` is the median; the runner adds them where they are not given.
    """

    name: str
    value: float
    unit: str
    target: str | None
    ok: bool | None
    runs: NotRequired[list[float]]
