"""Gateways and servers as the user has set them up: addresses and names, never a key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from desktop.system.crash import redacted
from desktop.system.key import HUB
from models.errors import BadInput
from models.hosts import check_address, is_loopback, origin
from models.plain import plain

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_MOST, _LONGEST_URL, _LONGEST_NAME = 32, 500, 80
_SECRET = re.compile(r"(?i)key|token|secret|password|auth")


class Profile(Protocol):
    """What the window and the command line need to know of a kind of gateway.

    `base_url` is "" or holds {places} where the user has to say more. `key_url` is where to get a key.
    `prices` says where its prices are from, and `as_of` when all of this was read ("2026-11").
    """

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def base_url(self) -> str: ...
    @property
    def needs_key(self) -> bool: ...
    @property
    def key_url(self) -> str: ...
    @property
    def self_hosted(self) -> bool: ...
    @property
    def data_policy(self) -> str: ...
    @property
    def prices(self) -> str: ...
    @property
    def as_of(self) -> str: ...
    def own_name(self, wire_name: str) -> str:
        """What we call the gateway's model, without the provider before it."""
        ...


@dataclass(frozen=True, slots=True)
class Provider:
    """One of them. `id` also names its keys; without `base_urls` the profile's own address holds.

    `confirmed` are the addresses that the user allowed to be reached without encryption. `unknown` are a
    newer Inshore's entries.
    """

    id: str
    profile: str
    name: str
    base_urls: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    unknown: Mapping[str, object] = field(default_factory=dict, repr=False)


DEFAULT = (Provider("xidao", "xidao", "XiDao"),)


def read(values: object) -> tuple[tuple[Provider, ...], list[str]]:
    """Providers from JSON, and the name of each entry that can't be used and is left out; never raises.

    An entry that by its name holds a key is one of those: keys belong into the keyring.
    """
    if not isinstance(values, list):
        return DEFAULT, ["providers"]
    good: dict[str, Provider] = {}
    bad: list[str] = []
    for number, value in enumerate(values, start=1):
        provider = _provider(value)
        if provider is None or provider.id in good or len(good) >= _MOST:
            bad.append(f"providers/{number}")
            continue
        good[provider.id] = provider
        bad += [f"providers/{provider.id}/{name}" for name in value if _SECRET.search(name)]
    return tuple(good.values()), bad


def written(providers: Iterable[Provider]) -> list[dict[str, object]]:
    """What `read` takes."""
    return [
        {
            **each.unknown,
            "id": each.id,
            "profile": each.profile,
            "name": each.name,
            "base_urls": list(each.base_urls),
            "confirmed": list(each.confirmed),
        }
        for each in providers
    ]


def address(text: str) -> str:
    """A base address as typed or pasted, made whole. Raises BadInput, which says what is wrong with it.

    Without a scheme it is http:// on this machine or for a bare number and port, else https://; without a
    path it ends with /v1, as these servers have it.
    """
    text = text.strip().strip("\"'<>").rstrip("/").removesuffix("/chat/completions").removesuffix("/models")
    text = text.rstrip("/")
    if not text or re.fullmatch(r"\w+:", text):
        raise BadInput("There is no address yet.", "Such as http://localhost:8000/v1.")
    try:
        parts = urlsplit(text if "://" in text else f"{_scheme(text)}://{text}")
        _ = parts.port
    except ValueError:
        raise BadInput(
            f"“{plain(redacted(text))}” is not an address.", "Such as http://localhost:8000/v1."
        ) from None
    if re.search(r"[\s{}<>\\^|]", text) or not text.isprintable() or len(text) > _LONGEST_URL:
        raise BadInput("There are signs in it that no address has.", "Fill in what stands in { } yourself.")
    if parts.query or parts.fragment:
        raise BadInput("The address may not have a part behind “?” or “#”.", "Leave that part out.")
    if problem := check_address(parts, {origin(parts)}, None):
        raise BadInput(
            redacted(problem) if not parts.password else problem, "Such as http://localhost:8000/v1."
        )
    return parts._replace(path=parts.path or "/v1").geturl()


def addresses(text: str) -> tuple[str, ...]:
    """Several of them with spaces between, each once; at least one. Raises BadInput."""
    return tuple(dict.fromkeys(address(word) for word in text.split() or [""]))


def unencrypted(base_url: str) -> bool:
    """Whether what is sent there could be read on the way."""
    parts = urlsplit(base_url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def free_id(wanted: str, providers: Sequence[Provider]) -> str:
    """This id, or with the lowest number that makes it a new one."""
    base = re.sub(r"[^a-z0-9]+", "-", wanted.lower()).strip("-")[:32] or "server"
    taken, number, found = {HUB, *(each.id for each in providers)}, 1, base
    while found in taken:
        number += 1
        found = f"{base}-{number}"
    return found


def _scheme(text: str) -> str:
    host = text.split("/")[0].rsplit(":", 1)[0].strip("[]")
    return "http" if is_loopback(host) or re.fullmatch(r"[\d.]+", host) else "https"


def _provider(value: object) -> Provider | None:
    if not isinstance(value, dict):
        return None
    names = [value.get(key) for key in ("id", "profile", "name")]
    if not all(isinstance(name, str) for name in names):
        return None
    own_id, profile, name = (str(each) for each in names)
    urls, confirmed = _addresses(value.get("base_urls", [])), _addresses(value.get("confirmed", []))
    fits = (
        own_id != HUB
        and _ID.fullmatch(own_id)
        and _ID.fullmatch(profile)
        and 0 < len(plain(name)) <= _LONGEST_NAME
    )
    if not fits or urls is None or confirmed is None:
        return None
    unknown = {key: each for key, each in value.items() if key not in _KNOWN and not _SECRET.search(key)}
    return Provider(own_id, profile, plain(name), urls, confirmed, unknown)


_KNOWN = frozenset({"id", "profile", "name", "base_urls", "confirmed"})


def _addresses(value: object) -> tuple[str, ...] | None:
    """Addresses as they are; None where one can't be used."""
    if not isinstance(value, list) or len(value) > _MOST:
        return None
    try:
        return tuple(address(each) for each in value)
    except (BadInput, AttributeError):
        return None
