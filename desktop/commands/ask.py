"""`ask`: one question, its answer streamed as it is written."""

from __future__ import annotations

import asyncio
import math
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from desktop.commands import leaving
from desktop.commands.bookkeeping import Books, kept
from desktop.commands.hybrid import Asked, Router
from desktop.commands.licences import check_accepted, check_accepted_at_gateway
from desktop.commands.over_budget import Wish, tell
from desktop.commands.recording import recorded
from desktop.commands.relaying import relay
from desktop.commands.remote import Gateways, StandIn
from desktop.commands.services import Services
from desktop.commands.terminal import KEYRING_ASKS, Terminal
from desktop.storage.booking import limited
from desktop.system.model_lists import ModelLists
from desktop.system.options import Options
from desktop.system.settings import Settings, load
from models.budget import Budget
from models.chat import (
    Backend,
    ChatEvent,
    ChatRequest,
    Finished,
    FinishReason,
    Image,
    Message,
    Notice,
    Progress,
    ReasoningDelta,
    Role,
    Stage,
    TextDelta,
    Thinking,
    Usage,
)
from models.errors import AppError, BadImage, BadInput, CannotSee, ModelNotFound, NotAvailable, OverBudget
from models.images import LARGEST_BYTES, without_metadata
from models.leave import strictest
from models.library import Library
from models.mentions import addressed
from models.plain import plain
from models.route import Mode, Preference, Privacy, Route, choose_simply
from models.thinking import ThinkingKind, ThinkingSupport
from models.ways_on import Kind, Way, request_of, route_of

_MAX_INPUT_BYTES = 16 << 20
_REMARKS = ("estimated", "flagged")
_DOING = {
    Stage.WAIT: "Waiting for the model",
    Stage.LOAD: "Loading the model",
    Stage.PROMPT: "Reading the question",
}


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked for on the command line. `text` "-" is read from standard input.

    `options` go before what the settings file has for the model; `images` are names of files. Without a
    `privacy` the settings' holds, and without a `prefer` the settings' preference.
    """

    text: str
    model: str | None
    mode: Mode
    thinking: Thinking
    options: Options
    as_json: bool
    images: tuple[str, ...] = ()
    privacy: Privacy | None = None
    over_budget: Kind | None = None
    prefer: Preference | None = None


def run(question: Question, services: Services, terminal: Terminal) -> int:
    """Answer it; the exit code. Raises AppError, and KeyboardInterrupt once the model is free again."""
    text = _from_stdin() if question.text == "-" else _mended(question.text)
    settings = _settings(services, terminal)
    gateways = _gateways(services, settings, terminal)
    question, text = _to_whom(question, text, services, gateways)
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
        asking.answer(_route(question, services, gateways))
        return
    _check_named(question, gateways, services.library)
    longest = question.options.max_tokens
    asked = Asked(asking.text, question.model, len(question.images), question.thinking, longest)
    router = Router(services, gateways, asking.settings, privacy=asking.privacy, prefer=question.prefer)
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
        _check_sight(self.question, route, self.gateways)
        self.said = said = [] if said is None else said
        raised = self.way is not None and self.way.kind is Kind.RAISE
        request, budgets = self._request(route, "".join(said)), self._budgets(route)
        with kept(self.services, self.terminal, route, request, budgets, number, raised=raised) as books:
            view = _JsonView(self.terminal, books) if self.question.as_json else _TextView(self.terminal)
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

    def _request(self, route: Route, said: str) -> ChatRequest:
        question = self.question
        options = question.options.over(self.settings.options_for(route.model))
        images = tuple(_picture(name) for name in question.images)
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


class _View(Protocol):
    def take(self, event: ChatEvent) -> None: ...
    def finish(self, event: Finished, route: Route) -> None: ...


class _TextView:
    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._reasoning = False

    def take(self, event: ChatEvent) -> None:
        match event:
            case Progress():
                self._terminal.status(f"{_doing(event)}{_share(event)} …")
            case Notice(text):
                self._terminal.note(text)
            case ReasoningDelta():
                self._reasoning = True
                self._terminal.aside(event.text)
            case TextDelta():
                if self._reasoning:
                    self._terminal.end_lines()
                    self._reasoning = False
                self._terminal.write(event.text)

    def finish(self, event: Finished, route: Route) -> None:
        self._terminal.end_lines()
        if event.reason is FinishReason.LENGTH:
            self._terminal.note("The answer was cut off at its longest allowed length (see --max-tokens).")
        if event.reason is FinishReason.CONTENT_FILTER:
            self._terminal.note("The gateway ended the answer, because its filter objected to the content.")
        if event.reason is FinishReason.TOOL_CALLS:
            self._terminal.note("The model asked for a tool, which Inshore has none of.")
        if route.backend == "gateway":
            self._terminal.note(_told(event, route))


class _JsonView:
    def __init__(self, terminal: Terminal, books: Books) -> None:
        self._terminal, self._books = terminal, books

    def take(self, event: ChatEvent) -> None:
        match event:
            case Progress(stage, done, total, _remaining):
                words: dict[str, object] = {"event": "progress", "text": _doing(event)}
                self._terminal.record({**words, "stage": stage, "done": done, "total": total})
            case Notice(text):
                self._terminal.record({"event": "progress", "text": text, "stage": "notice"})
            case ReasoningDelta(text):
                self._terminal.record({"event": "reasoning", "text": text})
            case TextDelta(text):
                self._terminal.record({"event": "text", "text": text})

    def finish(self, event: Finished, route: Route) -> None:
        self._terminal.record(
            {
                "event": "finished",
                "reason": event.reason,
                "usage": _usage(event.usage),
                "timings": asdict(event.timings),
                "route": asdict(route),
                "cost": self._books.cost(event.usage),
            }
        )


class _Booked:
    """A view that enters a local answer's end first; a gateway's attempts are entered as it tells of them.

    What is written is added to `said`.
    """

    def __init__(self, view: _View, books: Books, said: list[str]) -> None:
        self._view, self._books, self._said = view, books, said

    def take(self, event: ChatEvent) -> None:
        self._books.heard(event)
        if isinstance(event, TextDelta):
            self._said.append(event.text)
        self._view.take(event)

    def finish(self, event: Finished, route: Route) -> None:
        if route.backend != "gateway":
            self._books.finish(event)
        self._view.finish(event, route)


def _told(event: Finished, route: Route) -> str:
    """Who answered, and what it will be charged for."""
    usage = event.usage
    about = "about " if usage.estimated else ""
    parts = (
        f"Answered by {route.model}",
        _tokens(about, usage.prompt_tokens, "in", usage.cached_tokens, "cached"),
        _tokens(about, usage.completion_tokens, "out", usage.reasoning_tokens, "thinking"),
        f"not believed: {usage.flagged}" if usage.flagged else "",
        f"first word after {event.timings.ttft_s:.1f} s" if event.timings.ttft_s is not None else "",
    )
    return "; ".join(part for part in parts if part) + "."


def _tokens(about: str, count: int | None, way: str, part: int | None, name: str) -> str:
    if count is None:
        return f"unknown tokens {way}"
    within = f" ({part:,} of them {name})" if part else ""
    return f"{about}{count:,} tokens {way}{within}"


async def _unthinking(backend: Backend, model: str) -> str:
    """Why a model did not think though it was to; "" where it could have. A gateway has told by itself."""
    if not isinstance(backend, _Describing):
        return ""
    with suppress(AppError):
        support = await backend.thinking_support(model)
        return support.why if support.kind is ThinkingKind.NONE else ""
    return ""


async def _answer(request: ChatRequest, make: Callable[[], Backend], view: _View, route: Route) -> None:
    backend = make()
    stream = backend.stream(request)
    thought = request.thinking is not Thinking.ON or bool(request.answer_so_far)
    try:
        async for event in stream:
            thought = thought or isinstance(event, ReasoningDelta)
            if isinstance(event, Finished):
                if not thought and (why := await _unthinking(backend, request.model)):
                    view.take(Notice(why))
                view.finish(event, route)
            else:
                view.take(event)
    finally:
        await stream.aclose()
        await backend.aclose()


def _to_whom(question: Question, text: str, services: Services, gateways: Gateways) -> tuple[Question, str]:
    """The question with the model that its text begins with (“@qwen3 …”), and the text without it."""
    if not text.lstrip().startswith("@") or question.model is not None:
        return question, text
    here, there = [model.id for model in services.library.models()], gateways.models()
    mention = addressed(text, (*here, *there))
    if mention.model in here and question.mode is Mode.CLOUD:
        raise NotAvailable(f"Cloud only: {mention.model} is on this machine.", "Use --mode hybrid or local.")
    if mention.model in there and question.mode is Mode.LOCAL:
        raise NotAvailable(
            f"Local only: {mention.model} is not on this machine.", "Use --mode hybrid or cloud."
        )
    return replace(question, model=mention.model), mention.text


def _route(question: Question, services: Services, gateways: Gateways) -> Route:
    library = services.library
    if question.mode is Mode.CLOUD:
        return choose_simply(
            mode=question.mode, wanted=question.model, installed=(), remote=gateways.offer(question.model)
        )
    models = library.models()
    usable = [model.id for model in models if model.problem is None]
    if question.model is not None:
        _check_wanted(question.model, library)
    elif models and not usable and models[0].problem is not None:
        raise models[0].problem
    return choose_simply(mode=question.mode, wanted=question.model, installed=usable)


def _check_licence(route: Route, services: Services, gateways: Gateways) -> None:
    if route.backend == "gateway":
        check_accepted_at_gateway(route.model, gateways.kind_of(route.model), services)
    else:
        check_accepted(services.library.get(route.model), services)


def _check_sight(question: Question, route: Route, gateways: Gateways) -> None:
    """Of a model here its engine says so itself."""
    if question.images and route.backend == "gateway" and gateways.sees(route.model) is False:
        raise CannotSee(f"“{route.model}” reads text only.", "Choose a model that sees pictures.")


def _check_named(question: Question, gateways: Gateways, library: Library) -> None:
    if question.model is not None and not gateways.kind_of(question.model):
        _check_wanted(question.model, library)


def _check_wanted(name: str, library: Library) -> None:
    """Raise the model's problem, or say how to add a file that was named instead of a model."""
    try:
        library.find(name)
    except ModelNotFound as error:
        if not os.path.isfile(name):  # noqa: PTH113 - never raises
            raise
        hint = f"To use this file, add it first: python main.py models add {shlex.quote(name)}"
        raise ModelNotFound(error.cause, hint) from error


def _doing(event: Progress) -> str:
    if event.stage is Stage.WAIT and event.remaining_s is not None:
        return f"Trying again in {math.ceil(event.remaining_s)} s"
    return _DOING[event.stage]


def _share(event: Progress) -> str:
    counts = event.total > 0 and event.stage is not Stage.WAIT
    return f" {event.done * 100 // event.total} %" if counts else ""


def _picture(name: str) -> Image:
    try:
        with Path(name).open("rb") as file:
            return without_metadata(file.read(LARGEST_BYTES + 1))
    except OSError as error:
        raise BadImage(f"“{plain(name)}” can’t be read: {error.strerror}.", "Check its name.") from error
    except BadImage as error:
        raise BadImage(f"“{plain(name)}”: {error.cause}", error.hint) from error


def _mended(text: str) -> str:
    """Bytes of an argument that are no text become U+FFFD."""
    return os.fsencode(text).decode("utf-8", "replace")


def _from_stdin() -> str:
    data = sys.stdin.buffer.read(_MAX_INPUT_BYTES + 1)
    if len(data) > _MAX_INPUT_BYTES:
        raise BadInput("The question is longer than 16 MiB.", "Ask about a part of it.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            "The question is not UTF-8 text.", "Convert it first, for example with iconv."
        ) from error
    if not text.strip():
        raise BadInput("The question is empty.", "Give it as an argument, or on standard input.")
    return text


def _usage(usage: Usage) -> dict[str, object]:
    """Its numbers; that they are estimated, or what was not believed, only where it is so."""
    values = asdict(usage)
    return {name: value for name, value in values.items() if name not in _REMARKS or value}
