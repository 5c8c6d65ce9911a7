"""Who goes on when an answer failed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.candidates import Budget, Facts, Mode, Privacy
from models.errors import (
    AppError,
    BadInput,
    EngineCrashed,
    EngineOutOfMemory,
    FellSilent,
    GatewayFailed,
    ModelTooLarge,
    NotAllowed,
    Offline,
    PromptTooLong,
    Refused,
    RequestRefused,
)
from models.takeover import (
    MOST_ATTEMPTS,
    Allowed,
    Attempt,
    Next,
    Then,
    TooSlow,
    attempt_key,
    blames_door,
    take_over,
)
from models.tasks import Task
from tests.models.routing_facts import CHEAP, DEAR, SMALL, any_facts

TINY = replace(SMALL, model="tiny", name="Tiny", needed_bytes=1 << 28)
BIG = replace(SMALL, model="big", name="Big", needed_bytes=1 << 33)
FACTS = Facts(
    (SMALL, TINY, BIG, CHEAP, DEAR),
    mode=Mode.HYBRID,
    privacy=Privacy.OUT,
    task=Task.CODE,
    prompt_tokens=1000,
    default="small",
)
EVERYTHING = Allowed(remotely=True, most_nano=10**9)
CRASH = Attempt("local", "small", EngineCrashed("It died."))
BROKEN = Attempt("xidao", "lab/cheap", GatewayFailed("It is broken."))


def after(*attempts: Attempt, facts: Facts = FACTS, allowed: Allowed = EVERYTHING) -> Next:
    return take_over("turn 1", attempts, facts, allowed)


@pytest.mark.parametrize(
    ("next_one", "then", "model", "words"),
    [
        (after(CRASH), Then.GO, "lab/cheap", "Finish on Cheap, at most ¥0.0070"),
        (after(CRASH, allowed=Allowed()), Then.OFFER, "lab/cheap", "Finish on Cheap, at most ¥0.0070"),
        (
            after(CRASH, allowed=Allowed(remotely=True, most_nano=1)),
            Then.OFFER,
            "lab/cheap",
            "Finish on Cheap, at most ¥0.0070",
        ),
        (
            after(CRASH, facts=replace(FACTS, privacy=Privacy.ASK)),
            Then.OFFER,
            "lab/cheap",
            "Finish on Cheap, at most ¥0.0070",
        ),
        (
            after(CRASH, facts=replace(FACTS, privacy=Privacy.HERE)),
            Then.GO,
            "tiny",
            "Finish on Tiny, on this machine",
        ),
        (
            after(CRASH, facts=replace(FACTS, budget=Budget("CNY", 0))),
            Then.GO,
            "tiny",
            "Finish on Tiny, on this machine",
        ),
        (
            after(CRASH, facts=replace(FACTS, mode=Mode.LOCAL), allowed=Allowed(locally=False)),
            Then.OFFER,
            "tiny",
            "Finish on Tiny, on this machine",
        ),
        (after(BROKEN), Then.GO, "lab/dear", "Finish on Dear, at most ¥0.044"),
        (
            after(BROKEN, facts=replace(FACTS, mode=Mode.CLOUD)),
            Then.GO,
            "lab/dear",
            "Finish on Dear, at most ¥0.044",
        ),
        (
            after(BROKEN, facts=replace(FACTS, mode=Mode.CLOUD, candidates=(SMALL, CHEAP))),
            Then.OFFER,
            "small",
            "Finish on Small, on this machine",
        ),
        (
            after(BROKEN, facts=replace(FACTS, mode=Mode.CLOUD, budget=Budget("CNY", 0))),
            Then.OFFER,
            "small",
            "Finish on Small, on this machine",
        ),
        (
            after(BROKEN, facts=replace(FACTS, candidates=(SMALL, CHEAP))),
            Then.GO,
            "small",
            "Finish on Small, on this machine",
        ),
        (
            after(replace(BROKEN, error=FellSilent("It says nothing."))),
            Then.OFFER,
            "lab/dear",
            "Finish on Dear, at most ¥0.044",
        ),
        (
            after(replace(CRASH, error=TooSlow("2 tokens/s."))),
            Then.GO,
            "lab/cheap",
            "Finish on Cheap, at most ¥0.0070",
        ),
        (
            after(CRASH, facts=replace(FACTS, typed="small", pinned="small")),
            Then.GO,
            "lab/cheap",
            "Finish on Cheap, at most ¥0.0070",
        ),
        (
            after(replace(CRASH, error=ModelTooLarge("No memory.")), facts=replace(FACTS, mode=Mode.LOCAL)),
            Then.GO,
            "tiny",
            "Finish on Tiny, on this machine",
        ),
    ],
)
def test_what_follows_a_failure(next_one: Next, then: Then, model: str, words: str) -> None:
    assert next_one.route is not None
    assert (next_one.then, next_one.route.model, next_one.words) == (then, model, words)


@pytest.mark.parametrize(
    ("next_one", "words"),
    [
        (after(replace(CRASH, error=BadInput("No."))), "Nobody else could do better"),
        (after(replace(CRASH, error=NotAllowed("No."))), "Nobody else could do better"),
        (
            after(CRASH, facts=replace(FACTS, candidates=(SMALL,))),
            "Nobody else is there to go on. Tried: small.",
        ),
        (after(CRASH, BROKEN, facts=replace(FACTS, candidates=(SMALL, CHEAP))), "Tried: small, lab/cheap."),
        (
            after(CRASH, facts=replace(FACTS, candidates=(SMALL, CHEAP), privacy=Privacy.HERE)),
            "Nobody else may go on: This conversation stays here: Cheap is not on this machine.",
        ),
        (
            after(BROKEN, facts=replace(FACTS, candidates=(SMALL, CHEAP), images=1)),
            "Nobody else may go on: Small can’t see images.",
        ),
        (after(CRASH, BROKEN, CRASH, BROKEN), "4 tries failed."),
    ],
)
def test_where_nobody_can_go_on_the_end_says_why(next_one: Next, words: str) -> None:
    assert next_one.then is Then.END
    assert next_one.route is None
    assert words in next_one.words


def test_after_memory_ran_out_no_larger_model_is_begun_here() -> None:
    ended = after(
        replace(CRASH, error=EngineOutOfMemory("No memory.")), facts=replace(FACTS, candidates=(SMALL, BIG))
    )
    assert ended.then is Then.END


def test_an_answer_that_overflowed_may_go_on_in_a_larger_context_here() -> None:
    wide = replace(BIG, context=64_000)
    facts = replace(FACTS, candidates=(SMALL, wide), prompt_tokens=20_000)
    went = after(replace(CRASH, error=PromptTooLong("Too long.")), facts=facts)
    assert went.route is not None
    assert went.route.model == "big"


def test_each_try_of_a_turn_has_its_own_name_that_stays_the_same() -> None:
    first, again, second = after(CRASH), after(CRASH), after(CRASH, BROKEN)
    assert first.key == again.key != second.key
    assert first.route is not None
    assert first.key == attempt_key("turn 1", 1, first.route) != attempt_key("turn 2", 1, first.route)


@pytest.mark.parametrize(
    ("error", "blamed"),
    [
        (Offline("No."), True),
        (GatewayFailed("No."), True),
        (EngineCrashed("No."), True),
        (RequestRefused("No."), False),
        (Refused("The mode is local only."), False),
        (PromptTooLong("No."), False),
    ],
)
def test_a_door_is_blamed_for_its_own_faults_only(error: AppError, blamed: bool) -> None:
    assert blames_door(error) is blamed


_errors = st.sampled_from(
    [
        EngineCrashed("a"),
        EngineOutOfMemory("b"),
        GatewayFailed("c"),
        FellSilent("d"),
        PromptTooLong("e"),
        TooSlow("f"),
        RequestRefused("g"),
        BadInput("h"),
    ]
)


@given(any_facts(), st.lists(_errors, min_size=12, max_size=12))
@settings(deadline=None)
def test_any_sequence_of_failures_ends_and_asks_no_door_twice(facts: Facts, errors: list[AppError]) -> None:
    attempts = [Attempt("local", "m0", errors[0])]
    for error in errors[1:]:
        following = take_over("turn", tuple(attempts), facts, EVERYTHING)
        if following.route is None:
            break
        route = following.route
        assert facts.privacy is not Privacy.HERE or route.backend == "local"
        attempts.append(Attempt(route.door, route.model, error))
    assert following.then is Then.END
    assert len(attempts) <= MOST_ATTEMPTS
    remote = [attempt.door for attempt in attempts if attempt.door != "local"]
    here = [attempt.model for attempt in attempts if attempt.door == "local"]
    assert len(set(remote)) == len(remote)
    assert len(set(here)) == len(here)
