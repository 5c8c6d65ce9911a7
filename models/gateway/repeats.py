"""Takes out what a continued answer says once more."""

from __future__ import annotations

_LOOKED_AT = 4000
_LEAST = 12
"""A shorter overlap may be chance, such as a word that two sentences share."""


class RepeatTrimmer:
    """Leaves out the beginning of what follows where it repeats the end of what is there.

    Text is held back while it may be a repetition, and given out by `finish` at the latest.
    """

    def __init__(self, so_far: str) -> None:
        self._end = so_far[-_LOOKED_AT:]
        self._held = ""
        self._over = not so_far

    def feed(self, text: str) -> str:
        """What is certainly new."""
        if self._over:
            return text
        self._held += text
        return "" if self._held in self._end else self.finish()

    def finish(self) -> str:
        """What was held back, now that nothing follows, or nothing of it can be a repetition."""
        held, self._held, self._over = self._held, "", True
        for size in range(min(len(held), len(self._end)), _LEAST - 1, -1):
            if self._end.endswith(held[:size]):
                return held[size:]
        return held
