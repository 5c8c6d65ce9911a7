"""The catalogue as rows to choose from: each model with how it does here and what it costs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from models.catalogue import Catalogue
from models.expected import best_fit
from models.facts import Bound, CatalogueModel, Modality, StatedPrice, Strength
from models.fit import Fit, Machine, Verdict
from models.licences import Label, Passport
from models.pricing import Price

_SIGNS = {"CNY": "¥", "USD": "$", "EUR": "€"}
_RUNNING = (Verdict.WELL, Verdict.SLOWLY, Verdict.LESS_CONTEXT)


class Installed(Protocol):
    """What is asked of an installed model: how its file introduces itself."""

    @property
    def architecture(self) -> str: ...
    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Offer:
    """One model of the catalogue, judged for one machine.

    `quantisation` is the one to take here; it and `fit` are None where the model's size isn't known.
    """

    model: CatalogueModel
    quantisation: str | None
    fit: Fit | None
    installed: bool = False

    # what models.advice asks for
    @property
    def id(self) -> str:
        return self.model.id

    @property
    def family(self) -> str:
        return self.model.family

    @property
    def passport(self) -> Passport | None:
        return self.model.passport

    @property
    def label(self) -> Label:
        """The licence's label."""
        return self.model.label

    @property
    def price(self) -> StatedPrice | None:
        """What the gateway asks, if it has the model."""
        return self.model.remote.price if self.model.remote else None

    @property
    def runs(self) -> bool:
        """Whether it is of use on this machine."""
        return self.fit is not None and self.has_files and self.fit.verdict in _RUNNING

    @property
    def has_files(self) -> bool:
        """Whether there is a file that could run here."""
        return self.installed or bool(self.model.files)

    @property
    def thinks(self) -> bool:
        """Whether it can think before it answers."""
        return bool(self.model.thinking_switch)

    @property
    def sees(self) -> bool:
        """Whether it takes in images."""
        return Modality.IMAGE in self.model.modalities

    @property
    def verdict(self) -> str:
        """The verdict in words; the gateway is named only where it has the model."""
        if not self.has_files:
            return "only via the gateway" if self.model.remote else "no file for this machine"
        if self.fit is None:
            return "size not known"
        if self.fit.verdict is Verdict.GATEWAY and self.model.remote is None:
            return "too large for this machine"
        return self.fit.verdict.value

    @property
    def reason(self) -> str:
        """Why the verdict is so, in one sentence."""
        if not self.has_files:
            return "The catalogue knows no file of it that llama.cpp can run."
        return self.fit.reason if self.fit else "Nothing can be said of memory and speed."


def offers(catalogue: Catalogue, machine: Machine, installed: Collection[str] = ()) -> tuple[Offer, ...]:
    """All of the catalogue in its order, judged; `installed` are catalogue ids."""
    return tuple(offer_of(model, machine, model.id in installed) for model in catalogue.models)


def offer_of(model: CatalogueModel, machine: Machine, installed: bool = False) -> Offer:
    """One model, judged for a machine."""
    found = best_fit(model, machine)
    return Offer(model, *found, installed) if found else Offer(model, None, None, installed)


def installed_ids(catalogue: Catalogue, models: Iterable[Installed]) -> frozenset[str]:
    """Which of the catalogue's models the installed files are, as far as their names are sure."""
    found = (catalogue.by_name(model.architecture, model.name) for model in models)
    return frozenset(model.id for model in found if model is not None)


def parameters_words(model: CatalogueModel) -> str:
    """ "235 B, 22 B active" or "" if it isn't known."""
    if model.parameters is None:
        return ""
    before = {Bound.EXACT: "", Bound.ABOUT: "about ", Bound.AT_LEAST: "at least "}[model.parameters_bound]
    words = f"{before}{_count(model.parameters)}"
    active = model.active_parameters
    return f"{words}, {_count(active)} active" if active else words


def strengths_words(model: CatalogueModel) -> tuple[str, ...]:
    """What it is picked for, as one writes it."""
    return tuple("Chinese" if one is Strength.CHINESE else one.value for one in model.strengths)


def price_words(price: Price | StatedPrice) -> str:
    """The price for a million tokens, exact: "¥0.8 in, ¥2.4 out per million tokens"."""
    return (
        f"{per_million(price.currency, price.input_nano)} in, "
        f"{per_million(price.currency, price.output_nano)} out per million tokens"
    )


def per_million(currency: str, nano: int) -> str:
    """What a million tokens cost at so many nano-units each, exact."""
    amount = f"{Decimal(nano) / 1000:f}"
    amount = amount.rstrip("0").rstrip(".") if "." in amount else amount
    sign = _SIGNS.get(currency)
    return f"{sign}{amount}" if sign else f"{amount} {currency}"


def _count(number: int) -> str:
    return f"{number / 1e9:,g} B" if number >= 10**9 else f"{number / 1e6:g} M"
