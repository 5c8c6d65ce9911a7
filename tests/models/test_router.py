"""Each of the router's rules with its reason, and what holds whatever the facts are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from models.candidates import Budget, Facts, Mode, Privacy, Score, Sticky
from models.chat import Thinking
from models.errors import AppError, ModelNotFound, NoModel, NotAvailable, NothingFits
from models.estimates import cost_of
from models.policies import BALANCED, BEST, THRIFTY
from models.pricing import Price, Tier
from models.routing import Route, choose
from models.ruling import judged, narrowed, refusal
from models.tasks import Task
from tests.models.routing_facts import ALL, CHEAP, DEAR, SMALL, any_facts

FREE = Facts(ALL, mode=Mode.HYBRID, privacy=Privacy.OUT, task=Task.CODE, prompt_tokens=1000, default="small")


def change(**values: object) -> Facts:
    return replace(FREE, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "model", "reason"),
    [
        (change(typed="lab/dear"), "lab/dear", "you chose this model"),
        (change(typed="small", pinned="lab/dear"), "small", "you chose this model"),
        (change(pinned="lab/dear"), "lab/dear", "this conversation’s model"),
        (change(sticky=Sticky("lab/dear", Task.CODE)), "lab/dear", "the same model as before"),
        (
            change(sticky=Sticky("small", Task.CHAT)),
            "lab/cheap",
            "best value for code: 85 on HumanEval",
        ),
        (FREE, "lab/cheap", "best value for code: 85 on HumanEval"),
        (change(policy=BEST), "lab/dear", "best score for code: 89.7 on HumanEval"),
        (change(policy=THRIFTY), "small", "your default model, on this machine"),
        (change(policy=THRIFTY, default=None), "small", "on this machine, nothing to pay"),
        (change(task=Task.CHAT, prompt_tokens=100), "small", "your default model, on this machine"),
        (change(mode=Mode.LOCAL), "small", "the only one that can answer this"),
        (change(privacy=Privacy.HERE), "small", "the only one that can answer this"),
        (change(images=1), "lab/dear", "the only one that can answer this"),
        (change(prompt_tokens=41_000), "lab/cheap", "best value for code: 85 on HumanEval"),
        (change(thinking=Thinking.OFF), "lab/cheap", "best value for code: 85 on HumanEval"),
        (change(budget=Budget("CNY", 5_000_000)), "small", "at the cap: local only"),
        (
            change(candidates=(replace(SMALL, scores=(Score("humaneval", "HumanEval", 84.0),)), CHEAP)),
            "small",
            "your default model, on this machine",
        ),
        (
            change(
                candidates=(replace(SMALL, scores=(Score("humaneval", "HumanEval", 84.0),)), CHEAP),
                default=None,
            ),
            "small",
            "good enough on this machine: 84 on HumanEval",
        ),
        (
            change(candidates=(replace(CHEAP, scores=()),), default=None),
            "lab/cheap",
            "no scores to compare by",
        ),
    ],
)
def test_each_rule_chooses_with_its_reason(facts: Facts, model: str, reason: str) -> None:
    route = choose(facts)
    assert (route.model, route.reason) == (model, reason)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (change(mode=Mode.LOCAL), "Local only: Cheap is not on this machine"),
        (change(mode=Mode.CLOUD), "Cloud only: Small is on this machine"),
        (change(privacy=Privacy.HERE), "This conversation stays here: Dear is not on this machine"),
        (change(candidates=(replace(SMALL, problem="it does not fit."), CHEAP)), "Small: it does not fit"),
        (change(images=1), "Cheap can’t see images"),
        (change(prompt_tokens=41_000), "Needs 41k tokens; Small holds 8k"),
        (
            change(budget=Budget("CNY", 0)),
            "Cheap could cost ≈ ¥0.0022–0.0070; nothing is left of your budget",
        ),
        (change(budget=Budget("USD", 10**9)), "Cheap is priced in CNY, your budget is in USD"),
        (
            change(candidates=(SMALL, replace(CHEAP, price=None)), budget=Budget("CNY", 1)),
            "The price of Cheap isn’t known, so your budget could not be kept",
        ),
        (
            change(prompt_tokens=41_000, least_tokens=500),
            "The whole conversation needs 41k tokens; Small holds 8k",
        ),
        (
            change(thinking=Thinking.ON, candidates=(replace(SMALL, thinks=False), CHEAP)),
            "Small can’t think first",
        ),
        (
            change(thinking=Thinking.OFF, candidates=(SMALL, replace(CHEAP, always_thinks=True))),
            "Cheap always thinks first",
        ),
        (
            change(candidates=(SMALL, CHEAP, replace(DEAR, price=Price(1, 1, None, "USD", "", "")))),
            "Dear is priced in USD, which can’t be compared",
        ),
        (
            change(candidates=(SMALL, replace(CHEAP, success=0.2))),
            "Xidao answered only 20 % of the latest requests",
        ),
        (
            change(candidates=(replace(SMALL, tps=2.0), CHEAP)),
            "Small writes 2.0 tokens/s; you want at least 5",
        ),
        (
            change(policy=replace(BALANCED, ceiling_nano=10_000_000)),
            "Dear could cost ≈ ¥0.015–0.044, more than ¥0.01 for an answer",
        ),
    ],
)
def test_each_rule_that_leaves_a_model_out_says_so(facts: Facts, words: str) -> None:
    assert words in choose(facts).trace


@pytest.mark.parametrize(
    ("facts", "error", "words"),
    [
        (change(candidates=()), NoModel, "GGUF"),
        (change(mode=Mode.LOCAL, candidates=(CHEAP,)), NoModel, "GGUF"),
        (change(mode=Mode.CLOUD, candidates=(SMALL,)), NotAvailable, "No gateway"),
        (change(mode=Mode.CLOUD, privacy=Privacy.HERE), NotAvailable, "stays here"),
        (change(typed="gone"), ModelNotFound, "“gone”"),
        (change(typed="lab/cheap", privacy=Privacy.HERE), NotAvailable, "stays here"),
        (change(mode=Mode.LOCAL, images=1), NothingFits, "can’t see images"),
    ],
)
def test_what_is_not_possible_is_said(facts: Facts, error: type[AppError], words: str) -> None:
    with pytest.raises(error) as caught:
        choose(facts)
    assert words in caught.value.cause + caught.value.hint


def test_a_route_tells_its_price_its_time_and_who_else_could() -> None:
    route = choose(FREE)
    assert route.estimated_cost is not None
    assert route.estimated_cost.words() == "≈ ¥0.0022–0.0070"
    assert route.estimated_time_s == pytest.approx(15.5)
    assert [other.model for other in route.alternatives if not isinstance(other, str)] == [
        "small",
        "lab/dear",
    ]
    assert route.trace[-2:] == ("Code → Cheap 85 on HumanEval", "≈ ¥0.0022–0.0070")


def test_a_long_prompt_is_reckoned_at_the_price_of_long_prompts() -> None:
    steps = Price(1_000, 4_000, None, "CNY", "", "", (Tier(1_000, 3_000, 9_000),))
    stepped = replace(CHEAP, price=steps)
    short, long = (
        cost_of(stepped, change(prompt_tokens=tokens, max_answer_tokens=100)) for tokens in (1_000, 1_001)
    )
    assert short is not None
    assert long is not None
    assert short.high_nano == 1_000 * 1_000 + 100 * 4_000
    assert long.high_nano == 1_001 * 3_000 + 100 * 9_000


@pytest.mark.parametrize(
    ("facts", "asks"),
    [
        (FREE, False),
        (change(privacy=Privacy.ASK), True),
        (change(privacy=Privacy.ASK, typed="small"), False),
        (change(typed="lab/dear", policy=replace(BALANCED, ceiling_nano=1)), True),
    ],
)
def test_what_must_be_asked_first_is_marked(facts: Facts, asks: bool) -> None:
    assert choose(facts).needs_consent is asks


def attempted(facts: Facts) -> Route | None:
    try:
        return choose(facts)
    except AppError:
        return None


@given(any_facts())
@settings(deadline=None)
def test_what_stays_here_never_yields_a_remote_route(facts: Facts) -> None:
    route = attempted(replace(facts, privacy=Privacy.HERE))
    assert route is None or (route.backend, route.door) == ("local", "local")


@given(any_facts())
@settings(deadline=None)
def test_the_local_mode_never_yields_a_remote_route(facts: Facts) -> None:
    route = attempted(replace(facts, mode=Mode.LOCAL))
    assert route is None or (route.backend, route.door) == ("local", "local")


@given(any_facts())
@settings(deadline=None)
def test_what_is_asked_each_time_never_goes_out_unasked(facts: Facts) -> None:
    route = attempted(replace(facts, privacy=Privacy.ASK))
    assert route is None or route.backend == "local" or route.needs_consent


@given(any_facts())
@settings(deadline=None)
def test_the_budget_is_never_exceeded(facts: Facts) -> None:
    route = attempted(facts)
    if route is not None and route.backend != "local" and facts.budget is not None:
        assert route.estimated_cost is not None
        assert route.estimated_cost.currency == facts.budget.currency
        assert route.estimated_cost.high_nano <= facts.budget.left_nano


@given(any_facts())
@settings(deadline=None)
def test_the_same_facts_give_the_same_route(facts: Facts) -> None:
    assert attempted(facts) == attempted(replace(facts))


@given(any_facts())
@settings(deadline=None)
def test_the_router_chooses_nobody_whom_another_beats_in_price_score_and_time(facts: Facts) -> None:
    free = replace(facts, typed=None, pinned=None, sticky=None, default=None)
    route = attempted(free)
    if route is None:
        return
    field = [judged(candidate, free) for candidate in free.candidates]
    pool, _left_out = narrowed([one for one in field if refusal(one, free) is None], free)
    chosen = next(one for one in pool if one.candidate.model == route.model)
    if chosen.score is None or chosen.cost is None:
        return
    mine = (chosen.cost.high_nano, -chosen.score.value, chosen.time_s or float("inf"))
    for one in pool:
        if one.score is not None and one.cost is not None:
            theirs = (one.cost.high_nano, -one.score.value, one.time_s or float("inf"))
            assert theirs == mine or any(its > my for its, my in zip(theirs, mine, strict=True))
