"""Listens to llama.cpp's log."""

from __future__ import annotations

import ctypes
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import llama_cpp.llama_cpp as llama

_ALL, _WARN, _CONT = 0, 3, 5
_LINES = 2000


class Log:
    """Keeps lines of what is going on, and passes every one on to stderr.

    One listens at a time, the latest; llama.cpp calls it from any of its threads.
    """

    _listening: ClassVar[Log]

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._least = _WARN
        self._keeping = False
        self._quiet = False
        self._callback = llama.llama_log_callback(self._take)
        llama.llama_log_set(self._callback, ctypes.c_void_p(0))
        Log._listening = self  # llama.cpp keeps a bare pointer, so the callback must never be freed

    @contextmanager
    def recording(self) -> Iterator[deque[str]]:
        """The warnings and errors from here on, growing."""
        self._lines.clear()
        yield self._lines

    @contextmanager
    def rehearsing(self) -> Iterator[deque[str]]:
        """All lines from here on, growing; stderr, where the real load will say the same, gets none."""
        self._lines.clear()
        self._least, self._quiet = _ALL, True
        try:
            yield self._lines
        finally:
            self._least, self._quiet = _WARN, False

    def _take(self, level: int, text: bytes | None, _data: object) -> None:
        line = (text or b"").decode("utf-8", "replace")
        if level != _CONT:
            self._keeping = level >= self._least
        if self._keeping and line.strip(". \n"):
            self._lines.append(line.rstrip("\n")[:500])
        if not self._quiet:
            sys.stderr.write(line)
