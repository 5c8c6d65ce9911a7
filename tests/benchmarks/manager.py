"""The models manager: how soon it opens, how smoothly it scrolls, how fast a file's header is read.

What has a window runs in a process of its own, offscreen and, where there is one, on a virtual X11 screen.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from models.gguf import read_header
from models.library import Library
from tests.benchmarks.rows import Row
from tests.fixtures.gguf_writer import F32, I32, TEXT, Array, Gguf, usual_metadata

_ROOT = Path(__file__).resolve().parents[2]
_VOCABULARY, _MERGES = 150_000, 150_000
_FRAME_MS = 1000 / 60


def bench_open() -> list[Row]:
    """From the click to the first paint, with 500 models in the library."""
    rows = []
    for screen, said in _children("open"):
        rows += [
            _row(f"Models page with 500 models opens, {screen}", said["page_s"] * 1000, "ms", 150),
            _row(f"catalogue opens, {screen}", said["catalogue_s"] * 1000, "ms", 150),
        ]
    return rows


def bench_scroll() -> list[Row]:
    """1,000 rows of the catalogue's list, from top to bottom in 600 frames."""
    rows = []
    for screen, said in _children("scroll"):
        rows += [
            _row(f"frame while scrolling 1,000 rows, p99, {screen}", said["p99_s"] * 1000, "ms", _FRAME_MS),
            _row(f"frame while scrolling 1,000 rows, longest, {screen}", said["max_s"] * 1000, "ms"),
        ]
    return rows


def bench_results() -> list[Row]:
    """1,000 results of a hub’s search, from top to bottom in 600 frames."""
    rows = []
    for screen, said in _children("results"):
        rows += [
            _row(
                f"frame while scrolling 1,000 results, p99, {screen}", said["p99_s"] * 1000, "ms", _FRAME_MS
            ),
            _row(f"frame while scrolling 1,000 found, longest, {screen}", said["max_s"] * 1000, "ms"),
        ]
    return rows


def bench_header() -> list[Row]:
    """A file with 150,000 tokens and as many merges, once it is in the system's cache."""
    with tempfile.TemporaryDirectory() as folder:
        path = large_vocabulary(Path(folder) / "vocabulary.gguf")
        path.read_bytes()
        begun = time.perf_counter()
        header = read_header(path)
        read_ms = (time.perf_counter() - begun) * 1000
    if header.vocabulary != _VOCABULARY:
        raise RuntimeError("the vocabulary was not counted")
    return [_row("header with a vocabulary of 150,000", read_ms, "ms", 30)]


def bench_list() -> list[Row]:
    """What the window waits for at its start: 500 such models, whose headers an earlier start has read."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        first = large_vocabulary(home / "model-0.gguf")
        files = [home / f"model-{number}.gguf" for number in range(500)]
        for file in files[1:]:
            os.link(first, file)
        items = [{"id": file.stem, "path": str(file)} for file in files]
        (home / "library.json").write_text(json.dumps({"default": None, "models": items}))
        Library(home, home / "no starter", home / "headers.json").models()
        begun = time.perf_counter()
        found = Library(home, home / "no starter", home / "headers.json").models()
        list_ms = (time.perf_counter() - begun) * 1000
    if len(found) != 500 or any(model.problem is not None for model in found):
        raise RuntimeError("not all models were listed")
    return [_row("500 models listed at the start", list_ms, "ms", 150)]


def large_vocabulary(path: Path) -> Path:
    """A model's file with the tokens, scores, types and merges that a large vocabulary comes with."""
    values = usual_metadata() | {
        "tokenizer.ggml.tokens": Array(TEXT, [f"token{number:x}" for number in range(_VOCABULARY)]),
        "tokenizer.ggml.scores": Array(F32, [0.0] * _VOCABULARY),
        "tokenizer.ggml.token_type": Array(I32, [1] * _VOCABULARY),
        "tokenizer.ggml.merges": Array(TEXT, [f"to ken{number:x}" for number in range(_MERGES)]),
    }
    return Gguf(values).write(path)


def _children(what: str) -> Iterator[tuple[str, dict[str, float]]]:
    """What the measurement says on each screen that there is."""
    command = [sys.executable, "-m", "tests.benchmarks.manager_child", what]
    yield "offscreen", _said(command, "offscreen")
    if shutil.which("xvfb-run"):
        yield "X11", _said(["xvfb-run", "-a", "-s", "-screen 0 1280x1024x24", *command], "xcb")


def _said(command: list[str], platform: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"INSHORE_HOME": home, "QT_QPA_PLATFORM": platform}
        done = subprocess.run(
            command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=True, timeout=300
        )
    said: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return said


def _row(name: str, value: float, unit: str, most: float | None = None) -> Row:
    target = None if most is None else f"≤ {most:.3g}"
    return Row(name=name, value=value, unit=unit, target=target, ok=None if most is None else value <= most)
