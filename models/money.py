"""Money as people read it: exact, short, as a range, or converted at a rate of their own.

Shown amounts are the only rounded ones. An exact amount has all its digits; a short one has two decimals,
or as many as show two digits that aren't 0, rounded half up; a range is rounded outwards.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from models.errors import BadInput
from models.plain import plain
from models.pricing import NANO, Cost, CostRange, MixedCurrencies

_SIGNS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£"}
_PLACES = 9
_NUMBER = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,9})0*)?")


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of `base` is worth in nano-units of `quote`, as the user said on a day."""

    base: str
    quote: str
    nano: int
    as_of: str = ""

    def __post_init__(self) -> None:
        if type(self.nano) is not int or self.nano <= 0 or self.base == self.quote:
            raise ValueError("a rate is a whole positive number of nano-units between two currencies")

    def words(self) -> str:
        """ "$1 = ¥7.2", with the day where there is one."""
        day = f", {self.as_of}" if self.as_of else ""
        return f"{exact(Cost(NANO, self.base))} = {exact(Cost(self.nano, self.quote))}{day}"


@dataclass(frozen=True, slots=True)
class Converted:
    """An amount seen through a rate: for reading only, it is no Cost and can't be added to one."""

    nano: int
    currency: str
    rate: Rate

    def words(self) -> str:
        """ "≈ $0.58 at your rate ($1 = ¥7.2)"."""
        return f"≈ {short(Cost(self.nano, self.currency))} at your rate ({self.rate.words()})"


def convert(cost: Cost, rate: Rate) -> Converted:
    """To the rate's other currency, rounded half up to a nano-unit."""
    if cost.currency == rate.base:
        return Converted(_divided(cost.nano * rate.nano, NANO), rate.quote, rate)
    if cost.currency == rate.quote:
        return Converted(_divided(cost.nano * NANO, rate.nano), rate.base, rate)
    raise MixedCurrencies(f"a rate of {rate.base} and {rate.quote} says nothing of {cost.currency}")


def exact(cost: Cost) -> str:
    """Every digit: "¥0.0042", "12 SEK"; "free" for nothing of no currency."""
    if not cost.currency:
        return "free"
    digits = f"{abs(cost.nano) // NANO:,}.{abs(cost.nano) % NANO:09d}".rstrip("0").rstrip(".")
    return _signed(cost, digits)


def short(cost: Cost) -> str:
    """Two decimals, or up to two digits that aren't 0: "¥12.35", "¥0.0042"."""
    if not cost.currency:
        return "free"
    places = _places(abs(cost.nano))
    units = _divided(abs(cost.nano), 10 ** (_PLACES - places))
    while places > 2 and units % 10 == 0:
        units, places = units // 10, places - 1
    return _signed(cost, _digits(units, places))


def about(costs: CostRange) -> str:
    """ "≈ ¥0.004–0.012", rounded outwards; "≤ ¥0.012" where the lower end would show as 0."""
    low, high = costs.low, costs.high
    if not high.currency:
        return "free"
    places = _places(high.nano, least=0)
    step = 10 ** (_PLACES - places)
    floor, ceiling = low.nano // step, -(-high.nano // step)
    if floor == ceiling:
        return f"≈ {_signed(high, _digits(ceiling, places))}"
    if floor == 0:
        return f"≤ {_signed(high, _digits(ceiling, places))}"
    if high.currency in _SIGNS:
        return f"≈ {_SIGNS[high.currency]}{_digits(floor, places)}–{_digits(ceiling, places)}"
    return f"≈ {_digits(floor, places)}–{_digits(ceiling, places)} {high.currency}"


def parse_nano(text: str, *, what: str = "The amount") -> int:
    """Nano-units of a plain decimal number such as "2" or "0.30"; raises BadInput for anything else."""
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        raise BadInput(
            f"{what} can’t be used: “{plain(text, 40)}”.",
            "Give a number below a billion such as 12.50, with at most nine decimals.",
        )
    return int(found[1]) * NANO + int((found[2] or "").rstrip("0").ljust(_PLACES, "0"))


def _places(nano: int, *, least: int = 2) -> int:
    """How many decimals show two digits that aren't leading zeros."""
    if nano >= NANO or nano == 0:
        whole = len(str(nano // NANO))
        return max(least, 2 - whole, 0) if nano else max(least, 2)
    return min(max(least, _PLACES - len(str(nano)) + 2), _PLACES)


def _divided(nano: int, step: int) -> int:
    """Half up, away from zero for an amount below it."""
    half = (abs(nano) * 2 + step) // (2 * step)
    return half if nano >= 0 else -half


def _digits(units: int, places: int) -> str:
    if not places:
        return f"{units:,}"
    return f"{units // 10**places:,}.{units % 10**places:0{places}d}"


def _signed(cost: Cost, digits: str) -> str:
    minus = "−" if cost.nano < 0 else ""
    sign = _SIGNS.get(cost.currency)
    return f"{minus}{sign}{digits}" if sign else f"{minus}{digits} {cost.currency}"
