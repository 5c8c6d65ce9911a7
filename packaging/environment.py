"""Makes .venv and installs a lock into it, saying what it is doing; needs nothing but Python itself.

    python packaging/environment.py run|test

The stamp `.venv/.installed-KIND` is written last. A mark left by an installation that was killed has the
next one start over, since pip takes a half-written package for an installed one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOG = ROOT / "build" / "setup.log"
MARK = VENV / ".installing"
LOCKS = {"run": "requirements.lock", "test": "requirements-dev.lock"}
LINE_EVERY_S = 15.0  # where there is no terminal to keep one line up to date

STEPS = (
    (re.compile(r"^\s*\[\s*(\d+)/(\d+)\]"), "compiling llama.cpp, step {0} of {1}"),
    (re.compile(r"^\s*\[\s*(\d+)%\]"), "compiling llama.cpp, {0} %"),
    (re.compile(r"^\s*Building wheel for (\S+)"), "building {0}"),
    (re.compile(r"^\s*Downloading (\S+)-\d"), "downloading {0}"),
    (re.compile(r"^Collecting ([\w.-]+)"), "looking for {0}"),
    (re.compile(r"^Installing collected packages"), "copying the packages"),
)


def main(kind: str) -> int:
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_bytes(b"")
    if not make_venv():
        return 1
    MARK.touch()
    stamp(kind).unlink(missing_ok=True)
    print(
        f"Installing {LOCKS[kind]} into .venv. The long part is compiling llama.cpp for this processor:\n"
        "5 to 7 minutes on 2 cores, once (pip keeps the result). Every detail: build/setup.log",
        flush=True,
    )
    started = time.monotonic()
    ok = install("packaging/pip.lock") and install(LOCKS[kind])
    MARK.unlink()
    if not ok:
        explain_failure()
        return 1
    write_stamps(kind)
    print(f"Installed in {time.monotonic() - started:.0f} s.", flush=True)
    return 0


def make_venv() -> bool:
    """A .venv with a Python that runs and has pip; one that can't be used is made anew."""
    if usable() and not MARK.exists():
        return True
    if VENV.exists():
        print("The last installation did not finish or its Python is gone: making .venv anew.", flush=True)
    elif VENV.is_symlink():
        VENV.unlink()
    with LOG.open("ab") as log:
        done = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], stdout=log, stderr=log)
    if done.returncode:
        explain_failure()
    return done.returncode == 0


def usable() -> bool:
    """Whether .venv's Python runs, is new enough and has pip."""
    test = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([PYTHON, "-I", "-c", test], capture_output=True).returncode == 0
    except OSError:
        return False


def install(lock: str) -> bool:
    """Installs a lock with its hashes, showing what pip is at."""
    command = [str(PYTHON), "-m", "pip", "install", "-v", "--require-hashes", "-r", lock]
    with LOG.open("ab") as log, LOG.open(encoding="utf-8", errors="replace") as news:
        news.seek(0, os.SEEK_END)
        process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=log, stderr=log)
        try:
            watch(process, news)
        except BaseException:
            process.terminate()
            process.wait()
            raise
    return process.returncode == 0


def environment() -> dict[str, str]:
    """The caller's environment, less what would change the build or where it goes."""
    # With SOURCE_DATE_EPOCH set, ggml leaves this processor's instructions out of the build.
    unwanted = {"SOURCE_DATE_EPOCH", "PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_USER"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    # Pins what builds llama-cpp-python, as the lock pins what is installed.
    constraint = {"PIP_BUILD_CONSTRAINT": "packaging/build.lock"}
    return kept | constraint | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}


def watch(process: subprocess.Popen[bytes], news: IO[str]) -> None:
    """Reports until the process ends: one line kept up to date, or a line now and then without a terminal."""
    terminal = sys.stdout.isatty()
    started = told = time.monotonic()
    doing = "starting pip"
    while process.poll() is None:
        time.sleep(0.25)
        doing = latest_step(news) or doing
        now = time.monotonic()
        if terminal:
            print(f"\r\033[K  {now - started:4.0f} s  {doing}", end="", flush=True)
        elif now - told >= LINE_EVERY_S:
            told = now
            print(f"  {now - started:4.0f} s  {doing}", flush=True)
    if terminal:
        print("\r\033[K", end="", flush=True)


def latest_step(news: IO[str]) -> str | None:
    """What the newest telling line of the log says, None when nothing new tells anything."""
    return next(steps(reversed(news.readlines())), None)


def steps(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        for pattern, words in STEPS:
            if found := pattern.match(line):
                yield words.format(*found.groups())


def stamp(kind: str) -> Path:
    return VENV / f".installed-{kind}"


def write_stamps(kind: str) -> None:
    """Says what is installed, in the form that setup.sh compares. The test lock contains the other."""
    version = subprocess.run([PYTHON, "-V"], capture_output=True, check=True).stdout
    for name in LOCKS if kind == "test" else (kind,):
        part = VENV / f".installed-{name}.part"
        part.write_bytes(version + (ROOT / LOCKS[name]).read_bytes())
        part.replace(stamp(name))


def explain_failure() -> None:
    lines = LOG.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line for line in lines if line.lstrip().lower().startswith(("error:", "cmake error"))]
    for line in [*lines[-20:], "", *errors[:5]]:
        print(line[:300], file=sys.stderr)
    print("The installation failed; the whole log is build/setup.log. Try the same command", file=sys.stderr)
    print("again when the cause is mended: what was downloaded and built is kept.", file=sys.stderr)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except KeyboardInterrupt:
        sys.exit(130)
