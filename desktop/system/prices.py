"""The user's own prices: `prices.toml` in the configuration folder, which goes before the catalogue's.

resources/catalogue/README.md says how it is written.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from models.errors import BadInput
from models.money import parse_nano
from models.plain import plain
from models.pricing import Price, Tier

_PER_MILLION = 10**6
_LARGEST_BYTES = 1 << 20
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class OwnPrices:
    """Prices by the model's id, and a sentence for each entry that can't be used."""

    prices: Mapping[str, Price] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


class _Unusable(ValueError):
    """Why an entry is no price, in a sentence."""


def read(path: Path) -> OwnPrices:
    """What the file says; nothing where there is none. Never raises: an unusable price is unknown."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
        entries = tomllib.loads(content.decode("utf-8-sig")).get("price", [])
    except FileNotFoundError:
        return OwnPrices()
    except (OSError, ValueError, RecursionError) as exc:
        return OwnPrices({}, (f"Your prices in “{path.name}” can’t be read: {plain(str(exc), 200)}.",))
    if len(content) > _LARGEST_BYTES or not isinstance(entries, list):
        return OwnPrices({}, (f"Your prices in “{path.name}” can’t be used: write [[price]] tables.",))
    prices: dict[str, Price] = {}
    problems: list[str] = []
    for number, entry in enumerate(entries, 1):
        try:
            model, price = _one(entry)
            prices[model] = price
        except (BadInput, ValueError) as exc:
            why = exc.cause if isinstance(exc, BadInput) else str(exc)
            problems.append(f"Price {number} in “{path.name}” can’t be used: {plain(why, 200)}")
    return OwnPrices(prices, tuple(problems))


def _one(entry: object) -> tuple[str, Price]:
    if not isinstance(entry, dict):
        raise _Unusable("it is no table.")
    model, currency, as_of = entry.get("model"), entry.get("currency"), entry.get("as_of", "")
    if not isinstance(model, str) or not model:
        raise _Unusable("“model” is missing.")
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise _Unusable("“currency” is three capital letters, such as CNY.")
    base, tiers = _tier({**entry, "above": 0}), entry.get("tiers", [])
    if not isinstance(tiers, list):
        raise _Unusable("“tiers” is a list of tables.")
    return model, Price(
        base.input_nano,
        base.output_nano,
        base.cached_nano,
        currency,
        "your own price",
        str(as_of),
        tuple(_tier(tier) for tier in tiers),
    )


def _tier(entry: object) -> Tier:
    if not isinstance(entry, dict):
        raise _Unusable("a tier is a table.")
    above = entry.get("above")
    if type(above) is not int or above < 0:
        raise _Unusable("“above” is a whole number of tokens.")
    cached = _rate(entry, "cached") if "cached" in entry else None
    return Tier(above, _rate(entry, "input"), _rate(entry, "output"), cached)


def _rate(entry: Mapping[str, object], name: str) -> int:
    """Nano-units a token from what a million tokens cost, which is written as text or as a whole number."""
    value = entry.get(name)
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str):
        raise _Unusable(f'“{name}” is the price of a million tokens, in quotes such as "0.3".')
    nano, rest = divmod(parse_nano(value, what=f"“{name}”"), _PER_MILLION)
    if rest:
        raise _Unusable(f"“{name}” has more than three decimals.")
    return nano
