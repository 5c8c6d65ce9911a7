"""The hub while the program runs: one search and one look at a time, each given up for the next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, SignalInstance

from desktop.background import Background, Job, Outcome
from desktop.services.acceptances import AcceptanceService
from desktop.services.catalogue import CatalogueService
from models.errors import AppError

if TYPE_CHECKING:
    from models.hub import Endpoint, Hub, More, Results
    from models.line import Line
    from models.looking import Wanted
    from models.repo_offer import FoundModel, RepoOffer

_MOST_FOUND = 100


async def _at_once() -> None:
    pass


class HubService(QObject):
    """Asks only when told to. GUI thread.

    `found` carries a search's results as FoundModels, `found_more` those that follow, `looked` a RepoOffer;
    `search_failed`, `more_failed` (what was found stays) and `look_failed` an AppError. Nothing comes of what
    was given up. A look, which may need a token, waits until that is `ready`.
    """

    found = Signal(object)
    found_more = Signal(object)
    search_failed = Signal(object)
    more_failed = Signal(object)
    looked = Signal(object)
    look_failed = Signal(object)

    def __init__(
        self,
        background: Background,
        line: Callable[[], Line],
        endpoints: Callable[[], Sequence[Endpoint]],
        token: Callable[[str], str | None],
        catalogue: CatalogueService,
        acceptances: AcceptanceService,
        folder: Path,
        parent: QObject | None = None,
        *,
        ready: Callable[[], Awaitable[None]] = _at_once,
    ) -> None:
        super().__init__(parent)
        self._background, self._line, self._ready = background, line, ready
        self._endpoints, self._token = endpoints, token
        self._catalogue, self._acceptances, self._folder = catalogue, acceptances, folder
        self._search: Job | None = None
        self._more: More | None = None
        self._look: Job | None = None

    @property
    def endpoints(self) -> Sequence[Endpoint]:
        """Which hubs are asked, in this order."""
        return self._endpoints()

    @property
    def host(self) -> str:
        """The first of them, for reading."""
        return self._endpoints()[0].host

    @property
    def folder(self) -> Path:
        """Where models come to."""
        return self._folder

    def search(self, text: str) -> None:
        """Look for models whose name fits."""
        self.stop_search()
        self._more = None

        async def find() -> Results:
            return await self._hub().search(text, limit=_MOST_FOUND)

        self._start_search(find, self.found, self.search_failed)

    @property
    def has_more(self) -> bool:
        """Whether the hub has more than was found so far."""
        return self._more is not None

    def search_on(self) -> None:
        """Ask for what follows, if anything does."""
        if (more := self._more) is None:
            return
        self.stop_search()

        async def go_on() -> Results:
            return await self._hub().search_on(more)

        self._start_search(go_on, self.found_more, self.more_failed)

    def _start_search(
        self, ask: Callable[[], Awaitable[Results]], well: SignalInstance, badly: SignalInstance
    ) -> None:
        catalogue, machine = self._catalogue.catalogue, self._catalogue.machine

        async def find() -> tuple[list[FoundModel], More | None]:
            from models.repo_offer import found_model

            results = await ask()
            return [found_model(one, catalogue, machine) for one in results.found], results.more

        def ended(outcome: Outcome) -> None:
            if self._search is not job:  # one that was given up may have ended before it knew
                return
            if outcome.value is not None:
                found, self._more = outcome.value
                well.emit(found)
            else:
                self._tell(outcome, well, badly)

        job = self._search = self._background.run(find(), ended)

    def stop_search(self) -> None:
        """Give the running search up."""
        if self._search is not None:
            self._search.cancel()
            self._search = None

    def look(self, wanted: Wanted) -> None:
        """Ask what can be brought of a model."""
        self.stop_look()

        def ended(outcome: Outcome) -> None:
            if self._look is job:
                self._tell(outcome, self.looked, self.look_failed)

        job = self._look = self._background.run(self._look_at(wanted), ended)

    def stop_look(self) -> None:
        """Give the running look up."""
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _look_at(self, wanted: Wanted) -> Coroutine[Any, Any, RepoOffer]:
        from models.looking import Place, look

        place = Place(self._catalogue.machine, self._folder, self._acceptances.all())
        catalogue = self._catalogue.catalogue

        async def look_at() -> RepoOffer:
            await self._ready()
            return await look(wanted, self._line().get(), self._hub(), catalogue, place)

        return look_at()

    def _hub(self) -> Hub:
        from models.hub import Hub

        return Hub(self._line().get(), self._endpoints(), self._token)

    def _tell(self, outcome: Outcome, well: SignalInstance, badly: SignalInstance) -> None:
        if outcome.cancelled:
            return
        if isinstance(outcome.error, AppError):
            badly.emit(outcome.error)
        elif outcome.error is not None:
            raise outcome.error
        else:
            well.emit(outcome.value)
