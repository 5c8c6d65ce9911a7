"""What goes over the pipe comes back as it was, and nothing else comes through."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.chat import (
    ChatRequest,
    Finished,
    FinishReason,
    Message,
    Progress,
    ReasoningDelta,
    Role,
    Sampling,
    Stage,
    TextDelta,
    Thinking,
    Timings,
    Usage,
)
from models.errors import NextStep, NotAModel
from models.local.protocol import (
    AnswerNow,
    Ask,
    Cancel,
    Cancelled,
    Describe,
    EngineInfo,
    Failed,
    Load,
    Loaded,
    Probe,
    ProtocolError,
    Reply,
    Request,
    Save,
    Saved,
    decode_reply,
    decode_request,
    encode,
)
from models.local.states import Shelf
from models.machine import Device
from models.thinking import ThinkingKind, ThinkingSupport

CHAT = ChatRequest(
    "m",
    (Message(Role.SYSTEM, "Be kind."), Message(Role.USER, "中文 \n\u2028 🙂")),
    Sampling(temperature=0.5, top_k=3, seed=7, max_tokens=9, stop=("a", "b")),
    Thinking.ON,
    "so far",
    cache_key="7",
    thinking_budget=100,
)
INFO = EngineInfo("1", "2", "3", ("AVX2 = 1",), (Device("CPU", "Xeon", "cpu", 1, 2),), gpu_offload=False)


@pytest.mark.parametrize(
    "request_",
    [
        Load("/a/\udcff b", 2, None, 5),
        Load("x", 1),
        Ask(CHAT),
        Describe(),
        Cancel(),
        AnswerNow(),
        Probe(),
        Save(),
        Load("x", 1, shelf=Shelf("/a/\udcff", "k", 9)),
    ],
)
def test_requests_come_back(request_: Request) -> None:
    line = encode(7, request_)
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert decode_request(line) == (7, request_)


@pytest.mark.parametrize(
    "reply",
    [
        Progress(Stage.PROMPT, 1, 2),
        TextDelta("中文 🙂\n"),
        ReasoningDelta("hm"),
        Finished(FinishReason.LENGTH, Usage(1, None, 0, 2), Timings(load_s=0.5, seed=0xFFFFFFFE)),
        Loaded(512, fresh=True),
        Saved(on_disk=True),
        Cancelled(),
        ThinkingSupport(ThinkingKind.ALWAYS, "thinking", "It always thinks."),
        Failed.of(NotAModel("A poem.", "Choose another.", details="x", next_step=NextStep.NONE)),
        INFO,
    ],
)
def test_replies_come_back(reply: Reply) -> None:
    assert decode_reply(encode(3, reply)) == (3, reply)


def test_an_error_comes_back_as_what_it_was() -> None:
    error = Failed.of(NotAModel("A poem.", "Choose another.", title="No.", details="d" * 20_000)).error()
    assert isinstance(error, NotAModel)
    assert (error.title, error.cause, error.hint) == ("No.", "A poem.", "Choose another.")
    assert error.next_step is NotAModel.next_step
    assert len(error.details) == 16_000


def frame(**values: Any) -> bytes:
    return json.dumps({"id": 1, "is": "TextDelta", "text": "a"} | values).encode()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"id":1,"is":"TextDelta","text":"a"} x',
        frame(id="1"),
        frame(id=True),
        frame(id=1.5),
        frame(id=1 << 60),
        frame(id=None),
        frame(**{"is": "Shutdown"}),
        frame(**{"is": []}),
        frame(**{"is": "Load"}),
        frame(text=5),
        frame(text=None),
        frame(**{"is": "Progress", "stage": "dance", "done": 0, "total": 0}),
        frame(**{"is": "Progress", "stage": "load", "done": -1e3, "total": 0}),
        frame(**{"is": "Loaded", "context_tokens": float("nan"), "fresh": True}),
        frame(**{"is": "Finished", "reason": "stop", "usage": [], "timings": None}),
        frame(**{"is": "Finished"}),
        b'{"id":1,"is":"Finished","reason":"stop","usage":' + b"9" * 5000 + b"}",
    ],
)
def test_anything_else_is_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_reply(line)


@pytest.mark.parametrize("seconds", ["NaN", "Infinity", "1e999", '"1"', "true"])
def test_times_are_finite_numbers(seconds: str) -> None:
    line = encode(1, Finished(FinishReason.STOP, Usage(), Timings(load_s=0.125)))
    with pytest.raises(ProtocolError):
        decode_reply(line.replace(b"0.125", seconds.encode()))


def test_half_characters_are_replaced() -> None:
    assert decode_reply(rb'{"id":1,"is":"TextDelta","text":"a\ud83d b\uDE00 \ud83d\ude00"}') == (
        1,
        TextDelta("a\ufffd b\ufffd 😀"),
    )


@pytest.mark.parametrize("kind", ["Exception", "StrEnum", "annotations", "__builtins__"])
def test_an_error_must_be_one_of_ours(kind: str) -> None:
    with pytest.raises(ProtocolError):
        Failed(kind, "", "", "", "", NextStep.NONE).error()


def test_a_reply_is_no_request() -> None:
    with pytest.raises(ProtocolError):
        decode_request(encode(1, Cancelled()))
    with pytest.raises(ProtocolError):
        decode_reply(encode(1, Cancel()))
