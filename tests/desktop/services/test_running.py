"""Tokens and cost of an answer while it is written."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from desktop.services.books import Account
from desktop.services.running import Running, running_of
from desktop.storage.booking import attempt_of
from models.chat import ChatRequest, Message, Role
from models.gateway.counting import estimate
from models.pricing import Price, Tier
from models.route import Route
from models.token_estimate import estimate_request

PRICE = Price(1_000, 2_000, None, "CNY", "", "")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.text()), st.lists(st.text()))
def test_pieces_count_as_much_as_the_whole(texts: list[str], thoughts: list[str]) -> None:
    running = Running()
    for thought in thoughts:
        running.think(thought)
    for text in texts:
        running.write(text)
    assert running.tokens == estimate("".join(texts)) + estimate("".join(thoughts))


def test_what_was_told_goes_before_what_is_counted() -> None:
    running = Running()
    running.think("Hm", 7)
    assert running.values() == {"tokens": 7, "thinking": 7, "estimated": False}
    running = Running()
    running.think("Hm", 7)
    running.write("Yes", 9)
    assert running.tokens == 9


def test_the_cost_holds_the_prompt_the_thinking_and_what_was_paid_before() -> None:
    running = Running(100, PRICE, 5)
    running.think("x" * 40)
    running.write("x" * 80)
    assert running.values() == {
        "tokens": 30,
        "thinking": 10,
        "estimated": True,
        "nano": 5 + 100 * 1_000 + 30 * 2_000,
        "thinking_nano": 10 * 2_000,
        "currency": "CNY",
    }


def test_a_long_prompt_pays_its_own_tier() -> None:
    running = Running(100, replace(PRICE, tiers=(Tier(50, 10_000, 20_000),)))
    running.write("x" * 4)
    assert running.values()["nano"] == 100 * 10_000 + 20_000


def test_figures_are_renewed_at_most_four_times_a_second() -> None:
    clock = Clock()
    running = Running(clock=clock)
    assert running.values() == {}
    running.write("four")
    seen: list[int] = []
    for step in range(100):
        clock.now = step / 50
        running.write("four")
        seen.append(int(str(running.values()["tokens"])))
    assert len(set(seen)) <= 8
    assert seen[-1] > seen[0]


def test_a_piece_right_after_another_is_told_a_little_later() -> None:
    clock = Clock()
    running = Running(clock=clock)
    running.write("One", 1)
    assert running.values()["tokens"] == 1
    assert not running.behind
    running.write(" two", 2)
    assert running.values()["tokens"] == 1
    assert running.behind
    clock.now += 0.3
    assert running.values()["tokens"] == 2
    assert not running.behind


def test_an_answer_that_is_gone_on_with_counts_what_it_had_cost() -> None:
    request = ChatRequest("x/m", (Message(Role.USER, "Hello?"),))
    attempt = attempt_of(Route("gateway", "x/m", ""), request, PRICE)
    anew, later = (running_of(request, Account(attempt, nano=nano)) for nano in (0, 7_000))
    for running in (anew, later):
        running.write("Yes", 1)
    prompt = estimate_request(request).likely
    assert anew.values()["nano"] == prompt * 1_000 + 2_000
    assert later.values()["nano"] == prompt * 1_000 + 2_000 + 7_000
