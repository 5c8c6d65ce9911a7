"""Whether a question of the command line may leave this machine: by --privacy, else by the settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from models.errors import NotAllowed, NotAvailable
from models.leave import Leave, for_leave
from models.route import Mode, Privacy, Route

CLASSES = {"here": Privacy.HERE, "ask": Privacy.ASK, "out": Privacy.OUT}


@contextmanager
def held(mode: Mode, privacy: Privacy) -> Iterator[None]:
    """The gate lets out what the mode and the class allow while the block lasts."""
    token = for_leave.set(Leave(mode, privacy))
    try:
        yield
    finally:
        for_leave.reset(token)


def check_price(route: Route) -> None:
    """Raises NotAllowed for a route that may cost more than the user's preference lets pass unasked."""
    if not route.needs_consent:
        return
    most = f"could cost up to {route.estimated_cost.most()}" if route.estimated_cost else "has no known price"
    raise NotAllowed(
        f"An answer from {route.name or route.model} {most}, and nobody cheaper can give one.",
        f"Nothing has been sent. Say --privacy out to send it, or name the model: --model {route.model}",
    )


def check(privacy: Privacy, route: Route) -> None:
    """Raises NotAvailable for a route that leads out of what stays here, and NotAllowed where the user is
    asked each time: saying --privacy out is the yes.
    """
    if route.backend == "local" or privacy is Privacy.OUT:
        return
    if privacy is Privacy.HERE:
        raise NotAvailable(
            "What you ask stays on this machine: that is how you set it, or what --privacy says.",
            "Use --mode local, or --privacy out for this question.",
        )
    raise NotAllowed(
        f"It would be sent for {route.model}, and you want to be asked each time.",
        "Nothing has been sent. Say --privacy out to send it, or --mode local to have it answered here.",
    )
