"""Who is to answer a conversation, as it is kept with it: the mode, and the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from models.route import Mode

MODE, MODEL, TAKE_OVER = "mode", "model", "take_over"
NAMES = (MODE, MODEL, TAKE_OVER)


class TakeOver(StrEnum):
    """What may happen without a question when an answer fails: nothing, another model here, or any."""

    ASK = "ask"
    HERE = "here"
    ANYWHERE = "anywhere"


@dataclass(frozen=True, slots=True)
class Answering:
    """What was chosen for one conversation; None leaves it to the settings."""

    mode: Mode | None = None
    model: str | None = None
    take_over: TakeOver | None = None

    def over(self, below: Answering) -> Answering:
        """This, and what it leaves open as `below` has it."""
        return Answering(
            self.mode or below.mode, self.model or below.model, self.take_over or below.take_over
        )


def read(values: Mapping[str, object]) -> Answering:
    """What a conversation's own options say of it; what can't be used counts as not set."""
    mode, model = values.get(MODE), values.get(MODEL)
    known = Mode(mode) if isinstance(mode, str) and mode in set(Mode) else None
    take_over = values.get(TAKE_OVER)
    allowed = TakeOver(take_over) if isinstance(take_over, str) and take_over in set(TakeOver) else None
    return Answering(known, model if isinstance(model, str) and model else None, allowed)


def written(answering: Answering) -> dict[str, object]:
    """What `read` takes: only what is set."""
    values = {MODE: answering.mode.value if answering.mode else None, MODEL: answering.model}
    values[TAKE_OVER] = answering.take_over.value if answering.take_over else None
    return {name: value for name, value in values.items() if value}
