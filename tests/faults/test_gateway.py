"""F26 to F36: what a gateway can do wrong, and what the user is told."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from email.utils import formatdate
from typing import Any

import pytest

from models.chat import ChatEvent, ChatRequest, Finished, Notice, Progress, Stage
from models.errors import (
    AppError,
    BadReply,
    FellSilent,
    GatewayBusy,
    GatewayFailed,
    Interrupted,
    KeyRefused,
    NextStep,
    NoCredit,
    NoSuchRemoteModel,
    NotPermitted,
    Offline,
    PromptTooLong,
    ProxyFailed,
    RequestRefused,
    SignInPage,
    Unreachable,
)
from models.gateway.attempts import Attempt, Outcome
from models.gateway.backend import GatewayBackend
from models.gateway.retrying import Patience
from models.gateway.wire import Timeouts
from models.outbound import Outbound
from tests.fakes import cancel, finished, text_of
from tests.gateway_server import FAULTS, GatewayServer, Hold, Pause, Reply, answer, error, events
from tests.gateway_server.asking import KEY, Asking, ask_gateway, backend, connection, request
from tests.gateway_server.scripts import page

SHORT = Timeouts(connect_s=2, first_byte_s=0.3, idle_s=0.3, empty_s=0.5, after_finish_s=0.3)


def ask(*replies: Reply, asked: ChatRequest | None = None, **options: Any) -> tuple[Asking, GatewayServer]:
    with GatewayServer(*replies) as server:
        told = ask_gateway(connection(server.url), asked or request(), **options)
    return told, server


@pytest.mark.parametrize(
    ("status", "kind"), [(401, KeyRefused), (403, NotPermitted), (402, NoCredit), (422, RequestRefused)]
)
def test_f26_f27_f28_a_refusal_is_told_and_not_repeated(status: int, kind: type[AppError]) -> None:
    told, server = ask(error(status, "No."))
    assert type(told.error) is kind
    assert len(server.chats) == len(told.attempts) == 1
    assert told.attempts[0].status == status
    assert f"HTTP status: {status}" in told.error.details
    assert "Request: req-1" in told.error.details


def test_f27_a_quota_is_no_reason_to_wait() -> None:
    told, server = ask(error(429, "You exceeded your current quota, please check your billing."))
    assert type(told.error) is NoCredit
    assert len(server.chats) == 1


def test_f28_a_missing_model_names_the_nearest_one() -> None:
    told, _ = ask(
        error(404, "The model does not exist."),
        offered=lambda _id: ["xidao/qwen3-235b-a22b", "xidao/phi-4-14b"],
    )
    assert isinstance(told.error, NoSuchRemoteModel)
    assert told.error.nearest[0] == "xidao/qwen3-235b-a22b"
    assert "qwen3-235b-a22b" in told.error.hint
    assert told.error.next_step is NextStep.CHOOSE_MODEL


def test_f28_too_much_text_names_the_limit_and_offers_to_shorten() -> None:
    told, server = ask(error(400, "This model's maximum context length is 32768 tokens.", code="x"))
    assert isinstance(told.error, PromptTooLong)
    assert "32,768 tokens" in told.error.cause
    assert told.error.next_step is NextStep.SHORTEN
    assert len(server.chats) == 1


def test_f28_a_request_that_is_too_large_is_told_as_one() -> None:
    told, server = ask(page(413))
    assert isinstance(told.error, PromptTooLong)
    assert told.error.next_step is NextStep.SHORTEN
    assert len(server.chats) == 1


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_f29_f30_a_passing_failure_is_tried_again_where_it_can_be_seen(status: int) -> None:
    told, server = ask(error(status), answer())
    assert text_of(told.events) == "Hello there."
    assert finished(told.events).timings.attempts == 2
    assert any(isinstance(event, Notice) and "Next try: after" in event.text for event in told.events)
    assert any(isinstance(event, Progress) and event.stage is Stage.WAIT for event in told.events)
    assert [(one.outcome, one.status) for one in told.attempts] == [
        (Outcome.FAILED, status),
        (Outcome.FINISHED, 200),
    ]
    assert told.attempts[0].usage.prompt_tokens is None  # an unknown cost, not none
    assert len(server.chats) == 2


def test_f29_it_is_given_up_after_some_tries() -> None:
    told, server = ask(*(error(429) for _ in range(9)))
    assert isinstance(told.error, GatewayBusy)
    assert len(server.chats) == 3


@pytest.mark.parametrize("wait", ["3600", "99999999999", formatdate(time.time() + 7200, usegmt=True)])
def test_f29_a_long_wait_is_left_to_the_user(wait: str) -> None:
    told, server = ask(error(429, retry_after=wait), answer())
    assert isinstance(told.error, GatewayBusy)
    assert told.error.retry_after_s is not None
    assert 60 < told.error.retry_after_s <= 86_400
    assert len(server.chats) == 1


@pytest.mark.parametrize("wait", ["0", "-5", "nan", "soon", formatdate(time.time() - 60, usegmt=True)])
def test_f29_an_odd_wait_is_no_obstacle(wait: str) -> None:
    told, _ = ask(error(429, retry_after=wait), answer())
    assert text_of(told.events) == "Hello there."


def test_f29_a_wait_that_was_asked_for_is_kept_and_counted_down() -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    told, _ = ask(error(429, retry_after="5"), answer(), sleep=sleep)
    assert 5 <= sum(waited) <= 6
    left = [event.remaining_s for event in told.events if isinstance(event, Progress) and event.total]
    assert left == sorted(left, key=lambda seconds: -(seconds or 0))
    assert len(left) >= 5


def test_f29_a_wait_is_cancelled_at_once() -> None:
    async def go(url: str) -> float:
        one = backend(connection(url), patience=Patience(first_wait_s=60))
        waiting = asyncio.Event()

        async def consume() -> None:
            async for event in one.stream(request()):
                if isinstance(event, Progress) and event.stage is Stage.WAIT:
                    waiting.set()

        task = asyncio.create_task(consume())
        await waiting.wait()
        began = time.monotonic()
        await cancel(task)
        took = time.monotonic() - began
        await one.aclose()
        return took

    with GatewayServer(error(503)) as server:
        assert asyncio.run(go(server.url)) < 1
    assert len(server.chats) == 1


def test_f30_a_page_in_place_of_an_error_is_not_shown() -> None:
    page = Reply([b"<html><body>nginx</body></html>"], 502, {"Content-Type": "text/html"}, sized=True)
    told, _ = ask(page, page, page)
    assert isinstance(told.error, GatewayFailed)
    assert "nginx" not in told.error.one_line() + told.error.details
    assert "a web page" in told.error.details


def test_f31_a_refused_connection() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = ask_gateway(connection(f"http://127.0.0.1:{port}/v1"))
    assert isinstance(told.error, Unreachable)
    assert "does not accept connections" in told.error.cause
    assert {one.status for one in told.attempts} == {None}


def test_f31_a_connection_that_breaks_before_an_answer() -> None:
    told, _ = ask(FAULTS["dropped"](), answer())
    assert text_of(told.events) == "Hello there."


def test_f31_a_name_that_is_not_known() -> None:
    told = ask_gateway(connection("https://gateway.invalid/v1"))
    assert isinstance(told.error, Offline)
    assert len(told.attempts) == 1


def test_f31_being_offline_is_told_once_in_full() -> None:
    async def go() -> list[Offline]:
        one, told = backend(connection("https://gateway.invalid/v1")), []
        for _message in range(3):
            with pytest.raises(Offline) as caught:
                await anext(event async for event in one.stream(request()) if not isinstance(event, Progress))
            told.append(caught.value)
        await one.aclose()
        return told

    first, *later = asyncio.run(go())
    assert "internet connection" in first.hint
    assert first.hint.endswith("Until then, a local model can answer.")
    assert {(error.title, error.hint) for error in later} == {("You are still offline.", "")}


def test_f31_offline_is_news_again_after_an_answer() -> None:
    places = iter(["https://gateway.invalid/v1", "", "https://gateway.invalid/v1"])
    with GatewayServer(answer()) as server:

        async def no_keys(_id: str) -> list[str]:
            return [KEY]

        async def go() -> list[str]:
            one, titles = (
                GatewayBackend(
                    lambda _id: connection(next(places) or server.url),
                    no_keys,
                    Outbound(),
                    owns_outbound=True,
                ),
                [],
            )
            for _message in range(3):
                try:
                    async for _event in one.stream(request()):
                        pass
                except Offline as error:
                    titles.append(error.title)
            await one.aclose()
            return titles

        assert asyncio.run(go()) == ["You are offline, or the address is wrong."] * 2


@pytest.mark.parametrize(
    "fault", ["eof", "cut", "reset", "half-event", "error-event", "bad-json", "deep-json", "bad-utf8"]
)
def test_f32_a_broken_stream_keeps_its_text_and_can_go_on(fault: str) -> None:
    told, server = ask(FAULTS[fault]())
    assert text_of(told.events) == "Half an answer"
    assert type(told.error) is Interrupted
    assert told.error.next_step is NextStep.CONTINUE
    assert len(server.chats) == 1
    (attempt,) = told.attempts
    assert attempt.outcome is Outcome.INTERRUPTED
    assert attempt.usage.estimated
    assert attempt.usage.completion_tokens


def test_f32_an_end_without_a_reason_is_no_end() -> None:
    told, _ = ask(FAULTS["no-finish"]())
    assert text_of(told.events) == "Hello there."
    assert type(told.error) is Interrupted


@pytest.mark.parametrize("fault", ["comments", "null-choices", "no-usage", "whole"])
def test_f32_an_odd_stream_is_read(fault: str) -> None:
    told, _ = ask(FAULTS[fault]())
    assert text_of(told.events) == "Hello there."
    assert finished(told.events).usage.estimated == (fault == "no-usage")


def test_f32_an_empty_answer_is_not_taken_for_one() -> None:
    for fault in ("empty", "only-null"):
        told, server = ask(FAULTS[fault]())
        assert type(told.error) is BadReply
        assert len(server.chats) == 1
        assert (told.error.title == "The answer never began.") is (fault == "only-null")


def test_f32_what_was_given_up_before_its_first_word_is_asked_for_again() -> None:
    told, _ = ask(answer("", finish="insufficient_system_resource"), answer())
    assert text_of(told.events) == "Hello there."
    assert [one.error for one in told.attempts] == ["GatewayFailed", ""]


def test_f32_a_continuation_that_brings_nothing_can_still_be_continued() -> None:
    told, _ = ask(FAULTS["only-null"](), asked=request(answer_so_far="Half an "))
    assert type(told.error) is Interrupted


@pytest.mark.parametrize("size", [1, 40, 150, 400])
def test_f32_a_stream_cut_anywhere_never_finishes(size: int) -> None:
    told, _ = ask(Reply(answer().parts, cut_after=size), patience=Patience(tries=1))
    assert told.error is not None
    assert not any(isinstance(event, Finished) for event in told.events)


@pytest.mark.parametrize(
    ("fault", "kind"), [("silent", FellSilent), ("silent-head", FellSilent), ("silent-middle", Interrupted)]
)
def test_f33_silence_is_noticed_and_not_paid_for_twice(fault: str, kind: type[AppError]) -> None:
    told, server = ask(FAULTS[fault](), timeouts=SHORT)
    assert type(told.error) is kind
    assert len(server.chats) == 1


def test_f33_a_model_that_thinks_unseen_may_be_silent_before_its_first_word() -> None:
    told, _ = ask(Reply([Pause(0.4), b"".join(events())]), timeouts=Timeouts(first_byte_s=20, idle_s=0.1))
    assert text_of(told.events) == "Hello there."


def test_f33_empty_lines_alone_are_silence() -> None:
    told, _ = ask(Reply([part for _ in range(40) for part in (b"\n", Pause(0.05))]), timeouts=SHORT)
    assert type(told.error) is FellSilent


def test_f33_silence_after_the_end_is_no_failure() -> None:
    told, _ = ask(Reply([*answer(done=False, told=None).parts, Hold()]), timeouts=SHORT)
    assert finished(told.events).usage.estimated


@pytest.mark.parametrize("fault", ["page", "portal", "redirect"])
def test_f34_a_network_that_asks_to_sign_in(fault: str) -> None:
    told, server = ask(FAULTS[fault]())
    assert type(told.error) is SignInPage
    assert "sign in" in told.error.hint
    assert len(server.chats) == 1


@pytest.mark.parametrize("proxy", ["ftp://127.0.0.1:1", "http://[bad", "socks4://127.0.0.1:1"])
def test_f35_a_proxy_that_cannot_be_used_is_told(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    told = ask_gateway(connection("https://gateway.invalid/v1"))
    assert told.error is not None
    assert "proxy" in told.error.one_line().lower()


@pytest.mark.parametrize("scheme", ["socks://", "socks5://", "http://", ""])
def test_f35_a_proxy_that_is_not_there_is_told(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", f"{scheme}127.0.0.1:9")
    told = ask_gateway(connection("https://gateway.invalid/v1"))
    assert isinstance(told.error, Unreachable | ProxyFailed)


def test_f35_a_proxy_that_wants_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with GatewayServer(respond=lambda _request: error(407)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.removesuffix("/v1"))
        told = ask_gateway(connection("https://gateway.invalid/v1"))
        assert isinstance(told.error, ProxyFailed)
        assert "password" in told.error.cause
        assert all(KEY not in str(one.headers) for one in proxy.received)


def test_f35_no_proxy_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    told, _ = ask(answer())
    assert text_of(told.events) == "Hello there."


@pytest.mark.parametrize("fault", ["silent", "silent-head", "silent-middle", "endless"])
def test_f36_stopping_frees_the_connection_and_settles_the_attempt(fault: str) -> None:
    attempts: list[Attempt] = []

    async def go(server: GatewayServer) -> None:
        one = backend(connection(server.url), Outbound(), attempted=attempts.append)
        task = asyncio.create_task(_consume(one.stream(request())))
        await asyncio.to_thread(server.wait_for, 1)
        began = time.monotonic()
        await cancel(task)
        assert time.monotonic() - began < 1
        assert await asyncio.to_thread(server.chats[0].gone.wait, 3)
        await one.aclose()

    with GatewayServer(FAULTS[fault]()) as server:
        asyncio.run(go(server))
    assert [one.outcome for one in attempts] == [Outcome.STOPPED]


async def _consume(stream: AsyncGenerator[ChatEvent, None]) -> None:
    async with aclosing(stream):
        async for event in stream:
            assert not isinstance(event, Finished)
