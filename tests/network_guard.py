"""Notices connections that are made past the gate: each socket of the network is made by it, or by a test."""

from __future__ import annotations

import socket
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import FrameType
from typing import Any

from models import outbound

_ROOT = Path(__file__).resolve().parents[1]
_OURS = tuple(f"{_ROOT / name}/" for name in ("models", "desktop"))
_TESTS = f"{_ROOT / 'tests'}/"
_LOOP = "asyncio/events.py"
"""A task that nobody of ours is in: what is below it is whoever runs the loop."""
_NETWORK = (-1, socket.AF_INET, socket.AF_INET6)
_in_the_gate: ContextVar[bool] = ContextVar("in_the_gate", default=False)


@contextmanager
def watched() -> Iterator[list[str]]:
    """A list that gets the stack of each socket that was made past the gate, while the block lasts."""
    past: list[str] = []
    make, send = socket.socket.__init__, outbound.Passage.send

    def init(self: socket.socket, *args: Any, **named: Any) -> None:
        values = dict(zip(("family", "type", "proto", "fileno"), args, strict=False)) | named
        new = values.get("fileno") is None and values.get("family", -1) in _NETWORK
        if new and not _allowed(sys._getframe(1)):
            past.append("".join(traceback.format_stack(sys._getframe(1), 12)))
        make(self, *args, **named)

    async def pass_through(
        self: outbound.Passage, method: str, url: str, headers: Mapping[str, str], content: bytes
    ) -> Any:
        token = _in_the_gate.set(True)
        try:
            return await send(self, method, url, headers, content)
        finally:
            _in_the_gate.reset(token)

    socket.socket.__init__ = init  # type: ignore[method-assign]
    outbound.Passage.send = pass_through  # type: ignore[method-assign]
    try:
        yield past
    finally:
        socket.socket.__init__ = make  # type: ignore[method-assign]
        outbound.Passage.send = send  # type: ignore[method-assign]


def _allowed(frame: FrameType | None) -> bool:
    """Whether the gate, or a test and nothing of the program's in between, makes it."""
    if _in_the_gate.get():
        return True
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(_OURS) or name.endswith(_LOOP):
            return False
        if name.startswith(_TESTS):
            return True
        frame = frame.f_back
    return False
