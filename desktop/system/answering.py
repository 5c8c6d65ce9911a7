"""Who is to answer a conversation, as it is kept with it: the mode, the model, and the class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from models.route import Mode, Privacy

MODE, MODEL, TAKE_OVER, PRIVACY = "mode", "model", "take_over", "privacy"
NAMES = (MODE, MODEL, TAKE_OVER, PRIVACY)


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
    privacy: Privacy | None = None

    def over(self, below: Answering) -> Answering:
        """This, and what it leaves open as `below` has it."""
        return Answering(
            self.mode or below.mode,
            self.model or below.model,
            self.take_over or below.take_over,
            self.privacy or below.privacy,
        )


def read(values: Mapping[str, object]) -> Answering:
    """What a conversation's own options say of it; what can't be used counts as not set.

    A class that can't be read is the strictest one.
    """
    mode, model = values.get(MODE), values.get(MODEL)
    known = Mode(mode) if isinstance(mode, str) and mode in set(Mode) else None
    take_over = values.get(TAKE_OVER)
    allowed = TakeOver(take_over) if isinstance(take_over, str) and take_over in set(TakeOver) else None
    chosen = model if isinstance(model, str) and model else None
    return Answering(known, chosen, allowed, _privacy(values.get(PRIVACY)))


def _privacy(value: object) -> Privacy | None:
    if value is None:
        return None
    return Privacy(value) if isinstance(value, str) and value in set(Privacy) else Privacy.HERE


def written(answering: Answering) -> dict[str, object]:
    """What `read` takes: only what is set."""
    values = {
        MODE: answering.mode.value if answering.mode else None,
        MODEL: answering.model,
        TAKE_OVER: answering.take_over.value if answering.take_over else None,
        PRIVACY: answering.privacy.value if answering.privacy else None,
    }
    return {name: value for name, value in values.items() if value}
