"""`key set`, `key status` and `key clear`: keys of gateways in the system's keyring, never in an argument."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from collections.abc import Mapping
from dataclasses import replace

from desktop.commands.services import Services
from desktop.commands.terminal import KEYRING_ASKS, Terminal
from desktop.system import settings
from desktop.system.key import HUB, LONGEST, Key
from desktop.system.keys import Held, Keys, Place
from desktop.system.providers import Provider
from models.errors import BadInput
from models.hub import Endpoint

_BAD_ARGUMENTS = 2


def run(options: argparse.Namespace, services: Services, terminal: Terminal) -> int:
    """Do what the word says. Raises AppError; what was typed as a name is never repeated, it may be a key."""
    known = _known(services)
    if getattr(options, "rest", None):
        terminal.note(
            "A key can’t be given as an argument: other programs on this machine can read those. "
            "Run “key set” with the name alone, and paste it there."
        )
        return _BAD_ARGUMENTS
    if options.provider is not None and options.provider not in known:
        raise BadInput(
            "There is no provider of that name.", f"Known are: {', '.join(known)}.", title="Unknown provider."
        )
    keys = Keys(services.keyring(lambda: terminal.status(KEYRING_ASKS)))
    match options.word:
        case "set":
            held = {options.provider: _set(options.provider, known, keys, add=options.add)}
        case "clear":
            held = {options.provider: asyncio.run(keys.replace(options.provider, ()))}
        case _:
            names = [options.provider] if options.provider else list(known)
            held = asyncio.run(_all(names, keys))
            if not options.provider:  # of those that are not set up only what there is
                others = _others(services, {each.id: "" for each in _own(services)})
                held = {name: one for name, one in held.items() if one.keys or name not in others}
    if options.word in ("set", "clear") and options.provider == HUB:
        _note_hub_token(services, services.hub_endpoints[0] if held[HUB].keys else "")
    return _tell(held, options.word, terminal, as_json=options.json)


def _note_hub_token(services: Services, address: str) -> None:
    """So that the keyring is asked for it only where there is one, and only the hub at `address` gets it."""
    values, _problems = settings.load(services.paths.settings_file)
    host = Endpoint(address).host
    if values.hub_signed_in != host:
        settings.save(services.paths.settings_file, replace(values, hub_signed_in=host))


def _known(services: Services) -> Mapping[str, str]:
    """Names by id: the providers of the settings, the kinds of gateway there are, and the hub."""
    own = {each.id: each.name for each in _own(services)}
    return {**own, HUB: "Hugging Face, to download models", **_others(services, own)}


def _own(services: Services) -> tuple[Provider, ...]:
    values, _problems = settings.load(services.paths.settings_file)
    return values.providers


def _others(services: Services, own: Mapping[str, str]) -> Mapping[str, str]:
    """The kinds of gateway that are not set up; their keys may be kept before they are."""
    return {name: words for name, words in services.gateway_names().items() if name not in own}


def _set(name: str, known: Mapping[str, str], keys: Keys, *, add: bool) -> Held:
    key = Key.parse(_entered(known[name]))
    held = asyncio.run(keys.add(name, key) if add else keys.replace(name, (key,)))
    if held.place is not Place.KEYRING and held.why is not None:
        why = held.why
        raise type(why)(why.cause, why.hint, title=f"The key was not kept. {why.title}", details=why.details)
    return held


def _entered(name: str) -> str:
    """Typed without being shown, or all of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.buffer.read(4 * LONGEST).decode("utf-8", "replace")
    try:
        return getpass.getpass(f"Key for {name} (it is not shown): ")
    except EOFError:
        return ""


async def _all(names: list[str], keys: Keys) -> dict[str, Held]:
    """Raises AppError if the keyring can't be asked."""
    held = {}
    for name in names:
        held[name] = one = await keys.get(name)
        if one.why is not None:
            raise one.why
    return held


def _tell(held: Mapping[str, Held], word: str, terminal: Terminal, *, as_json: bool) -> int:
    for name, one in held.items():
        if as_json:
            endings = [key.ending for key in one.keys]
            terminal.record(
                {"provider": name, "present": bool(endings), "keys": endings, "keyring": one.keyring}
            )
        else:
            terminal.line(f"{name}: {_words(one, word)}")
    return 0


def _words(held: Held, word: str) -> str:
    if not held.keys:
        return "no key any more" if word == "clear" else "no key"
    endings = ", ".join(key.ending for key in held.keys)
    return f"{'key' if len(held.keys) == 1 else 'keys'} {endings}, kept in {held.keyring}"
