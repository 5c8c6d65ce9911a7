"""How fast the guardian is against curl with sha256sum, from the same server, and what memory it takes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.rows import Row
from tests.hub_server.__main__ import NAME, REPO

ROOT = Path(__file__).parents[2]
SIZE = int(os.environ.get("INSHORE_BENCH_DOWNLOAD_MIB", "1024")) << 20

_GUARDIAN = """
import asyncio, sys, time
import psutil
from pathlib import Path
from models.download import Guardian
from models.download_values import Done, Target
from models.hub import Endpoint, Hub
from models.outbound import Outbound

async def main():
    outbound = Outbound()
    endpoint, repo = await Hub(outbound, [Endpoint(sys.argv[1])]).info(sys.argv[2])
    files = tuple(file for file in repo.files if file.name == sys.argv[3])
    target = Target(sys.argv[2], repo.commit, files, Path(sys.argv[4]), (endpoint,))
    memory = psutil.Process().memory_info
    idle, began, most = memory().rss, time.perf_counter(), 0
    async for event in Guardian(outbound).bring(target):
        most, done = max(most, memory().rss), isinstance(event, Done)
    assert done
    print(time.perf_counter() - began, most - idle)
    await outbound.aclose()

asyncio.run(main())
"""

_FETCH = """
import shutil, sys, urllib.request
shutil.copyfileobj(urllib.request.urlopen(sys.argv[1]), sys.stdout.buffer, 1 << 20)
"""

_READER = """
import hashlib, sys
digest = hashlib.sha256()
while block := sys.stdin.buffer.read(1 << 20):
    digest.update(block)
"""


def bench_download() -> list[Row]:
    """Both fetch the same file and hash it; curl writes nothing, the guardian writes and renames."""
    with tempfile.TemporaryDirectory() as name, _server(Path(name)) as url:
        curl_s = _curl(f"{url}/{REPO}/resolve/main/{NAME}", Path(name))
        ours_s, memory_mib = _guardian(url, Path(name) / "models")
    ratio = curl_s / ours_s
    return [
        _row("download, guardian", SIZE / ours_s / 1e6, "MB/s"),
        _row("download, curl | sha256sum", SIZE / curl_s / 1e6, "MB/s"),
        _row("download, guardian over curl | sha256sum", ratio, "×", "≥ 0.5", ok=ratio >= 0.5),
        _row("download, memory over idle", memory_mib, "MiB", "≤ 40", ok=memory_mib <= 40),
    ]


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    """The hub in a process of its own, with a file that no compression helps."""
    path, block = folder / "content", os.urandom(16 << 20)
    with path.open("wb") as file:
        for _ in range(SIZE // len(block)):
            file.write(block)
    command = [sys.executable, "-m", "tests.hub_server", str(path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        if server.stdin is None or server.stdout is None:
            raise RuntimeError("the hub has no pipes")
        yield server.stdout.readline().strip()
        server.stdin.close()


def _curl(url: str, folder: Path) -> float:
    """Seconds of the yardstick; where there is no curl, another plain reader."""
    if shutil.which("curl"):
        fetch = ["curl", "--silent", "--location", "--noproxy", "*", url]
    else:
        fetch = [sys.executable, "-c", _FETCH, url]
    summed = ["sha256sum"] if shutil.which("sha256sum") else [sys.executable, "-c", _READER]
    began = time.perf_counter()
    with subprocess.Popen(fetch, stdout=subprocess.PIPE, cwd=folder) as fetching:
        subprocess.run(summed, stdin=fetching.stdout, stdout=subprocess.DEVNULL, check=True)
    if fetching.returncode:
        raise RuntimeError("curl failed")
    return time.perf_counter() - began


def _guardian(url: str, folder: Path) -> tuple[float, float]:
    """Seconds and MiB over idle, in a process of its own."""
    command = [sys.executable, "-c", _GUARDIAN, url, REPO, NAME, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, more_bytes = done.stdout.split()
    return float(seconds), float(more_bytes) / (1 << 20)


def _row(name: str, value: float, unit: str, target: str | None = None, *, ok: bool | None = None) -> Row:
    return {"name": name, "value": value, "unit": unit, "target": target, "ok": ok}
