"""The user’s own rate between two currencies in the settings file: a decimal text, never a float."""

from __future__ import annotations

import re

from models.errors import BadInput
from models.money import Rate, parse_nano
from models.pricing import NANO

_CURRENCY = re.compile(r"[A-Z]{3}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}|")


class _Unusable(ValueError):
    """The entry is no rate."""


def read(value: object) -> Rate:
    """Raises ValueError for what is no rate."""
    if not isinstance(value, dict):
        raise _Unusable("it is no rate")
    texts = [value.get(name, "") for name in ("from", "to", "rate", "as_of")]
    if not all(isinstance(text, str) for text in texts):
        raise _Unusable("it is no rate")
    base, quote, rate, day = texts
    if not _CURRENCY.fullmatch(base) or not _CURRENCY.fullmatch(quote) or not _DAY.fullmatch(day):
        raise _Unusable("it is no rate")
    try:
        return Rate(base, quote, parse_nano(rate), day)
    except BadInput as exc:
        raise _Unusable("it is no rate") from exc


def written(rate: Rate) -> dict[str, str]:
    """What `read` takes."""
    return {"from": rate.base, "to": rate.quote, "rate": number(rate.nano), "as_of": rate.as_of}


def number(nano: int) -> str:
    """Nano-units as the shortest decimal text."""
    return f"{nano // NANO}.{nano % NANO:09d}".rstrip("0").rstrip(".")
