"""The backend over a worker that does what a test wants."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from models.chat import Finished, Progress, ReasoningDelta, Stage, TextDelta
from models.errors import EngineCrashed, ModelNotFound, NotAModel, NotAvailable
from models.local.backend import LocalBackend
from models.local.process import scrubbed
from models.thinking import ThinkingKind
from tests.fakes import ROOT, STUB, ask, collect, finished, first_delta, run, stub, text_of


def test_events_of_an_answer_with_its_times() -> None:
    async def case() -> None:
        backend = stub()
        events = await collect(backend.stream(ask("say Hello there.")))
        again = await collect(backend.stream(ask("think hm")))
        await backend.aclose()
        deltas = [event for event in events if isinstance(event, TextDelta)]
        assert deltas == [TextDelta("Hello"), TextDelta(" there.")]
        assert events[:2] == [Progress(Stage.LOAD), Progress(Stage.LOAD, 1, 2)]
        assert events[2] == Progress(Stage.LOAD, 1, 2) or events[2] == Progress(Stage.PROMPT, 0, 4)
        first, second = finished(events).timings, finished(again).timings
        assert first.load_s is not None
        assert first.ttft_s is not None
        assert first.ttft_s >= 0.25 + first.load_s
        assert second.load_s is None
        assert ReasoningDelta("hm") in again

    run(case())


def test_one_worker_for_many_questions_and_models() -> None:
    async def case() -> None:
        backend = LocalBackend(Path, command=STUB, threads=1)
        pids = set()
        for model in ("a.gguf", "b.gguf", "a.gguf"):
            events = await collect(backend.stream(ask("say hi", model=model)))
            assert finished(events).timings.load_s is not None
            pids.add(backend.worker_pid)
        await backend.aclose()
        assert len(pids) == 1
        assert backend.worker_pid is None

    run(case())


def test_a_file_is_let_go_of_and_the_next_question_is_answered() -> None:
    async def case() -> None:
        backend = LocalBackend(Path, command=STUB, threads=1)
        await backend.release(Path("a.gguf"))
        assert backend.worker_pid is None  # nothing is started for it
        await collect(backend.stream(ask("say hi", model="a.gguf")))
        await backend.release(Path("a.gguf"))
        assert backend.worker_pid is None
        assert text_of(await collect(backend.stream(ask("say hi", model="a.gguf")))) == "hi"
        await backend.aclose()

    run(case())


def test_no_process_before_the_first_question() -> None:
    async def case() -> None:
        backend = stub()
        assert backend.worker_pid is None
        await backend.aclose()

    run(case())


def test_an_unknown_model_is_an_error_of_the_library() -> None:
    def find(_id: str) -> Path:
        raise ModelNotFound("It is not there.")

    async def case() -> None:
        backend = LocalBackend(find, command=STUB, threads=1)
        with pytest.raises(ModelNotFound):
            await collect(backend.stream(ask("say hi")))
        await backend.warm_up("model")
        await backend.aclose()

    run(case())


def test_an_error_of_the_worker_costs_no_process() -> None:
    async def case() -> None:
        backend = LocalBackend(Path, command=STUB, threads=1)
        with pytest.raises(NotAModel, match="poem"):
            await collect(backend.stream(ask("say hi", model="refuse.gguf")))
        pid = backend.worker_pid
        await backend.warm_up("refuse.gguf")
        assert text_of(await collect(backend.stream(ask("say hi")))) == "hi"
        assert backend.worker_pid == pid
        with pytest.raises(NotAvailable):
            await backend.describe()
        await backend.aclose()

    run(case())


def test_warm_up_loads_and_a_question_meanwhile_says_so() -> None:
    async def case() -> None:
        backend = LocalBackend(Path, command=STUB, threads=1)
        warming = asyncio.create_task(backend.warm_up("a.gguf"))
        await asyncio.sleep(0)
        events = await collect(backend.stream(ask("say hi", model="a.gguf")))
        await warming
        await backend.aclose()
        assert events[0] == Progress(Stage.LOAD)
        assert finished(events).timings.load_s is None

    run(case())


def test_a_warm_up_can_be_cancelled() -> None:
    async def case() -> None:
        backend = LocalBackend(Path, command=STUB, threads=1)
        warming = asyncio.create_task(backend.warm_up("slow.gguf"))
        while backend.worker_pid is None:
            await asyncio.sleep(0)
        pid = backend.worker_pid
        warming.cancel()
        await asyncio.wait([warming])
        assert text_of(await collect(backend.stream(ask("say hi")))) == "hi"
        assert backend.worker_pid == pid
        await backend.aclose()

    run(case())


@pytest.mark.parametrize("model", ["model.gguf", "slow.gguf"])
def test_cancelled_at_any_await(model: str) -> None:
    """Cancel after ever more turns of the loop, and ask again: nothing is lost or left."""

    async def case() -> None:
        backend = LocalBackend(Path, command=STUB, threads=1)
        for turns in range(0, 60, 3):
            task = asyncio.create_task(collect(backend.stream(ask("count", model=model))))
            for _ in range(turns):
                await asyncio.sleep(0)
            if turns % 2:
                await asyncio.sleep(turns / 4000)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
        assert text_of(await collect(backend.stream(ask("say hi")))) == "hi"
        await backend.aclose()

    run(case())


def test_closing_ends_an_answer() -> None:
    async def case() -> None:
        backend = stub()
        stream = backend.stream(ask("count"))
        await first_delta(stream)
        task = asyncio.create_task(collect(stream))
        await asyncio.sleep(0)
        await backend.aclose()
        with pytest.raises(NotAvailable, match="closing"):
            await task

    run(case())


def test_closing_while_it_starts() -> None:
    async def case() -> None:
        backend = stub()
        task = asyncio.create_task(collect(backend.stream(ask("say hi"))))
        await asyncio.sleep(0)
        await backend.aclose()
        await asyncio.wait([task])
        assert isinstance(task.exception(), NotAvailable)

    run(case())


def test_closing_an_abandoned_stream() -> None:
    async def case() -> None:
        backend = stub()
        stream = backend.stream(ask("count"))
        await first_delta(stream)
        await backend.aclose()
        await stream.aclose()

    run(case())


def test_chatter_on_stderr_is_drained_and_its_end_is_kept() -> None:
    async def case() -> None:
        backend = stub()
        await collect(backend.stream(ask("chatter 1000000")))
        with pytest.raises(EngineCrashed) as caught:
            await collect(backend.stream(ask("exit 3")))
        await backend.aclose()
        assert caught.value.details.endswith("end")
        assert len(caught.value.details) < 20_000

    run(case())


def test_answer_now_reaches_an_answer_that_is_being_thought_about() -> None:
    async def case() -> None:
        backend = stub()
        await backend.answer_now()  # nobody answers, and nobody is started for it
        assert backend.worker_pid is None
        for _ in range(2):
            stream = backend.stream(ask("ponder"))
            assert isinstance(await first_delta(stream), ReasoningDelta)
            await backend.answer_now()
            await backend.answer_now()
            assert text_of(await collect(stream)) == "Yes"
        await backend.answer_now()
        await backend.aclose()
        await backend.answer_now()

    run(case())


def test_answer_now_does_not_reach_the_next_answer() -> None:
    async def case() -> None:
        backend = stub()
        first = backend.stream(ask("ponder"))
        await first_delta(first)
        second = asyncio.create_task(anext(stream := backend.stream(ask("ponder"))))
        await second  # it waits
        await backend.answer_now()
        assert text_of(await collect(first)) == "Yes"
        for _ in range(20):
            assert not isinstance(await anext(stream), TextDelta | Finished)
        await stream.aclose()
        await backend.aclose()

    run(case())


def test_a_worker_that_dies_while_it_is_hurried_is_told_of_by_the_answer() -> None:
    async def case() -> None:
        backend = stub()
        stream = backend.stream(ask("ponder"))
        await first_delta(stream)
        assert backend.worker_pid is not None
        os.kill(backend.worker_pid, signal.SIGKILL)
        await asyncio.gather(*(backend.answer_now() for _ in range(3)))
        with pytest.raises(EngineCrashed):
            await collect(stream)
        await backend.aclose()

    run(case())


def test_how_a_model_thinks_is_asked_once() -> None:
    async def case() -> None:
        backend = stub()
        support = await backend.thinking_support("model")
        assert support.kind is ThinkingKind.SWITCH
        stream = backend.stream(ask("count"))
        await first_delta(stream)
        assert await backend.thinking_support("model") == support  # at once, though an answer is written
        await stream.aclose()
        await backend.aclose()

    run(case())


def test_secrets_do_not_reach_the_worker() -> None:
    secret = ("INSHORE_GATEWAY_KEY", "OPENAI_API_KEY", "api_key", "HF_TOKEN", "GITHUB_TOKEN_2", "DB_PASSWORD")
    plain = ("PATH", "HOME", "LANG", "XDG_RUNTIME_DIR", "KEYBOARD", "OMP_NUM_THREADS")
    assert scrubbed(dict.fromkeys((*secret, *plain), "x")) == dict.fromkeys(plain, "x")


def test_the_workers_environment_is_scrubbed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSHORE_GATEWAY_KEY", "canary-5f1c")

    async def case() -> None:
        backend = stub()
        await backend.warm_up("model")
        environment = Path(f"/proc/{backend.worker_pid}/environ")
        if environment.exists():
            assert b"canary-5f1c" not in environment.read_bytes()
        await backend.aclose()

    assert os.environ["INSHORE_GATEWAY_KEY"]
    run(case())


@pytest.mark.parametrize("text", ["中文 🙂👩‍👩‍👧", "ñ é", "\ufffd \u2028 \x00 \x1b[31m"])
def test_a_character_may_be_split_over_writes(text: str) -> None:
    async def case() -> None:
        backend = stub()
        assert text_of(await collect(backend.stream(ask(f"split {text}")))) == text
        await backend.aclose()

    run(case())


def test_s05_the_window_never_imports_the_engine() -> None:
    code = (
        "import sys, models.local.backend as b, models.fake\n"
        "b.LocalBackend(lambda i: i)\n"
        "print(sorted(m for m in sys.modules if m.split('.')[0] in ('llama_cpp', 'jinja2', 'gguf', 'numpy')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_finished_is_the_last_and_then_the_worker_is_free() -> None:
    async def case() -> None:
        backend = stub()
        async for event in backend.stream(ask("say hi")):
            if isinstance(event, Finished):
                inner = await collect(backend.stream(ask("say hi")))
                assert not isinstance(inner[0], Progress) or inner[0].stage is not Stage.WAIT
        await backend.aclose()

    run(case())
