"""What is tried instead when memory ran out or a graphics card failed."""

from __future__ import annotations

from models.errors import AppError, EngineCrashed, EngineOutOfMemory
from models.local.protocol import Planned

_CARD_CHANCES = 2


class Fallback:
    """Remembers for this run how far down the ladder a model has to begin, and whether cards may be used.

    `after` decides about one failure: a sentence to tell and to go on with, or None to give up. Never
    more than one new attempt for memory in a turn, and none once words were written: those stay, and
    the next question has a smaller context.
    """

    def __init__(self) -> None:
        self._rungs: dict[str, int] = {}
        self._card_failures = 0

    @property
    def gpu(self) -> bool:
        """Whether graphics cards may be used."""
        return self._card_failures < _CARD_CHANCES

    def rung(self, path: str) -> int:
        """The step of the ladder to begin with."""
        return self._rungs.get(path, 0)

    def after(
        self, error: AppError, path: str, plan: Planned | None, *, attempt: int, written: bool
    ) -> str | None:
        """`plan` is how the model was loaded, or about to be; `attempt` counts from 0 in each turn."""
        if isinstance(error, EngineOutOfMemory):
            self._rungs[path] = (plan.rung if plan is not None else self.rung(path)) + 1
            return None if written or attempt else "Memory ran out. Loading with less, once more."
        if isinstance(error, EngineCrashed) and plan is not None and plan.gpu_layers and self.gpu:
            self._card_failures += 1
            again = "The graphics card failed. Trying it once more."
            return (
                None
                if written
                else again
                if self.gpu
                else "The graphics card failed again. Computing on the processor."
            )
        return None
