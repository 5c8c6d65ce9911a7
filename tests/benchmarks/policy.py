"""The router's policies over 1,000 synthetic requests: what they cost, how good they are, what stays local.

Quality is the catalogue's score of the model that answers for the request's task, in per cent. Models
without any score there, as the small local ones are, count as `_UNMEASURED`, a guess that is kept low.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import NamedTuple

from models.candidates import Candidate, Facts, Mode, Privacy, Score
from models.catalogue import Catalogue, load
from models.facts import Modality
from models.policies import BALANCED, BEST, THRIFTY, Policy
from models.pricing import catalogue_price
from models.routing import choose
from models.ruling import benchmark_for, judged, refusal
from models.tasks import Task, TaskModel, judge
from tests.benchmarks.rows import Row

REQUESTS, SEED = 1000, 20_26
_UNMEASURED = 40.0
_NANO = 10**9
_CATALOGUE = Path(__file__).resolve().parents[2] / "resources" / "catalogue"
_SHARES = (
    (Task.CHAT, 40),
    (Task.CODE, 20),
    (Task.MATH, 10),
    (Task.CHINESE, 12),
    (Task.TRANSLATION, 8),
    (Task.DOCUMENT, 6),
    (Task.IMAGE, 4),
)
_TOKENS = {Task.CHAT: 300, Task.DOCUMENT: 20_000}


class Outcome(NamedTuple):
    """Nano-yuan at the upper ends of all estimates, the mean quality in per cent, the local share."""

    cost_nano: int
    quality: float
    local: float


Chooser = Callable[[Facts], Candidate]


_LONG = {
    "one letter": "a" * 100_000,
    "English": "to be or not " * 8_000,
    "Chinese": "说一个 " * 25_000,
    "a rule’s word": "say " * 25_000,
    "blanks": " " * 100_000,
    "mixed": "中a" * 590,
}
_JUDGED = 50


def bench_judging() -> list[Row]:
    """The median judgement of a text's task, for the slowest of the long texts."""
    model = TaskModel.read(_CATALOGUE.parent / "tasks" / "weights.bin")
    slowest = 1000 * max(median(_seconds(text, model) for _ in range(_JUDGED)) for text in _LONG.values())
    return [_row("router: judging a question’s task", slowest, "ms", "≤ 3", slowest <= 3)]


def _seconds(text: str, model: TaskModel) -> float:
    began = time.perf_counter()
    judge(text, model)
    return time.perf_counter() - began


def bench_policies() -> list[Row]:
    """The policies, and beside them what always one side and chance would give."""
    asked = list(requests(load(_CATALOGUE)))
    dice = random.Random(SEED)
    best = outcome(asked, always_best)
    rows = [row for name, policy in _POLICIES for row in _rows(name, outcome(asked, by(policy)), best)]
    rows += _rows("always local", outcome(asked, always_local), best)
    rows += _rows("always best", best, best)
    return rows + _rows("chance", outcome(asked, lambda facts: dice.choice(_able(facts))), best)


setattr(bench_policies, "runs", 1)  # noqa: B010 - the same requests give the same rows

_POLICIES = (("thrifty", THRIFTY), ("balanced", BALANCED), ("best", BEST))


def requests(catalogue: Catalogue) -> Iterator[Facts]:
    """The same 1,000 requests each time: a small model on the machine, all of the gateway's beside it."""
    dice = random.Random(SEED)
    field = (_local(), *_remote(catalogue))
    tasks, weights = zip(*_SHARES, strict=True)
    for _ in range(REQUESTS):
        task = dice.choices(tasks, weights)[0]
        tokens = round(dice.lognormvariate(0, 0.8) * _TOKENS.get(task, 600)) + 20
        yield Facts(
            field,
            mode=Mode.HYBRID,
            privacy=Privacy.OUT,
            task=task,
            language="zh" if task is Task.CHINESE or dice.random() < 0.2 else "en",
            prompt_tokens=min(tokens, 100_000),
            images=int(task is Task.IMAGE),
            default="small",
        )


def outcome(asked: Sequence[Facts], chooser: Chooser) -> Outcome:
    """What a way to choose comes to."""
    cost, quality, local = 0, 0.0, 0
    for facts in asked:
        one = judged(chooser(facts), facts)
        cost += one.cost.high_nano if one.cost else 0
        quality += one.score.value if one.score else _UNMEASURED
        local += one.candidate.local
    return Outcome(cost, quality / len(asked), local / len(asked))


def by(policy: Policy) -> Chooser:
    """As the router chooses."""

    def chosen(facts: Facts) -> Candidate:
        route = choose(replace(facts, policy=policy))
        return next(one for one in facts.candidates if one.model == route.model)

    return chosen


def always_local(facts: Facts) -> Candidate:
    """The local model; what it can't do counts as its other answers do."""
    return facts.candidates[0]


def always_best(facts: Facts) -> Candidate:
    """The best score for the task that can answer, whatever it costs."""
    name = benchmark_for(facts)

    def value(one: Candidate) -> float:
        score = one.score(name, facts.thinking)
        return score.value if score else _UNMEASURED

    return max(_able(facts), key=value)


def _able(facts: Facts) -> list[Candidate]:
    return [one for one in facts.candidates if refusal(judged(one, facts), facts) is None]


def _local() -> Candidate:
    return Candidate("local", "small", "A small model", context=8192, tps=15.0, prompt_tps=100.0)


def _remote(catalogue: Catalogue) -> Iterator[Candidate]:
    for model in catalogue.models:
        if model.remote is not None and model.remote.price is not None:
            yield Candidate(
                "gateway",
                model.remote.id,
                model.name,
                door=model.remote.provider,
                context=model.context,
                vision=Modality.IMAGE in model.modalities,
                scores=tuple(
                    Score(score.benchmark.id, score.benchmark.name, score.value, score.thinking)
                    for score in catalogue.scores(model.id)
                ),
                price=catalogue_price(model),
            )


def _rows(name: str, found: Outcome, best: Outcome) -> list[Row]:
    cost = 100 * found.cost_nano / best.cost_nano
    quality = 100 * found.quality / best.quality
    aimed = name == "balanced"
    return [
        _row(f"router, {name}: cost of {REQUESTS} answers", found.cost_nano / _NANO, "CNY"),
        _row(f"router, {name}: cost of always best’s", cost, "%", "≤ 40" if aimed else None, cost <= 40),
        _row(
            f"router, {name}: score of always best’s", quality, "%", "≥ 95" if aimed else None, quality >= 95
        ),
        _row(f"router, {name}: answered on this machine", 100 * found.local, "%"),
    ]


def _row(name: str, value: float, unit: str, target: str | None = None, ok: bool | None = None) -> Row:
    return Row(name=name, value=value, unit=unit, target=target, ok=ok if target else None)
