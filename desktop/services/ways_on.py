"""Finds what can be done about a message that does not fit into a budget."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from models.chat import ChatRequest
from models.errors import AppError, OverBudget
from models.route import Route
from models.token_estimate import estimate_request
from models.ways_on import Offer, Way, ways_on

if TYPE_CHECKING:
    from desktop.services.answering import AnsweringService
    from desktop.services.books import BookService


def ways_for(
    refused: OverBudget,
    request: ChatRequest,
    conversation_id: int,
    books: BookService,
    answering: AnsweringService,
) -> tuple[Way, ...]:
    """All ways for a message that was refused, of which each fits now."""
    blind = _blind(request, answering)
    here = [
        (one.id, one.name)
        for one in answering.local()
        if one.id not in blind and _may_answer(Route("local", one.id, ""), answering)
    ]
    offers = _offers(request, conversation_id, books, answering)
    return ways_on(refused, (one for one in offers if one.model not in blind), here)


def _offers(
    request: ChatRequest, conversation_id: int, books: BookService, answering: AnsweringService
) -> Iterable[Offer]:
    """Other models that may be asked without any further question."""
    for one in answering.priced():
        route = Route("gateway", one.model, "")
        known = one.context is None or one.context > estimate_request(request).likely
        if one.model == request.model or not known or not _may_answer(route, answering):
            continue
        most = books.most(route, replace(request, model=one.model), conversation_id, one.price)
        if most is not None:
            yield Offer(one.model, one.name, most)


def _blind(request: ChatRequest, answering: AnsweringService) -> set[str]:
    """Those that are known not to see the pictures that are asked about."""
    if not any(message.images for message in request.messages):
        return set()
    return {one.id for one in (*answering.local(), *answering.remote()) if one.sees is False}


def _may_answer(route: Route, answering: AnsweringService) -> bool:
    try:
        answering.check(route)
    except AppError:
        return False
    return True
