"""S31: a state that isn't ours, or isn't what we wrote, never reaches llama.cpp."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import llama_cpp.llama_cpp as llama
import pytest

from models.chat import ChatEvent
from models.local.engine import state as engine_state
from models.local.engine.engine import Engine
from models.local.engine.model import Aborted
from models.local.protocol import Load
from models.local.states import Shelf, StateStore
from models.local.stopflag import StopFlag
from tests.fakes import ask, finished, text_of
from tests.fixtures.tiny_gguf import write_tiny

LONG = "x" * 200


class Bench:
    """An engine in this process, so that a test sees what llama.cpp is given."""

    def __init__(self, folder: Path, given: list[bytes]) -> None:
        self.folder, self.given = folder, given
        self.shelf = Shelf(str(folder / "states"), str(folder / "state.key"))
        self.order = Load(str(write_tiny(folder / "m.gguf", context=2048)), 1, 1024, 1 << 40, self.shelf)

    def answer(
        self, order: Load | None = None, *, save: bool = False, cache_key: str = "7"
    ) -> list[ChatEvent]:
        engine = Engine(StopFlag())
        events: list[ChatEvent] = []
        try:
            engine.load(order or self.order, lambda _done, _total: None, lambda _plan: None)
            engine.answer(replace(ask(LONG), cache_key=cache_key), events.append, lambda: False)
            if save:
                assert engine.save()
        finally:
            engine._unload()
        return events

    def file(self, suffix: str) -> Path:
        (path,) = Path(self.shelf.folder).glob(f"*{suffix}")
        return path


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    given: list[bytes] = []
    load = llama.llama_state_seq_load_file

    def spy(context: object, path: bytes, *rest: object) -> int:
        given.append(path)
        return int(load(context, path, *rest))

    monkeypatch.setattr(llama, "llama_state_seq_load_file", spy)
    return Bench(tmp_path, given)


def test_s31_an_honest_state_is_used(bench: Bench) -> None:
    first = bench.answer(save=True)
    again = bench.answer()
    assert len(bench.given) == 1
    timings = finished(again).timings
    assert timings.reused_tokens == (timings.prompt_tokens or 0) - 1
    assert text_of(first) == text_of(again) == "Hello there."


def flip(at: float) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[int(at * (len(data) - 1))] ^= 1
        path.write_bytes(data)

    return change


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("suffix", [".state", ".head"])
@pytest.mark.parametrize("change", [flip(0), flip(0.5), flip(1), truncate, lengthen, empty])
def test_s31_a_changed_file_is_removed_unread(
    bench: Bench, suffix: str, change: Callable[[Path], None]
) -> None:
    bench.answer(save=True)
    change(bench.file(suffix))
    refused(bench)


def test_s31_a_head_whose_words_were_changed_is_not_parsed(bench: Bench) -> None:
    bench.answer(save=True)
    path = bench.file(".head")
    data = path.read_bytes()
    at = len(b"inshore-state-1\n") + 32
    values = json.loads(data[at:])
    path.write_bytes(data[:at] + json.dumps(values | {"size": 1 << 60}).encode())
    refused(bench)


def test_s31_a_state_of_another_installation_is_removed(bench: Bench) -> None:
    bench.answer(save=True)
    Path(bench.shelf.key_file).write_bytes(bytes(32))
    # the name depends on the key, too: give it the name that it would have
    store = Path(bench.shelf.folder)
    old = {path.suffix: path for path in store.iterdir()}
    bench.answer(save=True)
    (new,) = {path.stem for path in store.iterdir()} - {old[".head"].stem}
    for suffix, path in old.items():
        path.replace(store / f"{new}{suffix}")
    refused(bench)


def test_s31_a_state_of_another_conversation_is_removed(bench: Bench) -> None:
    bench.answer(save=True)
    head, state = bench.file(".head"), bench.file(".state")
    names = [head.name, state.name]
    head.unlink()
    state.unlink()
    bench.answer(save=True, cache_key="8")
    for suffix, name in zip((".head", ".state"), names, strict=True):
        bench.file(suffix).rename(head.with_name(name))
    refused(bench)


def test_s31_a_state_of_another_model_is_removed(bench: Bench) -> None:
    bench.answer(save=True)
    os.utime(bench.order.path, (1, 1))
    refused(bench)


def test_s31_a_state_of_another_context_size_is_removed(bench: Bench) -> None:
    bench.answer(save=True)
    refused(bench, replace(bench.order, context=2048))


def test_s31_a_state_of_another_engine_is_removed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.answer(save=True)
    monkeypatch.setattr(llama, "llama_version", lambda: b"0.6.0")
    refused(bench)


def test_s31_what_llama_refuses_after_all_is_removed_and_evaluated(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.answer(save=True)
    monkeypatch.setattr(engine_state, "_read", lambda _context, _state: False)
    refused(bench)


def refused(bench: Bench, order: Load | None = None) -> None:
    """llama.cpp doesn't see it, it is gone, and the answer is right all the same."""
    bench.given.clear()
    events = bench.answer(order)
    assert bench.given == []
    assert list(Path(bench.shelf.folder).iterdir()) == []
    assert finished(events).timings.reused_tokens == 0
    assert text_of(events) == "Hello there."


def test_s31_a_stop_while_a_state_is_checked_puts_nothing_under_another_name(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A private conversation is in the context when one that is kept is turned to, and that is stopped."""
    bench.answer(save=True, cache_key="7")
    before = bench.file(".state").read_bytes()
    engine = Engine(StopFlag())
    try:
        engine.load(bench.order, lambda _done, _total: None, lambda _plan: None)
        engine.answer(replace(ask("p" * 200), cache_key=None), lambda _event: None, lambda: False)

        def stopped(*_arguments: object) -> bool:
            raise Aborted

        with monkeypatch.context() as patch:
            patch.setattr(StateStore, "check", stopped)
            with pytest.raises(Aborted):
                engine.answer(replace(ask(LONG), cache_key="7"), lambda _event: None, lambda: False)
        assert not engine.save()
        assert bench.file(".state").read_bytes() == before
    finally:
        engine._unload()


def test_s31_what_may_not_be_kept_any_more_is_not_saved_with_the_next_model(bench: Bench) -> None:
    engine = Engine(StopFlag())
    try:
        engine.load(bench.order, lambda _done, _total: None, lambda _plan: None)
        engine.answer(replace(ask(LONG), cache_key="7"), lambda _event: None, lambda: False)
        other = replace(bench.order, context=512, shelf=None)
        engine.load(other, lambda _done, _total: None, lambda _plan: None)
    finally:
        engine._unload()
    assert not list(Path(bench.shelf.folder).glob("*"))


def test_a_conversation_goes_on_with_a_model_after_another_one_answered_in_it(bench: Bench) -> None:
    other = replace(bench.order, path=str(write_tiny(bench.folder / "other.gguf", context=2048)))
    bench.answer(save=True)
    bench.answer(other, save=True)
    assert bench.given == []
    for order in (bench.order, other):
        timings = finished(bench.answer(order)).timings
        assert timings.reused_tokens == (timings.prompt_tokens or 0) - 1
