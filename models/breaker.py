"""Circuit breakers: a door that keeps failing is left alone for a while, then tried with one request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class DoorState(StrEnum):
    """OPEN lets nobody through, HALF_OPEN one request that finds out; as with a switch, CLOSED works."""

    CLOSED = "closed"
    HALF_OPEN = "half-open"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Limits:
    """`failures` in a row open a door for `rest_s`; each probe that fails doubles it, to `longest_rest_s`.

    A probe that nobody reported on for `probe_s` counts as none, so that a lost one shuts no door for ever.
    """

    failures: int = 3
    rest_s: float = 30.0
    longest_rest_s: float = 600.0
    probe_s: float = 300.0


@dataclass(slots=True)
class _Door:
    failed: int = 0
    openings: int = 0
    shut_until_s: float | None = None
    probe_since_s: float | None = None


@dataclass(slots=True)
class Breaker:
    """All doors. Not thread-safe; `now_s` is a monotonic clock.

    For each request: `enter`, then exactly one of `succeeded`, `failed` and `left`.
    """

    now_s: Callable[[], float]
    limits: Limits = field(default_factory=Limits)
    _doors: dict[str, _Door] = field(default_factory=dict)

    def state(self, door: str) -> DoorState:
        """How a door is now; asking changes nothing."""
        known = self._doors.get(door)
        if known is None or known.shut_until_s is None:
            return DoorState.CLOSED
        if self.now_s() < known.shut_until_s or self._probing(known):
            return DoorState.OPEN
        return DoorState.HALF_OPEN

    def enter(self, door: str) -> bool:
        """Whether a request may go now. True at a half-open door takes its only probe."""
        state = self.state(door)
        if state is DoorState.HALF_OPEN:
            self._doors[door].probe_since_s = self.now_s()
        return state is not DoorState.OPEN

    def succeeded(self, door: str) -> None:
        """A request was answered: the door is as good as new."""
        self._doors.pop(door, None)

    def failed(self, door: str, *, retry_after_s: float | None = None) -> None:
        """A request failed by the door's fault; one that asks for it is left alone at once, for so long."""
        known = self._doors.setdefault(door, _Door())
        known.failed += 1
        probed, known.probe_since_s = known.probe_since_s is not None, None
        if not probed and self.rests_s(door) and retry_after_s is None:
            return  # it went in before the door was shut, and tells nothing new
        if probed or known.failed >= self.limits.failures or retry_after_s is not None:
            self._shut(known, retry_after_s)

    def left(self, door: str) -> None:
        """A request ended without telling about the door: cancelled, or refused by another's fault."""
        known = self._doors.get(door)
        if known is not None:
            known.probe_since_s = None

    def reset(self, door: str) -> None:
        """Forget what was, as when the user repaired the key or asks by hand."""
        self._doors.pop(door, None)

    def rests_s(self, door: str) -> float:
        """How long it stays shut; 0 where a request may go."""
        known = self._doors.get(door)
        if known is None or known.shut_until_s is None:
            return 0.0
        return max(0.0, known.shut_until_s - self.now_s())

    def problem(self, door: str) -> str:
        """What a candidate's `problem` at this door is; empty where it may be used."""
        if self.state(door) is not DoorState.OPEN:
            return ""
        rest = round(self.rests_s(door))
        return f"it failed and is left alone for {rest} s" if rest else "it is being tried again just now"

    def _probing(self, door: _Door) -> bool:
        since = door.probe_since_s
        return since is not None and self.now_s() < since + self.limits.probe_s

    def _shut(self, door: _Door, retry_after_s: float | None) -> None:
        doubled = self.limits.rest_s * 2.0 ** min(door.openings, 30)
        rest = min(doubled, self.limits.longest_rest_s)
        until = self.now_s() + max(rest, min(retry_after_s or 0.0, self.limits.longest_rest_s))
        door.shut_until_s = max(until, door.shut_until_s or until)
        door.openings += 1
