"""A flag that native code tests by itself, so that asking it costs the engine nothing."""

from __future__ import annotations

import ctypes
import sys

_Test = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p)


class StopFlag:
    """Set from any thread; llama.cpp reads it between two operations of a computation.

    A Python function as the callback would take the interpreter's lock a thousand times for each
    token (3 % of the speed). The C library's `strlen` on a one-character buffer says the same: 0 for
    the empty string, 1 for a set flag.
    """

    def __init__(self) -> None:
        self._buffer = ctypes.create_string_buffer(2)
        library = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)
        self.callback = ctypes.cast(library.strlen, _Test)
        self.data = ctypes.cast(self._buffer, ctypes.c_void_p)

    def set(self) -> None:
        """Ask for the end."""
        self._buffer[0] = b"x"

    def clear(self) -> None:
        """Ready for the next work."""
        self._buffer[0] = b"\0"

    def __bool__(self) -> bool:
        return self._buffer[0] != b"\0"
