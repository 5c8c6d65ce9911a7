"""Asking a gateway: what is sent, what is read, and where the next attempt goes."""

from __future__ import annotations

from typing import Any

import pytest

from models.chat import FinishReason, Notice, ReasoningDelta, Rethought, Thinking
from models.errors import Interrupted, KeyMissing, ModelNotFound, RequestRefused
from models.gateway.attempts import Outcome
from models.gateway.body import GO_ON, Part
from tests.fakes import finished, text_of
from tests.gateway_server import GatewayServer, Received, Reply, answer, error, usage
from tests.gateway_server.asking import Asking, ask_gateway, connection, request
from tests.gateway_server.scripts import event, text
from tests.gateway_server.server import Cut


def reasoning_of(told: Asking) -> str:
    return "".join(event.text for event in told.events if isinstance(event, ReasoningDelta))


def strict(field: str) -> Any:
    """A server that refuses one field."""

    def respond(received: Received) -> Reply:
        known = field not in received.json
        return answer() if known else error(400, f"Unrecognized request argument supplied: {field}")

    return respond


@pytest.mark.parametrize("dialect", ["reasoning_content", "reasoning", "both", "list", "inline", "details"])
def test_reasoning_is_found_in_every_dialect_once(dialect: str) -> None:
    reply = answer("Four.", reasoning="Two and two.", dialect=dialect)
    with GatewayServer(reply) as server:
        told = ask_gateway(connection(server.url))
    assert reasoning_of(told).strip() == "Two and two."
    assert text_of(told.events) == "Four."


def test_the_same_reasoning_in_a_field_and_inline_is_shown_once() -> None:
    twice = answer("<think>Two and two.</think>\n\nFour.", reasoning="Two and two.")
    with GatewayServer(twice) as server:
        told = ask_gateway(connection(server.url))
    assert reasoning_of(told) == "Two and two."
    assert text_of(told.events) == "Four."


def test_reasoning_that_only_ends_is_counted_as_reasoning() -> None:
    """As from a server without a parser, whose template opens the block."""
    with GatewayServer(answer("Two and two.\n</think>\n\nFour.", told=None)) as server:
        told = ask_gateway(connection(server.url))
    end = told.events.index(Rethought())
    assert text_of(told.events[:end]) == "Two and two.\n"
    assert text_of(told.events[end:]) == "Four."
    counted = finished(told.events).usage
    assert counted.reasoning_tokens
    assert counted.completion_tokens is not None
    assert counted.completion_tokens > counted.reasoning_tokens


@pytest.mark.parametrize(
    ("reason", "ours"),
    [
        ("stop", FinishReason.STOP),
        ("length", FinishReason.LENGTH),
        ("content_filter", FinishReason.CONTENT_FILTER),
        ("tool_calls", FinishReason.TOOL_CALLS),
        ("eos", FinishReason.STOP),
    ],
)
def test_ends_are_told_apart(reason: str, ours: FinishReason) -> None:
    with GatewayServer(answer(finish=reason)) as server:
        assert finished(ask_gateway(connection(server.url)).events).reason is ours


def test_tokens_are_kept_apart() -> None:
    with GatewayServer(answer(told=usage(100, 40, cached=64, reasoning=30))) as server:
        end = finished(ask_gateway(connection(server.url)).events)
    assert (end.usage.prompt_tokens, end.usage.cached_tokens) == (100, 64)
    assert (end.usage.completion_tokens, end.usage.reasoning_tokens) == (40, 30)
    assert not end.usage.estimated
    assert (end.timings.request_id, end.timings.attempts) == ("req-1", 1)


class Clock:
    """Each look at it is a second later."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def test_the_speed_leaves_out_reasoning_that_was_not_shown_and_bursts() -> None:
    told = usage(completion=40, reasoning=30)

    def speed(**how: Any) -> float | None:
        options = {"clock": how.pop("clock")} if "clock" in how else {}
        with GatewayServer(answer(told=told, **how)) as server:
            asked = ask_gateway(connection(server.url), **options)
        told_tps = finished(asked.events).timings.decode_tps
        assert asked.attempts[0].tps == told_tps
        return told_tps

    unseen, seen = speed(clock=Clock()), speed(clock=Clock(), reasoning="Let me think.")
    assert unseen is not None
    assert seen == unseen * 4
    assert speed(clock=lambda: 0.0) is None


def test_a_field_that_is_not_known_is_left_out_and_remembered() -> None:
    remembered: dict[tuple[str, str], frozenset[Part]] = {}
    with GatewayServer(respond=strict("enable_thinking")) as server:
        asked = request(thinking=Thinking.ON)
        told = ask_gateway(connection(server.url), asked, asked, remembered=remembered)
    assert ["enable_thinking" in one.json for one in server.chats] == [True, False, False]
    assert remembered == {(server.url, "xidao/qwen3-235b"): frozenset({Part.THINKING})}
    assert [event.text for event in told.events if isinstance(event, Notice)] == [
        "XiDao does not know a switch for thinking, so the model decides."
    ] * 2  # of each answer


def test_what_one_address_does_not_know_another_may() -> None:
    remembered: dict[tuple[str, str], frozenset[Part]] = {}
    asked = request(thinking=Thinking.ON)
    with GatewayServer(respond=strict("enable_thinking")) as first, GatewayServer() as second:
        for server in (first, second):
            ask_gateway(connection(server.url), asked, remembered=remembered)
    assert second.chats[0].json["enable_thinking"] is True


def test_a_refusal_for_another_reason_is_not_remembered() -> None:
    remembered: dict[tuple[str, str], frozenset[Part]] = {}
    with GatewayServer(error(400, "No."), error(400, "No.")) as server:
        told = ask_gateway(connection(server.url), request(thinking=Thinking.ON), remembered=remembered)
    assert isinstance(told.error, RequestRefused)
    assert remembered == {}
    assert len(server.chats) == 2


def test_the_next_address_is_asked_where_one_fails() -> None:
    with GatewayServer(error(503)) as first, GatewayServer(answer(), answer()) as second:
        told = ask_gateway(connection(first.url, second.url), request(), request())
    assert [one.outcome for one in told.attempts] == [Outcome.FAILED, Outcome.FINISHED, Outcome.FINISHED]
    assert (len(first.chats), len(second.chats)) == (1, 2)


def test_the_next_key_is_used_where_one_is_at_its_limit() -> None:
    with GatewayServer(error(429), answer()) as server:
        told = ask_gateway(connection(server.url), keys=("sk-one", "sk-two"))
    assert told.error is None
    assert [one.headers["authorization"] for one in server.chats] == ["Bearer sk-one", "Bearer sk-two"]


def test_the_next_key_is_used_where_the_quota_of_one_is_used_up_and_no_other_address() -> None:
    spent = "You exceeded your current quota, please check your billing."

    def respond(received: Received) -> Reply:
        return error(429, spent) if "sk-one" in received.headers["authorization"] else answer()

    with GatewayServer(respond=respond) as first, GatewayServer(respond=respond) as second:
        told = ask_gateway(connection(first.url, second.url), keys=("sk-one", "sk-two"))
    assert told.error is None
    assert [one.error for one in told.attempts] == ["NoCredit", ""]
    assert (len(first.chats), len(second.chats)) == (2, 0)


def test_a_key_that_is_refused_is_not_hidden_by_another() -> None:
    with GatewayServer(error(401), answer()) as server:
        told = ask_gateway(connection(server.url), keys=("sk-one", "sk-two"))
    assert told.error is not None
    assert len(server.chats) == 1


def test_a_continuation_in_words_repeats_nothing() -> None:
    so_far = "The sea is wide and its waves are"
    with GatewayServer(answer("its waves are high.")) as server:
        told = ask_gateway(connection(server.url), request(answer_so_far=so_far))
    assert text_of(told.events) == " high."
    assert server.chats[0].json["messages"][1:] == [
        {"role": "assistant", "content": so_far},
        {"role": "user", "content": GO_ON},
    ]


def test_a_continuation_that_breaks_while_it_may_repeat_is_not_asked_for_twice() -> None:
    so_far = "The sea is wide and its waves are"
    broken = Reply([text("its waves"), Cut()])
    with GatewayServer(broken, answer("its waves are high.")) as server:
        told = ask_gateway(connection(server.url), request(answer_so_far=so_far))
    assert isinstance(told.error, Interrupted)
    assert len(server.chats) == 1
    assert [one.outcome for one in told.attempts] == [Outcome.INTERRUPTED]


def test_numbers_that_came_with_a_failure_are_kept() -> None:
    spent = event({"choices": [], "usage": usage(900, 0)})
    with GatewayServer(Reply([spent, event({"object": "error", "message": "No.", "code": 400})])) as server:
        told = ask_gateway(connection(server.url))
    assert type(told.error) is RequestRefused
    assert told.attempts[0].usage.prompt_tokens == 900


def test_a_continuation_inside_the_answer_where_the_server_can() -> None:
    with GatewayServer(answer(" high.")) as server:
        place = connection(server.url, profile="vllm")
        ask_gateway(place, request(answer_so_far="The waves are", thinking=Thinking.ON))
    body = server.chats[0].json
    assert body["messages"][-1] == {"role": "assistant", "content": "The waves are"}
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)
    assert body["chat_template_kwargs"] == {"enable_thinking": False}  # it has thought already


def test_no_key_where_one_is_needed() -> None:
    with GatewayServer() as server:
        told = ask_gateway(connection(server.url), keys=())
        assert isinstance(told.error, KeyMissing)
        assert ask_gateway(connection(server.url, profile="vllm"), keys=()).error is None
    assert [one.headers.get("authorization") for one in server.chats] == [None]


def test_a_name_without_a_connection() -> None:
    told = ask_gateway(connection("http://127.0.0.1:1/v1"), request(model="qwen3-235b"))
    assert isinstance(told.error, ModelNotFound)


@pytest.mark.parametrize(("profile", "said"), [("azure", True), ("mistral", False)])
def test_thinking_that_can_only_be_made_less_is_not_said_to_be_off(profile: str, said: bool) -> None:
    with GatewayServer() as server:
        told = ask_gateway(connection(server.url, profile=profile), request(thinking=Thinking.OFF))
    assert any(isinstance(one, Notice) and "think little" in one.text for one in told.events) is said


def test_a_provider_without_a_switch_says_so() -> None:
    with GatewayServer() as server:
        told = ask_gateway(connection(server.url, profile="huggingface"), request(thinking=Thinking.ON))
    assert any(isinstance(event, Notice) and "no switch" in event.text for event in told.events)
    assert set(server.chats[0].json) == {"model", "messages", "stream", "stream_options"}
