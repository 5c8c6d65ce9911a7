"""What can be done about a message that does not fit into a budget: values, and which of them there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from models.chat import ChatRequest
from models.errors import OverBudget
from models.route import Route

if TYPE_CHECKING:
    from models.pricing import Cost, Price


class Kind(StrEnum):
    """What is done differently, for one answer only."""

    SHORTEN = "shorten"
    CHEAPER = "cheaper"
    LOCAL = "local"
    RAISE = "raise"


@dataclass(frozen=True, slots=True)
class Way:
    """One way on. `tokens` is the longest answer (SHORTEN), `model` and `name` are who answers instead.

    `nano` of `currency` is the most that a CHEAPER model costs, or by how much a budget is exceeded
    (RAISE); None where nobody knows.
    """

    kind: Kind
    tokens: int = 0
    model: str = ""
    name: str = ""
    nano: int | None = None
    currency: str = ""

    @property
    def amount(self) -> str:
        """ "¥0.012"; "" where it isn't known."""
        from models.money import short
        from models.pricing import Cost

        return "" if self.nano is None else short(Cost(self.nano, self.currency))


RAISED = Way(Kind.RAISE)


@dataclass(frozen=True, slots=True)
class Priced:
    """A gateway's model of which the price is known. `context` is in tokens, None is unknown."""

    model: str
    name: str
    price: Price
    context: int | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A gateway's model that may answer as well, with the most that this message would cost there."""

    model: str
    name: str
    most: Cost


def ways_on(
    refused: OverBudget, offers: Iterable[Offer] = (), local: Sequence[tuple[str, str]] = ()
) -> tuple[Way, ...]:
    """What to choose from, in this order: a shorter answer, a cheaper model, this machine, more money.

    `offers` are the models that fit, `local` ids and names of the models here, the preferred one first.
    """
    ways = []
    if refused.fits_tokens > 0:
        ways.append(Way(Kind.SHORTEN, tokens=refused.fits_tokens))
    if (offer := nearest(offers)) is not None:
        ways.append(Way(Kind.CHEAPER, 0, offer.model, offer.name, offer.most.nano, offer.most.currency))
    if local:
        ways.append(Way(Kind.LOCAL, model=local[0][0], name=local[0][1]))
    return (*ways, raising(refused))


def raising(refused: OverBudget) -> Way:
    """By how much the tightest budget would be exceeded."""
    if refused.wanted_nano is None or refused.left_nano is None:
        return RAISED
    return Way(Kind.RAISE, nano=refused.wanted_nano - refused.left_nano, currency=refused.currency)


def nearest(offers: Iterable[Offer]) -> Offer | None:
    """Of the models that fit the one that costs the most: it is the most like the one that was wanted."""
    known = sorted(offers, key=lambda one: (-one.most.nano, one.model))
    return known[0] if known else None


def route_of(way: Way) -> Route:
    """Who answers where another model was chosen, for one message only."""
    backend, whom = ("local", "this machine") if way.kind is Kind.LOCAL else ("gateway", "it")
    return Route(backend, way.model, f"you chose {whom} for this message, to keep a budget", name=way.name)


def request_of(way: Way | None, request: ChatRequest) -> ChatRequest:
    """What is asked, once a way was chosen."""
    if way is None or way.kind is not Kind.SHORTEN:
        return request
    return replace(request, sampling=replace(request.sampling, max_tokens=way.tokens))


def written(ways: Iterable[Way]) -> list[dict[str, object]]:
    """What `read` takes."""
    return [asdict(way) for way in ways]


def read(value: object) -> tuple[Way, ...]:
    """The ways that were stored; what is none of ours is left out."""
    entries: list[Any] = value if isinstance(value, list) else []
    return tuple(way for entry in entries if (way := _read(entry)) is not None)


def _read(entry: object) -> Way | None:
    if not isinstance(entry, Mapping):
        return None
    try:
        way = Way(Kind(str(entry.get("kind"))), *(entry[name] for name in _KINDS))
    except (ValueError, KeyError):
        return None
    fits = all(isinstance(getattr(way, name), kind) for name, kind in _KINDS.items())
    return way if fits and (way.nano is None or bool(way.currency)) else None


_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "tokens": int,
    "model": str,
    "name": str,
    "nano": (int, type(None)),
    "currency": str,
}
