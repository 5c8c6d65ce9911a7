"""The addresses of hubs as people write them: which can be used, and why others can't."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from models.errors import BadInput
from models.plain import plain

MAIN = "https://huggingface.co"
_MOST = 8
_LONGEST = 300
_EXAMPLE = f"Write it like {MAIN}."


def checked_addresses(lines: Iterable[str]) -> tuple[str, ...]:
    """The addresses in their order, each once, without a slash at the end; raises BadInput in words.

    Empty lines are left out; where nothing else is there, it is the main hub.
    """
    wanted = [line.strip() for line in lines if line.strip()]
    found = tuple(dict.fromkeys(_checked(text) for text in wanted))
    if len(found) > _MOST:
        raise BadInput(f"These are more than {_MOST} addresses.", "Keep those that you use.")
    return found or (MAIN,)


def _checked(text: str) -> str:
    from models.hosts import check_address

    address = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as error:
        raise BadInput(f"“{plain(text)}” is not an address on the web.", _EXAMPLE) from error
    if len(address) > _LONGEST or not address.isascii() or any(c.isspace() or c in '\\"<>' for c in address):
        raise BadInput(f"“{plain(text)}” is not an address on the web.", _EXAMPLE)
    if reason := check_address(parts, (), None):
        raise BadInput(reason, _EXAMPLE)
    if parts.query or parts.fragment:
        raise BadInput(f"“{plain(text)}” has more than an address needs.", _EXAMPLE)
    return address.rstrip("/")
