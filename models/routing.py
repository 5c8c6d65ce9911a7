"""Who answers, and why: a pure function of what is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from models.errors import ModelNotFound, NoModel, NotAvailable


class Mode(StrEnum):
    """What the user allows: this machine only, both, or the gateway only."""

    LOCAL = "local"
    HYBRID = "hybrid"
    CLOUD = "cloud"


@dataclass(frozen=True, slots=True)
class Route:
    """Who answers. `backend` names a seam ("local"), `reason` is one line for the person who asks."""

    backend: str
    model: str
    reason: str
    alternatives: tuple[str, ...] = ()


def choose(*, mode: Mode, wanted: str | None, installed: Sequence[str], remote: Sequence[str] = ()) -> Route:
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
            "Add one in Models, or with “models add FILE” on the command line.",
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
    return Route("gateway", model, reason, tuple(name for name in remote if name != model))
