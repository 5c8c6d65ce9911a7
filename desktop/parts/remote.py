"""The way off this machine: the gateways' backend, who can answer there, and the record of what left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.parts.gateway import Gateway
from desktop.services.answering import Answerer
from desktop.services.outbound_record import OutboundRecord
from desktop.services.settings import SettingsService

if TYPE_CHECKING:
    from models.catalogue import Catalogue
    from models.gateway.attempts import Attempt
    from models.gateway.backend import GatewayBackend
    from models.outbound import Outbound


class Remote(QObject):
    """Builds what is needed when it is first needed. GUI thread only, where not said.

    `attempted(Attempt)` after each attempt at an answer.
    """

    attempted = Signal(object)

    def __init__(
        self,
        gateway: Gateway,
        settings: SettingsService,
        record: OutboundRecord,
        catalogue: Callable[[], Catalogue],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._gateway, self._settings, self._record = gateway, settings, record
        self._catalogue = catalogue
        self._backend: GatewayBackend | None = None
        self._confirmed: frozenset[str] = frozenset()

    def backend(self) -> GatewayBackend:
        """The one that answers through the gateways as they are set up now."""
        from models.gateway.backend import GatewayBackend

        confirmed = self._addresses()
        if self._backend is None or confirmed != self._confirmed:
            self._confirmed = confirmed
            self._backend = GatewayBackend(
                self._gateway.connection,
                self._gateway.keys_of,
                self.outbound(),
                attempted=self._tell,
                owns_outbound=True,
            )
            self._made.append(self._backend)
        return self._backend

    def outbound(self) -> Outbound:
        """A new way to the network, whose every use is written down."""
        from models.outbound import Outbound

        return Outbound(record=self._record.record, confirmed=self._addresses())

    def answerers(self) -> Sequence[Answerer]:
        """The models of the gateways that are set up, as far as they are known without asking."""
        return [
            Answerer(
                id=f"{provider.id}/{model.remote.id.partition('/')[2]}",
                name=model.name,
                place=f"via {provider.name}",
                provider=provider.id,
                host=self._host(provider.id),
                policy=profile.data_policy,
            )
            for provider in self._gateway.providers.providers()
            if (profile := self._gateway.providers.profile_of(provider)) is not None
            for model in self._catalogue().models
            if model.remote is not None and model.remote.id.startswith(f"{profile.id}/")
        ]

    async def aclose(self) -> None:
        """Close the connections. On the background's thread."""
        for backend in self._made:
            await backend.aclose()

    @cached_property
    def _made(self) -> list[GatewayBackend]:
        return []

    def _tell(self, attempt: Attempt) -> None:
        self.attempted.emit(attempt)

    def _addresses(self) -> frozenset[str]:
        return frozenset(url for provider in self._settings.values.providers for url in provider.confirmed)

    def _host(self, provider_id: str) -> str:
        from urllib.parse import urlsplit

        provider = self._gateway.providers.provider(provider_id)
        return urlsplit(self._gateway.providers.address_of(provider)).hostname or "" if provider else ""
