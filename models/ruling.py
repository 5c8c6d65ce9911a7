"""The router's rules, each one question with its answer in words: who can't answer, and who better won't."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.candidates import Candidate, Facts, Mode, Privacy, Score
from models.chat import Thinking
from models.estimates import CostEstimate, answer_tokens, cost_of, time_of, tokens_words
from models.money import short
from models.pricing import Cost
from models.tasks import Task

_SICK = 0.5
_BENCHMARKS = {
    Task.CHAT: "mmlu",
    Task.CODE: "humaneval",
    Task.MATH: "math",
    Task.CHINESE: "c-eval",
    Task.TRANSLATION: "mmlu",
    Task.DOCUMENT: "mmlu-pro",
    Task.IMAGE: "mmlu",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate with what an answer from it would cost, take, and be worth."""

    candidate: Candidate
    cost: CostEstimate | None
    time_s: float | None
    score: Score | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A candidate that can't answer; `words` say why, and `rule` is the rule's name."""

    candidate: Candidate
    rule: str
    words: str


Rule = Callable[[Judged, Facts], str]
"""Empty if the candidate passes, else why it doesn't."""


def judged(candidate: Candidate, facts: Facts) -> Judged:
    """A candidate beside the facts."""
    score = candidate.score(benchmark_for(facts), facts.thinking)
    return Judged(candidate, cost_of(candidate, facts), time_of(candidate, facts), score)


def benchmark_for(facts: Facts) -> str:
    """The one benchmark that a task is judged by; Chinese texts are judged by Chinese where it is words."""
    if facts.language == "zh" and facts.task in (Task.TRANSLATION, Task.CHAT):
        return _BENCHMARKS[Task.CHINESE]
    return _BENCHMARKS[facts.task]


def tokens_needed(facts: Facts) -> int:
    """What can't be left out, with the shortest answer worth having."""
    return (facts.least_tokens or facts.prompt_tokens) + answer_tokens(facts)[0]


# -- what nobody may break, whatever is pinned


def by_mode(one: Judged, facts: Facts) -> str:
    if facts.mode is Mode.LOCAL and not one.candidate.local:
        return f"Local only: {one.candidate.name} is not on this machine"
    if facts.mode is Mode.CLOUD and one.candidate.local:
        return f"Cloud only: {one.candidate.name} is on this machine"
    return ""


def by_privacy(one: Judged, facts: Facts) -> str:
    if facts.privacy is Privacy.HERE and not one.candidate.local:
        return f"This conversation stays here: {one.candidate.name} is not on this machine"
    return ""


def by_problem(one: Judged, _facts: Facts) -> str:
    return f"{one.candidate.name}: {one.candidate.problem.rstrip('.')}" if one.candidate.problem else ""


def by_images(one: Judged, facts: Facts) -> str:
    return f"{one.candidate.name} can’t see images" if facts.images and not one.candidate.vision else ""


def by_context(one: Judged, facts: Facts) -> str:
    needed, context = tokens_needed(facts), one.candidate.context
    if context is not None and needed > context:
        return f"Needs {tokens_words(needed)} tokens; {one.candidate.name} holds {tokens_words(context)}"
    return ""


def by_budget(one: Judged, facts: Facts) -> str:
    if facts.budget is None or one.candidate.local:
        return ""
    name = one.candidate.name
    if one.cost is None:
        return f"The price of {name} isn’t known, so your budget could not be kept"
    if one.cost.currency != facts.budget.currency:
        return f"{name} is priced in {one.cost.currency}, your budget is in {facts.budget.currency}"
    if one.cost.high_nano > facts.budget.left_nano:
        left = Cost(max(facts.budget.left_nano, 0), facts.budget.currency)
        return f"{name} could cost {one.cost.words()}; {_left(left)} of your budget"
    return ""


def _left(left: Cost) -> str:
    return "nothing is left" if not left.nano else f"{short(left)} is left"


HARD: Sequence[tuple[str, Rule]] = (
    ("mode", by_mode),
    ("privacy", by_privacy),
    ("problem", by_problem),
    ("images", by_images),
    ("context", by_context),
    ("budget", by_budget),
)


# -- what matters as long as somebody is left


def by_whole(one: Judged, facts: Facts) -> str:
    needed, context = facts.prompt_tokens + answer_tokens(facts)[0], one.candidate.context
    if context is not None and needed > context:
        held = f"{one.candidate.name} holds {tokens_words(context)}"
        return f"The whole conversation needs {tokens_words(needed)} tokens; {held}"
    return ""


def by_thinking(one: Judged, facts: Facts) -> str:
    if facts.thinking is Thinking.ON and one.candidate.thinks is False:
        return f"{one.candidate.name} can’t think first"
    if facts.thinking is Thinking.OFF and one.candidate.always_thinks:
        return f"{one.candidate.name} always thinks first"
    return ""


def by_currency(one: Judged, facts: Facts) -> str:
    if one.cost is None:
        return f"The price of {one.candidate.name} isn’t known"
    if one.cost.currency != facts.currency:
        return f"{one.candidate.name} is priced in {one.cost.currency}, which can’t be compared"
    return ""


def by_health(one: Judged, _facts: Facts) -> str:
    success = one.candidate.success
    if success is not None and success < _SICK:
        return f"{one.candidate.door_name} answered only {round(success * 100)} % of the latest requests"
    return ""


def by_speed(one: Judged, facts: Facts) -> str:
    tps = one.candidate.tps
    if tps is not None and tps < facts.policy.floor_tps:
        return f"{one.candidate.name} writes {tps:.1f} tokens/s; you want at least {facts.policy.floor_tps:g}"
    return ""


def by_ceiling(one: Judged, facts: Facts) -> str:
    ceiling = facts.policy.ceiling_nano
    if ceiling is None or one.candidate.local:
        return ""
    if one.cost is None:
        return f"The price of {one.candidate.name} isn’t known"
    if one.cost.high_nano > ceiling:
        most = short(Cost(ceiling, one.cost.currency))
        return f"{one.candidate.name} could cost {one.cost.words()}, more than {most} for an answer"
    return ""


SOFT: Sequence[tuple[str, Rule]] = (
    ("whole", by_whole),
    ("thinking", by_thinking),
    ("currency", by_currency),
    ("health", by_health),
    ("speed", by_speed),
    ("ceiling", by_ceiling),
)


def refusal(one: Judged, facts: Facts) -> Refused | None:
    """The first hard rule that a candidate breaks."""
    for name, rule in HARD:
        if words := rule(one, facts):
            return Refused(one.candidate, name, words)
    return None


def narrowed(field: Sequence[Judged], facts: Facts) -> tuple[list[Judged], list[Refused]]:
    """Those that pass the soft rules, one rule after the other, and who was left out on the way.

    A rule that nobody passes leaves out nobody.
    """
    left, out = list(field), []
    for name, rule in SOFT:
        answers = [(one, rule(one, facts)) for one in left]
        passed = [one for one, words in answers if not words]
        if passed:
            left = passed
            out += [Refused(one.candidate, name, words) for one, words in answers if words]
    return left, out
