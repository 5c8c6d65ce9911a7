"""The gateways and servers that the user has set up, their keys' whereabouts, and whether they answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from desktop.background import Background, Outcome
from desktop.services.settings import SettingsService
from desktop.system.crash import redacted
from desktop.system.key import Key
from desktop.system.providers import Profile, Provider, address, free_id
from models.errors import AppError, KeyringError

if TYPE_CHECKING:
    import asyncio  # not needed before the first key is

    from desktop.system.keys import Held, Keys


class Known(StrEnum):
    """What is known of a provider's keys. LOOKING while the keyring is asked, RUN kept for this run only."""

    NOT_YET = "not yet"
    LOOKING = "looking"
    STORED = "stored"
    RUN = "run"
    ABSENT = "absent"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class KeyState:
    """`endings` are the keys as they may be shown; `why` says why they are not in the keyring or unknown.

    `asked` is true while the keyring has a question for the user.
    """

    known: Known = Known.NOT_YET
    endings: tuple[str, ...] = ()
    keyring: str = ""
    why: KeyringError | None = None
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """What is tested: an address, the kind of gateway it is said to be, and the key to go there."""

    base_url: str
    profile: str
    key: Key | None = None
    confirmed: tuple[str, ...] = ()


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


@dataclass(slots=True)
class _Removed:
    """What undoing needs. The keys are there once they were read."""

    provider_id: str
    place: int = 0
    provider: Provider | None = None
    keys: tuple[Key, ...] = field(default=(), repr=False)


class ProviderService(QObject):
    """Changes providers at once; asks keyring and servers on the background's thread, one thing at a time.

    `changed` after the list did; `key_changed(id)` after what is known of its keys did;
    `tested(id, Reply)` and `found(Reply)` answer `test` and `find`. `failed` carries an AppError.
    Nothing asks the keyring before `look`, a key or a test is wanted.
    """

    changed = Signal()
    key_changed = Signal(str)
    tested = Signal(str, object)
    found = Signal(object)
    failed = Signal(object)
    _asked = Signal()

    def __init__(
        self,
        settings: SettingsService,
        profiles: Callable[[], Mapping[str, Profile]],
        make_keys: Callable[[Callable[[], None]], Keys],
        check: Check,
        background: Background,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._settings, self._background, self._check = settings, background, check
        self._read_profiles, self._make_keys = profiles, make_keys
        self._states: dict[str, KeyState] = {}
        self._removed: dict[str, _Removed] = {}
        self._testing: set[str] = set()
        self._finding = 0
        self._asked.connect(self._on_asked)

    # -- which there are

    @cached_property
    def profiles(self) -> Mapping[str, Profile]:
        """The kinds of gateway there are, by id, in the order to offer them."""
        return self._read_profiles()

    @cached_property
    def keys(self) -> Keys:
        """The keys themselves, for use on the background's thread."""
        return self._make_keys(self._asked.emit)

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
        provider = Provider(
            free_id(name or profile.id, self.providers()), profile.id, words, urls, urls if allowed else ()
        )
        self._keep((*self.providers(), provider))
        return provider

    def change(self, provider_id: str, name: str, base_url: str, *, allowed: bool = False) -> None:
        """Call it something else or ask it elsewhere; an empty name leaves the old. Raises BadInput."""
        provider = self.provider(provider_id)
        if provider is None:
            return
        url = address(base_url)
        profile = self.profile_of(provider)
        own = provider.base_urls if url == self.address_of(provider) else (url,)
        changed = replace(
            provider,
            name=" ".join(name.split())[:80] or provider.name,
            base_urls=() if profile is not None and own == (profile.base_url,) else own,
            confirmed=own if allowed else (),
        )
        self._keep(tuple(changed if each is provider else each for each in self.providers()))

    def remove(self, provider_id: str) -> None:
        """Forget it and its keys; `restore` brings both back while Inshore runs."""
        provider = self.provider(provider_id)
        if provider is None:
            return
        removed = _Removed(provider_id, self.providers().index(provider), provider)
        self._removed[provider_id] = removed
        self._keep(tuple(each for each in self.providers() if each.id != provider_id))
        self._run(provider_id, lambda: self._take_keys(removed), self._on_forgotten)

    def restore(self, provider_id: str) -> None:
        """Undo `remove` or `remove_keys`."""
        removed = self._removed.pop(provider_id, None)
        if removed is None:
            return
        if removed.provider is not None and self.provider(provider_id) is None:
            others = self.providers()
            self._keep((*others[: removed.place], removed.provider, *others[removed.place :]))
        self._run(provider_id, lambda: self._put_back(removed), self._on_held)

    # -- keys

    def state(self, provider_id: str) -> KeyState:
        """What is known of its keys now."""
        return self._states.get(provider_id, KeyState())

    def look(self, provider_id: str) -> None:
        """Ask the keyring for its keys, unless that was done."""
        if self.state(provider_id).known is Known.NOT_YET:
            self._run(provider_id, lambda: self.keys.get(provider_id), self._on_held)

    def look_again(self) -> None:
        """Ask the keyring once more where it could not be used; keys held for this run go into it then."""
        for provider in self.providers():
            if self.state(provider.id).known in (Known.UNREADABLE, Known.RUN):
                self._retry(provider.id)

    def _retry(self, provider_id: str) -> None:
        self._run(provider_id, lambda: self.keys.retry(provider_id), self._on_held)

    def add_key(self, provider_id: str, text: str) -> None:
        """Keep what was typed or pasted as one more key of it; raises BadKey at once."""
        key = Key.parse(text)
        self._run(provider_id, lambda: self.keys.add(provider_id, key), self._on_held)

    def remove_keys(self, provider_id: str) -> None:
        """Forget its keys; `restore` brings them back while Inshore runs."""
        self._removed[provider_id] = removed = _Removed(provider_id)
        self._run(provider_id, lambda: self._take_keys(removed), self._on_forgotten)

    # -- tests

    def testing(self, provider_id: str) -> bool:
        """Whether a test of it is on its way."""
        return provider_id in self._testing

    def test(self, provider_id: str) -> None:
        """Ask it the cheapest question, with its first key; `tested` carries the answer."""
        provider = self.provider(provider_id)
        if provider is None or provider_id in self._testing:
            return
        self._testing.add(provider_id)
        url = self.address_of(provider)

        async def work() -> tuple[Held, Reply]:
            async with self._order:
                held = await self.keys.get(provider_id)
            key = held.keys[0] if held.keys else None
            return held, await self._answer(Target(url, provider.profile, key, provider.confirmed))

        def ended(outcome: Outcome) -> None:
            self._testing.discard(provider_id)
            if outcome.value is None:
                self._complain(outcome)
                return
            held, tested = outcome.value
            self._know(provider_id, held)
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

    @cached_property
    def _order(self) -> asyncio.Lock:
        import asyncio

        return asyncio.Lock()

    def _run(
        self,
        provider_id: str,
        work: Callable[[], Coroutine[Any, Any, Held]],
        then: Callable[[str, Outcome], None],
    ) -> None:
        """Ask the keyring; what was wanted first is done first."""

        async def ordered() -> Held:
            async with self._order:
                return await work()

        self._set_state(provider_id, replace(self.state(provider_id), known=Known.LOOKING, asked=False))
        self._background.run(ordered(), lambda outcome: then(provider_id, outcome))

    async def _take_keys(self, removed: _Removed) -> Held:
        removed.keys = (await self.keys.get(removed.provider_id)).keys
        return await self.keys.replace(removed.provider_id, ())

    async def _put_back(self, removed: _Removed) -> Held:
        if not removed.keys:
            return await self.keys.get(removed.provider_id)
        return await self.keys.replace(removed.provider_id, removed.keys)

    def _on_held(self, provider_id: str, outcome: Outcome) -> None:
        if outcome.value is not None:
            self._know(provider_id, outcome.value)
        else:
            self._states.pop(provider_id, None)
            self.key_changed.emit(provider_id)
            self._complain(outcome)

    def _on_forgotten(self, provider_id: str, outcome: Outcome) -> None:
        if isinstance(outcome.error, KeyringError):
            removed = self._removed.get(provider_id)
            had_keys = removed is not None and bool(removed.keys)
            self._set_state(
                provider_id, KeyState(Known.ABSENT if had_keys else Known.UNREADABLE, why=outcome.error)
            )
            return
        self._on_held(provider_id, outcome)

    def _know(self, provider_id: str, held: Held) -> None:
        from desktop.system.keys import Place

        places = {Place.KEYRING: Known.STORED, Place.RUN: Known.RUN}
        known = places.get(held.place, Known.UNREADABLE if held.why else Known.ABSENT)
        endings = tuple(key.ending for key in held.keys)
        self._set_state(provider_id, KeyState(known, endings, held.keyring, held.why))

    def _set_state(self, provider_id: str, state: KeyState) -> None:
        if state != self.state(provider_id):
            self._states[provider_id] = state
            self.key_changed.emit(provider_id)

    def _on_asked(self) -> None:
        for provider_id, state in list(self._states.items()):
            if state.known is Known.LOOKING:
                self._set_state(provider_id, replace(state, asked=True))

    def _complain(self, outcome: Outcome) -> None:
        if isinstance(outcome.error, AppError):
            self.failed.emit(outcome.error)
        elif outcome.error is not None:
            raise outcome.error

    def _keep(self, providers: tuple[Provider, ...]) -> None:
        if providers != self.providers():
            self._settings.update(providers=providers)
            self.changed.emit()
