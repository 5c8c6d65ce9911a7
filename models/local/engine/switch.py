"""Finds a chat template's switch for thinking by trying it, whatever the model is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from models.chat import Thinking
from models.thinking import CHANNELS, Markers, ThinkingKind, ThinkingSupport

Render = Callable[[Mapping[str, object]], str | None]
"""A short prompt with these variables; None if the template refuses them."""


@dataclass(frozen=True, slots=True)
class Switch:
    """A template's variable, and what it must be."""

    variable: str
    off: object
    on: object

    def values(self, thinking: Thinking) -> dict[str, object]:
        """The variables to render with; AUTO leaves it to the template."""
        if thinking is Thinking.AUTO:
            return {}
        return {self.variable: self.on if thinking is Thinking.ON else self.off}


_SWITCHES = (
    Switch("enable_thinking", off=False, on=True),
    Switch("thinking", off=False, on=True),
    Switch("reasoning_effort", off="none", on="high"),
    Switch("reasoning_effort", off="low", on="high"),
)
_NO_SUCH_EFFORT = "inshore"


def find_switch(render: Render) -> Switch | None:
    """The first variable that changes the prompt."""
    return next((switch for switch in _SWITCHES if _works(switch, render)), None)


def support(switch: Switch | None, markers: Markers | None, *, opened: bool) -> ThinkingSupport:
    """What to tell people: of the switch and markers of a template, and whether it opens the block itself."""
    variable = switch.variable if switch is not None else ""
    if switch is not None and switch.off != "low" and markers is not CHANNELS:
        return ThinkingSupport(ThinkingKind.SWITCH, variable)
    if switch is not None:
        why = "This model always thinks. Switched off, it thinks little, and is cut short."
        return ThinkingSupport(ThinkingKind.ALWAYS, variable, why)
    if markers is not None:
        does = "always thinks" if opened else "decides itself whether it thinks"
        why = f"This model {does}. Switched off, its thinking is cut short, and it may answer worse."
        return ThinkingSupport(ThinkingKind.ALWAYS, "", why)
    return ThinkingSupport(
        ThinkingKind.NONE, "", "This model can’t think before it answers: it was not made to."
    )


def _works(switch: Switch, render: Render) -> bool:
    off, on = render({switch.variable: switch.off}), render({switch.variable: switch.on})
    if off is None or on is None or off == on:
        return False
    if off != render({switch.variable: switch.off}):
        return False  # it is never the same, so a difference says nothing
    return switch.off != "none" or not _repeats_anything(switch.variable, render)


def _repeats_anything(variable: str, render: Render) -> bool:
    """Whether the template copies any word into the prompt, so that “none” may mean nothing to the model."""
    odd = render({variable: _NO_SUCH_EFFORT})
    return odd is not None and _NO_SUCH_EFFORT in odd
