"""The gateways and servers that the user has set up, and whether they answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.background import Background, Outcome
from desktop.services import trials
from desktop.services.keys import KeyService, Known
from desktop.services.settings import SettingsService
from desktop.system.crash import redacted
from desktop.system.key import Key
from desktop.system.providers import Profile, Provider, address, addresses, free_id, unencrypted
from models.errors import AppError

if TYPE_CHECKING:
    from desktop.system.keys import Held


@dataclass(frozen=True, slots=True)
class Target:
    """What is tested: an address, the kind of gateway it is said to be, and the key to go there.

    `name` is what the user calls it, "" before it has a name.
    """

    base_url: str
    profile: str
    key: Key | None = None
    confirmed: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an address answered, in words. `server` is the kind it shows itself to be, "" if it doesn't.

    `profile` is the profile that fits this kind, "" where it isn't known.
    """

    ok: bool
    words: str
    hint: str = ""
    models: tuple[str, ...] = ()
    server: str = ""
    latency_s: float | None = None
    profile: str = ""
    base_url: str = ""


Check = Callable[[Target], Awaitable[Reply]]


class ProviderService(QObject):
    """Changes providers at once; asks servers on the background's thread. `keys` has their keys by their ids.

    `changed` after the list did; `tested(id, Reply)` and `found(Reply)` answer `test` and `find`.
    `failed` carries an AppError.
    """

    changed = Signal()
    tested = Signal(str, object)
    found = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        settings: SettingsService,
        profiles: Callable[[], Mapping[str, Profile]],
        keys: KeyService,
        check: Check,
        background: Background,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._settings, self._background, self._check = settings, background, check
        self._read_profiles, self.keys = profiles, keys
        self._removed: dict[str, tuple[int, Provider]] = {}
        self._testing: set[str] = set()
        self._finding = 0

    # -- which there are

    @cached_property
    def profiles(self) -> Mapping[str, Profile]:
        """The kinds of gateway there are, by id, in the order to offer them."""
        return self._read_profiles()

    def providers(self) -> tuple[Provider, ...]:
        """Those that are set up, in the user's order."""
        return self._settings.values.providers

    def provider(self, provider_id: str) -> Provider | None:
        """One of them; None where it has gone."""
        return next((each for each in self.providers() if each.id == provider_id), None)

    def profile_of(self, provider: Provider) -> Profile | None:
        """Its kind; None for one that this Inshore does not know."""
        return self.profiles.get(provider.profile)

    def address_of(self, provider: Provider) -> str:
        """Where it is asked first; "" while that isn't known."""
        profile = self.profile_of(provider)
        return provider.base_urls[0] if provider.base_urls else profile.base_url if profile else ""

    def add(self, profile_id: str, base_url: str = "", *, name: str = "", allowed: bool = False) -> Provider:
        """Set up one more. `allowed` lets an unencrypted address be used. Raises BadInput for an address."""
        profile = self.profiles[profile_id]
        urls = () if base_url in ("", profile.base_url) else (address(base_url),)
        taken = {each.name for each in self.providers()}
        number, words = 1, name or profile.name
        while words in taken:
            number += 1
            words = f"{name or profile.name} {number}"
        # No id is used again while its old owner may come back, or its old key may still be in the keyring.
        others = (*self.providers(), *(gone for _place, gone in self._removed.values()))
        own_id = free_id(name or profile.id, others)
        provider = Provider(own_id, profile.id, words, urls, urls if allowed else ())
        self._keep((*self.providers(), provider))
        return provider

    def change(self, provider_id: str, name: str, base_urls: str, *, allowed: bool = False) -> None:
        """Call it something else or ask it elsewhere; an empty name leaves the old. Raises BadInput.

        Of several addresses, with spaces between them, the next is asked where one fails.
        """
        provider = self.provider(provider_id)
        if provider is None:
            return
        own, profile = addresses(base_urls), self.profile_of(provider)
        changed = replace(
            provider,
            name=" ".join(name.split())[:80] or provider.name,
            base_urls=() if profile is not None and own == (profile.base_url,) else own,
            confirmed=tuple(filter(unencrypted, own)) if allowed else (),
        )
        self._keep(tuple(changed if each is provider else each for each in self.providers()))

    def remove(self, provider_id: str) -> None:
        """Forget it and its keys; `restore` brings both back while Inshore runs."""
        provider = self.provider(provider_id)
        if provider is None:
            return
        self._removed[provider_id] = (self.providers().index(provider), provider)
        self._keep(tuple(each for each in self.providers() if each.id != provider_id))
        self.keys.remove(provider_id)

    def restore(self, provider_id: str) -> None:
        """Undo `remove`."""
        place, provider = self._removed.pop(provider_id, (0, None))
        if provider is not None and self.provider(provider_id) is None:
            others = self.providers()
            self._keep((*others[:place], provider, *others[place:]))
            self.keys.restore(provider_id)

    # -- tests

    def testing(self, provider_id: str) -> bool:
        """Whether a test of it is on its way."""
        return provider_id in self._testing

    def test(self, provider_id: str) -> None:
        """Ask the cheapest question with each key and at each address; `tested` carries what came of it."""
        provider = self.provider(provider_id)
        if provider is None or provider_id in self._testing:
            return
        self._testing.add(provider_id)
        url = self.address_of(provider)

        async def work() -> tuple[Held, Reply]:
            held = await self.keys.held(provider_id)
            target = Target(url, provider.profile, None, provider.confirmed, provider.name)
            asked = trials.each(target, provider.base_urls or (url,), held.keys)
            return held, trials.summed(asked, [await self._answer(one) for one in asked])

        def ended(outcome: Outcome) -> None:
            self._testing.discard(provider_id)
            if outcome.value is None:
                self._complain(outcome)
                return
            held, tested = outcome.value
            if self.keys.state(provider_id).known in (Known.NOT_YET, Known.UNREADABLE):
                self.keys.learn(provider_id, held)  # else what is known is newer than the test's beginning
            self.tested.emit(provider_id, tested)

        self._background.run(work(), ended)

    def find(self, base_url: str, key: str = "", *, profile: str = "", allowed: bool = False) -> None:
        """Ask an address what is there; `found` carries the answer to the last question only.

        Raises BadInput or BadKey at once.
        """
        url = address(base_url)
        target = Target(url, profile, Key.parse(key) if key.strip() else None, (url,) if allowed else ())
        self._finding += 1
        number = self._finding

        def ended(outcome: Outcome) -> None:
            if number == self._finding and outcome.value is not None:
                self.found.emit(outcome.value)
            self._complain(outcome)

        self._background.run(self._answer(target), ended)

    async def _answer(self, target: Target) -> Reply:
        try:
            tested = await self._check(target)
        except AppError as error:
            tested = Reply(False, f"{error.title} {error.cause}", error.hint)
        # What a server says may hold the key that it was sent.
        return replace(
            tested,
            words=redacted(tested.words),
            hint=redacted(tested.hint),
            models=tuple(redacted(model) for model in tested.models),
            server=redacted(tested.server),
            base_url=target.base_url,
        )

    # -- inside

    def _complain(self, outcome: Outcome) -> None:
        if isinstance(outcome.error, AppError):
            self.failed.emit(outcome.error)
        elif outcome.error is not None:
            raise outcome.error

    def _keep(self, providers: tuple[Provider, ...]) -> None:
        if providers != self.providers():
            self._settings.update(providers=providers, allowed=self._still_allowed(providers))
            self.changed.emit()

    def _still_allowed(self, providers: tuple[Provider, ...]) -> tuple[str, ...]:
        """Agreeing to one address is not agreeing to another that goes by the same id later."""
        before = {each.id: each.base_urls for each in self.providers()}
        same = {each.id for each in providers if before.get(each.id) == each.base_urls}
        return tuple(each for each in self._settings.values.allowed if each in same)
