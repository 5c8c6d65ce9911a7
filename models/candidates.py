"""What the router decides from, as values: who could answer, what is needed, what is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.chat import Thinking
from models.policies import BALANCED, Policy
from models.pricing import Price
from models.route import Mode as Mode
from models.route import Privacy as Privacy
from models.tasks import Task

if TYPE_CHECKING:
    from models.catalogue import Catalogue
    from models.facts import CatalogueModel

LOCAL, GATEWAY = "local", "gateway"
"""The seams that a route's `backend` names."""


@dataclass(frozen=True, slots=True)
class Score:
    """A benchmark's result, in per cent; `thinking`: measured with thinking on."""

    benchmark: str
    name: str
    value: float
    thinking: bool = False


def scores_of(entry: CatalogueModel | None, catalogue: Catalogue) -> tuple[Score, ...]:
    """All results that the catalogue has of one of its models, which a quantised file nearly reaches."""
    if entry is None:
        return ()
    found = catalogue.scores(entry.id)
    return tuple(Score(one.benchmark.id, one.benchmark.name, one.value, one.thinking) for one in found)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model at one door. None is unknown, never zero.

    `door` is what fails as a whole: "local", or a provider's id; `door_name` is how people call it.
    `context` is in tokens. `problem` is a sentence that says why it can't be used now (it does not fit
    into memory, its key is missing, its door is shut); empty if it can. `needed_bytes` is the memory a
    local model takes. `success` is the share of the door's latest requests that were answered, 0 to 1.
    """

    backend: str
    model: str
    name: str
    door: str = LOCAL
    door_name: str = "this machine"
    context: int | None = None
    vision: bool = False
    thinks: bool | None = None
    always_thinks: bool = False
    scores: tuple[Score, ...] = ()
    price: Price | None = None
    tps: float | None = None
    prompt_tps: float | None = None
    ttft_s: float | None = None
    success: float | None = None
    needed_bytes: int | None = None
    problem: str = ""

    @property
    def local(self) -> bool:
        """Whether nothing leaves the machine."""
        return self.backend == LOCAL

    def score(self, benchmark: str, thinking: Thinking) -> Score | None:
        """Its result; one that was measured with thinking doesn't count where thinking is off."""
        for score in self.scores:
            if score.benchmark == benchmark and not (score.thinking and thinking is Thinking.OFF):
                return score
        return None


@dataclass(frozen=True, slots=True)
class Budget:
    """What may still be spent, in nano-units of its currency."""

    currency: str
    left_nano: int


@dataclass(frozen=True, slots=True)
class Sticky:
    """Who answered the conversation's previous message, and what kind of message it was."""

    model: str
    task: Task


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a decision depends on.

    `candidates` stand in the user's order. `prompt_tokens` is the whole conversation, `least_tokens` the
    part that can't be left out (0: all of it); the answer's tokens come on top, at most
    `max_answer_tokens` if that is set. `typed` is the `@model` of this message, `pinned` the
    conversation's model, `default` the user's own local model. Costs are compared in `currency`.
    """

    candidates: tuple[Candidate, ...]
    mode: Mode = Mode.LOCAL
    privacy: Privacy = Privacy.HERE
    policy: Policy = BALANCED
    task: Task = Task.CHAT
    language: str = "en"
    prompt_tokens: int = 0
    least_tokens: int = 0
    max_answer_tokens: int | None = None
    images: int = 0
    thinking: Thinking = Thinking.AUTO
    budget: Budget | None = None
    typed: str | None = None
    pinned: str | None = None
    sticky: Sticky | None = None
    default: str | None = None
    currency: str = "CNY"
