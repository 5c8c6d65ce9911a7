"""`ask`: one question, its answer streamed as it is written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

from desktop.commands import leaving
from desktop.commands.bookkeeping import Books, kept
from desktop.commands.hybrid import Asked, Router
from desktop.commands.licences import catalogue_of, check_accepted, check_accepted_at_gateway
from desktop.commands.named import check_named, simple_route, to_whom
from desktop.commands.over_budget import Wish, tell
from desktop.commands.question import Question, picture, words_of
from desktop.commands.recording import recorded
from desktop.commands.relaying import relay
from desktop.commands.remote import Gateways, StandIn
from desktop.commands.services import Services
from desktop.commands.terminal import KEYRING_ASKS, Terminal
from desktop.commands.views import JsonView, TextView, View
from desktop.storage.booking import attempt_of, limited
from desktop.system import prices
from desktop.system.model_lists import ModelLists
from desktop.system.settings import Settings, load
from models.budget import Budget
from models.chat import (
    Backend,
    ChatEvent,
    ChatRequest,
    Finished,
    Message,
    Notice,
    ReasoningDelta,
    Rethought,
    Role,
    TextDelta,
    Thinking,
)
from models.errors import AppError, CannotSee, OverBudget
from models.facts import Modality
from models.leave import strictest
from models.pricing import Price, price_of
from models.route import Mode, Privacy, Route
from models.thinking import ThinkingKind, ThinkingSupport
from models.ways_on import Kind, Way, request_of, route_of


def run(question: Question, services: Services, terminal: Terminal) -> int:
    """Answer it; the exit code. Raises AppError, and KeyboardInterrupt once the model is free again."""
    text = words_of(question)
    settings = _settings(services, terminal)
    gateways = _gateways(services, settings, terminal)
    question, text = to_whom(question, text, services, gateways)
    if services.library.problem is not None:
        terminal.note(services.library.problem.one_line())
    asking = _Asking(question, text, services, settings, gateways, terminal)
    try:
        _ask(asking)
    except OverBudget as error:
        if asking.said:
            raise
        usable = [model.id for model in services.library.models() if model.problem is None]
        asking.way = Wish(question.over_budget, question.mode, usable).way(error)
        tell(asking.way, error, terminal)
        _ask(asking)
    return 0


def _ask(asking: _Asking) -> None:
    """Have it answered by whoever was chosen. Raises OverBudget before anything is sent."""
    question, services, gateways = asking.question, asking.services, asking.gateways
    if asking.way is not None and asking.way.model:
        asking.answer(route_of(asking.way))
        return
    if question.mode is not Mode.HYBRID:
        asking.answer(simple_route(question, services, gateways))
        return
    check_named(question, gateways, services.library)
    longest = question.options.over(asking.settings.options_for(question.model or "")).max_tokens
    asked = Asked(asking.text, question.model, len(question.images), question.thinking, longest)
    router = Router(services, gateways, asking.settings, privacy=asking.privacy, prefer=question.prefer)
    router.beyond = question.over_budget is not None
    relay(router, asked, asking.answer, asking.terminal.note)


@dataclass(slots=True)
class _Asking:
    """One question with all that is needed to have it answered.

    `way` was chosen as a budget stood in its way; `said` is what was written of the answer.
    """

    question: Question
    text: str
    services: Services
    settings: Settings
    gateways: Gateways
    terminal: Terminal
    way: Way | None = None
    said: list[str] = field(default_factory=list)

    @property
    def privacy(self) -> Privacy:
        """The class that holds for it."""
        kept = self.settings.privacy
        if self.question.images:
            kept = strictest(kept, self.settings.picture_privacy)
        return self.question.privacy or kept

    def answer(self, route: Route, said: list[str] | None = None, number: int = 1) -> None:
        """Have this route answer, or go on with what was `said`, to which is added. Raises AppError."""
        leaving.check(self.privacy, route)
        if self.question.privacy is None and self.question.model is None:
            leaving.check_price(route)
        _check_licence(route, self.services, self.gateways)
        _check_sight(self.question, route, self.gateways, self.services)
        self.said = said = [] if said is None else said
        raised = self.way is not None and self.way.kind is Kind.RAISE
        request, budgets = self._request(route, "".join(said)), self._budgets(route)
        first = replace(attempt_of(route, request, self._price(route)), number=number)
        with kept(self.services, self.terminal, first, request, budgets, raised=raised) as books:
            view = JsonView(self.terminal, books) if self.question.as_json else TextView(self.terminal)
            booked = _Booked(view, books, said)
            if route.backend != "gateway":
                asyncio.run(_answer(request, self.services.engine, booked, route))
                return
            held = leaving.held(self.question.mode, self.privacy)
            with held, recorded(self.services.paths, self.terminal.note) as record:
                there = self.gateways.backend(record, books.attempted, books.repeating)
                asyncio.run(_answer(request, lambda: there, booked, route))

    def _budgets(self, route: Route) -> Sequence[Budget]:
        return self.settings.budgets if route.backend == "gateway" else ()

    def _price(self, route: Route) -> Price | None:
        if route.backend != "gateway":
            return None
        own = prices.read(self.services.paths.own_prices)
        for problem in own.problems:
            self.terminal.note(problem)
        return price_of(
            route.model, own.prices, self.gateways.entry(route.model, catalogue_of(self.services))
        )

    def _request(self, route: Route, said: str) -> ChatRequest:
        question = self.question
        options = question.options.over(self.settings.options_for(route.model))
        images = tuple(picture(name) for name in question.images)
        request = ChatRequest(
            model=route.model,
            messages=(Message(Role.USER, self.text, images=images),),
            sampling=options.sampling(),
            thinking=question.thinking,
            thinking_budget=options.thinking_budget,
            answer_so_far=said,
        )
        return request_of(self.way, limited(request) if self._budgets(route) else request)


def _gateways(services: Services, settings: Settings, terminal: Terminal) -> Gateways:
    return Gateways(
        settings.providers,
        lambda: services.keyring(lambda: terminal.status(KEYRING_ASKS)),
        services.stand_in or StandIn(),
        ModelLists(services.paths.model_lists),
    )


def _settings(services: Services, terminal: Terminal) -> Settings:
    settings, problems = load(services.paths.settings_file)
    if problems:
        terminal.note(" ".join(problems))
    return settings


@runtime_checkable
class _Describing(Protocol):
    async def thinking_support(self, model: str) -> ThinkingSupport: ...


class _Booked:
    """A view that enters a local answer's end first; a gateway's attempts are entered as it tells of them.

    What is written is added to `said`.
    """

    def __init__(self, view: View, books: Books, said: list[str]) -> None:
        self._view, self._books, self._said = view, books, said

    def take(self, event: ChatEvent) -> None:
        self._books.heard(event)
        if isinstance(event, TextDelta):
            self._said.append(event.text)
        if isinstance(event, Rethought):
            self._said.clear()
        self._view.take(event)

    def finish(self, event: Finished, route: Route) -> None:
        if route.backend != "gateway":
            self._books.finish(event)
        self._view.finish(event, route)


async def _unthinking(backend: Backend, model: str) -> str:
    """Why a model did not think though it was to; "" where it could have. A gateway has told by itself."""
    if not isinstance(backend, _Describing):
        return ""
    with suppress(AppError):
        support = await backend.thinking_support(model)
        return support.why if support.kind is ThinkingKind.NONE else ""
    return ""


async def _answer(request: ChatRequest, make: Callable[[], Backend], view: View, route: Route) -> None:
    backend = make()
    stream = backend.stream(request)
    thought = request.thinking is not Thinking.ON or bool(request.answer_so_far)
    try:
        async for event in stream:
            thought = thought or isinstance(event, ReasoningDelta | Rethought)
            if isinstance(event, Finished):
                if not thought and (why := await _unthinking(backend, request.model)):
                    view.take(Notice(why))
                view.finish(event, route)
            else:
                view.take(event)
    finally:
        await stream.aclose()
        await backend.aclose()


def _check_licence(route: Route, services: Services, gateways: Gateways) -> None:
    if route.backend == "gateway":
        check_accepted_at_gateway(route.model, gateways.kind_of(route.model), services)
    else:
        check_accepted(services.library.get(route.model), services)


def _check_sight(question: Question, route: Route, gateways: Gateways, services: Services) -> None:
    """Of a model here its engine says so itself."""
    if not question.images or route.backend != "gateway":
        return
    entry = gateways.entry(route.model, catalogue_of(services))
    if entry is not None and entry.modalities and Modality.IMAGE not in entry.modalities:
        raise CannotSee(f"“{route.model}” reads text only.", "Choose a model that sees pictures.")
