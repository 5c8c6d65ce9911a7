"""Where a command writes: answers to standard output, everything about them to standard error."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from models.errors import AppError

KEYRING_ASKS = "Your keyring asks for its password in a window of its own…"
_DIM, _NORMAL, _CLEAR_LINE = "\x1b[2m", "\x1b[0m", "\r\x1b[K"


class Terminal:
    """Two text streams, flushed at each call.

    What a model wrote can't move the cursor or re-title the window: on a terminal its control
    characters are dropped. Into a file or a pipe the answer goes as it is. Raises BrokenPipeError when
    the reader has gone, and AppError when the output can't be written.
    """

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        for stream in (self._out, self._err):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # half a character must not end an answer
        self._out_is_terminal, self._err_is_terminal = self._out.isatty(), self._err.isatty()
        self._status_shown = False
        self._out_is_mid_line = self._err_is_mid_line = False

    def write(self, text: str) -> None:
        """A piece of the answer."""
        self._clear_status()
        text = _harmless(text) if self._out_is_terminal else text
        self._put(self._out, text)
        self._out_is_mid_line = not text.endswith("\n") if text else self._out_is_mid_line

    def line(self, text: str = "") -> None:
        """A whole line of output."""
        self.write(text + "\n")

    def record(self, values: Mapping[str, object]) -> None:
        """One JSON object on one line, in ASCII."""
        self._put(self._out, json.dumps(values) + "\n")

    def aside(self, text: str) -> None:
        """A piece of what belongs beside the answer, dimmed on a terminal."""
        self._clear_status()
        self._put(self._err, f"{_DIM}{_harmless(text)}{_NORMAL}" if self._err_is_terminal else text)
        self._err_is_mid_line = not text.endswith("\n") if text else self._err_is_mid_line

    def note(self, text: str) -> None:
        """A line on standard error."""
        self.end_lines()
        self._put(self._err, _harmless(text) + "\n")

    def status(self, text: str) -> None:
        """What is being waited for; the next output replaces it. Nothing where nobody watches."""
        if self._err_is_terminal and not self._out_is_mid_line:
            self._put(self._err, f"{_CLEAR_LINE}{_DIM}{_harmless(text)}{_NORMAL}")
            self._status_shown = True

    def end_lines(self) -> None:
        """Begin a new line on both, where one is not ended."""
        self._clear_status()
        if self._err_is_mid_line:
            self._put(self._err, "\n")
        if self._out_is_mid_line:
            self._put(self._out, "\n")
        self._out_is_mid_line = self._err_is_mid_line = False

    def _clear_status(self) -> None:
        if self._status_shown:
            self._put(self._err, _CLEAR_LINE)
            self._status_shown = False

    def _put(self, stream: TextIO, text: str) -> None:
        with _translated():
            stream.write(text)
            stream.flush()


def silence(stream: TextIO) -> None:
    """Let nothing more be written there: Python flushes once more at its end, and would complain."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
    except (OSError, ValueError):
        return  # not a real file


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        silence(sys.stdout)
        raise AppError(
            f"The output can’t be written: {error.strerror or error}.", "Check the disk it goes to."
        ) from error


def _harmless(text: str) -> str:
    return "".join(sign for sign in text if sign in "\n\t" or not _is_control(sign))


def _is_control(sign: str) -> bool:
    return sign < " " or "\x7f" <= sign <= "\x9f"
