"""Nothing is evaluated twice: not after a restart, not after a switch to another conversation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.chat import ChatEvent, ChatRequest, Message, Role
from models.errors import PromptTooLong
from models.local.backend import LocalBackend
from models.local.engine.engine import Engine
from models.local.protocol import Load
from models.local.states import Shelf
from models.local.stopflag import StopFlag
from tests.fakes import STARTER, ask, collect, finished, first_delta, local, run, stub, text_of
from tests.fixtures.tiny_gguf import write_tiny

WARM = 1 + len("<|user|>")
"""What every prompt of the tiny model begins with."""


class Home:
    """A folder with a model and a shelf, and backends that begin and end in it."""

    def __init__(self, folder: Path, model: Path | None = None) -> None:
        self.folder = folder
        self.model = model or write_tiny(folder / "m.gguf", context=2048)
        self.shelf: Shelf | None = Shelf(str(folder / "states"), str(folder / "state.key"))

    def visit(self, *requests: ChatRequest, **options: Any) -> list[list[ChatEvent]]:
        """The answers of one process, from its start to its clean end."""

        async def case(backend: LocalBackend) -> list[list[ChatEvent]]:
            return [await collect(backend.stream(request)) for request in requests]

        answers: list[list[ChatEvent]] = self.stay(case, **options)
        return answers

    def stay(self, case: Callable[[LocalBackend], Awaitable[Any]], **options: Any) -> Any:
        async def whole() -> Any:
            backend = local(self.model, shelf=lambda: self.shelf, **options)
            try:
                return await case(backend)
            finally:
                await backend.aclose()

        return run(whole())

    def files(self) -> list[Path]:
        return sorted(self.folder.glob("states/*"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_what_was_made_private_is_not_written_again(home: Home) -> None:
    """It is in the worker's memory when it is forgotten; leaving and closing would write it."""

    async def case(backend: LocalBackend) -> None:
        await collect(backend.stream(question("a", "1")))
        await backend.forget(["1"])
        await collect(backend.stream(question("b", "2")))
        await backend.forget(["2"])

    home.stay(case)
    assert home.files() == []


def question(letter: str, key: str | None) -> ChatRequest:
    return replace(ask(letter * 300), cache_key=key)


def reused(events: list[ChatEvent]) -> int:
    return finished(events).timings.reused_tokens or 0


def all_but_one(events: list[ChatEvent]) -> bool:
    return reused(events) == (finished(events).timings.prompt_tokens or 0) - 1


def test_a_conversation_goes_on_after_a_restart(home: Home) -> None:
    (first,) = home.visit(question("a", "1"))
    (again,) = home.visit(question("a", "1"))
    assert reused(first) == 0
    assert all_but_one(again)
    assert text_of(first) == text_of(again)


def test_another_conversation_after_a_restart_is_evaluated(home: Home) -> None:
    home.visit(question("a", "1"))
    (other,) = home.visit(question("a", "2"))
    assert reused(other) == 0


def test_switching_and_coming_back_reuses(home: Home) -> None:
    there = [question(letter, letter) for letter in "abab"]
    a, b, a_again, b_again = home.visit(*there)
    assert (reused(a), reused(b)) == (0, WARM)
    assert all_but_one(a_again)
    assert all_but_one(b_again)


def test_a_private_conversation_is_never_written(home: Home) -> None:
    home.visit(question("a", None), question("b", None))
    assert home.files() == []
    home.visit(question("a", None), question("b", "1"), question("c", None))
    assert len(home.files()) == 2
    (again,) = home.visit(question("b", "1"))
    assert all_but_one(again)


def test_a_private_one_takes_nothing_from_the_disk(home: Home) -> None:
    home.visit(question("a", "1"))
    (private,) = home.visit(question("a", None))
    assert reused(private) == 0


def test_what_is_short_is_not_worth_a_file(home: Home) -> None:
    home.visit(replace(ask("Hi"), cache_key="1"))
    assert home.files() == []


def test_the_switch_holds_at_once(home: Home) -> None:
    async def case(backend: LocalBackend) -> None:
        await collect(backend.stream(question("a", "1")))
        shelf, home.shelf = home.shelf, None
        await collect(backend.stream(question("b", "2")))
        assert home.files() == []
        home.shelf = shelf
        await collect(backend.stream(question("c", "3")))

    home.stay(case)
    assert len(home.files()) == 4  # “b”, which was still there, and “c”


def test_what_is_no_longer_wanted_is_not_saved_at_the_end(home: Home) -> None:
    async def case(backend: LocalBackend) -> None:
        await collect(backend.stream(question("a", "1")))
        home.shelf = None

    home.stay(case)
    assert home.files() == []


def test_another_model_takes_nothing_away(home: Home) -> None:
    other = write_tiny(home.folder / "other.gguf", ("Other",), context=2048)
    models = {"model": home.model, "other": other}

    async def whole() -> list[list[ChatEvent]]:
        backend = LocalBackend(models.__getitem__, threads=1, shelf=lambda: home.shelf)
        try:
            requests = [question("a", "1"), replace(question("b", "2"), model="other"), question("a", "1")]
            return [await collect(backend.stream(request)) for request in requests]
        finally:
            await backend.aclose()

    first, between, again = run(whole())
    assert text_of(between) == "Other"
    assert reused(first) == 0
    assert all_but_one(again)


def test_it_is_saved_when_nothing_is_asked_for_a_while(home: Home) -> None:
    async def case(backend: LocalBackend) -> None:
        await collect(backend.stream(question("a", "1")))
        while backend._saving is None:
            await collect(backend.stream(replace(ask("Hi"), cache_key=None)))
            await collect(backend.stream(question("a", "1")))
        await backend._saving
        assert len(home.files()) == 2

    home.stay(case, idle_s=0.0)


def test_a_stopped_answer_is_saved_too(home: Home) -> None:
    home.model = write_tiny(home.folder / "m.gguf", ("a", "b"), for_ever=True, context=100_000)

    async def case(backend: LocalBackend) -> None:
        stream = backend.stream(question("a", "1"))
        await first_delta(stream)
        await stream.aclose()

    home.stay(case, context=lambda _model: 2048)
    (again,) = home.visit(replace(ask("a" * 300, max_tokens=4), cache_key="1"), context=lambda _model: 2048)
    assert all_but_one(again)


def test_forgetting_removes_the_file(home: Home) -> None:
    home.visit(question("a", "1"), question("b", "2"))
    home.stay(lambda backend: backend.forget(["1", "3"]))
    assert len(home.files()) == 2
    (again,) = home.visit(question("b", "2"))
    assert all_but_one(again)


@pytest.mark.parametrize("fault", ["folder", "key"])
def test_f11_where_nothing_can_be_written_answers_still_come(home: Home, fault: str) -> None:
    (home.folder / "file").touch()
    bad = str(home.folder / "file" / "in the way")
    home.shelf = Shelf(
        bad if fault == "folder" else str(home.folder / "states"),
        bad if fault == "key" else str(home.folder / "state.key"),
    )
    for events in home.visit(question("a", "1"), question("b", "2"), question("a", "1")):
        assert text_of(events) == "Hello there."
    assert home.files() == []


def test_a_worker_that_does_not_know_how_to_save_does_not_hold_up_the_end(tmp_path: Path) -> None:
    shelf = Shelf(str(tmp_path), str(tmp_path / "state.key"))

    async def case() -> None:
        backend = stub(shelf=lambda: shelf)
        await collect(backend.stream(replace(ask("say hi"), cache_key="1")))
        await backend.aclose()
        assert backend.worker_pid is None

    run(case())


@pytest.mark.model
@pytest.mark.skipif(not STARTER.exists(), reason="the starter model is not here")
def test_a_restart_changes_no_word(tmp_path: Path) -> None:
    home = Home(tmp_path, STARTER)
    story = "".join(f"On day {day} the ship {day * 7} sailed {day * 13} miles. " for day in range(25))
    earlier = (Message(Role.USER, story), Message(Role.ASSISTANT, "What a journey."))
    first = replace(ask(story, max_tokens=1), cache_key="1")
    then = replace(ask("What is the capital of France?", *earlier, max_tokens=24), cache_key="1")
    home.visit(first, context=lambda _model: 2048)
    (restored,) = home.visit(then, context=lambda _model: 2048)
    home.shelf = None
    (anew,) = home.visit(then, context=lambda _model: 2048)
    total = finished(restored).timings.prompt_tokens or 0
    assert total > 350
    assert reused(restored) > 0.9 * total
    assert reused(anew) == 0
    assert text_of(restored) == text_of(anew) != ""


def test_a_question_refused_before_it_is_read_costs_nothing_that_was_read(home: Home) -> None:
    async def case(backend: LocalBackend) -> None:
        await collect(backend.stream(question("a", "1")))
        with pytest.raises(PromptTooLong):
            await collect(backend.stream(replace(ask("b" * 5000), cache_key=None)))

    home.stay(case)
    (again,) = home.visit(question("a", "1"))
    assert all_but_one(again)


def test_reading_ahead_belongs_to_its_own_conversation(home: Home) -> None:
    """A refused question of another one came between: a private text would be kept under that one's name."""
    private, refused = question("a", None), replace(ask("b" * 5000), cache_key="2")
    engine = Engine(StopFlag())
    engine.load(Load(str(home.model), 1, shelf=home.shelf), lambda *_: None, lambda _planned: None)
    engine.answer(private, lambda _event: None, lambda: False)
    with pytest.raises(PromptTooLong):
        engine.answer(refused, lambda _event: None, lambda: False)
    engine.tidy(private, "something else than was said")
    assert not engine.save()
    assert home.files() == []


def test_a_further_file_that_was_replaced_has_the_model_loaded_anew(home: Home) -> None:
    """As after a repair of one part: what the others computed with it is void. One removed stays in use."""
    first, second = (home.folder / f"m-0000{number}-of-00002.gguf" for number in (1, 2))
    home.model.rename(first)
    second.write_bytes(b"damaged")
    engine = Engine(StopFlag())

    def load() -> bool:
        return engine.load(Load(str(first), 1), lambda *_: None, lambda _planned: None).fresh

    assert [load(), load()] == [True, False]
    second.write_bytes(b"repaired")
    assert [load(), load()] == [True, False]
    second.unlink()
    assert not load()
    first.unlink()
    assert not load()
