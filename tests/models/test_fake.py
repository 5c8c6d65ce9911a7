"""The shipped fake plays its scripts."""

from __future__ import annotations

import asyncio

import pytest

from models.chat import Finished, FinishReason, TextDelta
from models.errors import EngineCrashed
from tests.fakes import FakeBackend, Hold, ask, collect, run, says, text_of


def test_plays_one_script_after_the_other_and_the_last_again() -> None:
    async def case() -> list[str]:
        backend = FakeBackend(says("One."), says("Two and more."))
        answers = [text_of(await collect(backend.stream(ask("?")))) for _ in range(3)]
        assert [request.messages[-1].text for request in backend.requests] == ["?"] * 3
        return answers

    assert run(case()) == ["One.", "Two and more.", "Two and more."]


def test_raises_an_error_where_the_script_has_it() -> None:
    async def case() -> None:
        backend = FakeBackend([TextDelta("Hel"), EngineCrashed("It was killed.")])
        stream = backend.stream(ask("?"))
        assert await anext(stream) == TextDelta("Hel")
        with pytest.raises(EngineCrashed):
            await anext(stream)

    run(case())


def test_holds_until_it_is_let_go() -> None:
    async def case() -> None:
        gate = asyncio.Event()
        backend = FakeBackend([Hold(gate), *says("Done", FinishReason.LENGTH)])
        task = asyncio.create_task(collect(backend.stream(ask("?"))))
        await asyncio.sleep(0)
        assert not task.done()
        gate.set()
        last = (await task)[-1]
        assert isinstance(last, Finished)
        assert last.reason is FinishReason.LENGTH

    run(case())
