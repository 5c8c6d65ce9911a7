"""The gateways' part of the window: providers, keys, and their card in Settings."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from desktop.background import Background, Outcome
from desktop.parts.gateway_check import ask_gateway
from desktop.services.keys import KeyService, Known
from desktop.services.providers import Check, ProviderService
from desktop.services.settings import SettingsService
from desktop.system.key import HUB
from desktop.system.paths import resources
from desktop.ui.dialogs import confirm_link
from desktop.ui.window import Window
from models.errors import ModelNotFound

if TYPE_CHECKING:
    from pathlib import Path

    from desktop.services.remote_models import RemoteModelService
    from desktop.system.keys import Keys
    from desktop.system.providers import Profile
    from desktop.ui.settings.gateways import GatewaysCard
    from models.catalogue import Catalogue
    from models.gateway.providers import Connection
    from models.gateway.providers import Profile as GatewayProfile
    from models.outbound import Sent


def system_keys(asked: Callable[[], None]) -> Keys:
    """Keys in the system's keyring. Nothing of it is touched before the first is asked for."""
    from desktop.system.keys import Keys
    from desktop.system.secrets import SystemKeyring

    return Keys(SystemKeyring(asked=asked))


def known_profiles() -> Mapping[str, Profile]:
    """The kinds of gateway that Inshore knows, by id."""
    from models.gateway.providers import read_profiles

    return read_profiles(resources() / "providers.toml")


async def _load() -> None:
    import asyncio

    from models.gateway.wire import load

    await asyncio.to_thread(load)


def _told(outcome: Outcome) -> None:
    if outcome.error is not None:
        raise outcome.error


class Gateway(QObject):
    """All about gateways. Reads and asks nothing before it is first needed. GUI thread, where not said.

    `providers` are those that are set up, `keys` what is known of their keys. `record` is told of all that
    is sent to test them and to ask for their models, on the background's thread.
    """

    def __init__(
        self,
        window: Window,
        settings: SettingsService,
        background: Background,
        parent: QObject,
        *,
        check: Check | None = None,
        record: Callable[[Sent], None] | None = None,
        profiles: Callable[[], Mapping[str, Profile]] = known_profiles,
        make_keys: Callable[[Callable[[], None]], Keys] = system_keys,
    ) -> None:
        super().__init__(parent)
        self._window, self._settings, self._background = window, settings, background
        self._record = record
        self.card: GatewaysCard | None = None
        self._warm = False
        self.keys = KeyService(make_keys, background, self)
        ask = check or partial(ask_gateway, record=record)
        self.providers = ProviderService(settings, profiles, self.keys, ask, background, self)
        self.keys.changed.connect(self._on_key)
        for service in (self.keys, self.providers):
            service.failed.connect(lambda error: window.warn(error.one_line()))

    def connection(self, provider_id: str) -> Connection:
        """A provider as a backend wants it; raises ModelNotFound or BadInput. Any thread."""
        from models.gateway.providers import connect

        provider = self.providers.provider(provider_id)
        profile = self.providers.profile_of(provider) if provider is not None else None
        if provider is None or profile is None:
            raise ModelNotFound("Its gateway is not set up here.", "Add it in Settings, under Gateways.")
        known = cast("GatewayProfile", profile)
        return connect(known, connection_id=provider.id, name=provider.name, base_urls=provider.base_urls)

    def image_limits(self, provider_id: str) -> tuple[int, int]:
        """The longest side in pixels and the bytes that a picture for it may have. Raises as `connection`."""
        profile = self.connection(provider_id).profile
        return profile.image_side, profile.image_bytes

    def confirmed(self) -> tuple[str, ...]:
        """The addresses that the user allowed to be reached without encryption, as Outbound wants them."""
        return tuple(url for provider in self.providers.providers() for url in provider.confirmed)

    async def keys_of(self, provider_id: str) -> tuple[str, ...]:
        """A provider's keys in the order to try them, for one request. On the background's thread.

        Raises KeyringError where one is needed and the keyring can't say whether it has one.
        """
        held = await self.keys.held(provider_id)
        if held.why is not None and not held.keys and self.connection(provider_id).profile.needs_key:
            raise held.why
        return tuple(key.reveal() for key in held.keys)

    def keep_hub_token(self, token: str) -> None:
        """Keep the token of the hub that models come from; raises BadKey for what can't be one."""
        self.keys.add(HUB, token)
        self._settings.update(hub_token=True)

    def hub_token(self) -> Coroutine[Any, Any, str | None] | None:
        """Asks the keyring for it, on the background's thread; None where none is kept."""
        return self._held_hub_token() if self._settings.values.hub_token else None

    async def _held_hub_token(self) -> str | None:
        held = await self.keys.held(HUB)
        return next((key.reveal() for key in held.keys), None)

    def make_models(self, read_catalogue: Callable[[], Catalogue], lists: Path) -> RemoteModelService:
        """What all providers offer; what they said is kept in the folder `lists`."""
        from desktop.parts.gateway_check import list_gateway
        from desktop.services.remote_models import RemoteModelService
        from desktop.system.model_lists import ModelLists

        ask = partial(list_gateway, record=self._record)
        service = RemoteModelService(
            self.providers, read_catalogue, ModelLists(lists), ask, self._background, self
        )
        service.failed.connect(lambda error: self._window.warn(error.one_line()))
        return service

    def warm_up(self) -> None:
        """Import in the background what the first message to a gateway would have to wait for."""
        if self._warm:
            return
        self._warm = True
        self._background.run(_load(), _told)

    def make_card(self) -> GatewaysCard:
        """The card for the settings page, connected."""
        from desktop.ui.settings.gateways import GatewaysCard

        card = GatewaysCard(self.providers)
        card.removed.connect(self._on_removed)
        card.keys_removed.connect(self._on_keys_removed)
        card.link_activated.connect(self._open_link)
        self.card = card
        return card

    def _on_key(self, provider_id: str) -> None:
        if provider_id != HUB and self.keys.state(provider_id).known in (Known.STORED, Known.RUN):
            self.warm_up()

    def _on_removed(self, provider_id: str, name: str) -> None:
        words = f"Removed “{name}” and its key."
        self._window.notice.say(words, "Undo", lambda: self.providers.restore(provider_id))

    def _on_keys_removed(self, provider_id: str, name: str) -> None:
        words = f"Removed the key of “{name}”."
        self._window.notice.say(words, "Undo", lambda: self.keys.restore(provider_id))

    def _open_link(self, address: str) -> None:
        if confirm_link(self._window, address):
            QDesktopServices.openUrl(QUrl(address))
