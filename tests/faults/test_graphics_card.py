"""F41: a graphics card that fails is tried once more, then the processor computes, and that is told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from models.chat import Notice, TextDelta
from models.errors import EngineCrashed
from models.local.backend import LocalBackend
from tests.fakes import STUB, ask, collect, first_delta, run, stub, text_of

if sys.platform == "win32":
    pytest.skip("signals are POSIX", allow_module_level=True)

FAILED_ONCE = Notice("The graphics card failed. Trying it once more.")
FAILED_TWICE = Notice("The graphics card failed again. Computing on the processor.")


def test_f41_the_answer_comes_from_the_processor_in_the_end() -> None:
    async def case() -> None:
        backend = stub("card.gguf")
        try:
            events = await collect(backend.stream(ask("compute All is well")))
            assert [event for event in events if isinstance(event, Notice)] == [FAILED_ONCE, FAILED_TWICE]
            assert text_of(events) == "All is well"
            later = await collect(backend.stream(ask("compute Still well")))
            assert not any(isinstance(event, Notice) for event in later)
            assert text_of(later) == "Still well"
        finally:
            await backend.aclose()

    run(case())


def test_f41_after_the_first_word_it_is_an_error_and_the_next_question_works() -> None:
    async def case() -> None:
        backend = stub("card.gguf")
        try:
            for _ in range(2):
                stream = backend.stream(ask("half Well"))
                assert await first_delta(stream) == TextDelta("Well")
                with pytest.raises(EngineCrashed):
                    await collect(stream)
            assert text_of(await collect(backend.stream(ask("half Well")))) == "Well"
        finally:
            await backend.aclose()

    run(case())


def test_f41_a_processor_that_crashes_is_not_asked_again() -> None:
    async def case() -> None:
        backend: LocalBackend = stub("model.gguf")
        try:
            with pytest.raises(EngineCrashed):
                await collect(backend.stream(ask("die SIGABRT")))
        finally:
            await backend.aclose()

    run(case())


def test_f41_a_model_that_kills_the_worker_is_not_the_cards_fault() -> None:
    """It died before it was known how it would be loaded; what is known is of another model."""

    async def case() -> None:
        backend = LocalBackend(Path, command=STUB, threads=1)
        try:
            assert text_of(await collect(backend.stream(ask("say hi", model="card.gguf")))) == "hi"
            with pytest.raises(EngineCrashed):
                await collect(backend.stream(ask("say hi", model="die-SIGSEGV.gguf")))
            assert backend._fallback.gpu
        finally:
            await backend.aclose()

    run(case())
