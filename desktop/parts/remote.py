"""The way off this machine: the gateways' backend, who can answer there, and the record of what left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.parts.gateway import Gateway
from desktop.services.answering import Answerer
from desktop.services.settings import SettingsService
from desktop.services.turns import ATTEMPTED, REPEATING
from desktop.system.paths import Paths
from models.errors import AppError

if TYPE_CHECKING:
    from desktop.services.remote_models import RemoteModel, RemoteModelService
    from desktop.storage.conditions import Condition
    from models.candidates import Candidate
    from models.catalogue import Catalogue
    from models.chat import ChatRequest
    from models.facts import CatalogueModel
    from models.gateway.attempts import Attempt
    from models.gateway.backend import GatewayBackend, Remembered
    from models.outbound import Outbound, Sent
    from models.pricing import Price
    from models.terms import Terms
    from models.thinking import ThinkingSupport
    from models.ways_on import Priced


class Remote(QObject):
    """Builds what is needed when it is first needed. GUI thread only, where not said.

    `changed` when other models may answer than before.
    """

    changed = Signal()

    def __init__(
        self,
        gateway: Gateway,
        settings: SettingsService,
        record: Callable[[Sent], None],
        catalogue: Callable[[], Catalogue],
        paths: Paths,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._gateway, self._settings, self._record = gateway, settings, record
        self._catalogue, self._paths = catalogue, paths
        self.condition: Callable[[str, str], Condition | None] = lambda _provider, _model: None
        self._backend: GatewayBackend | None = None
        self._answerers: Sequence[Answerer] | None = None
        self._confirmed: frozenset[str] = frozenset()
        self._not_understood: Remembered = {}

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
                repeating=_repeating,
                offered=self._offered,
                remembered=self._not_understood,
                owns_outbound=True,
            )
            self._made.append(self._backend)
        return self._backend

    def outbound(self) -> Outbound:
        """A new way to the network, whose every use is written down."""
        from models.outbound import Outbound

        return Outbound(record=self._record, confirmed=self._addresses())

    @cached_property
    def models(self) -> RemoteModelService:
        """What the gateways offer, as far as it is known; nothing is asked for that."""
        service = self._gateway.make_models(self._catalogue, self._paths.model_lists)
        service.changed.connect(self._forget)
        return service

    def answerers(self) -> Sequence[Answerer]:
        """The models of the gateways that are set up, as far as they are known without asking.

        They are asked for at each key press, so they are kept until there are others.
        """
        if self._answerers is None:
            own = self._own_prices()
            self._answerers = [self._answerer(model, own) for model in self.models.models()]
        return self._answerers

    def _forget(self) -> None:
        self._answerers = None
        self.changed.emit()

    def candidates(self) -> Sequence[Candidate]:
        """The same models as the router compares them."""
        from models.candidates import Candidate, scores_of
        from models.pricing import price_of

        catalogue, own = self._catalogue(), self._own_prices()
        found = []
        for model in self.models.models():
            entry = self._entry(model.id)
            condition = self.condition(model.provider_id, model.id)
            found.append(
                Candidate(
                    "gateway",
                    model.id,
                    model.name,
                    door=model.provider_id,
                    door_name=model.provider,
                    context=model.context,
                    vision=bool(model.sees),
                    thinks=model.thinks,
                    scores=scores_of(entry, catalogue),
                    price=price_of(model.id, own, entry),
                    tps=condition.tps if condition else None,
                    ttft_s=condition.ttft_s if condition else None,
                    success=condition.success if condition else None,
                )
            )
        return found

    def prepare(self, model_id: str) -> None:
        """A message to this model is being typed: get ready, and ask at most once a day what there is."""
        self._gateway.warm_up()
        provider_id = model_id.partition("/")[0]
        if provider_id in self._settings.values.allowed:
            self.models.use(provider_id)

    def thinking(self, model_id: str) -> ThinkingSupport | None:
        """Whether its thinking can be switched, as far as is known without asking; None where it is gone."""
        from models.gateway.dialects import switch_at

        try:
            return switch_at(self._gateway.connection(model_id.partition("/")[0]))
        except AppError:
            return None

    def content(self, model_id: str, request: ChatRequest) -> tuple[str, bytes]:
        """The host that a request would go to, and what exactly it would say. Raises AppError."""
        from models.gateway.preview import content_of

        provider_id = model_id.partition("/")[0]
        connection = self._gateway.connection(provider_id)
        return content_of(connection, request, self.models.names(provider_id))

    def price(self, model_id: str) -> Price | None:
        """What it costs: the user's own price, else the catalogue's; None is unknown."""
        from models.pricing import price_of

        return price_of(model_id, self._own_prices(), self._entry(model_id))

    def priced(self) -> Sequence[Priced]:
        """The models of which the price is known, as far as they are known without asking."""
        from models.pricing import price_of
        from models.ways_on import Priced

        own = self._own_prices()
        found = []
        for model in self.models.models():
            if (price := price_of(model.id, own, self._entry(model.id))) is not None:
                found.append(Priced(model.id, model.name, price, model.context))
        return found

    def terms(self, model_id: str) -> Terms:
        """Under which licence a model at a gateway is."""
        from models.terms import terms_at_gateway

        provider = self._gateway.providers.provider(model_id.partition("/")[0])
        return terms_at_gateway(model_id, provider.profile if provider else "", self._catalogue())

    def _entry(self, model_id: str) -> CatalogueModel | None:
        """The catalogue's, where it has the model at a gateway of this kind."""
        provider_id, _slash, name = model_id.partition("/")
        provider = self._gateway.providers.provider(provider_id)
        return self._catalogue().by_remote(f"{provider.profile}/{name}") if provider is not None else None

    def _own_prices(self) -> Mapping[str, Price]:
        from desktop.system import prices

        return prices.read(self._paths.own_prices).prices

    def _answerer(self, model: RemoteModel, own: Mapping[str, Price]) -> Answerer:
        from models.offer import price_words
        from models.pricing import price_of

        providers = self._gateway.providers
        provider = providers.provider(model.provider_id)
        price = price_of(model.id, own, self._entry(model.id))
        profile = providers.profile_of(provider) if provider is not None else None
        notes = (
            "not in its list now" if model.listed is False else "",
            "sees pictures" if model.sees else "",
            price_words(price) if price else "",  # last: the picker says the unit once for all
        )
        return Answerer(
            model.id,
            model.name,
            f"via {model.provider}",
            model.provider_id,
            " · ".join(filter(None, notes)),
            self._host(model.provider_id),
            profile.data_policy if profile is not None else "",
            model.sees,
        )

    async def aclose(self) -> None:
        """Close the connections. On the background's thread."""
        for backend in self._made:
            await backend.aclose()

    @cached_property
    def _made(self) -> list[GatewayBackend]:
        return []

    def _offered(self, provider_id: str) -> Sequence[str]:
        """The names there, for hints; on the background's thread, from what is known already."""
        known: RemoteModelService | None = self.__dict__.get("models")
        if known is None:
            return ()
        return known.names(provider_id)

    def _tell(self, attempt: Attempt) -> None:
        """On the background's thread, in the task of the answer that this is an attempt at."""
        if (told := ATTEMPTED.get(None)) is not None:
            told(attempt)

    def _addresses(self) -> frozenset[str]:
        return frozenset(url for provider in self._settings.values.providers for url in provider.confirmed)

    def _host(self, provider_id: str) -> str:
        """All hosts that a message to it may go to."""
        from urllib.parse import urlsplit

        provider = self._gateway.providers.provider(provider_id)
        if provider is None:
            return ""
        addresses = provider.base_urls or (self._gateway.providers.address_of(provider),)
        return ", ".join(dict.fromkeys(filter(None, (urlsplit(each).hostname for each in addresses))))


async def _repeating(number: int) -> None:
    """On the background's thread, in the task of the answer that is asked for once more."""
    if (ready := REPEATING.get(None)) is not None:
        await ready(number)
