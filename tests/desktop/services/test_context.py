"""The newest receipt tells how full the context is and where memory begins."""

from __future__ import annotations

from typing import Any

from desktop.services.context import ContextUse, context_use, memory_shown
from desktop.services.history import Memory
from desktop.storage.conversations import StoredMessage
from models.chat import Role
from tests.desktop.ui.messages import stored

WHOLE = {"prompt_tokens": 100, "completion_tokens": 30, "context_tokens": 8192}


def answer(timings: dict[str, Any] | None, **more: Any) -> StoredMessage:
    told: dict[str, Any] = {} if timings is None else {"timings": timings}
    return stored(Role.ASSISTANT, "x", receipt=told | more)


def test_the_newest_answer_tells_what_is_used() -> None:
    old, new = answer(WHOLE), answer(WHOLE | {"prompt_tokens": 300})
    assert context_use([old, new]) == ContextUse(330, 8192)


def test_reasoning_is_not_read_again() -> None:
    assert context_use([answer(WHOLE, usage={"reasoning_tokens": 20})]) == ContextUse(110, 8192)


def test_an_answer_that_was_stopped_tells_nothing() -> None:
    question = stored(Role.USER, "?")
    assert context_use([question, answer(None)]) is None
    assert context_use([question, answer(WHOLE), question, answer(None)]) == ContextUse(130, 8192)


def test_memory_is_what_the_newest_answer_that_tells_knew() -> None:
    cut = answer(WHOLE, memory={"first_id": 7, "left_out": 4})
    assert memory_shown([cut]) == Memory(7, 4)
    assert memory_shown([cut, answer(None)]) == Memory(7, 4)
    assert memory_shown([cut, answer(WHOLE)]) is None  # a larger context knew all of it again
    assert memory_shown([]) is None
