"""Who is to answer a conversation, as it is kept with it: the mode, and the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.route import Mode

MODE, MODEL = "mode", "model"


@dataclass(frozen=True, slots=True)
class Answering:
    """What was chosen for one conversation; None leaves it to the settings."""

    mode: Mode | None = None
    model: str | None = None

    def over(self, below: Answering) -> Answering:
        """This, and what it leaves open as `below` has it."""
        return Answering(self.mode or below.mode, self.model or below.model)


def read(values: Mapping[str, object]) -> Answering:
    """What a conversation's own options say of it; what can't be used counts as not set."""
    mode, model = values.get(MODE), values.get(MODEL)
    known = Mode(mode) if isinstance(mode, str) and mode in set(Mode) else None
    return Answering(known, model if isinstance(model, str) and model else None)


def written(answering: Answering) -> dict[str, object]:
    """What `read` takes: only what is set."""
    values = {MODE: answering.mode.value if answering.mode else None, MODEL: answering.model}
    return {name: value for name, value in values.items() if value}
