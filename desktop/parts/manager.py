"""The Models room: the page, the services behind it, and the dialogs it needs."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, QUrl
from PySide6.QtGui import QDesktopServices

from desktop.background import Background, Outcome
from desktop.parts.downloads import Downloads
from desktop.parts.importing import Importing
from desktop.services.models import ModelService
from desktop.services.settings import SettingsService
from desktop.system.paths import Paths, resources
from desktop.ui.dialogs import confirm_link
from desktop.ui.theme import Appearance
from desktop.ui.window import Window

if TYPE_CHECKING:
    from desktop.parts.care import Care
    from desktop.services.care import CareService
    from desktop.services.catalogue import CatalogueService
    from desktop.storage.acceptances import AcceptanceStore
    from desktop.ui.manager.page import ModelsPage
    from models.catalogue import Catalogue
    from models.hub import Endpoint
    from models.local.backend import LocalBackend

_READ_AHEAD_MS, _OFFER_MS = 1_500, 4_000  # after the window is there


class Manager(QObject):
    """All about models. Nothing is built or measured before it is first needed. GUI thread only.

    What the page would have to wait for most, the catalogue, is read beside the window soon after it opened.
    """

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
        acceptances: Callable[[], AcceptanceStore],
    ) -> None:
        super().__init__(parent)
        self._window, self._models, self._settings = window, models, settings
        self._background, self._local, self._paths, self._look = background, local, paths, look
        self.downloads = Downloads(
            window,
            models,
            lambda: self.catalogue,
            background,
            acceptances,
            paths,
            self,
            endpoints=self._endpoints,
        )
        self._read: Catalogue | None = None
        QTimer.singleShot(_READ_AHEAD_MS, self, self.read_ahead)
        QTimer.singleShot(_OFFER_MS, self, self.downloads.offer_unfinished)
        self.importing = Importing(window, models, background, self._release, paths, look, self)

    def _endpoints(self) -> list[Endpoint]:
        from models.hub import Endpoint

        return [Endpoint(url) for url in self._settings.values.hub_endpoints]

    @cached_property
    def care(self) -> CareService:
        """What is known of the models' files, and looking after them."""
        from desktop.services.care import CareService
        from models.noted import Noted

        noted = Noted(self._paths.model_notes, time.time)
        return CareService(self._models, self._background, noted, self)

    @cached_property
    def _deeds(self) -> Care:
        from desktop.parts.care import Care

        models_dir = self._paths.models
        return Care(self._window, self._models, self._background, self._release, models_dir, self)

    @cached_property
    def catalogue(self) -> CatalogueService:
        """Which models there are."""
        from desktop.services.catalogue import CatalogueService
        from models.catalogue import load
        from models.machine import this_machine

        return CatalogueService(
            lambda: self._read or load(resources() / "catalogue", self._paths.own_catalogue),
            lambda: this_machine(None, ()),
            self._models,
            self,
        )

    def read_ahead(self) -> None:
        """Read the catalogue in another thread, with the code that goes through it, unless it was read."""
        if "catalogue" not in self.__dict__:
            self._background.run(_read_aside(self._paths.own_catalogue), self._take_read)

    def _take_read(self, outcome: Outcome) -> None:
        """What failed fails again where the catalogue is wanted, and is told there."""
        self._read = outcome.value
        import desktop.ui.manager.found
        import desktop.ui.manager.page  # noqa: F401 - so that a click need not wait for it

    def make_page(self) -> ModelsPage:
        """The page, connected; the machine is measured for it meanwhile."""
        from desktop.ui.manager.page import ModelsPage

        self.downloads.offer_unfinished(tell=False)
        page = ModelsPage(
            self._models,
            self._settings,
            self.catalogue,
            self._look,
            bringing=self.downloads.bringing,
            care=self.care,
        )
        page.token_entered.connect(self.downloads.take_token)
        page.add_requested.connect(self.importing.ask_for_files)
        page.remove_requested.connect(lambda model_id, name: self._deeds.remove(model_id, name))
        self._look_after(page)
        page.link_activated.connect(self._open_link)
        page.shown.connect(self._look_around)
        self._background.run(self._local().gauge(), self._judge)
        return page

    def _look_after(self, page: ModelsPage) -> None:
        """Other programs' models, and what happens to the files while the page is there."""
        from desktop.ui.manager.found import FoundCard

        installed = page.installed
        installed.reveal_requested.connect(lambda model_id: self._deeds.show_file(model_id))
        installed.trash_requested.connect(lambda model_id: self._deeds.throw_away(model_id))
        found = FoundCard(self.importing.discovery, self.catalogue, self._look, installed)
        found.used.connect(self.importing.discovery.use)
        installed.put_above(found)
        self.importing.discovery.search()
        self.care.watch()

    async def _release(self, path: Path) -> None:
        await self._local().release(path)

    def close(self) -> None:
        """The window closes: look after nothing any more."""
        if "care" in self.__dict__:
            self.care.unwatch()

    def note_answer(self, model_id: str | None, text: str) -> None:
        """Remember when a model answered last; one that failed before its first word did not."""
        if text:
            self.care.answered(model_id)

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

    def _open_link(self, address: str) -> None:
        if confirm_link(self._window, address):
            QDesktopServices.openUrl(QUrl(address))


async def _read_aside(own: Path) -> Catalogue:
    import asyncio

    return await asyncio.to_thread(_read, own)


def _read(own: Path) -> Catalogue:
    import models.comparing
    import models.selection
    import models.unfinished  # noqa: F401 - the page needs them, and they take as long as the catalogue
    from models.catalogue import load
    from models.machine import this_machine

    this_machine(None, ())
    return load(resources() / "catalogue", own)
