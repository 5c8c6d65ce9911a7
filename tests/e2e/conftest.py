"""Starts the real program in a real window, in a process and a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest

from tests.e2e.tracing import attempts, can_isolate, traced, without_network

ROOT = Path(__file__).resolve().parents[2]


class Run:
    """A running program. `heard` gives what its scenario says, one value after the other."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._lines: Queue[dict[str, Any] | None] = Queue()
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._errors: list[str] = []
        self._readers = [
            threading.Thread(target=self._read_lines, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def heard(self, timeout_s: float = 60.0) -> dict[str, Any]:
        """The next thing it says; fails with its errors when it says nothing more."""
        try:
            line = self._lines.get(timeout=timeout_s)
        except Empty:
            pytest.fail(f"it said nothing for {timeout_s} s: {self.errors()}")
        if line is None:
            pytest.fail(f"it ended with {self.process.wait()}: {self.errors()}")
        return line

    def ends(self, timeout_s: float = 30.0) -> int:
        """Its exit code."""
        code = self.process.wait(timeout_s)
        for reader in self._readers:
            reader.join(timeout_s)
        return code

    def errors(self) -> str:
        """What it wrote to stderr so far."""
        return "".join(self._errors)

    def close(self) -> None:
        """Make sure that nothing of it is left."""
        if self.process.poll() is None:
            self.process.kill()
        self.ends()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def _read_lines(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._errors.append(line)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty INSHORE_HOME whose answers are short and always the same."""
    settings = tmp_path / "home" / "config" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"temperature": 0.0, "max_tokens": 600}), encoding="utf-8")
    return tmp_path / "home"


Play = Callable[..., Run]


@pytest.fixture
def play(home: Path, tmp_path: Path) -> Iterator[Play]:
    """Start the program with a scenario: `play("ask_and_answer")`.

    S24: whatever a journey does, nothing but sockets of this machine are used, and there is no network at
    all; those that ask a gateway use this machine's own address.
    """
    runs: dict[Path, tuple[Run, bool]] = {}

    def start(scenario: str, **environment: str) -> Run:
        values = os.environ | {"INSHORE_HOME": str(home), "PYTHONWARNINGS": "error"} | environment
        log = tmp_path / f"network-{len(runs)}.log"
        command = traced([sys.executable, "-m", "tests.e2e.driver", scenario], log)
        asks = _asks_a_gateway(scenario)
        run = Run(without_network(command) if not asks and can_isolate() else command, values)
        runs[log] = (run, asks)
        return run

    yield start
    for log, (run, asks) in runs.items():
        run.close()
        if log.exists():
            assert attempts(log, run.process.pid, loopback=asks) == []


def _asks_a_gateway(scenario: str) -> bool:
    """Whether it asks one, which the test runs on this machine."""
    return f"def {scenario}(" in (ROOT / "tests" / "e2e" / "remote.py").read_text(encoding="utf-8")
