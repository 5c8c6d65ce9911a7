"""The installed models while the program runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from models.errors import AppError
from models.library import Library, LocalModel

if TYPE_CHECKING:
    from models.local.measures import Speed


class ModelService(QObject):
    """The library with signals. `changed` after any change; `failed` carries an AppError."""

    changed = Signal()
    failed = Signal(object)

    def __init__(
        self,
        library: Library,
        parent: QObject | None = None,
        *,
        speed: Callable[[Path, int], Speed | None] = lambda _path, _size: None,
    ) -> None:
        super().__init__(parent)
        self._library = library
        self._speed = speed
        self._models: list[LocalModel] | None = None

    def models(self) -> list[LocalModel]:
        """All installed models, the chosen one first; damaged and missing ones carry their problem."""
        if self._models is None:
            self._models = self._library.models()
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
        """The model with this id, or None."""
        return next((model for model in self.models() if model.id == model_id), None)

    def find(self, model_id: str) -> Path:
        """The file of a model; raises ModelNotFound."""
        return self._library.find(model_id)

    def speed(self, model: LocalModel) -> Speed | None:
        """How fast it decodes on this machine, as far as is known."""
        return self._speed(model.path, model.size_bytes)

    def choose(self, model_id: str) -> None:
        """Make it the model that answers from now on."""
        self._try(lambda: self._library.set_default(model_id))

    def add(self, path: Path) -> bool:
        """Add a file where it lies; whether that went well."""
        return self._try(lambda: self._library.add(path))

    def reread(self) -> None:
        """See what others have changed in the library."""
        self._models = None
        self.changed.emit()

    def remove(self, model_id: str) -> bool:
        """Forget a model, its file stays; whether that went well."""
        return self._try(lambda: self._library.remove(model_id))

    def _try(self, change: Callable[[], object]) -> bool:
        try:
            change()
        except AppError as error:
            self.failed.emit(error)
            return False
        self._models = None
        self.changed.emit()
        return True
