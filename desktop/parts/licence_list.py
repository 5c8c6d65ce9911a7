"""The list of licences in the settings: which models, which licences, accepted when; shown, and saved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop.parts.manager import Manager
from desktop.parts.saved import tell_saved
from desktop.services.models import ModelService
from desktop.ui.window import Window
from models.errors import AppError

if TYPE_CHECKING:
    from desktop.storage.acceptance_export import LicenceRow, Listing
    from desktop.ui.settings.licences import LicencesCard


class LicenceList(QObject):
    """GUI thread."""

    def __init__(
        self,
        window: Window,
        models: ModelService,
        manager: Manager,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._window, self._models, self._manager = window, models, manager

    def make_card(self) -> LicencesCard:
        """The card, connected; it is up to date each time it is shown."""
        from desktop.ui.settings.licences import LicencesCard

        card = LicencesCard()
        card.shown.connect(lambda: card.show_accepted([row for row in self._rows() if row.text_hash]))
        card.export_requested.connect(self.save)
        return card

    def save(self, path: str, form: Listing) -> None:
        """Write the list to a file, and say so."""
        from desktop.storage.acceptance_export import text_of
        from desktop.storage.export import write

        try:
            write(Path(path), text_of(self._rows(), form), failed="The list of licences was not saved.")
        except AppError as error:
            self._window.warn(error.one_line())
            return
        tell_saved(self._window.notice, path, done="Saved")

    def _rows(self) -> list[LicenceRow]:
        from desktop.storage.licence_list import licence_rows

        acceptances = self._manager.downloads.acceptances.all()
        return licence_rows(self._models.models(), self._manager.catalogue.catalogue, acceptances)
