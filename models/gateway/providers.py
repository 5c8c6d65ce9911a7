"""Which gateways there are: profiles as data, and the connections that a user has made of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from models.errors import BadInput, ModelNotFound
from models.plain import plain
from models.toml_table import Table, read_table

DEFAULT = "xidao"
"""The profile that is offered first; a connection that is made of it without a name is called so, too."""

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_PLACES = re.compile(r"\{(\w+)\}")
_KNOWN_PLACES = frozenset({"region", "resource"})
_PLACE = re.compile(r"[A-Za-z0-9-]{1,64}")
_SAMPLING = ("top_k", "min_p", "repetition_penalty", "repeat_penalty", "grammar")


class Dialect(StrEnum):
    """How a gateway is told whether to think; `models.gateway.dialects` speaks them."""

    NONE = "none"
    ENABLE_THINKING = "enable_thinking"
    TEMPLATE = "template"
    EFFORT = "effort"
    TYPE = "type"
    REASONING = "reasoning"


class CarriesOn(StrEnum):
    """How a broken-off answer is continued.

    PROMPT asks for the rest in words. The others give the answer so far as the assistant's own last
    message: ASSISTANT as it is, PREFIX and PARTIAL with a field in it, TEMPLATE with fields beside it.
    """

    PROMPT = "prompt"
    ASSISTANT = "assistant"
    PREFIX = "prefix"
    PARTIAL = "partial"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of gateway. `base_url` may hold {region} or {resource}; "" is typed by the user.

    A field is sent beyond the standard ones only where the profile names it. `model_prefix` stands before
    all its models' names and is left out of ours. `key_url` is where to get a key, "" where nobody gives
    one; `prices` says where prices are from.
    """

    id: str
    name: str
    base_url: str
    needs_key: bool
    key_url: str
    thinking: Dialect
    stream_options: bool
    data_policy: str
    prices: str
    self_hosted: bool
    as_of: str
    model_prefix: str = ""
    budget: str = ""
    effort_on: str = ""
    effort_off: str = ""
    carries_on: CarriesOn = CarriesOn.PROMPT
    sampling: tuple[str, ...] = ()
    max_tokens: str = "max_tokens"
    seed: str = "seed"

    @property
    def places(self) -> tuple[str, ...]:
        """What has to be filled into the address: "region", "resource", or nothing."""
        return tuple(_PLACES.findall(self.base_url))

    def address(self, **places: str) -> str:
        """The address with its places filled in; raises BadInput for a value that can't be part of one."""
        for name, value in places.items():
            if not _PLACE.fullmatch(value):
                raise BadInput(
                    f"“{plain(value)}” can’t be a {name}.", "Use letters, digits and hyphens only."
                )
        return _PLACES.sub(lambda match: places.get(match[1], match[0]), self.base_url)

    def wire_name(self, model: str) -> str:
        """What the gateway calls the model."""
        return model if model.startswith(self.model_prefix) else self.model_prefix + model

    def own_name(self, wire_name: str) -> str:
        """What we call the model, without the connection before it."""
        return wire_name.removeprefix(self.model_prefix)


@dataclass(frozen=True, slots=True)
class Connection:
    """A provider as the user has set it up. Of several addresses the next is asked where one fails."""

    id: str
    profile: Profile
    name: str
    base_urls: tuple[str, ...]

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise BadInput(f"“{plain(self.id)}” can’t name a connection.", "Use a-z, 0-9 and hyphens.")
        if not self.base_urls:
            raise BadInput(f"{plain(self.name)} has no address.", "Add its address in Settings.")


def connect(
    profile: Profile, *, connection_id: str = "", name: str = "", base_urls: tuple[str, ...] = ()
) -> Connection:
    """A connection with the profile's own address where none is given. Raises BadInput."""
    urls = tuple(tidy_address(url) for url in base_urls or (profile.base_url,) if url)
    if any(_PLACES.search(url) for url in urls):
        raise BadInput(
            f"The address of {profile.name} needs your {' and '.join(profile.places)}.",
            "Fill it in, or give the whole address.",
        )
    return Connection(connection_id or profile.id, profile, name or profile.name, urls)


def tidy_address(url: str) -> str:
    """An address as it was typed, without what is pasted along with it. Raises BadInput.

    “/chat/completions” at its end is left out; an address without a scheme is taken as https.
    """
    text = url.strip().rstrip("/").removesuffix("/chat/completions").rstrip("/")
    if text and "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if not fine or any(sign.isspace() or not sign.isprintable() for sign in text):
        raise BadInput(
            f"“{plain(url)}” is not an address.", "It begins with https:// and often ends with /v1."
        )
    return text


def split_id(remote_id: str) -> tuple[str, str]:
    """The connection and the model that an id such as "xidao/qwen3-235b" names. Raises ModelNotFound."""
    connection, slash, model = remote_id.partition("/")
    if not slash or not model or not _ID.fullmatch(connection):
        raise ModelNotFound(
            f"“{plain(remote_id)}” names no connection.",
            "Write the connection first, as in xidao/qwen3-235b.",
        )
    return connection, model


def read_profiles(path: Path) -> Mapping[str, Profile]:
    """All profiles by id, in the file's order; raises CatalogueError."""
    top = read_table(path)
    profiles: dict[str, Profile] = {}
    for table in top.tables("profile"):
        profile = _profile(table)
        if profile.id in profiles:
            table.fail("id", "this profile is there twice")
        profiles[profile.id] = profile
    top.done()
    return MappingProxyType(profiles)


def _profile(table: Table) -> Profile:
    thinking = Dialect(table.one_of("thinking", tuple(Dialect)))
    profile = Profile(
        id=table.text("id"),
        name=table.text("name"),
        base_url=_base_url(table),
        needs_key=table.flag("needs_key", True),
        key_url=_secure(table, "key_url"),
        thinking=thinking,
        stream_options=table.flag("stream_options"),
        data_policy=table.text("data_policy"),
        prices=table.text("prices"),
        self_hosted=table.flag("self_hosted"),
        as_of=table.text("as_of"),
        model_prefix=table.text("model_prefix", ""),
        budget=table.text("budget", ""),
        effort_on=table.text("effort_on", ""),
        effort_off=table.text("effort_off", ""),
        carries_on=CarriesOn(table.one_of("carries_on", tuple(CarriesOn), "prompt")),
        sampling=table.texts("sampling", _SAMPLING),
        max_tokens=table.one_of("max_tokens", ("max_tokens", "max_completion_tokens"), "max_tokens"),
        seed=table.one_of("seed", ("seed", "random_seed"), "seed"),
    )
    if not _ID.fullmatch(profile.id):
        table.fail("id", "use a-z, 0-9 and hyphens")
    if (thinking is Dialect.EFFORT) != bool(profile.effort_on and profile.effort_off):
        table.fail("effort_on", "“effort” needs effort_on and effort_off, and nothing else does")
    table.done()
    return profile


def _base_url(table: Table) -> str:
    url = table.text("base_url", "")
    if set(_PLACES.findall(url)) - _KNOWN_PLACES:
        table.fail("base_url", "only {region} and {resource} can be filled in")
    if url and not url.startswith(("https://", "http://localhost:")):
        table.fail("base_url", "an address begins with https://")
    return url


def _secure(table: Table, key: str) -> str:
    url = table.text(key, "")
    if url and not url.startswith("https://"):
        table.fail(key, "an address begins with https://")
    return url
