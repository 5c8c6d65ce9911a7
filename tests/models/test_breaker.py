"""Doors that fail are left alone, then tried with one request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.breaker import Breaker, DoorState, Limits


class Clock:
    def __init__(self) -> None:
        self.time_s = 100.0

    def __call__(self) -> float:
        return self.time_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock)


def shut(breaker: Breaker) -> None:
    for _ in range(3):
        assert breaker.enter("a")
        breaker.failed("a")


def test_a_door_is_shut_after_three_failures_in_a_row(breaker: Breaker) -> None:
    breaker.failed("a")
    breaker.failed("a")
    breaker.succeeded("a")
    breaker.failed("a")
    assert breaker.state("a") is DoorState.CLOSED
    breaker.failed("a")
    breaker.failed("a")
    assert breaker.state("a") is DoorState.OPEN
    assert not breaker.enter("a")
    assert breaker.problem("a") == "it failed and is left alone for 30 s"
    assert breaker.enter("b")


def test_after_its_rest_one_probe_goes_and_no_second(breaker: Breaker, clock: Clock) -> None:
    shut(breaker)
    clock.time_s += 30
    assert breaker.state("a") is DoorState.HALF_OPEN
    assert breaker.enter("a")
    assert not breaker.enter("a")
    assert breaker.problem("a") == "it is being tried again just now"
    breaker.succeeded("a")
    assert breaker.state("a") is DoorState.CLOSED
    assert breaker.problem("a") == ""


def test_a_probe_that_fails_doubles_the_rest(breaker: Breaker, clock: Clock) -> None:
    shut(breaker)
    for rest in (60, 120, 240, 480, 600, 600):
        clock.time_s += breaker.rests_s("a")
        assert breaker.enter("a")
        breaker.failed("a")
        assert breaker.rests_s("a") == rest


def test_a_request_from_before_the_door_was_shut_does_not_lengthen_its_rest(breaker: Breaker) -> None:
    shut(breaker)
    breaker.failed("a")
    assert breaker.rests_s("a") == 30


def test_a_cancelled_probe_lets_another_go(breaker: Breaker, clock: Clock) -> None:
    shut(breaker)
    clock.time_s += 30
    assert breaker.enter("a")
    breaker.left("a")
    assert breaker.enter("a")


def test_a_probe_that_nobody_reports_on_does_not_shut_the_door_for_ever(
    breaker: Breaker, clock: Clock
) -> None:
    shut(breaker)
    clock.time_s += 30
    assert breaker.enter("a")
    clock.time_s += Limits().probe_s
    assert breaker.enter("a")


def test_a_door_that_asks_to_be_left_alone_is_at_once(breaker: Breaker) -> None:
    breaker.failed("a", retry_after_s=45)
    assert breaker.rests_s("a") == 45
    breaker.reset("a")
    assert breaker.enter("a")


@given(st.lists(st.sampled_from(["enter", "failed", "succeeded", "left", "wait"]), max_size=60))
def test_no_door_stays_shut_for_ever(events: list[str]) -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for event in events:
        if event == "wait":
            clock.time_s += 20
        else:
            getattr(breaker, event)("a")
    clock.time_s += Limits().longest_rest_s
    assert breaker.enter("a")
