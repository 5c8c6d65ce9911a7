"""Who answers `ask --mode hybrid`: the facts that the router decides from, and its choice."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from desktop.commands.bookkeeping import conditions_now, states_now
from desktop.commands.licences import catalogue_of, not_accepted
from desktop.commands.remote import Gateways
from desktop.commands.services import Services
from desktop.storage.booking import LONGEST_WITHIN_BUDGET
from desktop.storage.conditions import Condition
from desktop.system import prices as own_prices
from desktop.system.paths import resources
from desktop.system.settings import Settings
from models.candidates import Candidate, Facts, scores_of
from models.chat import Thinking
from models.errors import StorageError
from models.facts import Modality
from models.means import means
from models.policies import POLICIES
from models.pricing import price_of
from models.route import Mode, Preference, Privacy, Route
from models.routing import choose
from models.tasks import TaskModel, judge, language_of
from models.terms import terms_at_gateway, terms_of_file
from models.token_estimate import estimate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.catalogue import Catalogue
    from models.library import LocalModel
    from models.pricing import Price


@dataclass(frozen=True, slots=True)
class Asked:
    """What is needed of an answer. `model` is the one that was named, None leaves it to the router."""

    text: str
    model: str | None = None
    images: int = 0
    thinking: Thinking = Thinking.AUTO
    max_tokens: int | None = None


@dataclass(slots=True)
class Router:
    """The router with what it knows of this machine and the gateways.

    Gateways take part that the user has agreed to: in the window, by naming one of its models, or in the
    environment. `shut` are doors that failed in this run, with why. `prefer` goes before the settings' word.
    With `beyond` who answers is chosen as if there were no budget: the user said what is done where the
    answer then does not fit into one.
    """

    services: Services
    gateways: Gateways
    settings: Settings
    mode: Mode = Mode.HYBRID
    privacy: Privacy = Privacy.OUT
    prefer: Preference | None = None
    beyond: bool = False
    shut: dict[str, str] = field(default_factory=dict)
    _candidates: tuple[Candidate, ...] | None = None

    def route(self, asked: Asked) -> Route:
        """Who answers. Raises what `models.routing.choose` does.

        Whether there is a key is looked up only for a gateway that would be asked: that may ask the user.
        """
        while True:
            facts = self.facts(asked)
            route = choose(replace(facts, budget=None) if self.beyond else facts)
            problem = "" if route.backend == "local" else self.gateways.key_problem(route.door)
            if not problem:
                return self._with_those_left_out(route)
            self.shut[route.door] = problem

    def facts(self, asked: Asked) -> Facts:
        """All that the choice depends on, as it is now."""
        budget, unreadable = None, ""
        try:
            budget = means(states_now(self.services, self.settings.budgets), "CNY")
        except StorageError as error:
            unreadable = f"your budgets can’t be looked at: {error.cause}"
        longest = LONGEST_WITHIN_BUDGET if self.settings.budgets else None
        tokens = estimate(asked.text).likely
        return Facts(
            candidates=tuple(self._now(one, unreadable) for one in self._everyone(asked.model)),
            mode=self.mode,
            privacy=self.privacy,
            policy=POLICIES[self.prefer or self.settings.preference],
            task=judge(asked.text, _weights(), images=asked.images).task,
            language=language_of(asked.text),
            prompt_tokens=tokens,
            least_tokens=tokens,
            max_answer_tokens=asked.max_tokens or longest,
            images=asked.images,
            thinking=asked.thinking,
            budget=budget,
            typed=asked.model,
            default=next((one.model for one in self._everyone(asked.model) if one.local), None),
        )

    def _now(self, one: Candidate, unreadable: str) -> Candidate:
        problem = self.shut.get(one.door, "") or ("" if one.local else unreadable)
        return replace(one, problem=problem) if problem else one

    def _everyone(self, named: str | None) -> tuple[Candidate, ...]:
        if self._candidates is None:
            catalogue = catalogue_of(self.services)
            self._candidates = (*self._local(catalogue, named), *self._remote(catalogue, named))
        return self._candidates

    def _local(self, catalogue: Catalogue, named: str | None) -> list[Candidate]:
        usable = [model for model in self.services.library.models() if model.problem is None]
        mine = [one for one in usable if one.id == named or self._accepted(one, catalogue)]
        return [self._here(one, catalogue) for one in mine]

    def _accepted(self, model: LocalModel, catalogue: Catalogue) -> bool:
        if model.source == "starter":
            return True
        return not_accepted(terms_of_file(model, catalogue), self.services) is None

    def _here(self, model: LocalModel, catalogue: Catalogue) -> Candidate:
        entry = catalogue.by_name(model.architecture, model.name)
        speed = self.services.measures.speed(model.path, model.size_bytes)
        return Candidate(
            "local",
            model.id,
            model.name,
            context=self.settings.context_for(model.id) or model.context_length,
            scores=scores_of(entry, catalogue),
            tps=speed.tps if speed else None,
            needed_bytes=model.size_bytes,
        )

    def _remote(self, catalogue: Catalogue, named: str | None) -> list[Candidate]:
        agreed = self.gateways.agreed(self.settings.allowed)
        if self.mode is Mode.LOCAL:
            return []
        if named is not None and self.gateways.kind_of(named):
            agreed = (*agreed, named.partition("/")[0])
        offered = self.gateways.models()
        if named is not None and named not in offered and self.gateways.kind_of(named):
            offered = (*offered, named)  # a gateway may have more than is known of
        own = own_prices.read(self.services.paths.own_prices).prices
        asked = [name for name in offered if name.partition("/")[0] in agreed]
        lately = conditions_now(self.services, asked)
        found = [self._there(name, catalogue, own, lately.get(name, Condition())) for name in asked]
        return [one for one in found if one.model == named or self._accepted_there(one, catalogue)]

    def _accepted_there(self, one: Candidate, catalogue: Catalogue) -> bool:
        terms = terms_at_gateway(one.model, self.gateways.kind_of(one.model), catalogue)
        return not_accepted(terms, self.services) is None

    def _there(
        self, model_id: str, catalogue: Catalogue, own: Mapping[str, Price], lately: Condition
    ) -> Candidate:
        door, _slash, name = model_id.partition("/")
        entry = self.gateways.entry(model_id, catalogue)
        return Candidate(
            "gateway",
            model_id,
            entry.name if entry is not None else name,
            door=door,
            door_name=self.gateways.name_of(door),
            context=entry.context if entry is not None else None,
            vision=entry is not None and Modality.IMAGE in entry.modalities,
            thinks=entry.thinking_switch if entry is not None else None,
            scores=scores_of(entry, catalogue),
            tps=lately.tps,
            ttft_s=lately.ttft_s,
            success=lately.success,
            price=price_of(model_id, own, entry),
        )

    def _with_those_left_out(self, route: Route) -> Route:
        """The trace says which gateways take no part, and why."""
        agreed = self.gateways.agreed(self.settings.allowed)
        others = [one for one in self.gateways.ids() if one not in (*agreed, route.door)]
        words = [f"{self.gateways.name_of(one)} takes no part: it is not allowed yet" for one in others]
        return replace(route, trace=(*route.trace, *words))


def _weights() -> TaskModel | None:
    try:
        return TaskModel.read(resources() / "tasks" / "weights.bin")
    except (OSError, ValueError):
        return None  # the rules alone decide then
