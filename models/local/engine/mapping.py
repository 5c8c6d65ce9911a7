"""Lets go of a model file's pages that were read only to be converted."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_DONT_NEED = 4


def let_go(path: str) -> None:
    """Drop this file's pages from the process; those in use come back when they are touched.

    llama.cpp converts some kinds of weights for the processor and keeps the copy; what it read them
    from would count twice. Linux only: elsewhere nothing happens. Never raises.
    """
    if sys.platform != "linux":
        return
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for start, end in _mappings(os.path.realpath(path)):
        madvise(start, end - start, _DONT_NEED)


def _mappings(path: str) -> list[tuple[int, int]]:
    """Where a file is mapped for reading only. A name with a line break is not found."""
    try:
        lines = Path("/proc/self/maps").read_bytes().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        span, rights, *_, name = [*line.split(maxsplit=5), b"", b"", b""][:6]
        if name == os.fsencode(path) and b"w" not in rights:
            start, _, end = span.partition(b"-")
            found.append((int(start, 16), int(end, 16)))
    return found
