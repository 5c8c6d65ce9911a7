"""Looks at files that were dropped or opened, and brings models in, beside the window's thread."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.background import Background, Job, Outcome
from desktop.services.models import ModelService
from models.errors import AppError
from models.importing import Candidate, Gathered, How, gather

if TYPE_CHECKING:
    from models.bringing import Brought
    from models.watching import Amount, Result, Watch


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was found in what was given, and how much room Inshore's folder has."""

    gathered: Gathered
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How an import went, model by model; `stopped` if the user ended it before the last."""

    brought: tuple[Brought, ...] = ()
    failed: tuple[tuple[Candidate, AppError], ...] = ()
    stopped: bool = False


class ImportService(QObject):
    """One import at a time. `looked(Proposal)`, `progressed(done, total)` in kilobytes, `ended(Ended)` once.

    `release` has the engine let go of its file, which Windows wants before a file is moved.
    """

    looked = Signal(object)
    progressed = Signal(int, int)
    ended = Signal(object)

    def __init__(
        self,
        models: ModelService,
        models_dir: Path,
        background: Background,
        release: Callable[[Path], Awaitable[None]],
        parent: QObject | None = None,
        *,
        must_release: bool = os.name == "nt",
    ) -> None:
        super().__init__(parent)
        self._models, self._models_dir = models, models_dir
        self._background, self._release = background, release
        self._must_release = must_release
        self._job: Job | None = None
        self._asked: Sequence[Candidate] = ()
        self._brought: list[Brought] = []
        self._failed: list[tuple[Candidate, AppError]] = []

    @property
    def busy(self) -> bool:
        """Whether something is being brought in."""
        return self._job is not None

    def look(self, paths: Sequence[Path]) -> None:
        """Find out what is among these; `looked` follows."""
        from models.watching import watched

        self._background.start(watched(lambda _watch: self._proposal(paths)), self._tell_look, self._checked)

    def bring(self, candidates: Sequence[Candidate], how: How) -> None:
        """Bring them in one after the other; what fails does not keep the others from it."""
        if self._job is not None:
            return
        self._asked, self._brought, self._failed = tuple(candidates), [], []
        self._job = self._background.start(self._steps(self._asked, how), self._advance, self._end)

    def cancel(self) -> None:
        """Stop; models that are in stay, of the others nothing is left but the originals."""
        if self._job is not None:
            self._job.cancel()

    def tidy(self) -> None:
        """Remove what an import that was killed has left."""
        from models.bringing import sweep
        from models.watching import watched

        work = watched(lambda _watch: sweep(self._models_dir))
        self._background.start(work, lambda _step: None, self._checked)

    def _proposal(self, paths: Sequence[Path]) -> Proposal:
        from models.download_file import free_bytes

        folder = self._models_dir
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        try:
            free = free_bytes(folder)
        except OSError:
            free = 0
        return Proposal(gather(paths), free)

    async def _steps(
        self, candidates: Sequence[Candidate], how: How
    ) -> AsyncGenerator[Amount | Result[None], None]:
        from contextlib import aclosing

        from models.watching import watched

        if how is How.MOVE and self._must_release:
            for candidate in candidates:
                await self._release(candidate.path)
        async with aclosing(watched(partial(self._bring_all, candidates, how))) as steps:
            async for step in steps:
                yield step

    def _bring_all(self, candidates: Sequence[Candidate], how: How, watch: Watch) -> None:
        """In a thread, which alone has the lists until it has ended."""
        from models.bringing import bring
        from models.watching import Stopped, Watch

        whole, before = sum(each.size_bytes for each in candidates), 0
        for candidate in candidates:
            size = candidate.size_bytes

            def tell(done: int, total: int, before: int = before, size: int = size) -> None:
                watch.tell(before + size * done // max(total, 1), whole)

            try:
                own = Watch(tell, watch.stop)
                self._brought.append(bring(candidate, how, self._models.library, self._models_dir, own))
            except Stopped:
                break
            except AppError as error:
                self._failed.append((candidate, error))
            before += size

    def _tell_look(self, step: Amount | Result[Proposal]) -> None:
        from models.watching import Result

        if isinstance(step, Result):
            self.looked.emit(step.value)

    def _advance(self, step: Amount | Result[None]) -> None:
        from models.watching import Amount

        if isinstance(step, Amount) and step.total:
            self.progressed.emit(step.done >> 10, step.total >> 10)

    def _end(self, outcome: Outcome) -> None:
        self._job = None
        self._models.refresh()
        tried = len(self._brought) + len(self._failed)
        stopped = outcome.cancelled and tried < len(self._asked)
        self.ended.emit(Ended(tuple(self._brought), tuple(self._failed), stopped))
        self._checked(outcome)

    def _checked(self, outcome: Outcome) -> None:
        """What is no AppError is our mistake."""
        if outcome.error is not None:
            raise outcome.error
