"""Which of the offered models are shown, in which order, and why others are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from models.advice import Who, advise
from models.catalogue import Catalogue
from models.facts import Strength
from models.fit import Verdict
from models.licences import Tier
from models.offer import Offer


class Task(StrEnum):
    """What a model is wanted for; the values are the ids of the benchmark tables."""

    GENERAL = "general"
    CODE = "code"
    MATH = "math"
    CHINESE = "chinese"


class Order(StrEnum):
    """How the rows are sorted."""

    HERE = "runs best here"
    NAME = "name"
    SMALLEST = "smallest first"
    FASTEST = "fastest here"
    CHEAPEST = "cheapest via the gateway"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. `licence` is the widest tier, or who asks; `text` is looked for in what is known."""

    text: str = ""
    fits: bool = False
    licence: Tier | Who | None = None
    task: Task | None = None
    thinking: bool = False
    images: bool = False
    order: Order = Order.HERE


@dataclass(frozen=True, slots=True)
class Choice:
    """One row: why it is proposed, "" if nobody asked, or why it is left out."""

    offer: Offer
    reason: str = ""
    left_out: bool = False


_VERDICTS = tuple(Verdict)
_LARGEST = 1 << 62


def select(offers: Sequence[Offer], wish: Wish, catalogue: Catalogue) -> list[Choice]:
    """The rows for a wish, those that are left out for their licence last, each with the reason.

    A task leads with the models it is a strength of, then goes by the mean of its table's percents. Who
    asks leads with the families that are recommended to them. Within that the wished order holds.
    """
    found = sorted((offer for offer in offers if _matches(offer, wish)), key=_ORDERS[wish.order])
    if wish.task is not None:
        task, means = wish.task, _means(catalogue, wish.task)
        able = [offer for offer in found if _able(offer, task, means)]
        found = sorted(
            able, key=lambda one: (Strength(task) not in one.model.strengths, -means.get(one.id, 0.0))
        )
    if isinstance(wish.licence, Who):
        return [Choice(one.model, one.reason, not one.proposed) for one in advise(wish.licence, found)]
    return [Choice(offer) for offer in found]


def _matches(offer: Offer, wish: Wish) -> bool:
    return (
        (not wish.fits or offer.runs)
        and (not wish.thinking or offer.thinks)
        and (not wish.images or offer.sees)
        and (not isinstance(wish.licence, Tier) or _within(offer, wish.licence))
        and all(word in _text(offer) for word in wish.text.casefold().split())
    )


def _within(offer: Offer, tier: Tier) -> bool:
    return offer.label.tier is not None and offer.label.tier <= tier


def _text(offer: Offer) -> str:
    model = offer.model
    words = (
        model.name,
        model.publisher,
        model.family_name,
        model.summary,
        offer.label.text,
        *model.strengths,
    )
    return " ".join(words).casefold()


def _able(offer: Offer, task: Task, means: Mapping[str, float]) -> bool:
    return Strength(task) in offer.model.strengths or offer.id in means


def _means(catalogue: Catalogue, task: Task) -> dict[str, float]:
    means = {}
    for table in catalogue.tables:
        if table.id == task:
            columns = [i for i, one in enumerate(table.benchmarks) if one.unit == "percent"]
            for row in table.rows:
                means[row.model] = sum(row.scores[i] for i in columns) / max(1, len(columns))
    return means


def _here(offer: Offer) -> tuple[bool, int, int]:
    """What runs leads, the best verdict first; of those the largest first, of the others the smallest."""
    rank = len(_VERDICTS) if offer.fit is None else _VERDICTS.index(offer.fit.verdict)
    size = offer.model.parameters or 0
    return not offer.runs, rank, -size if offer.runs else size


def _speed(offer: Offer) -> float:
    return -(offer.fit.tps or 0.0) if offer.fit else 1.0


def _cost(offer: Offer) -> tuple[str, int]:
    price = offer.price
    return (price.currency, price.input_nano + price.output_nano) if price else ("~", _LARGEST)


_ORDERS: Mapping[Order, Callable[[Offer], tuple[object, ...]]] = {
    Order.HERE: lambda offer: _here(offer),
    Order.NAME: lambda offer: (offer.model.name.casefold(),),
    Order.SMALLEST: lambda offer: (offer.model.parameters or _LARGEST,),
    Order.FASTEST: lambda offer: (_speed(offer),),
    Order.CHEAPEST: lambda offer: _cost(offer),
}
