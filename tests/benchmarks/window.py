"""The window: how soon it opens, how smoothly it writes, how little it holds.

Each measurement runs in a process of its own, under the platform that QT_QPA_PLATFORM names (offscreen
unless set), so that nothing measured before it is still in memory.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.benchmarks.rows import Row

_ROOT = Path(__file__).resolve().parents[2]
_MIB = 2**20

# A bare main window, and Inshore: both print when the event loop has painted and takes input.
_BARE = """
import sys, json, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow, QPlainTextEdit
app = QApplication([])
window = QMainWindow()
window.setCentralWidget(QPlainTextEdit())
window.resize(1180, 780)
window.show()
"""
_INSHORE = """
import sys, json, time
import main as door
from desktop.ui import imports
imports.restore()
from PySide6.QtCore import QTimer
from desktop import app as program
def begin(self, run=program.Program.run):
    report(self._app)
    return run(self)
program.Program.run = begin
"""
_REPORT = """
def report(app):
    def ready():
        app.processEvents()
        print(json.dumps({"ready_at": time.time()}), flush=True)
        QTimer.singleShot(HOLD_MS, leave)
    def leave():
        with open("/proc/self/status") as status:
            rss = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))
        print(json.dumps({"rss_bytes": rss}), flush=True)
        app.quit()
    QTimer.singleShot(0, ready)
"""


def bench_start() -> list[Row]:
    """From the process's start to a window that takes text, against a bare main window.

    Python keeps what it has compiled, as it does for people; one start that is not counted makes that.
    """
    inshore, bare = _measure(_INSHORE, "door.main([])"), _measure(_BARE, "report(app); app.exec()")
    ratio = inshore["start_s"] / bare["start_s"]
    rss = inshore["rss_bytes"] / _MIB
    return [
        Row(name="window start ÷ bare main window", value=ratio, unit="×", target="≤ 3.0", ok=ratio <= 3.0),
        Row(name="window start", value=inshore["start_s"] * 1000, unit="ms", target=None, ok=None),
        Row(name="idle memory of the window", value=rss, unit="MiB", target="≤ 110", ok=rss <= 110),
        Row(name="bare main window", value=bare["rss_bytes"] / _MIB, unit="MiB", target=None, ok=None),
    ]


def bench_long_conversation() -> list[Row]:
    """2,000 messages from the click to their first paint."""
    (said,) = _child("open")
    value = said["open_s"] * 1000
    return [
        Row(name="2,000 messages to first paint", value=value, unit="ms", target="≤ 300", ok=value <= 300)
    ]


def bench_streaming() -> list[Row]:
    """The longest the GUI thread is away while 100 tokens/s grow an answer to 10,000 characters."""
    (said,) = _child("stream")
    gap = said["p99_s"] * 1000
    return [
        Row(name="GUI gap while streaming, p99", value=gap, unit="ms", target="≤ 33", ok=gap <= 33),
        Row(
            name="GUI gap while streaming, longest",
            value=said["max_s"] * 1000,
            unit="ms",
            target=None,
            ok=None,
        ),
    ]


def _measure(setup: str, begin: str) -> dict[str, float]:
    import time

    script = "HOLD_MS = 1500\n" + _REPORT + setup + begin
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-c", script]
        _said(command, home, _compiled())
        begun = time.time()
        values = _said(command, home, _compiled())
    merged = {key: value for said in values for key, value in said.items()}
    return {"start_s": merged["ready_at"] - begun, "rss_bytes": merged["rss_bytes"]}


def _child(what: str) -> list[dict[str, float]]:
    with tempfile.TemporaryDirectory() as home:
        return _said([sys.executable, "-m", "tests.benchmarks.window_child", what], home)


@cache
def _compiled() -> dict[str, str]:
    """Where this run keeps compiled modules, whatever the environment says of them."""
    folder = tempfile.mkdtemp(prefix="inshore-bench-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return {"PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": ""}


def _said(command: list[str], home: str, more: Mapping[str, str] | None = None) -> list[dict[str, float]]:
    environment = {"QT_QPA_PLATFORM": "offscreen"} | os.environ | {"INSHORE_HOME": home} | dict(more or {})
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]
