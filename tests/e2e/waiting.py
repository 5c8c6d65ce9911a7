"""Waiting for another process, which gives no signal to wait for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], timeout_s: float = 60.0) -> T:
    """The first true value of a condition; fails when there is none in time."""
    deadline, pause = time.monotonic() + timeout_s, threading.Event()
    while not (value := condition()):
        assert time.monotonic() < deadline, "what this waits for did not happen"
        pause.wait(0.05)
    return value
