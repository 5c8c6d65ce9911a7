"""The models that gateways offer, as the window shows them, and when they were last asked which these are."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from PySide6.QtCore import QObject, Signal

from desktop.background import Background, Outcome
from desktop.services.providers import ProviderService, Reply, Target
from desktop.system.crash import redacted
from desktop.system.model_lists import ModelLists, Offered
from desktop.system.providers import Provider
from models.catalogue import Catalogue, CatalogueModel
from models.errors import AppError
from models.facts import Modality

ListModels = Callable[[Target], Awaitable[Sequence[str]]]
"""Asks a gateway for its models, in its own names. Raises AppError."""


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """One model of one provider. What is None is not known.

    `id` is what a request names ("xidao/qwen3-235b"), `provider` the provider's name for people. `context`
    is in tokens. `listed` is whether the gateway named it when it was asked last.
    """

    id: str
    name: str
    provider_id: str
    provider: str
    context: int | None = None
    thinks: bool | None = None
    sees: bool | None = None
    listed: bool | None = None


def remote_models(
    providers: Sequence[Provider], catalogue: Catalogue, offered: Mapping[str, Offered | None]
) -> list[RemoteModel]:
    """All models of all providers, in the providers' order: the catalogue's first, then those only listed.

    `offered` is by the provider's id, with our names in it.
    """
    found: list[RemoteModel] = []
    for provider in providers:
        listed = offered.get(provider.id)
        names = listed.models if listed is not None else None
        known = _known(provider, catalogue)
        for name in dict.fromkeys((*known, *(names or ()))):
            model = known.get(name)
            model = model or catalogue.get(name.rpartition("/")[2].lower())
            found.append(_described(provider, name, model, None if names is None else name in names))
    return found


def _known(provider: Provider, catalogue: Catalogue) -> dict[str, CatalogueModel]:
    """What the catalogue has at a gateway of this kind, by our name for it there."""
    return {
        model.remote.id.removeprefix(f"{provider.profile}/"): model
        for model in catalogue.models
        if model.remote is not None and model.remote.provider == provider.profile
    }


def _described(
    provider: Provider, name: str, model: CatalogueModel | None, listed: bool | None
) -> RemoteModel:
    if model is None:
        return RemoteModel(f"{provider.id}/{name}", name, provider.id, provider.name, listed=listed)
    return RemoteModel(
        f"{provider.id}/{name}",
        model.name,
        provider.id,
        provider.name,
        model.context,
        model.thinking_switch,
        Modality.IMAGE in model.modalities if model.modalities else None,
        listed,
    )


class RemoteModelService(QObject):
    """Reads nothing before `models` is called, and asks no gateway before `refresh`, `use` or a test.

    `changed` when `models` may give another list; `failed` carries an AppError of `refresh`. GUI thread.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(
        self,
        providers: ProviderService,
        read_catalogue: Callable[[], Catalogue],
        lists: ModelLists,
        ask: ListModels,
        background: Background,
        parent: QObject | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(parent)
        self._providers, self._read, self._lists = providers, read_catalogue, lists
        self._ask, self._background, self._clock = ask, background, clock
        self._asking: set[str] = set()
        self._tried: dict[str, float] = {}
        self._models: list[RemoteModel] | None = None
        self._names: dict[str, tuple[str, ...]] = {}
        providers.changed.connect(self._forget)
        providers.tested.connect(self._on_tested)

    @cached_property
    def _catalogue(self) -> Catalogue:
        return self._read()

    def models(self) -> list[RemoteModel]:
        """Those of all providers that are set up, from what is known now."""
        if self._models is None:
            providers = self._providers.providers()
            offered = {each.id: self._offered(each) for each in providers}
            self._models = remote_models(providers, self._catalogue, offered)
        return list(self._models)

    def model(self, model_id: str) -> RemoteModel | None:
        """One of them by its id."""
        return next((each for each in self.models() if each.id == model_id), None)

    def names(self, provider_id: str) -> tuple[str, ...]:
        """What it is known to offer, in its own names, as a backend's `offered` wants it. Any thread."""
        if provider_id not in self._names:
            provider = self._providers.provider(provider_id)
            listed = self._lists.read(provider_id, _address(provider)) if provider is not None else None
            self._names[provider_id] = listed.models if listed is not None else ()
        return self._names[provider_id]

    def refresh(self, provider_id: str) -> None:
        """Ask it now for what it offers."""
        self._start(provider_id, tells=True)

    def use(self, provider_id: str) -> None:
        """It is about to be used: ask it if what is known is older than a day. A failure is not told."""
        provider = self._providers.provider(provider_id)
        if provider is None:
            return
        offered, now = self._lists.read(provider_id, _address(provider)), self._clock()
        tried = Offered(self._tried.get(provider_id, 0.0), "", ())
        if (offered is None or offered.is_old(now)) and tried.is_old(now):
            self._start(provider_id, tells=False)

    def _start(self, provider_id: str, *, tells: bool) -> None:
        provider, url = self._providers.provider(provider_id), ""
        if provider is not None:
            url = self._providers.address_of(provider)
        if provider is None or not url or provider_id in self._asking:
            return
        self._asking.add(provider_id)
        self._tried[provider_id] = self._clock()

        async def work() -> Sequence[str]:
            held = await self._providers.keys.held(provider_id)
            key = held.keys[0] if held.keys else None
            return await self._ask(Target(url, provider.profile, key, provider.confirmed, provider.name))

        def ended(outcome: Outcome) -> None:
            self._asking.discard(provider_id)
            if outcome.value is not None:
                self._keep(provider, outcome.value)
            elif isinstance(outcome.error, AppError):
                if tells:
                    self.failed.emit(outcome.error)
            elif outcome.error is not None:
                raise outcome.error

        self._background.run(work(), ended)

    def _on_tested(self, provider_id: str, reply: Reply) -> None:
        provider = self._providers.provider(provider_id)
        if provider is None or not reply.ok:
            return
        if reply.base_url == self._providers.address_of(provider):  # it may have been changed meanwhile
            self._keep(provider, reply.models)

    def _keep(self, provider: Provider, names: Sequence[str]) -> None:
        models = tuple(dict.fromkeys(redacted(name) for name in names))
        self._lists.write(provider.id, Offered(self._clock(), _address(provider), models))
        self._forget()

    def _offered(self, provider: Provider) -> Offered | None:
        listed = self._lists.read(provider.id, _address(provider))
        profile = self._providers.profile_of(provider)
        if listed is None or profile is None:
            return listed
        return replace(listed, models=tuple(profile.own_name(name) for name in listed.models))

    def _forget(self) -> None:
        self._models, self._names = None, {}
        self.changed.emit()


def _address(provider: Provider) -> str:
    """Where it is asked first, for comparison; "" is its kind's own address."""
    return provider.base_urls[0] if provider.base_urls else ""
