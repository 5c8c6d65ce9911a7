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
    here = [(one.id, one.name) for one in answering.local()]
    return ways_on(refused, _offers(request, conversation_id, books, answering), here)


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


def _may_answer(route: Route, answering: AnsweringService) -> bool:
    try:
        answering.check(route)
    except AppError:
        return False
    return True
