"""Models on their way here: a queue of downloads, each with what is to be said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.background import Background, Job, Outcome
from models.errors import AppError, DownloadError

if TYPE_CHECKING:
    from models.download import Guardian
    from models.download_values import Event, Target
    from models.fetching import Added
    from models.library import Library
    from models.unfinished import Begun, Unfinished


class State(StrEnum):
    """Where a download stands. LOOKING is before its first byte; STALLED goes on by itself."""

    QUEUED = "queued"
    LOOKING = "looking"
    RUNNING = "running"
    PAUSED = "paused"
    STALLED = "stalled"
    CHECKING = "checking"
    DONE = "done"
    FAILED = "failed"


RESTING = (State.PAUSED, State.FAILED, State.DONE)
"""States in which nothing goes on."""


@dataclass(frozen=True, slots=True)
class Download:
    """One download. `note` is what happens just now, in words; None is: not known."""

    id: int
    name: str
    target: Target
    state: State = State.QUEUED
    done_bytes: int = 0
    rate_bytes_s: float | None = None
    remaining_s: float | None = None
    problem: AppError | None = None
    note: str = ""

    @property
    def total_bytes(self) -> int:
        return self.target.size_bytes


@dataclass(slots=True)
class _Run:
    """What goes on behind a download, and what is to follow when it has really ended."""

    job: Job
    then: Callable[[], None] | None = None


class DownloadService(QObject):
    """Brings models one after the other, in the order they were asked for. GUI thread.

    `listed` when a download came or went, `updated` with a Download when one has changed. `finished`
    carries the last value and the id it has in the library. `failed` carries an AppError that belongs
    to none of those listed.
    """

    listed = Signal()
    updated = Signal(object)
    finished = Signal(object, str)
    failed = Signal(object)

    def __init__(
        self,
        background: Background,
        guardian: Callable[[], Guardian],
        library: Library,
        unfinished: Unfinished,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._background, self._make_guardian = background, guardian
        self._library, self._unfinished = library, unfinished
        self._guardian: Guardian | None = None
        self._limit_bytes_s: float | None = None
        self._numbers = count(1)
        self._all: dict[int, Download] = {}
        self._runs: dict[int, _Run] = {}

    def all(self) -> list[Download]:
        """Those that aren't done, the first asked for first."""
        return list(self._all.values())

    @property
    def limit_bytes_s(self) -> float | None:
        """The bandwidth all of them share; None is all there is."""
        return self._limit_bytes_s

    def set_limit(self, bytes_s: float | None) -> None:
        """Take no more than this from now on."""
        self._limit_bytes_s = bytes_s
        if self._guardian is not None:
            self._guardian.throttle.limit_bytes_s = bytes_s

    def restore(self) -> None:
        """Offer what earlier runs left unfinished; it waits until it is resumed."""

        def restored(outcome: Outcome) -> None:
            for begun, done in outcome.value or ():
                self._offer(begun, done)
            if outcome.error is not None:
                raise outcome.error

        self._background.run(_begun(self._unfinished), restored)

    def start(self, target: Target, name: str) -> int:
        """Bring this; the same that is listed already goes on instead. Its number."""
        same = next((one for one in self._all.values() if _same(one.target, target)), None)
        if same is not None:
            self.resume(same.id)
            return same.id
        number = next(self._numbers)
        self._all[number] = Download(number, name, target)
        self._run(number)
        self.listed.emit()
        return number

    def pause(self, number: int) -> None:
        """Stop it; what has come stays."""
        if number in self._all:
            self._update(number, state=State.PAUSED, rate_bytes_s=None, remaining_s=None, note="")
            self._stop(number, None)

    def resume(self, number: int) -> None:
        """Go on with one that rests, after those that are waiting."""
        one = self._all.get(number)
        if one is None or one.state not in RESTING:
            return
        self._update(number, state=State.QUEUED, problem=None, note="")
        if number in self._runs:
            self._runs[number].then = lambda: self._run(number)
        else:
            self._run(number)

    def cancel(self, number: int) -> None:
        """Give it up and remove what has come of it."""
        if (one := self._all.pop(number, None)) is not None:
            self._stop(number, lambda: self._discard(one.target))
            self.listed.emit()

    # -- behind them

    def _run(self, number: int) -> None:
        from models.fetching import bring

        if self._guardian is None:
            self._guardian = self._make_guardian()
            self._guardian.throttle.limit_bytes_s = self._limit_bytes_s
        one = self._all[number]
        stream = bring(self._guardian, one.target, one.name, self._library, self._unfinished)
        job = self._background.start(
            stream, lambda event: self._take(number, event), lambda outcome: self._end(number, outcome)
        )
        self._runs[number] = _Run(job)
        self._update(number, state=State.LOOKING)

    def _stop(self, number: int, then: Callable[[], None] | None) -> None:
        """End its job, if it has one; `then` when its files are let go."""
        run = self._runs.get(number)
        if run is None:
            if then is not None:
                then()
            return
        run.then = then
        run.job.cancel()

    def _take(self, number: int, event: Event | Added) -> None:
        from models.fetching import Added

        one = self._all.get(number)
        if one is None or one.state in RESTING:
            return
        if isinstance(event, Added):
            done = replace(self._all.pop(number), state=State.DONE, done_bytes=one.total_bytes)
            self.listed.emit()
            self.finished.emit(done, event.model.id)
            return
        changed = after(one, event)
        if changed != one:
            self._all[number] = changed
            self.updated.emit(changed)

    def _end(self, number: int, outcome: Outcome) -> None:
        run = self._runs.pop(number)
        if number in self._all and run.then is None and not outcome.cancelled:
            self._rest(number, outcome.error)
        if run.then is not None and not outcome.cancelled and outcome.error is None:
            return  # it was done before the pause or the end came
        if run.then is not None:
            run.then()

    def _rest(self, number: int, error: Exception | None) -> None:
        problem = error if isinstance(error, AppError) else _mistake()
        self._update(
            number, state=State.FAILED, problem=problem, rate_bytes_s=None, remaining_s=None, note=""
        )
        if error is not None and not isinstance(error, AppError):
            raise error

    def _offer(self, begun: Begun, done_bytes: int) -> None:
        if not any(_same(one.target, begun.target) for one in self._all.values()):
            number = next(self._numbers)
            self._all[number] = Download(
                number, begun.name, begun.target, State.PAUSED, done_bytes, note="Not finished last time"
            )
            self.listed.emit()

    def _discard(self, target: Target) -> None:
        from models.fetching import discarded

        def ended(outcome: Outcome) -> None:
            if isinstance(outcome.error, AppError):
                self.failed.emit(outcome.error)
            elif outcome.error is not None:
                raise outcome.error

        self._background.run(discarded(target, self._library, self._unfinished), ended)

    def _update(self, number: int, **values: object) -> None:
        self._all[number] = replace(self._all[number], **values)  # type: ignore[arg-type]
        self.updated.emit(self._all[number])


def after(one: Download, event: Event) -> Download:
    """The download after this event."""
    from models import download_values as told

    match event:
        case told.Queued():
            return replace(one, state=State.QUEUED, note="")
        case told.Started(_, done):
            return replace(one, state=State.RUNNING, done_bytes=done, note="")
        case told.Progress(done, _, rate, remaining):
            return _progressed(one, done, rate, remaining)
        case told.Stalled(silent_s):
            note = f"Nothing has come for {silent_s:.0f} s. Still trying"
            return replace(one, state=State.STALLED, rate_bytes_s=None, remaining_s=None, note=note)
        case told.Retrying(why, _, _):
            return replace(one, state=State.STALLED, rate_bytes_s=None, remaining_s=None, note=why)
        case told.StartedAnew(why):
            return replace(one, state=State.RUNNING, note=f"{why} It begins anew")
        case told.Checking():
            return replace(one, state=State.CHECKING, rate_bytes_s=None, remaining_s=None, note="")
        case told.Repairing():
            return replace(one, state=State.RUNNING, note="Some of it came wrong and is fetched again")
        case _:
            return one


def _progressed(one: Download, done: int, rate: float | None, remaining: float | None) -> Download:
    """What has come tells that it goes on; while it is checked or stalled, nothing has."""
    if one.state in (State.STALLED, State.CHECKING) and done <= one.done_bytes:
        return one
    note = one.note if one.state is State.RUNNING else ""
    return replace(
        one, state=State.RUNNING, done_bytes=done, rate_bytes_s=rate, remaining_s=remaining, note=note
    )


async def _begun(unfinished: Unfinished) -> list[tuple[Begun, int]]:
    from models.fetching import begun

    return await begun(unfinished)


def _same(one: Target, other: Target) -> bool:
    return (one.repo, one.commit, one.files) == (other.repo, other.commit, other.files)


def _mistake() -> AppError:
    return DownloadError("Inshore made a mistake.", "Start it again: it goes on where it stopped.")
