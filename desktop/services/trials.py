"""A test of a provider with several keys or addresses: who is asked, and what the answers come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from desktop.services.providers import Reply, Target
    from desktop.system.key import Key


def each(target: Target, urls: Sequence[str], keys: Sequence[Key]) -> list[Target]:
    """Each key at the first address, then each other address with the first key."""
    first = keys[0] if keys else None
    asked = [(urls[0], key) for key in keys or (None,)] + [(url, first) for url in urls[1:]]
    return [replace(target, base_url=url, key=key) for url, key in asked]


def summed(asked: Sequence[Target], replies: Sequence[Reply]) -> Reply:
    """The first failure, with what it is of; without one the first answer, said of all.

    `replies` are in the order of `asked`. The address in it is always the first one.
    """
    told = list(zip(asked, replies, strict=True))
    for target, reply in told:
        if not reply.ok:
            return replace(reply, words=_of_one(target, asked) + reply.words, base_url=asked[0].base_url)
    if len({reply.words for reply in replies}) == 1:
        return replace(replies[0], words=replies[0].words + _of_all(asked))
    return replace(replies[0], words=" ".join(_of_one(target, asked) + one.words for target, one in told))


def _of_one(target: Target, asked: Sequence[Target]) -> str:
    if len(_keys(asked)) > 1 and target.base_url == asked[0].base_url:
        return f"Key {target.key}: "
    return f"At {urlsplit(target.base_url).netloc}: " if len(asked) > 1 else ""


def _of_all(asked: Sequence[Target]) -> str:
    counts = ((len(_keys(asked)), "keys"), (len({target.base_url for target in asked}), "addresses"))
    several = " and ".join(f"{count} {what}" for count, what in counts if count > 1)
    return f" That holds for all {several}." if several else ""


def _keys(asked: Sequence[Target]) -> set[Key]:
    return {target.key for target in asked if target.key is not None}
