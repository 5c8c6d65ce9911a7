"""Gathers what the router decides from, where the user leaves the choice of the model to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.services.history import history
from desktop.services.models import ModelService
from desktop.services.settings import SettingsService
from desktop.storage.conversations import StoredMessage
from models.chat import Role
from models.errors import CannotSee, NothingFits
from models.route import Mode, Privacy, Route

if TYPE_CHECKING:
    from models.candidates import Budget, Candidate, Facts, Score, Sticky
    from models.library import LocalModel
    from models.tasks import Task, TaskModel


class Decider:
    """Asks the router. GUI thread only.

    `remote` gives the gateways' candidates; only those of gateways that the user has agreed to take part.
    Those that `may_answer` says no to, because a licence was not accepted, are left out where there are
    others; else the user is asked about them.
    `privacy` is asked for a conversation's class; None is the new one, which a draft may be of.
    `problem` says why a door is left alone now, `means` what the budgets leave for a conversation,
    `scores` what is known of how good a model on this machine is, `unfit` why it would not run here,
    `longest` the limit that was set for answers in a conversation.
    `weights` is the file of the model that tells tasks apart; without it the rules alone do.
    """

    def __init__(
        self,
        models: ModelService,
        settings: SettingsService,
        remote: Callable[[], Sequence[Candidate]],
        weights: Path,
        may_answer: Callable[[Candidate], bool] = lambda _candidate: True,
        *,
        problem: Callable[[str], str] = lambda _door: "",
        means: Callable[[int | None], Budget | None] = lambda _conversation_id: None,
        scores: Callable[[LocalModel], tuple[Score, ...]] = lambda _model: (),
        unfit: Callable[[LocalModel], str] = lambda _model: "",
        longest: Callable[[int | None], int | None] = lambda _conversation_id: None,
    ) -> None:
        self._models, self._settings, self._remote, self._weights = models, settings, remote, weights
        self._may_answer, self._problem, self._means = may_answer, problem, means
        self._scores, self._unfit, self._longest = scores, unfit, longest
        self.privacy: Callable[[int | None], Privacy] = lambda _conversation: Privacy.HERE

    def route(self, earlier: Sequence[StoredMessage]) -> Route:
        """Who answers the last of these messages. Raises what `models.routing.choose` does, and CannotSee.

        Where nobody else can answer, a door that is left alone is asked all the same, and a model is tried
        that should not fit.
        """
        from models.routing import choose

        facts = self.facts(earlier)
        if facts.images and not any(candidate.vision for candidate in facts.candidates):
            raise CannotSee(
                "None of the models that may answer here sees pictures.",
                "Choose one that does, or remove the pictures.",
            )
        try:
            return choose(facts)
        except NothingFits:
            everyone = tuple(self._whatever_failed(one) for one in facts.candidates)
            if everyone == facts.candidates:
                raise
            return choose(replace(facts, candidates=everyone))

    def here(self, earlier: Sequence[StoredMessage]) -> Route:
        """Who answers it on this machine, whatever would suit better elsewhere. Raises the same."""
        from models.routing import choose

        facts = self.facts(earlier)
        return choose(replace(facts, candidates=tuple(one for one in facts.candidates if one.local)))

    def facts(self, earlier: Sequence[StoredMessage]) -> Facts:
        """What is known of the message and of those that could answer it."""
        from desktop.storage.booking import LONGEST_WITHIN_BUDGET
        from models.candidates import Facts
        from models.policies import POLICIES
        from models.tasks import language_of
        from models.token_estimate import estimate, estimate_prompt

        last = earlier[-1:]
        text = earlier[-1].text if earlier else ""
        usable = self._models.usable()
        images = sum(len(message.images) for message in earlier)
        conversation_id = (earlier[-1].conversation_id or None) if earlier else None
        budget, longest = self._means(conversation_id), self._longest(conversation_id)
        return Facts(
            candidates=self._candidates(seeing=bool(images)),
            mode=Mode.HYBRID,
            privacy=self.privacy(earlier[-1].conversation_id or None) if earlier else Privacy.HERE,
            policy=POLICIES[self._settings.values.preference],
            task=self._task(text, sum(len(message.images) for message in last)),
            language=language_of(text),
            prompt_tokens=estimate_prompt(history(earlier)).likely,
            least_tokens=estimate_prompt(history(last)).likely if last else estimate(text).likely,
            images=images,
            thinking=self._settings.values.thinking,
            budget=budget,
            max_answer_tokens=longest or (LONGEST_WITHIN_BUDGET if budget is not None else None),
            sticky=self._sticky(earlier),
            default=usable[0].id if usable else None,
        )

    def _candidates(self, *, seeing: bool) -> tuple[Candidate, ...]:
        everyone = tuple(self._now(one) for one in (*self._local(), *self._allowed()))
        able = tuple(one for one in everyone if one.vision) if seeing else everyone
        return tuple(one for one in able if self._may_answer(one)) or able or everyone

    def _now(self, one: Candidate) -> Candidate:
        problem = self._problem(one.door)
        return replace(one, problem=problem) if problem else one

    def _whatever_failed(self, one: Candidate) -> Candidate:
        failed = one.local or one.problem == self._problem(one.door)
        return replace(one, problem="") if failed else one

    def _local(self) -> list[Candidate]:
        from models.candidates import Candidate

        return [
            Candidate(
                "local",
                model.id,
                model.name,
                context=self._settings.context_for(model.id) or model.context_length,
                scores=self._scores(model),
                tps=speed.tps if (speed := self._models.speed(model)) else None,
                needed_bytes=model.size_bytes,
                problem=self._unfit(model),
            )
            for model in self._models.usable()
            if model.read
        ]

    def _allowed(self) -> list[Candidate]:
        allowed = self._settings.values.allowed
        return [one for one in self._remote() if one.door in allowed] if allowed else []

    def _sticky(self, earlier: Sequence[StoredMessage]) -> Sticky | None:
        """Who answered the message before this one, and what that was about.

        A message that named its model says nothing of the next.
        """
        from models.candidates import Sticky

        named = {m.id for m in earlier if m.role is Role.USER and m.model}
        answers = [
            at
            for at, m in enumerate(earlier)
            if m.role is Role.ASSISTANT and m.text and m.model and m.parent_id not in named
        ]
        if not answers:
            return None
        at = answers[-1]
        question = next((m.text for m in reversed(earlier[:at]) if m.role is Role.USER), "")
        return Sticky(earlier[at].model or "", self._task(question))

    def _task(self, text: str, images: int = 0) -> Task:
        from models.tasks import judge

        return judge(text, self._model, images=images).task

    @cached_property
    def _model(self) -> TaskModel | None:
        from models.tasks import TaskModel

        try:
            return TaskModel.read(self._weights)
        except (OSError, ValueError):
            return None  # the rules alone decide then
