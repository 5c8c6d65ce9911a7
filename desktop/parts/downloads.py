"""Bringing models here: the hub, the downloads, and what licences ask, built when first needed."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from desktop.background import Background, Outcome
from desktop.services.models import ModelService
from desktop.system.paths import Paths, resources
from desktop.ui.window import Window

if TYPE_CHECKING:
    from desktop.services.bringing import Bringing
    from desktop.services.catalogue import CatalogueService
    from desktop.services.downloads import Download
    from desktop.storage.acceptances import AcceptanceStore
    from models.download import Guardian
    from models.download_values import Tuning
    from models.hub import Endpoint
    from models.line import Line
    from models.outbound import Outbound


class Downloads(QObject):
    """Builds and connects them. GUI thread.

    `token` gives the token for a host; one that was typed in this run counts more, for the first endpoint
    only, and is told by `token_entered` so that somebody may keep it.
    """

    token_entered = Signal(str)

    def __init__(
        self,
        window: Window,
        models: ModelService,
        catalogue: Callable[[], CatalogueService],
        background: Background,
        acceptances: Callable[[], AcceptanceStore],
        paths: Paths,
        parent: QObject,
        *,
        token: Callable[[str], str | None] = lambda _host: None,
        endpoints: Callable[[], Sequence[Endpoint]] | None = None,
        outbound: Callable[[], Outbound] | None = None,
        tuning: Tuning | None = None,
    ) -> None:
        super().__init__(parent)
        self._window, self._models, self._catalogue = window, models, catalogue
        self._background, self._acceptances, self._paths = background, acceptances, paths
        self._token, self._typed = token, ""
        self._endpoints_given, self._outbound, self._tuning = endpoints, outbound, tuning
        self._stored_token: Callable[[], Coroutine[Any, Any, str | None] | None] = lambda: None
        self._offered = False

    def use(
        self,
        outbound: Callable[[], Outbound],
        stored_token: Callable[[], Coroutine[Any, Any, str | None] | None],
    ) -> None:
        """Go out this way, with the token that is kept; before anything went out another one."""
        self._outbound, self._stored_token = outbound, stored_token

    @cached_property
    def line(self) -> Line:
        """The one way out. It is closed with the background loop."""
        from models.line import Line
        from models.outbound import Outbound

        line = Line(self._outbound or Outbound)
        self._background.run(line.hold(), _ended)
        return line

    @cached_property
    def bringing(self) -> Bringing:
        """The services, connected."""
        from desktop.services.acceptances import AcceptanceService
        from desktop.services.bringing import Bringing
        from desktop.services.downloads import DownloadService
        from desktop.services.hub import HubService
        from models.library import Library
        from models.unfinished import Unfinished

        if (work := self._stored_token()) is not None:
            self._background.run(work, self._take_stored)
        folder = self._paths.models
        acceptances = AcceptanceService(self._acceptances, self)
        hub = HubService(
            self._background, lambda: self.line, self._endpoints, self.token_for, self._catalogue(),
            acceptances, folder, self,
        )  # fmt: skip
        downloads = DownloadService(
            self._background,
            self._guardian,
            Library(folder, resources() / "starter"),
            Unfinished(folder),
            self,
        )
        downloads.finished.connect(self._tell_finished)
        for service in (acceptances, downloads):
            service.failed.connect(lambda error: self._window.warn(error.one_line()))
        return Bringing(hub, downloads, acceptances)

    def offer_unfinished(self, *, tell: bool = True) -> None:
        """List what earlier runs left, once; costs nothing where there is nothing."""
        from models.unfinished import Unfinished

        if self._offered or not Unfinished(self._paths.models).any():
            return
        self._offered = True
        self.bringing.downloads.restore()
        if tell:
            self._window.notice.say("A download isn’t finished. It waits under Models.")

    def _take_stored(self, outcome: Outcome) -> None:
        """A keyring that can't be asked is told where the hub wants the token."""
        self._typed = self._typed or outcome.value or ""

    def take_token(self, token: str) -> None:
        """Use a token that was typed, and tell those who may keep it."""
        self._typed = token
        self.token_entered.emit(token)

    def token_for(self, host: str) -> str | None:
        """Any thread."""
        if self._typed and host == self._endpoints()[0].host:
            return self._typed
        return self._token(host)

    def _endpoints(self) -> Sequence[Endpoint]:
        if self._endpoints_given is not None:
            return self._endpoints_given()
        from models.hub import Endpoint

        return (Endpoint(),)

    def _guardian(self) -> Guardian:
        from models.download import Guardian

        return Guardian(self.line.get(), tuning=self._tuning, token=self.token_for)

    def _tell_finished(self, download: Download, model_id: str) -> None:
        self._models.reread()
        self._window.notice.say(
            f"“{download.name}” is here and intact.", "Use it", lambda: self._models.choose(model_id)
        )


def _ended(outcome: Outcome) -> None:
    if outcome.error is not None:
        raise outcome.error
