"""Who is to answer a conversation, as it is kept with it: the mode, the model, and the class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.route import Mode, Privacy

MODE, MODEL, PRIVACY = NAMES = ("mode", "model", "privacy")


@dataclass(frozen=True, slots=True)
class Answering:
    """What was chosen for one conversation; None leaves it to the settings."""

    mode: Mode | None = None
    model: str | None = None
    privacy: Privacy | None = None

    def over(self, below: Answering) -> Answering:
        """This, and what it leaves open as `below` has it."""
        return Answering(self.mode or below.mode, self.model or below.model, self.privacy or below.privacy)


def read(values: Mapping[str, object]) -> Answering:
    """What a conversation's own options say of it; what can't be used counts as not set.

    A class that can't be read is the strictest one.
    """
    mode, model = values.get(MODE), values.get(MODEL)
    known = Mode(mode) if isinstance(mode, str) and mode in set(Mode) else None
    return Answering(
        known, model if isinstance(model, str) and model else None, _privacy(values.get(PRIVACY))
    )


def _privacy(value: object) -> Privacy | None:
    if value is None:
        return None
    return Privacy(value) if isinstance(value, str) and value in set(Privacy) else Privacy.HERE


def written(answering: Answering) -> dict[str, object]:
    """What `read` takes: only what is set."""
    values = {
        MODE: answering.mode.value if answering.mode else None,
        MODEL: answering.model,
        PRIVACY: answering.privacy.value if answering.privacy else None,
    }
    return {name: value for name, value in values.items() if value}
