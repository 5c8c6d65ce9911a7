"""A test of a gateway, told in words: what it offers, and whether the key is what opened it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from desktop.services.providers import Reply, Target
from desktop.system.paths import resources

if TYPE_CHECKING:
    from models.gateway.check import Checked
    from models.outbound import Sent

    Record = Callable[[Sent], None]

_OTHER = "other"  # the profile of what is not known yet
_WORKS, _ANSWERS = "The key works.", "It answers."
_NOT_ASKED = "It answers, but names its models to anyone: whether the key is right, the first message shows."


async def ask_gateway(target: Target, record: Record | None = None) -> Reply:
    """Ask for the list of models, and where a key was used once more without it. Raises AppError.

    `record` is told of each request.
    """
    from models.gateway.check import check
    from models.gateway.providers import connect, read_profiles
    from models.outbound import Outbound

    profiles = read_profiles(resources() / "providers.toml")
    profile = profiles.get(target.profile) or profiles[_OTHER]
    connection = connect(profile, name=target.name, base_urls=(target.base_url,))
    outbound = Outbound(record=record, confirmed=target.confirmed)
    try:
        found = await check(connection, target.key.reveal() if target.key else None, outbound)
        open_to_all = (
            target.key and not found.error and (await check(connection, None, outbound)).error is None
        )
    finally:
        await outbound.aclose()
    if found.error is not None:
        raise found.error
    words = _ANSWERS if target.key is None else _NOT_ASKED if open_to_all else _WORKS
    return _told(found, words, frozenset(profiles))


async def list_gateway(target: Target, record: Record | None = None) -> Sequence[str]:
    """Ask for the list of models alone, in the gateway's own names. Raises AppError."""
    from models.gateway.check import list_models
    from models.gateway.providers import connect, read_profiles
    from models.outbound import Outbound

    profiles = read_profiles(resources() / "providers.toml")
    profile = profiles.get(target.profile) or profiles[_OTHER]
    connection = connect(profile, name=target.name, base_urls=(target.base_url,))
    outbound = Outbound(record=record, confirmed=target.confirmed)
    try:
        found = await list_models(connection, target.key.reveal() if target.key else None, outbound)
    finally:
        await outbound.aclose()
    return found.wire_names


def _told(found: Checked, words: str, profiles: frozenset[str]) -> Reply:
    models = found.models.wire_names if found.models is not None else ()
    kind = found.server.value
    fitting = kind.lower() if kind.lower() in profiles else ""  # a profile's id is its server's name
    return Reply(True, words, "", models, kind, found.latency_s, fitting)
