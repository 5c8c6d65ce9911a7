"""The gateways' part of the window: providers, keys, and their card in Settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from desktop.background import Background
from desktop.services.providers import Check, ProviderService
from desktop.services.settings import SettingsService
from desktop.ui.dialogs import confirm_link
from desktop.ui.window import Window

if TYPE_CHECKING:
    from desktop.system.keys import Keys
    from desktop.system.providers import Profile
    from desktop.ui.settings.gateways import GatewaysCard


def system_keys(asked: Callable[[], None]) -> Keys:
    """Keys in the system's keyring. Nothing of it is touched before the first is asked for."""
    from desktop.system.keys import Keys
    from desktop.system.secrets import SystemKeyring

    return Keys(SystemKeyring(asked=asked))


class Gateway(QObject):
    """All about gateways. Reads and asks nothing before it is first needed. GUI thread only."""

    def __init__(
        self,
        window: Window,
        settings: SettingsService,
        background: Background,
        profiles: Callable[[], Mapping[str, Profile]],
        check: Check,
        parent: QObject,
        make_keys: Callable[[Callable[[], None]], Keys] = system_keys,
    ) -> None:
        super().__init__(parent)
        self._window, self._settings, self._background = window, settings, background
        self._profiles, self._check, self._make_keys = profiles, check, make_keys

    @cached_property
    def providers(self) -> ProviderService:
        """Which gateways are set up, and their keys; `providers.keys` are those keys for a backend."""
        service = ProviderService(
            self._settings, self._profiles, self._make_keys, self._check, self._background, self
        )
        service.failed.connect(lambda error: self._window.warn(error.one_line()))
        return service

    def make_card(self) -> GatewaysCard:
        """The card for the settings page, connected."""
        from desktop.ui.settings.gateways import GatewaysCard

        card = GatewaysCard(self.providers)
        card.removed.connect(lambda own_id, name: self._offer_undo(f"Removed “{name}” and its key.", own_id))
        card.keys_removed.connect(
            lambda own_id, name: self._offer_undo(f"Removed the key of “{name}”.", own_id)
        )
        card.link_activated.connect(self._open_link)
        return card

    def _offer_undo(self, words: str, provider_id: str) -> None:
        self._window.notice.say(words, "Undo", lambda: self.providers.restore(provider_id))

    def _open_link(self, address: str) -> None:
        if confirm_link(self._window, address):
            QDesktopServices.openUrl(QUrl(address))
