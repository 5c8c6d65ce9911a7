"""Brings in models that are on the machine: dropped, chosen or opened files, and other programs' models."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from desktop.background import Background
from desktop.services.models import ModelService
from desktop.system.paths import Paths
from desktop.ui.drop import DropTarget
from desktop.ui.theme import Appearance
from desktop.ui.window import Window

if TYPE_CHECKING:
    from desktop.services.discovery import DiscoveryService
    from desktop.services.importing import Ended, ImportService, Proposal
    from desktop.ui.manager.importing import ImportSheet
    from models.discovery import Discovered


class Importing(QObject):
    """From files somebody points at to models in the library. Built with the window, the rest when needed."""

    def __init__(
        self,
        window: Window,
        models: ModelService,
        background: Background,
        release: Callable[[Path], Awaitable[None]],
        paths: Paths,
        look: Appearance,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._window, self._models, self._background = window, models, background
        self._release, self._paths, self._look = release, paths, look
        self._sheet: ImportSheet | None = None
        self._asked: list[Path] = []
        self.target = DropTarget(window, look, window.chat.composer.edit.viewport())
        self.target.dropped.connect(self.offer)

    @cached_property
    def service(self) -> ImportService:
        """Looks and brings, beside the window's thread."""
        from desktop.services.importing import ImportService

        service = ImportService(self._models, self._paths.models, self._background, self._release, self)
        service.looked.connect(self._propose)
        service.ended.connect(self._tell)
        return service

    @cached_property
    def discovery(self) -> DiscoveryService:
        """Other programs' models."""
        from desktop.services.discovery import DiscoveryService

        return DiscoveryService(_discover, self._models, self._background, self)

    def offer(self, files: list[Path]) -> None:
        """Ask how files shall be used; what is asked while another question is open waits for its end."""
        if self._sheet is not None or self._asked:
            self._asked += files
            self._window.notice.say("These files are looked at when the others are done.")
            return
        self._asked = list(files)
        self.service.look(files)

    def tidy(self) -> None:
        """What needs nobody to wait for it."""
        if (self._paths.models / "imported").is_dir():
            self.service.tidy()

    def ask_for_files(self) -> None:
        """Let the user choose models' files."""
        dialog = QFileDialog(self._window, "Add models", str(Path.home()), "Models (*.gguf);;All files (*)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda names: self.offer([Path(name) for name in names]))
        dialog.open()

    def _propose(self, proposal: Proposal) -> None:
        from desktop.ui.manager.importing import ImportSheet

        self._asked = []
        sheet = ImportSheet(proposal, self._look, self._window)
        sheet.chosen.connect(self.service.bring)
        sheet.cancelled.connect(self.service.cancel)
        sheet.finished.connect(self._close)
        self.service.progressed.connect(sheet.show_progress)
        self.service.ended.connect(sheet.show_end)
        self._sheet = sheet
        sheet.open()

    def _close(self) -> None:
        self._sheet = None
        if self._asked:
            waiting, self._asked = self._asked, []
            self.offer(waiting)

    def _tell(self, ended: Ended) -> None:
        notices = [brought.notice for brought in ended.brought if brought.notice]
        names = [brought.model.name for brought in ended.brought]
        if notices:
            self._window.warn("\n".join(notices))
        if names:
            words = f"Added “{names[0]}”." if len(names) == 1 else f"Added {len(names)} models."
            words += " The others are where they were." if ended.stopped else ""
            first = ended.brought[0].model.id
            if len(names) == 1:
                self._window.notice.say(words, "Use it now", lambda: self._models.choose(first))
            else:
                self._window.notice.say(words)
        elif ended.stopped:
            self._window.notice.say("Stopped. The files are where they were.")


def _discover() -> list[Discovered]:
    """In a thread."""
    from models.discovery import discover

    return discover(Path.home(), os.environ)
