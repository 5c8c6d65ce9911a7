"""What is done with models' files: shown in their folder, taken off the list, moved to the trash."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import QFile, QObject, Qt
from PySide6.QtWidgets import QMessageBox

from desktop.background import Background, Outcome
from desktop.parts.reveal import reveal
from desktop.services.models import ModelService
from desktop.ui.manager.units import size_words
from desktop.ui.window import Window
from models.errors import AppError, StorageFailed
from models.library import LocalModel
from models.plain import shown
from models.removal import delete_files, own_files, remove_empty

Trash = Callable[[Path], bool]


def to_trash(path: Path) -> bool:
    """Whether the system's trash has it now; a link goes there itself."""
    return QFile(str(path)).moveToTrash()  # the static one answers with two values or with one


class Care(QObject):
    """The deeds of a model's menu. GUI thread only. `release` has the engine let go of its file."""

    def __init__(
        self,
        window: Window,
        models: ModelService,
        background: Background,
        release: Callable[[Path], Awaitable[None]],
        models_dir: Path,
        parent: QObject,
        *,
        trash: Trash = to_trash,
    ) -> None:
        super().__init__(parent)
        self._window, self._models, self._background = window, models, background
        self._release, self._models_dir, self._trash = release, models_dir, trash

    def show_file(self, model_id: str) -> None:
        """Show a model's file in its folder."""
        if (model := self._models.named(model_id)) is not None:
            reveal(model.path)

    def remove(self, model_id: str, name: str) -> None:
        """Take a model off the list; its file stays, and so does the way back."""
        model = self._models.named(model_id)
        if model is not None and self._models.remove(model_id):
            self._window.notice.say(
                f"Removed “{name}” from the list; its file stays.", "Undo", lambda: self._add_back(model)
            )

    def throw_away(self, model_id: str) -> None:
        """Move the files that Inshore brought to the trash, once the engine has let go of them."""
        model = self._models.named(model_id)
        if model is None:
            return
        try:
            files = own_files(model, self._models_dir)
        except AppError as error:
            self._models.failed.emit(error)
            return
        self._when_free(model.path, lambda: self._throw(model, files))

    def _throw(self, model: LocalModel, files: list[Path]) -> None:
        left = [path for path in files if not self._trash(path)]
        if not left:
            remove_empty(model, self._models_dir)
            self._models.remove(model.id)
            self._window.notice.say(f"Moved “{model.name}” to the trash.")
        elif not all(path.exists() or path.is_symlink() for path in left):
            self._models.look_again()
        else:
            self._ask_to_delete(model, left)

    def _ask_to_delete(self, model: LocalModel, left: list[Path]) -> None:
        count = "its file" if len(left) == 1 else f"its {len(left)} files"
        box = QMessageBox(
            QMessageBox.Icon.Question, "Inshore", f"Delete “{model.name}” for good?", parent=self._window
        )
        box.setObjectName("delete-for-good")
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setInformativeText(
            f"The trash did not take {count} ({size_words(model.size_bytes)}) "
            f"in “{shown(model.path.parent)}”. Deleted for good, the model has to be brought here again."
        )
        delete = box.addButton("Delete for good", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        delete.clicked.connect(lambda: self._delete(model))
        box.open()

    def _delete(self, model: LocalModel) -> None:
        try:
            delete_files(model, self._models_dir)
        except AppError as error:
            self._models.failed.emit(error)
            self._models.look_again()
            return
        self._models.remove(model.id)
        self._window.notice.say(f"Deleted “{model.name}”.")

    def _when_free(self, path: Path, then: Callable[[], None]) -> None:
        """A file that the engine holds can't be moved on Windows, and gives no space back elsewhere."""

        async def free() -> None:
            await self._release(path)

        work: Coroutine[Any, Any, None] = free()
        self._background.run(work, lambda outcome: self._go_on(outcome, then))

    def _go_on(self, outcome: Outcome, then: Callable[[], None]) -> None:
        if outcome.cancelled:
            return
        if outcome.error is not None and not isinstance(outcome.error, AppError):
            raise outcome.error
        try:
            then()
        except OSError as error:
            raised = StorageFailed(f"{error.strerror}.", title="The model can’t be moved to the trash.")
            self._models.failed.emit(raised)

    def _add_back(self, model: LocalModel) -> None:
        self._models.add(model.path, origin=model.origin)
