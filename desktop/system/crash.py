"""Crash reports: where it happened and what kind it was, never what was written.

A report holds file names, lines and the kind of error. The error's own words are left out unless
Python made them from code alone, because they can quote a conversation.
"""

from __future__ import annotations

import faulthandler
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, quote_plus

_KEEP_BYTES = 256 << 10
_REPORT_CHARACTERS = 16 << 10
_REPORTS_A_RUN = 50
_FRAMES = 40
_LINKS = 10
_STDERR = 2
_SHORTEST_SECRET = 6  # characters; replacing anything shorter would garble ordinary words

_KEY_LIKE = r"(?i)\b(sk-|hf_|bearer\s+)[\w.~+/=-]{6,}"
_hidden: set[str] = set()
_SPEAKS_OF_CODE = (
    ArithmeticError,
    AttributeError,
    ImportError,
    MemoryError,
    NameError,
    RecursionError,
    TypeError,
)


def install(log_path: Path, on_crash: Callable[[str], None] | None = None) -> None:
    """Report every uncaught exception and fatal signal to a file; leave no core file.

    Call once, early, in the main thread. `on_crash` gets one line for a person, in the thread that
    failed, once for each different crash. The log holds earlier runs' reports too and stays below about
    a megabyte; its predecessor is kept as `.old`. Where it can't be opened, stderr takes its place.
    """
    _forbid_core_files()
    reporter = _Reporter(_open_log(log_path), on_crash)
    faulthandler.enable(reporter.descriptor)
    sys.excepthook = reporter.uncaught
    threading.excepthook = reporter.uncaught_in_thread
    sys.unraisablehook = reporter.unraisable


def report_of(exc: BaseException) -> str:
    """The exception and those that led to it, without their words, secrets or values."""
    text = "".join(_chain(exc, seen=set()))
    return redacted(text)[-_REPORT_CHARACTERS:]


def hide(secret: str) -> None:
    """Leave this text, as it is and as part of an address, out of all that `redacted` returns. Any thread."""
    if len(secret) >= _SHORTEST_SECRET:
        _hidden.update({secret, quote(secret, safe=""), quote_plus(secret)})


def redacted(text: str) -> str:
    """The text with every known key, and what looks like one, replaced."""
    for secret in sorted(_hidden, key=len, reverse=True):
        text = text.replace(secret, "[removed]")
    return re.sub(_KEY_LIKE, r"\1[removed]", text)


class _Reporter:
    """Writes reports to an open file for as long as the process lives."""

    def __init__(self, descriptor: int, on_crash: Callable[[str], None] | None) -> None:
        self.descriptor = descriptor
        self._on_crash = on_crash
        self._seen: set[str] = set()

    def uncaught(self, kind: type[BaseException], exc: BaseException, trace: TracebackType | None) -> None:
        if isinstance(exc, Exception):
            self._take("Uncaught", exc)
        else:  # Ctrl+C is not a crash
            sys.__excepthook__(kind, exc, trace)

    def uncaught_in_thread(self, args: threading.ExceptHookArgs) -> None:
        if isinstance(args.exc_value, Exception):
            self._take("Uncaught in a thread", args.exc_value)

    def unraisable(self, args: sys.UnraisableHookArgs) -> None:
        if isinstance(args.exc_value, Exception):
            self._take("Ignored by Python", args.exc_value, tell=False)

    def _take(self, where: str, exc: Exception, *, tell: bool = True) -> None:
        """Write a crash that is new; a slot that fails on every frame must not fill the disk."""
        report = report_of(exc)
        if report in self._seen or len(self._seen) >= _REPORTS_A_RUN:
            return
        self._seen.add(report)
        self._write(where, report)
        if tell and self._on_crash is not None:
            self._tell(exc, self._on_crash)

    def _tell(self, exc: Exception, on_crash: Callable[[str], None]) -> None:
        try:
            on_crash(redacted(_kind(exc)))
        except Exception as second:  # noqa: BLE001 - raising it would come back here
            self._write("While telling of it", report_of(second))

    def _write(self, where: str, report: str) -> None:
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        text = f"\n{moment} {where}:\n{report}"
        for descriptor in {self.descriptor, _STDERR}:
            with suppress(OSError):  # a full disk or a closed terminal must not be a second crash
                os.write(descriptor, text.encode(errors="backslashreplace"))


def _chain(exc: BaseException, seen: set[int]) -> list[str]:
    """From the first cause to the last exception, as Python would print them."""
    seen.add(id(exc))
    lines: list[str] = []
    earlier = exc.__cause__ or (None if exc.__suppress_context__ else exc.__context__)
    if earlier is not None and id(earlier) not in seen and len(seen) < _LINKS:
        lines += [*_chain(earlier, seen), "then\n"]
    if isinstance(exc, BaseExceptionGroup):
        for part in exc.exceptions[:_LINKS]:
            lines += [*_chain(part, seen), "together\n"]
    return [*lines, *traceback.format_tb(exc.__traceback__, limit=-_FRAMES), _kind(exc), "\n"]


def _kind(exc: BaseException) -> str:
    name = f"{type(exc).__module__}.{type(exc).__qualname__}".removeprefix("builtins.")
    if isinstance(exc, OSError):
        return f"{name}: [{exc.errno}] {exc.strerror}"
    if isinstance(exc, _SPEAKS_OF_CODE):
        return f"{name}: {redacted(str(exc))[:300]}"  # cut last: half a key must not pass
    return name


def _open_log(path: Path) -> int:
    try:
        return _private_log(path)
    except OSError:
        return _STDERR


def _private_log(path: Path) -> int:
    if path.exists() and path.stat().st_size > _KEEP_BYTES:
        path.replace(path.with_name(path.name + ".old"))
    flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY
    descriptor = os.open(path, flags, 0o600)
    if os.name == "posix":
        with suppress(PermissionError):  # a file system without modes, such as FAT
            os.fchmod(descriptor, 0o600)
    return descriptor


def _forbid_core_files() -> None:
    """A core file would hold every conversation; this holds for the processes we start, too."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):  # a crash service on a pipe ignores the limit: leave it no memory to store
        Path("/proc/self/coredump_filter").write_text("0")
