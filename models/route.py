"""Who answers a message, as a value, and the plain choice where names are all that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from models.errors import ModelNotFound, NoModel, NotAvailable

if TYPE_CHECKING:
    from models.estimates import CostEstimate


class Mode(StrEnum):
    """What the user allows: this machine only, both, or the gateway only."""

    LOCAL = "local"
    HYBRID = "hybrid"
    CLOUD = "cloud"


class Privacy(StrEnum):
    """Whether a conversation may leave this machine."""

    HERE = "stays here"
    ASK = "ask each time"
    OUT = "may go out"


class Preference(StrEnum):
    """What counts where several models could answer; models.policies has the numbers."""

    THRIFTY = "thrifty"
    BALANCED = "balanced"
    BEST = "best"


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another model; `why_not` is empty if it could answer just as well as anybody may ask for."""

    backend: str
    model: str
    name: str
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """Who answers. `backend` names a seam ("local", "gateway"), `reason` is one line for the person who asks.

    `estimated_cost` None is an unknown price; its upper end holds for answers of up to `answer_tokens`
    (0: nobody counted). `trace` are short sentences, in the order of the decision. Where `needs_consent`,
    nothing may be sent before the user said yes to this very answer. `door` is what fails as a whole.
    """

    backend: str
    model: str
    reason: str
    alternatives: tuple[Alternative | str, ...] = ()
    estimated_cost: CostEstimate | None = None
    estimated_time_s: float | None = None
    trace: tuple[str, ...] = ()
    needs_consent: bool = False
    door: str = "local"
    name: str = ""
    answer_tokens: int = 0


def choose_simply(
    *, mode: Mode, wanted: str | None, installed: Sequence[str], remote: Sequence[str] = ()
) -> Route:
    """The route for one message; the same facts give the same route.

    `installed` lists the local models' ids, the preferred one first, `remote` those that connected gateways
    are known to offer. `wanted` is the user's pick. Raises NoModel, ModelNotFound, or NotAvailable where
    the mode asks for what isn't set up.
    """
    if mode is Mode.CLOUD:
        return _remote(wanted, remote)
    if not installed:
        raise NoModel(
            "Inshore needs a model file (GGUF) to answer on this machine.",
            "Find one in Models, or add a file with “models add FILE” on the command line.",
        )
    if wanted is not None and wanted not in installed:
        raise ModelNotFound(
            f"“{wanted}” is not in your library.",
            "Installed: " + ", ".join(installed),
        )
    model = wanted or installed[0]
    reason = "you chose this model" if wanted else "your default model, on this machine"
    return Route("local", model, reason, tuple(name for name in installed if name != model))


def _remote(wanted: str | None, remote: Sequence[str]) -> Route:
    """A gateway may offer more than is known of it, so it is the one to say that it has no such model."""
    if not remote:
        raise NotAvailable(
            "No gateway is connected, so nothing can be answered off this machine.",
            "Choose the local mode to have the answer written here.",
        )
    model = wanted or remote[0]
    reason = "you chose this model" if wanted else "the first model of your gateway"
    others = tuple(name for name in remote if name != model)
    return Route("gateway", model, reason, others, door=model.partition("/")[0])
