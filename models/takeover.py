"""Who goes on when an answer failed: the next route, an offer, or the end. Pure, like the router."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256

from models.candidates import LOCAL, Candidate, Facts, Mode
from models.errors import (
    AppError,
    BadInput,
    EngineError,
    FellSilent,
    GatewayError,
    ModelError,
    NetworkError,
    NotAllowed,
    NothingFits,
    PromptTooLong,
    Refused,
    RequestRefused,
)
from models.routing import Route, choose

MOST_ATTEMPTS = 4
_ELSEWHERE = (EngineError, ModelError, NetworkError, GatewayError, PromptTooLong)


class TooSlow(AppError):
    """Slower than the user's floor; nothing broke, and what is written stays."""

    title = "This is slower than you want."


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a turn's answer, and why it ended."""

    door: str
    model: str
    error: AppError


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the user allowed beforehand: to go on here, and at a gateway for up to `most_nano`.

    `from_cloud` is whether that was said for going on here in the cloud mode, too.
    """

    locally: bool = True
    from_cloud: bool = False
    remotely: bool = False
    currency: str = "CNY"
    most_nano: int = 0


class Then(StrEnum):
    """What comes next: GO is begun at once, OFFER waits for a yes, END shows the error with `words`."""

    GO = "go"
    OFFER = "offer"
    END = "end"


@dataclass(frozen=True, slots=True)
class Next:
    """`route` is None only at the END. `words` are a button's ("Finish on …") or, at the END, why not."""

    then: Then
    words: str
    route: Route | None = None
    key: str = ""


def take_over(turn_id: str, attempts: tuple[Attempt, ...], facts: Facts, allowed: Allowed) -> Next:
    """What follows the last of `attempts`, all tries of this turn in their order; at least one.

    `facts` are those of now, the door's problem and the budget included: capability, mode, privacy and
    budget hold as for any answer. No door is asked twice, but for another model on this machine, which
    never is the same or, where memory ran out, larger. In the cloud mode this machine is offered where no
    gateway is left, and begun without a yes only in a conversation that has had it. So a turn ends after
    MOST_ATTEMPTS tries at most.
    """
    error = attempts[-1].error
    if not isinstance(error, (*_ELSEWHERE, TooSlow)) or isinstance(error, (NotAllowed, BadInput)):
        return Next(Then.END, "Nobody else could do better with this.")
    if len(attempts) >= MOST_ATTEMPTS:
        return Next(Then.END, f"{len(attempts)} tries failed. Nothing more is tried by itself.")
    left = tuple(one for one in facts.candidates if _may_try(one, attempts, facts))
    if not left:
        return Next(Then.END, _tried(attempts))
    try:
        route = _chosen(left, facts)
    except AppError as nobody:
        return Next(Then.END, _words_of(nobody))
    if facts.mode is Mode.CLOUD and route.backend == LOCAL and not allowed.from_cloud:
        allowed = replace(allowed, locally=False)
    twice = isinstance(error, FellSilent) and route.backend != LOCAL  # it may still answer, and be paid
    then = Then.GO if _beforehand(route, allowed) and not twice else Then.OFFER
    return Next(then, _words(route), route, attempt_key(turn_id, len(attempts), route))


def _chosen(left: tuple[Candidate, ...], facts: Facts) -> Route:
    """The best of those that are left. Raises what `choose` does for the mode that holds."""
    anew = replace(facts, candidates=left, typed=None, pinned=None, sticky=None)
    try:
        return choose(anew)
    except AppError:
        here = tuple(one for one in left if one.local)
        if facts.mode is not Mode.CLOUD or not here:
            raise
        try:
            return choose(replace(anew, mode=Mode.LOCAL, candidates=here))
        except AppError:
            pass
        raise


def attempt_key(turn_id: str, number: int, route: Route) -> str:
    """Names one try of a turn, the first is 0: the same for the same, to be sent and recorded once."""
    said = "\0".join((turn_id, str(number), route.backend, route.door, route.model))
    return sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def blames_door(error: AppError) -> bool:
    """Whether the door is to blame, so that its breaker counts it.

    A request that nobody would take is not, and neither is one that Inshore itself did not let out.
    """
    if isinstance(error, (RequestRefused, Refused)):
        return False
    return isinstance(error, (NetworkError, GatewayError, EngineError))


def _may_try(one: Candidate, attempts: tuple[Attempt, ...], facts: Facts) -> bool:
    before = [attempt for attempt in attempts if attempt.door == one.door]
    if not one.local:
        return not before
    if any(attempt.model == one.model for attempt in before):
        return False
    return all(_unlike(one, attempt, facts) for attempt in before)


def _unlike(one: Candidate, attempt: Attempt, facts: Facts) -> bool:
    """Whether a local model may do what another could not: a smaller one, but where the context was short."""
    if isinstance(attempt.error, (ModelError, PromptTooLong)) and one.needed_bytes is None:
        return True
    if isinstance(attempt.error, PromptTooLong):
        return True
    failed = next((it for it in facts.candidates if it.local and it.model == attempt.model), None)
    if one.needed_bytes is None or failed is None or failed.needed_bytes is None:
        return False
    return one.needed_bytes < failed.needed_bytes


def _beforehand(route: Route, allowed: Allowed) -> bool:
    if route.needs_consent:
        return False
    cost = route.estimated_cost
    if route.backend == LOCAL:
        return allowed.locally
    known = cost is not None and cost.currency == allowed.currency
    return allowed.remotely and known and cost is not None and cost.high_nano <= allowed.most_nano


def _words(route: Route) -> str:
    name = route.name or route.model
    if route.backend == LOCAL:
        return f"Finish on {name}, on this machine"
    cost = route.estimated_cost
    if cost is None:
        return f"Finish on {name}; its price isn’t known"
    return f"Finish on {name}, at most {cost.most()}"


def _tried(attempts: tuple[Attempt, ...]) -> str:
    asked = ", ".join(dict.fromkeys(attempt.model for attempt in attempts))
    return f"Nobody else is there to go on. Tried: {asked}."


def _words_of(error: AppError) -> str:
    reasons = error.reasons if isinstance(error, NothingFits) else (error.cause.rstrip("."),)
    return "Nobody else may go on: " + ". ".join(reasons[:3]) + "."
