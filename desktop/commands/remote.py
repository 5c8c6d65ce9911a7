"""The gateways that a command may ask: those of the settings, with their keys from the keyring.

What the environment names stands in for the default one, in this run only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from desktop.system import crash
from desktop.system.paths import resources
from desktop.system.providers import DEFAULT, Provider
from models.chat import Backend
from models.errors import KeyMissing, KeyringError, ModelNotFound
from models.plain import plain

if TYPE_CHECKING:
    from desktop.system.model_lists import ModelLists
    from desktop.system.secrets import SystemKeyring
    from models.catalogue import Catalogue
    from models.facts import CatalogueModel
    from models.gateway.attempts import Attempt
    from models.gateway.providers import Connection, Profile
    from models.outbound import Sent

URL, KEY = "INSHORE_GATEWAY_URL", "INSHORE_GATEWAY_KEY"


@dataclass(frozen=True, slots=True)
class StandIn:
    """An address and a key for the default provider, each "" where its own holds."""

    url: str = ""
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Gateways:
    """The providers that may be asked. `keyring` makes a new one when first a key is wanted.

    With another address than its own, a provider gets no key but the one that came with the address.
    """

    providers: tuple[Provider, ...]
    keyring: Callable[[], SystemKeyring] = field(repr=False)
    stand_in: StandIn = field(default_factory=StandIn)
    lists: ModelLists | None = None

    def models(self) -> Sequence[str]:
        """Ids that are known of, the catalogue's first; a gateway may offer more."""
        from models.catalogue import load

        catalogue = load(resources() / "catalogue")
        remotes = [model.remote for model in catalogue.models if model.remote]
        ids: list[str] = []
        for provider in self._all():
            own = (each for each in remotes if each.provider == provider.profile)
            ids += [f"{provider.id}/{each.id.removeprefix(provider.profile + '/')}" for each in own]
            ids += [f"{provider.id}/{name}" for name in self._own_names(provider)]
        return tuple(dict.fromkeys(ids))

    def offer(self, wanted: str | None) -> Sequence[str]:
        """The ids to choose from; a wanted one may be there without being known of. Raises ModelNotFound."""
        known, providers = self.models(), self._all()
        if known or not providers:
            return known
        if wanted is None:
            raise ModelNotFound(
                f"Which models {providers[0].name} offers is not known yet.",
                f"Name one of them: --model {providers[0].id}/NAME",
            )
        return (wanted,)

    def kind_of(self, model_id: str) -> str:
        """The kind of the gateway that a model is at; "" where it isn't connected."""
        wanted = model_id.partition("/")[0]
        return next((one.profile for one in self._all() if one.id == wanted), "")

    def entry(self, model_id: str, catalogue: Catalogue) -> CatalogueModel | None:
        """The catalogue's, where it has the model at a gateway of this kind."""
        return catalogue.by_remote(f"{self.kind_of(model_id)}/{model_id.partition('/')[2]}")

    def ids(self) -> Sequence[str]:
        """All gateways that are set up."""
        return tuple(one.id for one in self._all())

    def name_of(self, provider_id: str) -> str:
        """What people call a gateway."""
        return next((one.name for one in self._all() if one.id == provider_id), provider_id)

    def agreed(self, allowed: Sequence[str]) -> Sequence[str]:
        """Those that may be asked without a question: the `allowed`, and what the environment names."""
        stands_in = bool(self.stand_in.url or self.stand_in.key)
        return tuple(one for one in self.ids() if one in allowed or (stands_in and one == DEFAULT[0].id))

    def key_problem(self, provider_id: str) -> str:
        """Why its key can't be had, in words; "" where it needs none or there is one. May ask the user."""
        import asyncio

        from models.gateway.providers import read_profiles

        profiles = read_profiles(resources() / "providers.toml")
        try:
            asyncio.run(self._keys_of(self._find(provider_id), profiles))
        except (KeyMissing, KeyringError) as error:
            return error.cause
        return ""

    def backend(
        self,
        record: Callable[[Sent], None] | None = None,
        attempted: Callable[[Attempt], None] = lambda _attempt: None,
        repeating: Callable[[int], Awaitable[None]] | None = None,
    ) -> Backend:
        """A new one, which closes its connections itself.

        `record` is told of all that is sent, `attempted` of each attempt once, however it ended, `repeating`
        is waited for before each after the first.
        """
        from models.gateway.backend import GatewayBackend
        from models.gateway.providers import read_profiles
        from models.outbound import Outbound

        profiles = read_profiles(resources() / "providers.toml")
        confirmed = [address for provider in self._all() for address in provider.confirmed]
        offered = {each.id: tuple(self._listed(each)) for each in self._all()}
        return GatewayBackend(
            lambda provider_id: _connection(self._find(provider_id), profiles),
            lambda provider_id: self._keys_of(self._find(provider_id), profiles),
            Outbound(record=record, confirmed=confirmed),
            attempted=attempted,
            repeating=repeating,
            offered=lambda provider_id: offered.get(provider_id, ()),
            owns_outbound=True,
        )

    async def _keys_of(self, provider: Provider, profiles: Mapping[str, Profile]) -> Sequence[str]:
        """Raises KeyMissing, or KeyringError where it can't be known whether there is one."""
        from desktop.system.keys import Keys

        default = provider.id == DEFAULT[0].id
        if default and self.stand_in.key:
            return (self.stand_in.key,)
        if default and self.stand_in.url:
            return _needed((), provider, profiles, f"Set {KEY} beside {URL}.")
        held = await Keys(self.keyring()).get(provider.id)
        needs_key = provider.profile in profiles and profiles[provider.profile].needs_key
        if held.why is not None and needs_key:
            raise _with_a_way_around(held.why) if default else held.why
        keys = tuple(key.reveal() for key in held.keys)
        return _needed(keys, provider, profiles, f"Store one with “key set {provider.id}”.")

    def _all(self) -> tuple[Provider, ...]:
        stand_in, default = self.stand_in, DEFAULT[0]
        if not stand_in.url and not stand_in.key:
            return self.providers
        own = next((each for each in self.providers if each.id == default.id), default)
        urls = (stand_in.url,) if stand_in.url else own.base_urls
        others = tuple(each for each in self.providers if each.id != default.id)
        return (replace(own, base_urls=urls), *others)

    def _find(self, provider_id: str) -> Provider:
        known = self._all()
        for provider in known:
            if provider.id == provider_id:
                return provider
        raise ModelNotFound(
            f"No gateway called “{plain(provider_id)}” is connected.",
            f"Write one of these before the model’s name: {', '.join(f'{each.id}/' for each in known)}",
        )

    def _own_names(self, provider: Provider) -> Sequence[str]:
        from models.gateway.providers import read_profiles

        names = self._listed(provider)
        profile = read_profiles(resources() / "providers.toml").get(provider.profile) if names else None
        return [profile.own_name(name) for name in names] if profile is not None else names

    def _listed(self, provider: Provider) -> Sequence[str]:
        """What the gateway said that it offers, in its own names."""
        address = provider.base_urls[0] if provider.base_urls else ""
        offered = self.lists.read(provider.id, address) if self.lists is not None else None
        return offered.models if offered is not None else ()


def stand_in_of(environment: Mapping[str, str]) -> StandIn:
    """What the environment names. From now on crash reports leave its key out."""
    stand_in = StandIn(environment.get(URL, "").strip(), environment.get(KEY, "").strip())
    crash.hide(stand_in.key)
    return stand_in


def _connection(provider: Provider, profiles: Mapping[str, Profile]) -> Connection:
    from models.gateway.providers import connect

    profile = profiles.get(provider.profile)
    if profile is None:
        raise ModelNotFound(
            f"This Inshore does not know the kind of gateway that “{provider.name}” is.",
            "Update Inshore, or set it up again in Settings.",
        )
    return connect(profile, connection_id=provider.id, name=provider.name, base_urls=provider.base_urls)


def _with_a_way_around(why: KeyringError) -> KeyringError:
    hint = f"{why.hint} For one run, {KEY} can hold the key.".strip()
    return type(why)(why.cause, hint, title=why.title, details=why.details)


def _needed(
    keys: Sequence[str], provider: Provider, profiles: Mapping[str, Profile], hint: str
) -> Sequence[str]:
    profile = profiles.get(provider.profile)
    if not keys and profile is not None and profile.needs_key:
        raise KeyMissing(f"{provider.name} answers only with a key, and there is none.", hint)
    return keys
