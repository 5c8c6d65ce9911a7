"""F25: the program is killed while it downloads, twenty times at random moments."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.fixtures.gguf_writer import Gguf
from tests.hub_server import HubServer

ROOT = Path(__file__).parents[2]
REPO, NAME = "owner/model-GGUF", "model-Q4_K_M.gguf"
PART = 1 << 20  # what the guardian chooses for a file of this size
SIZE = 32 << 20
KILLS = 20


@pytest.fixture
def server() -> Iterator[HubServer]:
    head = Gguf().to_bytes()
    with HubServer() as made:
        made.add(REPO, {NAME: head + random.Random(3).randbytes(SIZE - len(head))})
        yield made


def start(server: HubServer, home: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "INSHORE_HOME": str(home)}
    return subprocess.Popen(
        [sys.executable, "main.py", "models", "download", REPO, "--endpoint", server.url, "--json"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def has_begun(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    assert b'"started"' in process.stdout.readline()


def lives_on_for(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Let it run; its output is read so that it never waits for us."""
    out: IO[bytes] | None = process.stdout
    assert out is not None
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return
    raise AssertionError(f"it ended by itself: {out.read().decode()}")


def test_f25_twenty_kills_cost_less_than_a_part_each(server: HubServer, tmp_path: Path) -> None:
    moments = random.Random(25)
    server.pace_bytes_s = 1_000_000
    for _ in range(KILLS):
        with start(server, tmp_path) as process:
            has_begun(process)
            lives_on_for(process, moments.uniform(0, 0.4))
            process.kill()

    server.pace_bytes_s = None
    with start(server, tmp_path) as process:
        assert process.stdout is not None
        records = [json.loads(line) for line in process.stdout]
    assert process.returncode == 0

    (path,) = (Path(record["path"]) for record in records if record["event"] == "added")
    content = server.repositories[REPO].files[NAME]
    assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(content).digest()
    assert sorted(each.name for each in path.parent.iterdir()) == [NAME]
    assert records[0]["done_bytes"] > 0
    assert server.content_sent() - SIZE <= KILLS * PART
    assert not any(record["event"] in ("startedanew", "repairing") for record in records)
