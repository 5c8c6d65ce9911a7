"""What comes from the worker is not trusted: it has read a stranger's file."""

from __future__ import annotations

import json

import pytest

from models.chat import TextDelta
from models.errors import EngineCrashed
from models.local.protocol import FRAME_BYTES
from tests.fakes import ask, collect, run, stub, text_of

RAW = {
    "no JSON": "hello\n",
    "bad UTF-8": '{"id":2,"is":"TextDelta","text":"\xff"}\n',
    "nesting": "[" * 100_000 + "\n",
    "an empty line": "\n",
    "a list": "[1]\n",
}
FRAMES = {
    "unknown kind": {"is": "Shutdown"},
    "a kind that is no answer": {"is": "Loaded", "context_tokens": 1, "fresh": True},
    "not cancelled": {"is": "Cancelled"},
    "wrong type": {"is": "TextDelta", "text": 5},
    "lacking": {"is": "Finished"},
    "an error that is none of ours": {
        "is": "Failed", "kind": "SystemExit", "title": "", "cause": "", "hint": "", "details": "",
        "next_step": "none",
    },
}  # fmt: skip


def refused(question: str) -> None:
    """The worker is ended with a message, and the next question works."""

    async def case() -> None:
        backend = stub()
        await backend.warm_up("model")
        pid = backend.worker_pid
        with pytest.raises(EngineCrashed, match="not part of an answer"):
            await collect(backend.stream(ask(question)))
        assert text_of(await collect(backend.stream(ask("say hi")))) == "hi"
        assert backend.worker_pid != pid
        await backend.aclose()

    run(case())


@pytest.mark.parametrize("name", RAW)
def test_s28_what_is_no_message_ends_the_worker(name: str) -> None:
    refused("send " + json.dumps(RAW[name]))


@pytest.mark.parametrize("name", FRAMES)
def test_s28_a_message_out_of_place_ends_the_worker(name: str) -> None:
    refused("frame " + json.dumps(FRAMES[name]))


@pytest.mark.parametrize("size", [FRAME_BYTES + 1, 64 * FRAME_BYTES])
def test_s28_an_oversize_frame_ends_the_worker(size: int) -> None:
    refused(f"flood {size}")


def test_s28_a_message_of_another_request_is_dropped() -> None:
    async def case() -> None:
        backend = stub()
        events = await collect(backend.stream(ask('frame {"id": 999, "is": "TextDelta", "text": "secret"}')))
        assert [event for event in events if isinstance(event, TextDelta)] == [TextDelta("One")]
        await backend.aclose()

    run(case())


def test_s28_half_a_character_is_replaced() -> None:
    async def case() -> None:
        backend = stub()
        events = await collect(backend.stream(ask(r'frame {"is": "TextDelta", "text": "a\ud83d"}')))
        assert text_of(events) == "Onea\ufffd"
        await backend.aclose()

    run(case())
