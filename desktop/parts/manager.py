"""The Models room: the page, the services behind it, and the dialogs it needs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from desktop.background import Background, Outcome
from desktop.services.models import ModelService
from desktop.services.settings import SettingsService
from desktop.system.paths import Paths, resources
from desktop.ui.dialogs import confirm_link
from desktop.ui.theme import Appearance
from desktop.ui.window import Window

if TYPE_CHECKING:
    from desktop.services.catalogue import CatalogueService
    from desktop.ui.manager.page import ModelsPage
    from models.local.backend import LocalBackend


class Manager(QObject):
    """All about models. Nothing is built, read or measured before it is first needed. GUI thread only."""

    def __init__(
        self,
        window: Window,
        models: ModelService,
        settings: SettingsService,
        background: Background,
        local: Callable[[], LocalBackend],
        paths: Paths,
        look: Appearance,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._window, self._models, self._settings = window, models, settings
        self._background, self._local, self._paths, self._look = background, local, paths, look

    @cached_property
    def catalogue(self) -> CatalogueService:
        """Which models there are."""
        from desktop.services.catalogue import CatalogueService
        from models.catalogue import load
        from models.machine import this_machine

        return CatalogueService(
            lambda: load(resources() / "catalogue", self._paths.own_catalogue),
            lambda: this_machine(None, ()),
            self._models,
            self,
        )

    def make_page(self) -> ModelsPage:
        """The page, connected; the machine is measured for it meanwhile."""
        from desktop.ui.manager.page import ModelsPage

        page = ModelsPage(self._models, self._settings, self.catalogue, self._look)
        page.add_requested.connect(self.ask_for_file)
        page.remove_requested.connect(self._remove)
        page.link_activated.connect(self._open_link)
        page.shown.connect(self._look_around)
        self._background.run(self._local().gauge(), self._judge)
        return page

    def ask_for_file(self) -> None:
        """Let the user choose a model's file, which is added where it lies."""
        dialog = QFileDialog(self._window, "Add a model", str(Path.home()), "Models (*.gguf);;All files (*)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self._models.add(Path(name)))
        dialog.open()

    def _judge(self, outcome: Outcome) -> None:
        """Where the engine can't be started, the models are judged for an ordinary machine."""
        from models.machine import this_machine

        if outcome.value is not None:
            self.catalogue.judge_for(this_machine(outcome.value.bandwidth, outcome.value.devices))

    def _look_around(self) -> None:
        """Look at the machine again: it may have been unplugged since. The window does not wait for it."""
        from models.surroundings import look_around_aside

        self._background.run(look_around_aside(self._paths.models), self._describe)

    def _describe(self, outcome: Outcome) -> None:
        if outcome.value is not None:
            self.catalogue.describe(outcome.value)

    def _remove(self, model_id: str, name: str) -> None:
        model = self._models.named(model_id)
        if model is not None and self._models.remove(model_id):
            self._window.notice.say(
                f"Removed “{name}” from the list; its file stays.", "Undo", lambda: self._add_back(model.path)
            )

    def _add_back(self, path: Path) -> None:
        self._models.add(path)

    def _open_link(self, address: str) -> None:
        if confirm_link(self._window, address):
            QDesktopServices.openUrl(QUrl(address))
