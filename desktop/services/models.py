"""The installed models while the program runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.background import Background, Outcome
from models.errors import AppError
from models.library import Library, LocalModel
from models.library_file import Origin
from models.shapes import Shape

if TYPE_CHECKING:
    from models.local.measures import Speed


_AT_ONCE, _PORTION = 3, 16  # files


class ModelService(QObject):
    """The library with signals. `changed` after any change; `failed` carries an AppError.

    With a `background` only a few files that aren't known are read at once: the others are in the list by
    their names, until they were read there.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(
        self,
        library: Library,
        parent: QObject | None = None,
        *,
        speed: Callable[[Path, int], Speed | None] = lambda _path, _size: None,
        speeds: Callable[[Sequence[Path]], Mapping[Path, float]] = lambda _paths: {},
        background: Background | None = None,
    ) -> None:
        super().__init__(parent)
        self._library, self._background = library, background
        self._reading = False
        self._speed, self._speeds = speed, speeds
        self._models: list[LocalModel] | None = None
        self._seen: list[object] = []

    @property
    def library(self) -> Library:
        """The list itself, for what works on it beside the window's thread; `refresh` afterwards."""
        return self._library

    def models(self) -> list[LocalModel]:
        """All installed models, the chosen one first; damaged and missing ones carry their problem."""
        if self._models is None:
            self._models = self._library.models(None if self._background is None else _AT_ONCE)
            self._seen = [_seen(model) for model in self._models]
            self._read_others()
        return self._models

    @property
    def problem(self) -> AppError | None:
        """Why the list of added models could not be read, if it could not."""
        self.models()
        return self._library.problem

    def usable(self) -> list[LocalModel]:
        """Those that have no problem."""
        return [model for model in self.models() if model.problem is None]

    def named(self, model_id: str | None) -> LocalModel | None:
        """The model with this id, or None. One that was not read yet is read now."""
        return self._read_now(next((model for model in self.models() if model.id == model_id), None))

    def _read_now(self, found: LocalModel | None) -> LocalModel | None:
        if found is None or found.read:
            return found
        try:
            return self._library.get(found.id)
        except AppError:
            return None  # it went from the list a moment ago

    def facts_of(self, model_id: str) -> dict[str, object]:
        """What tells a local model from others, for a receipt; nothing for one that isn't here."""
        model = self._read_now(next((one for one in self.usable() if one.id == model_id), None))
        if model is None or model.problem is not None:
            return {}
        facts = {"name": model.name, "quantisation": model.quantisation, "bytes": model.size_bytes}
        hashes = [sha for sha in model.origin.sha256 if sha] if model.origin is not None else []
        return {name: value for name, value in {**facts, "sha256": hashes}.items() if value}

    def find(self, model_id: str) -> Path:
        """The file of a model; raises ModelNotFound."""
        return self._library.find(model_id)

    def speed(self, model: LocalModel) -> Speed | None:
        """How fast it decodes on this machine, as far as is known."""
        return self._speed(model.path, model.size_bytes)

    def measured(self) -> list[tuple[Shape, float]]:
        """What models take whose speed was measured, and that speed in tokens a second."""
        usable = self.usable()
        speeds = self._speeds([model.path for model in usable])
        found = ((model.shape, speeds.get(model.path)) for model in usable)
        return [(shape, tps) for shape, tps in found if shape is not None and tps]

    def choose(self, model_id: str) -> None:
        """Make it the model that answers from now on."""
        self._try(lambda: self._library.set_default(model_id))

    def add(self, path: Path, *, origin: Origin | None = None, known_as: str = "") -> bool:
        """Add a file where it lies; whether that went well."""
        return self._try(lambda: self._library.add(path, origin=origin, known_as=known_as))

    def refresh(self) -> None:
        """Read the list anew, which somebody else has changed."""
        self._models = None
        self.changed.emit()

    def look_again(self) -> None:
        """Notice files that went, came back or changed; `changed` only if one did. One `stat` a file."""
        if self._models is None:
            return
        before, self._models = self._seen, None
        self.models()
        if self._seen != before:
            self.changed.emit()

    def reread(self) -> None:
        """See what others have changed in the library."""
        self._models = None
        self.changed.emit()

    def remove(self, model_id: str) -> bool:
        """Forget a model, its file stays; whether that went well."""
        return self._try(lambda: self._library.remove(model_id))

    def _read_others(self) -> None:
        models = self._models or ()
        if self._background is None or self._reading or all(model.read for model in models):
            return
        self._reading = True

        def ended(outcome: Outcome) -> None:
            self._reading = False
            if outcome.error is not None:
                raise outcome.error
            if not outcome.cancelled:
                self.reread()

        self._background.run(_read_all(self._library), ended)

    def _try(self, change: Callable[[], object]) -> bool:
        try:
            change()
        except AppError as error:
            self.failed.emit(error)
            return False
        self._models = None
        self.changed.emit()
        return True


async def _read_all(library: Library) -> None:
    """In portions, so that the window can close meanwhile."""
    import asyncio

    left, before = await asyncio.to_thread(_read_some, library), -1
    while left and left != before:
        left, before = await asyncio.to_thread(_read_some, library), left


def _read_some(library: Library) -> int:
    """How many are left to be read."""
    return sum(not model.read for model in library.models(_PORTION))


def _seen(model: LocalModel) -> object:
    """What differs when a model's entry or its file has changed."""
    try:
        modified = model.path.stat().st_mtime_ns
    except (OSError, ValueError):
        modified = 0
    problem = model.problem.one_line() if model.problem else ""
    return model.id, model.path, model.size_bytes, modified, problem
