"""The worker dies, hangs or can't load: the text stays, one message tells why, the next question works."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.chat import ChatRequest, Finished, Progress, Stage, TextDelta
from models.errors import (
    AppError,
    DamagedModel,
    EngineCrashed,
    EngineCrashLoop,
    EngineMissing,
    EngineUnresponsive,
    ModelError,
    ModelFileMissing,
    ModelTooLarge,
    NextStep,
    NotAModel,
    UnsupportedModel,
)
from models.local.backend import LocalBackend
from tests.fakes import WORKER, Clock, ask, cancel, collect, first_delta, local, run, stub, text_of
from tests.fixtures.gguf_writer import U32, Gguf, Tensor, Typed, Value
from tests.fixtures.tiny_gguf import TEMPLATE, write_tiny

if sys.platform == "win32":
    pytest.skip("signals are POSIX", allow_module_level=True)


def with_backend(backend_of: Callable[[], LocalBackend], case: Callable[[LocalBackend], Any]) -> None:
    """Run a case; afterwards nothing of the backend may be left."""

    async def work() -> None:
        backend = backend_of()
        try:
            await case(backend)
        finally:
            await backend.aclose()

    run(work())


async def works(backend: LocalBackend, request: ChatRequest | None = None) -> None:
    """The next question is answered."""
    events = await collect(backend.stream(request or ask("say All is well")))
    assert isinstance(events[-1], Finished)


async def ends(pid: int) -> None:
    """Wait until a process is gone."""
    async with asyncio.timeout(5):
        while True:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return
            await asyncio.sleep(0.005)


def pid_of(backend: LocalBackend) -> int:
    assert backend.worker_pid is not None
    return backend.worker_pid


# -- F01: kill -9


def test_f01_killed_while_idle_nobody_notices() -> None:
    async def case(backend: LocalBackend) -> None:
        await works(backend)
        pid = pid_of(backend)
        os.kill(pid, signal.SIGKILL)
        await ends(pid)
        await works(backend)
        assert pid_of(backend) != pid

    with_backend(stub, case)


def test_f01_killed_while_loading() -> None:
    async def case(backend: LocalBackend) -> None:
        with pytest.raises(EngineCrashed, match=r"memory ran out.*“die-SIGKILL\.gguf”") as caught:
            await collect(backend.stream(ask("say hi", model="die-SIGKILL.gguf")))
        assert caught.value.next_step is NextStep.RETRY
        await works(backend)

    with_backend(by_name, case)


def test_f01_killed_before_the_first_word() -> None:
    async def case(backend: LocalBackend) -> None:
        task = asyncio.create_task(collect(backend.stream(ask("hang"))))
        while backend.worker_pid is None:
            await asyncio.sleep(0)
        os.kill(pid_of(backend), signal.SIGKILL)
        with pytest.raises(EngineCrashed):
            await task
        await works(backend)

    with_backend(stub, case)


def test_f01_killed_in_mid_answer_keeps_what_was_written() -> None:
    async def case(backend: LocalBackend) -> None:
        stream = backend.stream(ask("die SIGKILL"))
        assert await first_delta(stream) == TextDelta("One")
        with pytest.raises(EngineCrashed, match="memory"):
            await collect(stream)
        await works(backend)

    with_backend(stub, case)


# -- F02: other deaths


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SIGSEGV", "touched memory"),
        ("SIGBUS", "file was changed"),
        ("SIGILL", "processor lacks instructions"),
        ("SIGABRT", "own checks failed"),
        ("SIGFPE", "impossible calculation"),
        ("SIGTERM", "Another program ended it"),
    ],
)
def test_f02_each_death_has_its_cause(name: str, words: str) -> None:
    async def case(backend: LocalBackend) -> None:
        with pytest.raises(EngineCrashed, match=words) as caught:
            await collect(backend.stream(ask(f"die {name}")))
        assert name in caught.value.details
        assert "last words" in caught.value.details
        await works(backend)

    with_backend(stub, case)


def test_f02_an_unknown_instruction_names_the_processor() -> None:
    async def case(backend: LocalBackend) -> None:
        with pytest.raises(EngineCrashed) as caught:
            await collect(backend.stream(ask("die SIGILL")))
        assert "CPU not supported" in caught.value.one_line()

    with_backend(stub, case)


def test_f02_leaving_without_a_word_is_told_too() -> None:
    async def case(backend: LocalBackend) -> None:
        for code, words in ((0, "left before"), (3, "exit code 3")):
            with pytest.raises(EngineCrashed, match=words):
                await collect(backend.stream(ask(f"exit {code}")))
        await works(backend)

    with_backend(stub, case)


def test_f02_the_file_is_cut_off_while_it_is_in_use(tmp_path: Path) -> None:
    model = write_tiny(tmp_path / "endless.gguf", ("One", "Two"), for_ever=True, context=32_768)

    async def case(backend: LocalBackend) -> None:
        stream = backend.stream(ask("Hello?"))
        await first_delta(stream)
        os.truncate(model, 4096)
        with pytest.raises(EngineCrashed, match="changed or cut off"):
            await collect(stream)
        write_tiny(model)
        await works(backend)

    with_backend(lambda: local(model), case)


# -- F04: silence


def test_f04_stop_works_on_a_stopped_process() -> None:
    async def case(backend: LocalBackend) -> None:
        stream = backend.stream(ask("count"))
        await first_delta(stream)
        os.kill(pid_of(backend), signal.SIGSTOP)
        task = asyncio.create_task(collect(stream))
        await asyncio.sleep(0)
        at = time.monotonic()
        await cancel(task)
        assert time.monotonic() - at < 2
        await works(backend)

    with_backend(stub, case)


def test_f04_stop_works_while_loading_hangs() -> None:
    async def case(backend: LocalBackend) -> None:
        stream = backend.stream(ask("say hi", model="hang.gguf"))
        while await anext(stream) != Progress(Stage.LOAD, 1, 2):
            pass
        at = time.monotonic()
        await stream.aclose()
        assert time.monotonic() - at < 2
        await works(backend)

    with_backend(by_name, case)


def test_f04_stopping_twice_is_stopping() -> None:
    async def case(backend: LocalBackend) -> None:
        stream = backend.stream(ask("deaf"))
        await first_delta(stream)
        task = asyncio.create_task(collect(stream))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0.01)
        await cancel(task)  # while the first is still being acknowledged
        await works(backend)

    with_backend(lambda: stub(cancel_s=0.2), case)


def test_f04_a_question_that_is_never_read_ends_the_worker() -> None:
    async def case(backend: LocalBackend) -> None:
        with pytest.raises(EngineUnresponsive, match=r"0\.1 seconds"):
            await collect(backend.stream(ask("hang")))
        await works(backend)

    with_backend(lambda: stub(render_s=0.1), case)


def test_f04_stop_works_in_an_endless_template(tmp_path: Path) -> None:
    bomb = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}" + TEMPLATE
    models = {
        "bomb": write_tiny(tmp_path / "bomb.gguf", template=bomb),
        "good": write_tiny(tmp_path / "good.gguf"),
    }

    async def case(backend: LocalBackend) -> None:
        await backend.warm_up("bomb")
        task = asyncio.create_task(collect(backend.stream(ask("Hello?", model="bomb"))))
        await asyncio.sleep(0.1)
        at = time.monotonic()
        await cancel(task)
        assert time.monotonic() - at < 2
        await works(backend, ask("Hello?", model="good"))

    with_backend(lambda: LocalBackend(models.__getitem__, command=WORKER, threads=1), case)


# -- F05: crash loop


def test_f05_three_crashes_in_a_minute_are_enough() -> None:
    clock = Clock()

    async def case(backend: LocalBackend) -> None:
        for _ in range(3):
            with pytest.raises(EngineCrashed):
                await collect(backend.stream(ask("die SIGSEGV")))
            clock.now += 10
        with pytest.raises(EngineCrashLoop, match="3 times") as caught:
            await works(backend)
        assert "30 seconds" in caught.value.hint
        assert backend.worker_pid is None
        clock.now += 30
        await works(backend)

    with_backend(lambda: stub(clock=clock), case)


def test_f05_deaths_while_idle_count_and_stops_do_not() -> None:
    async def case(backend: LocalBackend) -> None:
        for _ in range(4):
            stream = backend.stream(ask("deaf"))
            await first_delta(stream)
            await stream.aclose()
        for _ in range(2):
            await works(backend)
            pid = pid_of(backend)
            os.kill(pid, signal.SIGKILL)
            await ends(pid)
        await works(backend)
        with pytest.raises(EngineCrashed):
            await collect(backend.stream(ask("die SIGKILL")))
        with pytest.raises(EngineCrashLoop):
            await works(backend)

    with_backend(lambda: stub(clock=Clock(), cancel_s=0.05), case)


# -- F21: files that can't be loaded, judged by llama.cpp

STEPS = {"context_length": 128, "block_count": 1, "embedding_length": 8}


def other(architecture: str, **values: int) -> bytes:
    numbers = STEPS | {name.replace("__", "."): value for name, value in values.items()}
    metadata: dict[str, Value] = {"general.architecture": architecture}
    metadata |= {f"{architecture}.{name}": Typed(U32, value) for name, value in numbers.items()}
    return Gguf(metadata, [Tensor(shape=(32, 4))]).to_bytes()


def tiny(folder: Path) -> bytes:
    return write_tiny(folder / "whole.gguf").read_bytes()


BAD_FILES: dict[str, tuple[Callable[[Path], bytes], type[ModelError], str]] = {
    "empty": (lambda _: b"", NotAModel, "empty"),
    "web page": (lambda _: b"<!DOCTYPE html><p>Not found</p>" * 9, NotAModel, "web page"),
    "archive": (lambda _: b"PK\x03\x04" + bytes(99), NotAModel, "ZIP"),
    "text": (lambda _: b"A poem, not a model.\n" * 9, NotAModel, "GGUF"),
    "cut in the header": (lambda folder: tiny(folder)[:4000], DamagedModel, "cut off"),
    "cut in half": (lambda folder: tiny(folder)[:800_000], DamagedModel, "end of the file is missing"),
    "a byte short": (lambda folder: tiny(folder)[:-1], DamagedModel, "end of the file is missing"),
    "newer": (lambda _: b"GGUF" + struct.pack("<IQQ", 99, 0, 0), UnsupportedModel, "version 99"),
    "other byte order": (lambda _: b"GGUF" + struct.pack(">IQQ", 3, 0, 0), UnsupportedModel, "byte order"),
    "architecture": (lambda _: other("frobnicator9"), UnsupportedModel, "“frobnicator9”"),
    "projector": (lambda _: other("clip"), UnsupportedModel, "clip"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_FILES)
def test_f21_a_bad_file_is_told_in_plain_words(name: str, tmp_path: Path) -> None:
    content, kind, words = BAD_FILES[name]
    bad = tmp_path / "my file.gguf"
    bad.write_bytes(content(tmp_path))

    async def case(backend: LocalBackend) -> None:
        with pytest.raises(ModelError, match=words) as caught:
            await collect(backend.stream(ask("Hello?")))
        assert type(caught.value) is kind
        assert "“my file.gguf”" in caught.value.cause
        assert "failed to load" not in caught.value.one_line().lower()
        write_tiny(bad)
        pid = pid_of(backend)
        await works(backend)
        assert pid_of(backend) == pid  # a bad file costs no process

    with_backend(lambda: local(bad, available_bytes=lambda: 3_100_000_000), case)


def test_f21_a_model_that_does_not_fit_is_refused_with_both_numbers(tmp_path: Path) -> None:
    async def case(backend: LocalBackend) -> None:
        with pytest.raises(ModelTooLarge, match=r"“m\.gguf” needs about 28\d MB; 200 MB are free") as caught:
            await collect(backend.stream(ask("Hello?")))
        assert "smaller model" in caught.value.hint

    model = write_tiny(tmp_path / "m.gguf")
    with_backend(lambda: local(model, available_bytes=lambda: 200_000_000), case)


def test_f21_a_file_that_is_not_there_or_not_a_file(tmp_path: Path) -> None:
    async def case(backend: LocalBackend) -> None:
        with pytest.raises(ModelFileMissing, match="not there"):
            await collect(backend.stream(ask("Hello?")))
        (tmp_path / "m.gguf").mkdir()
        with pytest.raises(ModelFileMissing, match="folder"):
            await collect(backend.stream(ask("Hello?")))

    with_backend(lambda: local(tmp_path / "m.gguf"), case)


def test_f21_a_replaced_file_is_loaded_anew_and_a_removed_one_stays_in_use(tmp_path: Path) -> None:
    model = write_tiny(tmp_path / "m.gguf", ("Old",))

    async def case(backend: LocalBackend) -> None:
        assert text_of(await collect(backend.stream(ask("Hello?")))) == "Old"
        write_tiny(tmp_path / "new", ("New",)).replace(model)
        assert text_of(await collect(backend.stream(ask("Hello?")))) == "New"
        model.unlink()
        assert text_of(await collect(backend.stream(ask("Hello?")))) == "New"

    with_backend(lambda: local(model), case)


def test_f22_a_file_removed_in_mid_answer_is_read_to_the_end(tmp_path: Path) -> None:
    model = write_tiny(tmp_path / "m.gguf", ("a", "b"), for_ever=True)

    async def case(backend: LocalBackend) -> None:
        stream = backend.stream(ask("Hello?", max_tokens=200))
        await first_delta(stream)
        model.unlink()
        events = await collect(stream)
        assert isinstance(events[-1], Finished)
        assert (events[-1].usage.completion_tokens or 0) == 200
        await works(backend)

    with_backend(lambda: local(model), case)


def test_f21_a_name_that_is_no_text(tmp_path: Path) -> None:
    model = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xe9t\xff\xc3\xa9 \xe4\xb8\xad.gguf"))
    write_tiny(model)
    with_backend(lambda: local(model), works)


# -- F48: the engine can't be started


@pytest.mark.parametrize("command", [("/nonexistent/engine",), (str(Path(__file__)),)])
def test_f48_a_missing_engine_is_one_message(command: tuple[str, ...]) -> None:
    async def case(backend: LocalBackend) -> None:
        for _ in range(4):
            with pytest.raises(EngineMissing, match="can’t be run"):
                await works(backend)
        await backend.warm_up("model")
        with pytest.raises(AppError):
            await backend.describe()

    with_backend(lambda: stub(command=command), case)


def by_name() -> LocalBackend:
    """A stub whose models' names are their faults."""
    from tests.fakes import STUB

    return LocalBackend(Path, command=STUB, threads=1)
