"""`ask --over-budget`: what is done where the worst case of a question does not fit into a budget."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.errors import OverBudget
from models.route import Mode
from models.ways_on import RAISED, Kind, Way, ways_on

if TYPE_CHECKING:
    from desktop.commands.terminal import Terminal


@dataclass(frozen=True, slots=True)
class Wish:
    """What to do, as the command line has it: `kind` None refuses, except that hybrid means this machine.

    `local` are the ids of the models here that can answer, the default first.
    """

    kind: Kind | None
    mode: Mode
    local: Sequence[str]

    def way(self, refused: OverBudget) -> Way:
        """How the question is sent after all. Raises OverBudget, which names what could be chosen."""
        kind = self.kind or (Kind.LOCAL if self.mode is Mode.HYBRID and self.local else None)
        ways = ways_on(refused, local=[(model, "") for model in self.local])
        for way in ways:
            if way.kind is kind:
                return way
        refused.hint = _hint(ways)
        raise refused


def _hint(ways: Iterable[Way]) -> str:
    choices = {
        Kind.SHORTEN: "shorten (at most {0.tokens:,} tokens)",
        Kind.LOCAL: "local ({0.model})",
        Kind.RAISE: "raise (once, by up to {0.amount})",
    }
    named = (choices[way.kind].format(way) if way != RAISED else "raise (once)" for way in ways)
    return f"Choose with --over-budget: {', '.join(named)}."


def tell(way: Way, refused: OverBudget, terminal: Terminal) -> None:
    """What was done instead, in one line."""
    done = {
        Kind.SHORTEN: f"The answer is limited to {way.tokens:,} tokens.",
        Kind.LOCAL: f"At the cap: local only, so {way.model} answers on this machine.",
        Kind.RAISE: f"The budget is exceeded this once, by up to {way.amount}."
        if way.amount
        else "The budget is passed by this once.",
    }[way.kind]
    terminal.note(f"{refused.cause} {done}")
