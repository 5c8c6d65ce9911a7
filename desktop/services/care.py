"""Looks after installed models’ files: when they answered, whether they changed, whether they are whole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from desktop.background import Background, Job, Outcome
from desktop.services.models import ModelService
from models.errors import AppError
from models.library import LocalModel
from models.noted import Noted

if TYPE_CHECKING:
    from models.verification import Checked
    from models.watching import Amount, Result

_SETTLE_MS = 400  # a program that replaces a file does several things to its folder
_MOST_FOLDERS = 64


@dataclass(frozen=True, slots=True)
class Check:
    """A verification: `running` with its permille, or over with words. `good` None if nobody can say."""

    running: bool
    permille: int = 0
    words: str = ""
    good: bool | None = None


class CareService(QObject):
    """For the models of a ModelService. `checked(id)` when something about a verification changed."""

    checked = Signal(str)

    def __init__(
        self, models: ModelService, background: Background, noted: Noted, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._models, self._background, self._noted = models, background, noted
        self._checks: dict[str, Check] = {}
        self._jobs: dict[str, Job] = {}
        self._watcher: QFileSystemWatcher | None = None
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(models.look_again)

    # -- what is known

    def used_at(self, model: LocalModel) -> float | None:
        """When it answered last, in unix seconds."""
        note = self._noted.of(model.id)
        return note.used_at if note else None

    def has_changed(self, model: LocalModel) -> bool:
        """Whether its file is another than when it answered last."""
        return model.problem is None and self._noted.has_changed(model.id, model.path)

    def answered(self, model_id: str | None) -> None:
        """It has answered now."""
        model = self._models.named(model_id)
        if model is not None:
            self._noted.answered(model.id, model.path)

    # -- changes behind our back

    def watch(self) -> None:
        """From now on notice what happens in the models' folders, while the window is open."""
        if self._watcher is None:
            self._watcher = QFileSystemWatcher(self)
            self._watcher.directoryChanged.connect(self._something_happened)
            self._models.changed.connect(self._watch_folders)
            self._watch_folders()
        self._something_happened()  # perhaps, before; not at once: a page wants to open

    def unwatch(self) -> None:
        """Notice nothing more: the window closes."""
        self._settle.stop()
        if self._watcher is not None:
            self._watcher.deleteLater()
            self._watcher = None
            self._models.changed.disconnect(self._watch_folders)

    def _something_happened(self) -> None:
        if not self._settle.isActive():
            self._settle.start()

    def _watch_folders(self) -> None:
        if self._watcher is None:
            return
        folders = {model.path.parent for model in self._models.models()}
        # A folder that is renamed is told of by the one above it; that of others may be a busy one.
        folders |= {model.path.parent.parent for model in self._models.models() if model.origin is not None}
        wanted = {str(_existing(folder)) for folder in folders}
        watched = set(self._watcher.directories())
        if gone := watched - wanted:
            self._watcher.removePaths(list(gone))
        if new := sorted(wanted - watched)[: _MOST_FOLDERS - len(watched & wanted)]:
            self._watcher.addPaths(new)

    # -- verifying

    def check(self, model_id: str) -> Check | None:
        """The verification that runs, or the last one's result."""
        return self._checks.get(model_id)

    def verify(self, model_id: str) -> None:
        """Hash all of a model's files again."""
        model = self._models.named(model_id)
        if model is None or model_id in self._jobs:
            return
        from models.verification import verify
        from models.watching import watched

        self._tell(model_id, Check(running=True))
        self._jobs[model_id] = self._background.start(
            watched(lambda watch: verify(model, watch=watch)),
            partial(self._advance, model),
            partial(self._end, model_id),
        )

    def cancel(self, model_id: str) -> None:
        """Stop a verification; its last result, if any, is forgotten."""
        if (job := self._jobs.get(model_id)) is not None:
            job.cancel()

    def forget(self, model_id: str) -> None:
        """Take a result off the row."""
        if model_id not in self._jobs and self._checks.pop(model_id, None) is not None:
            self.checked.emit(model_id)

    def _advance(self, model: LocalModel, step: Amount | Result[list[Checked]]) -> None:
        from models.verification import verdict
        from models.watching import Result

        if isinstance(step, Result):
            states = [one.intact for one in step.value]
            good = False if False in states else None if None in states else True
            self._tell(model.id, Check(running=False, words=verdict(model, step.value), good=good))
        elif step.total:
            permille = min(1000, step.done * 1000 // step.total)
            self._tell(model.id, Check(running=True, permille=permille))

    def _end(self, model_id: str, outcome: Outcome) -> None:
        self._jobs.pop(model_id, None)
        if isinstance(outcome.error, AppError):
            self._tell(model_id, Check(running=False, words=outcome.error.one_line(), good=False))
        elif outcome.cancelled:
            self.forget(model_id)
        elif outcome.error is not None:
            self.forget(model_id)
            raise outcome.error

    def _tell(self, model_id: str, check: Check) -> None:
        self._checks[model_id] = check
        self.checked.emit(model_id)


def _existing(folder: Path) -> Path:
    """The folder, or what there is of its path: so that its coming back is noticed, too."""
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return folder
