"""What may leave for the conversation that the running task works for; the gate asks it each time."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from models.route import Mode, Privacy


@dataclass(frozen=True, slots=True)
class Leave:
    """A conversation's mode and class; `agreed` is whether the user said yes to this very answer.

    `barred` is whether the gateway may not be asked any more, or is gone.
    """

    mode: Mode = Mode.LOCAL
    privacy: Privacy = Privacy.HERE
    agreed: bool = False
    barred: bool = False

    def refusal(self) -> str:
        """Why nothing may leave, as a sentence; "" where it may."""
        if self.barred:
            return "This gateway was removed or changed, so it is not asked any more."
        if self.mode is Mode.LOCAL:
            return "The mode is local only: nothing of this conversation leaves this machine."
        if self.privacy is Privacy.HERE:
            return "This conversation stays on this machine."
        if self.privacy is Privacy.ASK and not self.agreed:
            return "This conversation asks before anything is sent, and nobody has said yes to this."
        return ""


@dataclass(slots=True)
class Standing:
    """The leave of an answer on its way; `now` is replaced when the user decides otherwise. Any thread."""

    now: Leave

    @property
    def mode(self) -> Mode:
        return self.now.mode

    def refusal(self) -> str:
        """What the leave that holds now says."""
        return self.now.refusal()


for_leave: ContextVar[Leave | Standing | None] = ContextVar("for_leave", default=None)
"""Set by whoever starts a turn, in its task. None is work for no conversation, such as a download."""

told_of_content: ContextVar[Callable[[str, bytes], None] | None] = ContextVar("told_of_content", default=None)
"""Told of the host and of the content of each request of the running task, right before it is sent."""

_STRICTNESS = (Privacy.OUT, Privacy.ASK, Privacy.HERE)


def strictest(*classes: Privacy) -> Privacy:
    """The one of these that lets least out."""
    return max(classes, key=_STRICTNESS.index)


def mode_now() -> str:
    """The mode that the running task is under; "" where it works for no conversation."""
    leave = for_leave.get()
    return leave.mode.value if leave is not None else ""
