"""What an answer is in the ledger's words: before it is asked for, and when an attempt at it has ended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from desktop.storage.ledger_values import Attempt, Outcome, Place, Settlement
from models.chat import ChatRequest, Finished, Usage
from models.errors import (
    AppError,
    NotConnected,
    NotSecure,
    Offline,
    PromptTooLong,
    ProxyFailed,
    Refused,
    SignInPage,
)
from models.route import Route
from models.token_estimate import estimate_request

if TYPE_CHECKING:
    from models.gateway import attempts
    from models.pricing import Price

UNCHARGED = Usage(0, 0, 0, 0)
LONGEST_WITHIN_BUDGET = 8_192
"""Tokens of an answer for which nobody set a limit, where a budget needs a worst case."""
_REFUSED, _BROKEN = range(400, 500), range(500, 600)
_NEVER_ASKED = frozenset(
    error.__name__
    for error in (NotConnected, Offline, NotSecure, Refused, ProxyFailed, SignInPage, PromptTooLong)
)
"""Errors that say that nobody has worked on the request."""


def attempt_of(
    route: Route,
    request: ChatRequest,
    price: Price | None,
    *,
    conversation_id: int | None = None,
    turn_id: int | None = None,
) -> Attempt:
    """The attempt that is about to be made; `price` None is unknown, and a local answer has none."""
    if route.backend != "gateway":
        return Attempt(
            "local",
            route.model,
            Place.LOCAL,
            conversation_id=conversation_id,
            turn_id=turn_id,
            route_reason=route.reason,
        )
    return Attempt(
        route.model.partition("/")[0],
        route.model,
        Place.REMOTE,
        conversation_id=conversation_id,
        turn_id=turn_id,
        route_reason=route.reason,
        price=price,
        prompt_limit=estimate_request(request).high,
        completion_limit=request.sampling.max_tokens,
    )


def limited(request: ChatRequest) -> ChatRequest:
    """A request that has an end, as a worst case needs one."""
    if request.sampling.max_tokens is not None:
        return request
    return replace(request, sampling=replace(request.sampling, max_tokens=LONGEST_WITHIN_BUDGET))


def settlement_of(told: attempts.Attempt) -> Settlement:
    """How a gateway's attempt ended.

    What it refused, or was never asked, it does not charge. Nor does it where it broke down before the
    first word and told no numbers, but nobody said so: that nothing is an estimate, until told otherwise.
    What went silent, or ended without a reply, may have been worked on: its cost is unknown.
    """
    outcome = {"finished": Outcome.FINISHED, "stopped": Outcome.STOPPED}.get(told.outcome, Outcome.FAILED)
    usage, reported = told.usage, not told.usage.estimated
    if outcome is Outcome.FAILED and told.usage == Usage():
        refused = told.status in _REFUSED or told.error in _NEVER_ASKED
        if refused or told.status in _BROKEN:
            usage, reported = UNCHARGED, refused
    return Settlement(
        outcome,
        usage,
        reported=reported,
        duration_ms=_thousandths(told.total_s),
        ttft_ms=_thousandths(told.ttft_s),
        speed_mtps=_thousandths(_speed(told)),
        request_id=told.request_id or None,
        note=told.error or None,
    )


def _speed(told: attempts.Attempt) -> float | None:
    """Tokens a second; unknown where nobody counted them, or not to be believed."""
    return None if told.usage.estimated or told.usage.flagged else told.tps


def finished(event: Finished, took_s: float | None = None) -> Settlement:
    """A local answer that ended by itself."""
    timings = event.timings
    return Settlement(
        Outcome.FINISHED,
        event.usage,
        duration_ms=_thousandths(took_s),
        ttft_ms=_thousandths(timings.ttft_s),
        speed_mtps=_thousandths(timings.decode_tps),
    )


def never_asked(error: AppError | None) -> Settlement:
    """A gateway that was not asked after all charges nothing."""
    outcome = Outcome.STOPPED if error is None else Outcome.FAILED
    return Settlement(outcome, UNCHARGED, note=type(error).__name__ if error else None)


def broken_off(error: AppError | None, heard: Usage, took_s: float | None = None) -> Settlement:
    """A local answer that was stopped, or failed, after so much of it."""
    outcome = Outcome.STOPPED if error is None else Outcome.FAILED
    note = type(error).__name__ if error else None
    return Settlement(
        outcome, heard, reported=not heard.estimated, duration_ms=_thousandths(took_s), note=note
    )


def heard_of(request: ChatRequest, tokens: int, thought: int) -> Usage:
    """What a broken answer took: the worker’s count of what came, and an estimate of what it read.

    Unknown where nothing came: it may have been read in part.
    """
    if not tokens:
        return Usage()
    prompt = estimate_request(request).likely
    return Usage(prompt, None, min(thought, tokens), tokens, estimated=True)


def _thousandths(value: float | None) -> int | None:
    return None if value is None else round(value * 1000)
