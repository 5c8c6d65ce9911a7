"""`ask --over-budget`: what is done where the worst case of a question does not fit into a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.errors import OverBudget
from models.route import Mode
from models.ways_on import Kind, Way, raising

if TYPE_CHECKING:
    from desktop.commands.terminal import Terminal

CHOICES = (Kind.SHORTEN.value, Kind.LOCAL.value, Kind.RAISE.value)


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
        if kind is Kind.RAISE:
            return raising(refused)
        if kind is Kind.LOCAL and self.local:
            return Way(kind, model=self.local[0])
        if kind is Kind.SHORTEN and refused.fits_tokens > 0:
            return Way(kind, tokens=refused.fits_tokens)
        refused.hint = self._hint(refused)
        raise refused

    def _hint(self, refused: OverBudget) -> str:
        amount = raising(refused).amount
        choices = [
            f"shorten (at most {refused.fits_tokens:,} tokens)" if refused.fits_tokens > 0 else "",
            f"local ({self.local[0]})" if self.local else "",
            f"raise (once, by up to {amount})" if amount else "raise (once)",
        ]
        return f"Choose with --over-budget: {', '.join(filter(None, choices))}."


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
