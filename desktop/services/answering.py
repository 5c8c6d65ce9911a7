"""Who answers a conversation: what can be chosen, what was, and the route of each message."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from desktop.services.models import ModelService
from desktop.services.privacy import PrivacyService
from desktop.services.settings import SettingsService
from desktop.services.setup import SetupService
from desktop.storage.conversations import StoredMessage
from models.chat import Role
from models.errors import (
    AppError,
    CannotSee,
    ModelNotFound,
    NextStep,
    NotAllowed,
    NotAvailable,
    OverBudget,
)
from models.route import Mode, Privacy, Route, choose_simply
from models.ways_on import Priced, Way, route_of

HERE = "on this machine"


@dataclass(frozen=True, slots=True)
class Answerer:
    """A model that can be chosen. `place` is where it runs, in words; a remote one has a `provider` (its id).

    `host` is where messages to it go, `policy` what becomes of them there, `note` what else decides.
    `sees` is whether it takes pictures in; None is not known.
    """

    id: str
    name: str
    place: str = HERE
    provider: str = ""
    note: str = ""
    host: str = ""
    policy: str = ""
    sees: bool | None = False

    @property
    def remote(self) -> bool:
        return bool(self.provider)


@dataclass(frozen=True, slots=True)
class Aside:
    """What is said beside a model's name: the `licence` with its `meaning`, and how it did lately.

    `barred` is why it can't be chosen here, "" where it can.
    """

    licence: str = ""
    meaning: str = ""
    health: str = ""
    health_words: str = ""
    barred: str = ""


AUTOMATIC = Answerer("", "Automatic", "this machine or a gateway")
"""The router picks for each message."""

Decide = Callable[[Sequence[StoredMessage]], Route]


class AnsweringService(QObject):
    """Chooses for one conversation at a time; None is the new one. GUI thread only.

    `changed` when something else may answer than before.
    """

    changed = Signal()

    def __init__(
        self,
        models: ModelService,
        settings: SettingsService,
        setup: SetupService,
        remote: Callable[[], Sequence[Answerer]] = tuple,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._models, self._settings, self._setup = models, settings, setup
        self.remote = remote
        self.decide: Decide | None = None
        self.decide_here: Decide | None = None
        self.check_licence: Callable[[Route], None] = lambda _route: None
        self.aside: Callable[[Answerer], Aside] = lambda _one: Aside()
        self.privacy = PrivacyService(setup, settings, self)
        self.privacy.changed.connect(self.changed)
        self.priced: Callable[[], Sequence[Priced]] = tuple
        models.changed.connect(self.changed)

    def offered(self) -> list[Answerer]:
        """All that can be chosen, those of one place together."""
        automatic = [AUTOMATIC] if self.decide is not None else []
        return [*automatic, *self.local(), *self.remote()]

    def aside_in(self, conversation_id: int | None, one: Answerer) -> Aside:
        """What is said beside a model in a conversation."""
        stays = one.remote and self.privacy.of(conversation_id) is Privacy.HERE
        return replace(self.aside(one), barred="this conversation stays here" if stays else "")

    def local(self) -> list[Answerer]:
        """The models on this machine, the default first."""
        return [Answerer(model.id, model.name) for model in self._models.usable()]

    def mode(self, conversation_id: int | None) -> Mode:
        """What is allowed in this conversation; one that stays here has no cloud mode."""
        wanted = self._setup.answering(conversation_id).mode or Mode.LOCAL
        return self.privacy.mode(conversation_id, wanted)

    def chosen(self, conversation_id: int | None) -> Answerer | None:
        """Who would answer now; None where nobody can."""
        wanted, mode = self._setup.answering(conversation_id).model, self.mode(conversation_id)
        field = self._field(conversation_id, mode)
        if mode is Mode.HYBRID and wanted is None and self.decide is not None:
            return AUTOMATIC if field else None
        return next((one for one in field if one.id == wanted), field[0] if field else None)

    def route(
        self, conversation_id: int | None, earlier: Sequence[StoredMessage] = (), so_far: str = ""
    ) -> Route:
        """The route of the answer to the last of these messages, of which there may be a part.

        Raises NotAllowed before anything is sent to a gateway that the user has not agreed to, NotAccepted
        before the first use of a model whose licence asks for that, and what
        `models.routing.choose_simply` and `PrivacyService.check` raise.
        """
        route = self.before_questions(conversation_id, earlier)
        self.check_licence(route)
        self.privacy.check(conversation_id, route, earlier, so_far)
        return route

    def before_questions(self, conversation_id: int | None, earlier: Sequence[StoredMessage]) -> Route:
        """The same, whatever the model's licence or the conversation's class asks for."""
        if self.privacy.wants_here(earlier):
            return self._pick_here(conversation_id, earlier)
        return self.pick(conversation_id, earlier)

    def _pick_here(self, conversation_id: int | None, earlier: Sequence[StoredMessage]) -> Route:
        """By the model of this conversation if it is on this machine, else by the default one."""
        local = [each.id for each in self.local()]
        wanted = self._setup.answering(conversation_id).model
        route = choose_simply(mode=Mode.LOCAL, wanted=wanted if wanted in local else None, installed=local)
        check_sight(self.named(route.model), earlier)
        return route

    def pick(self, conversation_id: int | None, earlier: Sequence[StoredMessage]) -> Route:
        """The same, whatever the model's licence asks for."""
        mode, one = self.mode(conversation_id), self.whom(conversation_id, earlier)
        if (typed := _typed(earlier)) is not None:
            one = self._permitted(typed, mode)
        if one is AUTOMATIC and self.decide is not None:
            return self._checked(self.decide(earlier))
        check_sight(one, earlier)
        local, remote = [each.id for each in self.local()], [each.id for each in self.remote()]
        if one is not None and one.remote:
            self._check_allowed(one)
            return choose_simply(mode=Mode.CLOUD, wanted=one.id, installed=local, remote=remote)
        if one is not None and typed is not None:
            return choose_simply(mode=Mode.LOCAL, wanted=one.id, installed=local)
        wanted = self._setup.answering(conversation_id).model
        known = wanted if wanted in local else None
        return choose_simply(mode=mode, wanted=known, installed=local, remote=remote)

    def instead(self, way: Way) -> Route:
        """Whoever was chosen for one message that does not fit into a budget. Raises what `route` does."""
        route = route_of(way)
        self.check(route)
        return route

    def at_the_cap(
        self, conversation_id: int | None, earlier: Sequence[StoredMessage], refused: OverBudget
    ) -> Route | None:
        """This machine's model, where the router picks and one may answer; never raises."""
        if self.decide_here is None or self.whom(conversation_id, earlier) is not AUTOMATIC:
            return None
        try:
            route = self.decide_here(earlier)
            self.check(route)
        except AppError:
            return None
        why = refused.cause.rstrip(".")
        return replace(route, reason="at the cap: local only", trace=(why, *route.trace))

    def check(self, route: Route) -> None:
        """Raises what `route` does before anything is sent that was not agreed to."""
        self.check_licence(self._checked(route))

    def unseen(self, conversation_id: int | None, earlier: Sequence[StoredMessage]) -> CannotSee | None:
        """Why whoever would answer the last of these can't see their pictures; None where it can."""
        if not any(message.images for message in earlier):
            return None
        try:
            route = self.pick(conversation_id, earlier)
        except CannotSee as error:
            return self._held_back(conversation_id) or error
        except AppError:
            return self._held_back(conversation_id)
        return self._held_back(conversation_id) if route.backend != "local" else None

    def _held_back(self, conversation_id: int | None) -> CannotSee | None:
        """Where pictures keep a conversation here, who could see them elsewhere may not."""
        stays = self.privacy.of(conversation_id) is Privacy.HERE and self.privacy.raised(conversation_id)
        if not stays:
            return None
        return CannotSee(
            "Pictures stay on this machine, as your settings say, and no model here sees them.",
            "Remove the pictures, or change that in Settings, under Privacy.",
        )

    def whom(self, conversation_id: int | None, earlier: Sequence[StoredMessage]) -> Answerer | None:
        """Who is asked with the last of these messages: the one that it names, else who was chosen."""
        typed = _typed(earlier)
        return self.named(typed) if typed is not None else self.chosen(conversation_id)

    def names(self, conversation_id: int | None) -> list[str]:
        """The models that a message there may name."""
        return [one.id for one in self._field(conversation_id, self.mode(conversation_id))]

    def addressed(self, conversation_id: int | None, text: str) -> tuple[str | None, str]:
        """The model that a text begins with, as in “@qwen3 …”, and the text without it.

        Raises what `models.mentions.addressed` does, and NotAvailable where the mode would not let it answer.
        """
        if not text.lstrip().startswith("@"):
            return None, text
        from models.mentions import addressed

        mention = addressed(text, [one.id for one in (*self.local(), *self.remote())])
        if mention.model is not None:
            self._permitted(mention.model, self.mode(conversation_id))
        return mention.model, mention.text

    def _permitted(self, answerer_id: str, mode: Mode) -> Answerer:
        one = self.named(answerer_id)
        if one is None:
            raise ModelNotFound(f"“{answerer_id}” is not here any more.", "Choose another one.")
        if one.remote and mode is Mode.LOCAL:
            raise NotAvailable(
                f"Local only: {one.name} is not on this machine.", "Choose Hybrid or Cloud to ask it."
            )
        if not one.remote and mode is Mode.CLOUD:
            raise NotAvailable(
                f"Cloud only: {one.name} is on this machine.", "Choose Hybrid or Local to ask it."
            )
        return one

    def _checked(self, route: Route) -> Route:
        one = self.named(route.model)
        if one is not None and one.remote:
            self._check_allowed(one)
        return route

    def choose(self, conversation_id: int | None, answerer_id: str) -> None:
        """Have this model answer; the mode gives way where it would not let it. "" is the router's pick."""
        if not answerer_id:
            self._set(conversation_id, Mode.HYBRID, None)
            return
        one = self.named(answerer_id)
        if one is None or self.aside_in(conversation_id, one).barred:
            return
        mode = self.mode(conversation_id)
        if one.remote and mode is Mode.LOCAL:
            mode = Mode.CLOUD
        elif not one.remote and mode is Mode.CLOUD:
            mode = Mode.LOCAL
        if conversation_id is None and not one.remote:
            self._models.choose(answerer_id)
        # A new chat follows the default, which this is now; where the router picks it has to be named.
        follows = conversation_id is None and not one.remote and mode is Mode.LOCAL
        self._set(conversation_id, mode, None if follows else answerer_id)

    def set_mode(self, conversation_id: int | None, mode: Mode) -> None:
        """Allow this machine only, both, or the gateway only; where both may answer, the router picks."""
        model = None if mode is Mode.HYBRID else self._setup.answering(conversation_id).model
        self._set(conversation_id, mode, model)

    def allow(self, provider_id: str) -> None:
        """Messages may be sent to this gateway from now on."""
        allowed = self._settings.values.allowed
        if provider_id not in allowed:
            self._settings.update(allowed=(*allowed, provider_id))

    def agree(
        self,
        conversation_id: int | None,
        earlier: Sequence[StoredMessage],
        so_far: str,
        question: Mapping[str, str],
    ) -> None:
        """The user said yes to this question. Nothing happens where another one would be asked by now."""
        try:
            self.route(conversation_id, earlier, so_far)
        except NotAllowed as error:
            if (error.title, error.cause) != (question.get("title"), question.get("cause")):
                return
            self._agree(conversation_id, earlier, error.next_step)
        except AppError:
            return  # which is told as it is asked for

    def _agree(self, conversation_id: int | None, earlier: Sequence[StoredMessage], step: NextStep) -> None:
        if step is NextStep.SEND:
            self.privacy.agree(earlier[-1].id, self.before_questions(conversation_id, earlier).model)
        elif (one := self.whom(conversation_id, earlier)) is not None and one.remote:
            self.privacy.agree(earlier[-1].id, one.id)
            self.allow(one.provider)

    def place_of(self, route: Route) -> str:
        """Where a route leads, in words."""
        if route.backend == "local":
            return HERE
        one = self.named(route.model)
        return one.place if one is not None else "via a gateway"

    def _check_allowed(self, one: Answerer) -> None:
        if one.provider in self._settings.values.allowed:
            return
        whom = one.place.removeprefix("via ")
        where = f" Its address is {one.host}." if one.host else ""
        raise NotAllowed(
            f"{one.policy or f'This conversation would be sent to {whom}.'}{where}",
            "Nothing has been sent yet; you are asked once for each gateway.",
            title=f"Send this to {whom}?",
            next_step=NextStep.ALLOW,
        )

    def _set(self, conversation_id: int | None, mode: Mode, model: str | None) -> None:
        before = self._setup.answering(conversation_id)
        self._setup.set_answering(conversation_id, replace(before, mode=mode, model=model))
        self.changed.emit()

    def _field(self, conversation_id: int | None, mode: Mode) -> list[Answerer]:
        here = [] if mode is Mode.CLOUD else self.local()
        stays = mode is Mode.LOCAL or self.privacy.of(conversation_id) is Privacy.HERE
        return here if stays else [*here, *self.remote()]

    def named(self, answerer_id: str) -> Answerer | None:
        """The model with this id; None where it is not here any more."""
        return next((one for one in (*self.local(), *self.remote()) if one.id == answerer_id), None)


def check_sight(one: Answerer | None, earlier: Sequence[StoredMessage]) -> None:
    """Raises CannotSee where there are pictures, and it is known that this one sees none."""
    if one is None or one.sees is not False or not any(message.images for message in earlier):
        return
    before = not earlier[-1].images
    where = "There are pictures in this conversation, and " if before else ""
    way = "begin a new conversation" if before else "remove the pictures"
    raise CannotSee(f"{where}{one.name} reads text only.", f"Choose a model that sees pictures, or {way}.")


def _typed(earlier: Sequence[StoredMessage]) -> str | None:
    """The model that the last message names."""
    return earlier[-1].model if earlier and earlier[-1].role is Role.USER else None
