"""Stop strings, and deltas gathered so that a pipe costs nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from models.chat import ReasoningDelta, TextDelta
from models.thinking import held_back

Delta = ReasoningDelta | TextDelta

GATHER_S = 0.025


class StopFilter:
    """Ends a text before the first stop string, also one that comes in pieces."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.stopped = False

    def feed(self, text: str) -> str:
        """What is certain to be before any stop string. After `stopped` it is always empty."""
        if self.stopped or not self._stops:
            return "" if self.stopped else text
        text = self._held + text
        found = [at for at in (text.find(stop) for stop in self._stops) if at >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)]
        keep = held_back(text, self._stops)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def finish(self) -> str:
        """What was held back, now that nothing follows."""
        kept, self._held = self._held, ""
        return kept


class Gatherer:
    """Sends the first delta at once, later ones joined, at most one in `GATHER_S`.

    The order stays. `flush` before anything else is sent.
    """

    def __init__(self, send: Callable[[Delta], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._send = send
        self._clock = clock
        self._texts: list[str] = []
        self._last: Delta = TextDelta("")
        self._due = 0.0

    def add(self, delta: Delta) -> None:
        """Send this delta, now or with later ones."""
        if self._texts and type(delta) is not type(self._last):
            self._send_gathered()
        self._last = delta
        self._texts.append(delta.text)
        if self._clock() >= self._due:
            self._send_gathered()
            self._due = self._clock() + GATHER_S

    def flush(self) -> None:
        """Send what was gathered; the next delta is a first one again."""
        self._send_gathered()
        self._due = 0.0

    def _send_gathered(self) -> None:
        if self._texts:
            self._send(replace(self._last, text="".join(self._texts)))
            self._texts.clear()
