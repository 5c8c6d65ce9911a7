"""Bringing models here: the hub, the downloads, and what licences ask, built when first needed."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from desktop.background import Background, Outcome
from desktop.services.models import ModelService
from desktop.system.paths import Paths
from desktop.ui.window import Window
from models.errors import AppError

if TYPE_CHECKING:
    import asyncio  # the first page of models is soon enough

    from desktop.services.acceptances import AcceptanceService
    from desktop.services.bringing import Bringing
    from desktop.services.catalogue import CatalogueService
    from desktop.services.downloads import Download
    from desktop.storage.acceptances import AcceptanceStore
    from models.download import Guardian
    from models.download_values import Tuning
    from models.hub import Endpoint
    from models.line import Line
    from models.outbound import Outbound


_Stored = Callable[[], tuple[str, Coroutine[Any, Any, str | None]] | None]


class Downloads(QObject):
    """Builds and connects them. GUI thread.

    `token` gives the token for a host; one that was typed in this run counts more, for the host that it
    was typed for and no other, and is told by `token_entered(host, token)` so that somebody may keep it.
    """

    token_entered = Signal(str, str)

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
        self._token = token
        self._own: tuple[str, str] | None = None  # a host, and the token that was typed or kept for it
        self._endpoints_given, self._outbound, self._tuning = endpoints, outbound, tuning
        self._stored_token: _Stored = lambda: None
        self._fetched: asyncio.Event | None = None
        self._offered = False

    def use(
        self,
        outbound: Callable[[], Outbound],
        stored_token: _Stored,
    ) -> None:
        """Go out this way, with the token that is kept; before anything went out another one.

        `stored_token` gives the host that it is for, and what fetches it in the background; or None.
        """
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
    def acceptances(self) -> AcceptanceService:
        """Which licences were accepted."""
        from desktop.services.acceptances import AcceptanceService

        acceptances = AcceptanceService(self._acceptances, self)
        acceptances.failed.connect(lambda error: self._window.warn(error.one_line()))
        return acceptances

    @cached_property
    def bringing(self) -> Bringing:
        """The services, connected."""
        from desktop.services.bringing import Bringing
        from desktop.services.downloads import DownloadService
        from desktop.services.hub import HubService
        from models.unfinished import Unfinished

        self.fetch_token()
        folder = self._paths.models
        hub = HubService(
            self._background, lambda: self.line, self._endpoints, self.token_for, self._catalogue(),
            self.acceptances, folder, self, ready=self._token_there,
        )  # fmt: skip
        downloads = DownloadService(
            self._background,
            self._guardian,
            self._models.library,
            Unfinished(folder),
            self,
        )
        downloads.finished.connect(self._tell_finished)
        downloads.failed.connect(lambda error: self._window.warn(error.one_line()))
        return Bringing(hub, downloads, self.acceptances)

    def offer_unfinished(self, *, tell: bool = True) -> None:
        """List what earlier runs left, once; costs nothing where there is nothing."""
        from models.unfinished import Unfinished

        if self._offered:
            return
        self._offered = True  # what begins from now on is listed already
        if not Unfinished(self._paths.models).any():
            return
        self.bringing.downloads.restore()
        if tell:
            self._window.notice.say("A download isn’t finished. It waits under Models.")

    def fetch_token(self) -> None:
        """Forget the token, and use the one that is kept by now, if one is."""
        self._own = None
        if (stored := self._stored_token()) is not None:
            import asyncio

            self._fetched = asyncio.Event()
            self._background.run(self._fetch(*stored, self._fetched), _ended)

    async def _fetch(self, host: str, work: Coroutine[Any, Any, str | None], fetched: asyncio.Event) -> None:
        """A keyring that can't be asked is told where the hub wants the token."""
        try:
            with suppress(AppError):
                if (token := await work) and self._own is None:
                    self._own = host, token
        finally:
            fetched.set()

    async def _token_there(self) -> None:
        """Once the keyring has said which token there is. On the background loop."""
        if self._fetched is not None:
            await self._fetched.wait()

    def take_token(self, token: str) -> None:
        """Use a token that was typed for the first hub, and tell those who may keep it."""
        self._own = host, _ = self._endpoints()[0].host, token
        self.token_entered.emit(host, token)

    def token_for(self, host: str) -> str | None:
        """Any thread."""
        if (own := self._own) is not None and own[0] == host:
            return own[1]
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
