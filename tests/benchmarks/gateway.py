"""The gateway: what Inshore adds to the way there, how fast it lets go, and what the window notices of it.

The server is one of our own that answers at once, in a process of its own, so that nothing else is measured.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path

from models.chat import TextDelta
from tests.benchmarks.rows import Row
from tests.gateway_server import FAULTS, GatewayServer
from tests.gateway_server.asking import KEY, backend, connection, request

_ROOT = Path(__file__).resolve().parents[2]
_ASKED = 40


def bench_first_token() -> list[Row]:
    """To the first word, against a bare script with the same library; both with an open connection."""
    with serving("answer") as url:
        bare, ours = asyncio.run(_first_tokens(url))
    added = (ours - bare) * 1000
    return [
        Row(name="gateway: added to the first token", value=added, unit="ms", target="≤ 15", ok=added <= 15),
        Row(name="first token with the bare library", value=bare * 1000, unit="ms", target=None, ok=None),
    ]


def bench_cancel() -> list[Row]:
    """From the wish to stop until the server sees the connection closed, in the middle of an answer."""
    with GatewayServer(FAULTS["silent-middle"]()) as server:
        value = asyncio.run(_cancelled(server)) * 1000
    return [Row(name="gateway: stop to closed socket", value=value, unit="ms", target="≤ 50", ok=value <= 50)]


def bench_window() -> list[Row]:
    """The longest the window is away while a gateway sends it 2,000 chunks a second for three seconds."""
    with serving("flood") as url:
        said = _child("stream", url)
    gap, end, rate = said["max_s"] * 1000, said["end_s"] * 1000, said["chunks_per_s"]
    return [
        Row(
            name="gateway: window away, longest",
            value=gap,
            unit="ms",
            target="≤ 33 at 2,000 chunks/s",
            ok=gap <= 33 and rate >= 1_900,
        ),
        Row(name="gateway: window away at the end", value=end, unit="ms", target="≤ 33", ok=end <= 33),
        Row(name="gateway: window away, p99", value=said["p99_s"] * 1000, unit="ms", target=None, ok=None),
        Row(name="gateway: chunks shown a second", value=rate, unit="1/s", target=None, ok=None),
    ]


def bench_import() -> list[Row]:
    """Whether the window has loaded the library, without a key and with one that nobody has used yet."""
    said = _child("warm", "")
    before, gap = said["loaded_before"], said["max_s"] * 1000
    return [
        Row(name="gateway: library loaded by a start", value=before, unit="", target="0", ok=before == 0),
        Row(name="gateway: loaded once a key is known", value=said["loaded"], unit="", target="1", ok=None),
        Row(name="gateway: loading it, longest gap", value=gap, unit="ms", target=None, ok=None),
    ]


async def _first_tokens(url: str) -> tuple[float, float]:
    """The median seconds of the bare library and of our backend, asked in turns."""
    import openai

    bare: list[float] = []
    ours: list[float] = []
    one = backend(connection(url))
    async with openai.AsyncOpenAI(api_key=KEY, base_url=url, max_retries=0) as client:
        for number in range(_ASKED + 5):
            began = time.perf_counter()
            stream = await client.chat.completions.create(
                model="xidao/qwen3-235b", messages=[{"role": "user", "content": "Hello?"}], stream=True
            )
            async for chunk in stream:
                if chunk.choices and chunk.choices[0].delta.content:
                    bare.append(time.perf_counter() - began)
                    break
            async for _rest in stream:
                continue
            began = time.perf_counter()
            first = True
            async with aclosing(one.stream(request())) as events:
                async for event in events:
                    if first and isinstance(event, TextDelta):
                        ours.append(time.perf_counter() - began)
                        first = False
            if number < 5:
                bare.clear()
                ours.clear()
    await one.aclose()
    return statistics.median(bare), statistics.median(ours)


async def _cancelled(server: GatewayServer) -> float:
    one = backend(connection(server.url))
    begun = asyncio.Event()

    async def consume() -> None:
        async with aclosing(one.stream(request())) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    begun.set()

    def gone_at() -> float:
        assert server.chats[0].gone.wait(10)
        return time.perf_counter()

    task = asyncio.create_task(consume())
    await begun.wait()
    watching = asyncio.create_task(asyncio.to_thread(gone_at))
    await asyncio.sleep(0.05)  # the thread is there
    began = time.perf_counter()
    task.cancel()
    ended = await watching
    await asyncio.gather(task, return_exceptions=True)
    await one.aclose()
    return ended - began


@contextmanager
def serving(what: str) -> Iterator[str]:
    """The address of the server, in a process that ends with the block."""
    command = [sys.executable, "-m", "tests.benchmarks.gateway_child", what]
    with subprocess.Popen(
        command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        yield server.stdout.readline().strip()
        server.stdin.close()


def _child(what: str, url: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.gateway_child", what, url]
    with tempfile.TemporaryDirectory() as home:
        environment = {"QT_QPA_PLATFORM": "offscreen"} | os.environ | {"INSHORE_HOME": home}
        done = subprocess.run(
            command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
    said = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(said, dict)
    return said
