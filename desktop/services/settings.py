"""The user's settings while the program runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from desktop.system import settings as file
from desktop.system.options import Options
from desktop.system.settings import Settings
from models.errors import AppError


class SettingsService(QObject):
    """Holds the settings and writes each change at once.

    `changed` carries the new Settings; `failed` an AppError when they could not be written (they hold
    for this run all the same).
    """

    changed = Signal(object)
    failed = Signal(object)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self.values, self.problems = file.load(path)

    def update(self, **changes: Any) -> None:
        """Change fields by name; nothing happens where nothing differs."""
        values: Settings = replace(self.values, **changes)
        if values == self.values:
            return
        self.values = values
        try:
            file.save(self._path, values)
        except AppError as error:
            self.failed.emit(error)
        self.changed.emit(values)

    def set_context(self, model_id: str, tokens: int | None) -> None:
        """Have a model loaded with a context of so many tokens; None leaves it to the engine."""
        own = replace(self.values.models.get(model_id, Options()), context=tokens)
        self.update(models=self.values.with_model(model_id, own))

    def context_for(self, model_id: str) -> int | None:
        """The context wanted for a model, in tokens; None leaves it to the engine. Any thread."""
        return self.values.context_for(model_id)
