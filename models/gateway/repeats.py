"""Takes out what a continued answer says once more."""

from __future__ import annotations

_LOOKED_AT = 4000
_LEAST = 12
"""A shorter overlap may be chance, such as a word that two sentences share."""


class RepeatTrimmer:
    """Leaves out the beginning of what follows where it repeats the end of what is there.

    Text is held back while it may be a repetition, and given out by `finish` at the latest. Where `restarts`,
    only all of what is there counts: a server that goes on inside an answer may well say a line twice, but
    one that does not know how begins anew.
    """

    def __init__(self, so_far: str, *, restarts: bool = False) -> None:
        self._restarts = restarts
        self._end = so_far if restarts else so_far[-_LOOKED_AT:]
        self._held = ""
        self._over = not so_far

    def feed(self, text: str) -> str:
        """What is certainly new."""
        if self._over:
            return text
        self._held += text
        repeated = self._end.startswith(self._held) if self._restarts else self._held in self._end
        return "" if repeated else self.finish()

    def finish(self) -> str:
        """What was held back, now that nothing follows, or nothing of it can be a repetition."""
        held, self._held, self._over = self._held, "", True
        if self._restarts:
            whole = len(self._end) >= _LEAST and held.startswith(self._end)
            return held[len(self._end) :] if whole else held
        for size in range(min(len(held), len(self._end)), _LEAST - 1, -1):
            if self._end.endswith(held[:size]):
                return held[size:]
        return held
