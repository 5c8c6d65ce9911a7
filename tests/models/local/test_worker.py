"""The worker process: its channel, its limits, and that it never outlives the window."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from models.chat import Finished, Progress, TextDelta
from models.local.protocol import (
    AnswerNow,
    Ask,
    Cancel,
    Cancelled,
    Describe,
    EngineInfo,
    Load,
    Loaded,
    Reply,
    Request,
    decode_reply,
    encode,
)
from tests.fakes import ROOT, WORKER, ask
from tests.fixtures.tiny_gguf import write_tiny

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells these things about a process")


class Child:
    """A worker that a test speaks to by hand."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.last_id = 0

    def send(self, *requests: Request) -> None:
        data = b""
        for request in requests:
            self.last_id += 1
            data += encode(self.last_id, request)
        self.write(data)

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def receive(self) -> tuple[int, Reply]:
        assert self.process.stdout is not None
        return decode_reply(self.process.stdout.readline())

    def until(self, kind: type[Reply]) -> tuple[int, Reply]:
        while True:
            id_, reply = self.receive()
            if isinstance(reply, kind):
                return id_, reply


@contextmanager
def worker() -> Iterator[Child]:
    pipe = subprocess.PIPE
    with subprocess.Popen(WORKER, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process:
        try:
            yield Child(process)
        finally:
            process.kill()


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        os.sched_yield()


@pytest.fixture
def endless(tmp_path: Path) -> Load:
    model = write_tiny(tmp_path / "m.gguf", ("a", "b"), for_ever=True, context=200_000)
    return Load(str(model), threads=1, context=200_000)


def test_the_end_of_its_input_ends_it_in_the_middle_of_an_answer(endless: Load) -> None:
    with worker() as child:
        child.send(endless, Ask(ask("Hi")))
        child.until(TextDelta)
        assert child.process.stdin is not None
        child.process.stdin.close()
        assert child.process.wait(2) == 0


def test_a_broken_request_ends_it(endless: Load) -> None:
    with worker() as child:
        child.send(endless)
        child.until(Loaded)
        child.write(b"nonsense\n")
        child.process.wait(2)


def test_cancel_is_heard_before_during_and_after(endless: Load) -> None:
    with worker() as child:
        child.send(endless, Ask(ask("Hi")), Ask(ask("Hi")))
        child.write(encode(3, Cancel()))  # waits in the queue
        child.until(TextDelta)
        child.write(encode(2, Cancel()))  # is at work
        assert child.until(Cancelled)[0] == 2
        assert child.until(Cancelled)[0] == 3
        child.write(encode(2, Cancel()))  # is over
        child.last_id = 3
        child.send(Ask(ask("Hi", max_tokens=2)))
        assert child.until(Finished)[0] == 4


def test_the_answer_may_be_wanted_before_and_after_it_is_asked_for(tmp_path: Path) -> None:
    says = ("<think>", *range(ord("%"), 256))
    model = write_tiny(tmp_path / "m.gguf", says, for_ever=True, then=(ord("\n"), "Yes"), context=8192)
    with worker() as child:
        child.write(encode(2, AnswerNow()))
        child.send(Load(str(model), 1), Ask(ask("Hi")), Ask(ask("Hi", max_tokens=50)))
        assert child.until(TextDelta) == (2, TextDelta("Yes"))
        child.write(encode(2, AnswerNow()))  # is over
        assert child.until(Finished)[0] == 2
        _, finished = child.until(Finished)
        assert isinstance(finished, Finished)
        assert finished.usage.reasoning_tokens == 49


def test_loading_can_be_cancelled(endless: Load) -> None:
    with worker() as child:
        child.write(encode(1, Cancel()))
        child.send(endless, Describe(), endless)
        assert child.until(Cancelled)[0] == 1
        assert isinstance(child.receive()[1], EngineInfo)
        assert child.until(Loaded)[0] == 3


def test_the_first_word_comes_at_once_and_later_ones_together(endless: Load) -> None:
    with worker() as child:
        child.send(endless, Ask(ask("Hi", max_tokens=2000)))
        child.until(Loaded)
        deltas = []
        while not isinstance(reply := child.receive()[1], Finished):
            deltas += [reply] if isinstance(reply, TextDelta) else []
        assert deltas[0] == TextDelta("a")
        assert len(deltas) < 1000
        assert "".join(delta.text for delta in deltas) == "ab" * 1000


def test_what_others_print_does_not_reach_the_channel() -> None:
    code = (
        "import os, sys\n"
        "from models.local.worker import claim_channel\n"
        "requests, replies = claim_channel()\n"
        "print('noise', flush=True); os.system('echo noise; cat')\n"
        "replies.write(requests.readline()); replies.flush()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=b"one\ntwo\n",
        capture_output=True,
        cwd=ROOT,
        check=True,
        timeout=30,
    )
    assert done.stdout == b"one\n"
    assert done.stderr.count(b"noise") == 2


@linux
def test_s22_it_leaves_no_core_and_dies_first_of_memory(endless: Load) -> None:
    with worker() as child:
        child.send(endless)
        child.until(Loaded)
        folder = Path(f"/proc/{child.process.pid}")
        limits = next(line for line in (folder / "limits").read_text().splitlines() if "core file" in line)
        assert limits.split()[4:6] == ["0", "0"]
        assert int((folder / "oom_score_adj").read_text()) >= 500


@linux
def test_s22_a_crash_tells_where_and_not_what(tmp_path: Path) -> None:
    model = write_tiny(tmp_path / "m.gguf", ("a", "b"), for_ever=True, context=200_000)
    with subprocess.Popen(
        WORKER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    ) as process:
        child = Child(process)
        child.send(Load(str(model), 1, 200_000), Ask(ask("canary-77f0")))
        child.until(TextDelta)
        process.send_signal(signal.SIGSEGV)
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == -signal.SIGSEGV
    assert b"Segmentation fault" in said
    assert b"canary-77f0" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["m.gguf"]


@linux
def test_f06_it_dies_with_the_window(endless: Load) -> None:
    """The window is killed; the worker is stopped, so only the kernel can end it."""
    code = (
        "import json, subprocess, sys, time\n"
        "child = subprocess.Popen(json.loads(sys.argv[1]), stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "child.stdin.write(sys.argv[2].encode() + b'\\n'); child.stdin.flush()\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    arguments = [json.dumps(WORKER), encode(1, Describe()).decode().strip()]
    with subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE) as window:
        assert window.stdout is not None
        pid = int(window.stdout.readline())
        os.kill(pid, signal.SIGSTOP)
        window.kill()
    wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie", 2.0)


@linux
def test_ctrl_c_is_for_the_window(endless: Load) -> None:
    with worker() as child:
        child.send(endless)
        child.until(Loaded)
        child.process.send_signal(signal.SIGINT)
        child.send(Ask(ask("Hi", max_tokens=2)))
        assert isinstance(child.receive()[1], Progress)
        assert child.until(Finished)[0] == 2
