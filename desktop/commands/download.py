"""`models download`: brings a model from a hub into the library; repeated, it goes on where it stopped."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from desktop.commands.licences import catalogue_of, not_accepted
from desktop.commands.recording import recorded
from desktop.commands.services import Services
from desktop.commands.terminal import Terminal
from models.download_values import (
    Checking,
    Done,
    Event,
    Progress,
    Queued,
    Repairing,
    Retrying,
    Stalled,
    Started,
    StartedAnew,
    Target,
    Tuning,
    Verified,
)
from models.errors import BadInput
from models.fetching import Added, bring, choose, target_of
from models.hub import Endpoint, Hub, Token
from models.hub_addresses import MAIN
from models.library import LocalModel
from models.plain import plain, shown
from models.terms import terms_of
from models.unfinished import Unfinished
from models.units import duration, size

if TYPE_CHECKING:
    from models.outbound import Outbound

TOKEN_VARIABLE = "INSHORE_HUB_TOKEN"  # noqa: S105 - the variable's name


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for: "owner/name", "owner/name/file", or an id of the catalogue, and from where.

    `pattern` says which file; of the catalogue's models it is a quantisation. The limit is in kB/s.

    Without `endpoints` those of the settings are asked.
    """

    model: str
    pattern: str | None = None
    endpoints: tuple[str, ...] = ()
    limit: int | None = None


def run(wanted: Wanted, services: Services, terminal: Terminal, *, as_json: bool) -> int:
    """Bring it and add it to the library. Ctrl-C is a pause.

    A licence with conditions has to be accepted before, by `models accept`.

    The token is INSHORE_HUB_TOKEN's, given to the first endpoint only; else the keyring's, given to the hub
    that it was entered for. Raises AppError.
    """
    services.paths.create()
    wanted = _named(wanted, services)
    speaker = _Speaker(terminal, as_json=as_json)
    try:
        model = asyncio.run(_bring(wanted, services, speaker))
    except KeyboardInterrupt:
        terminal.note("Paused. The same command goes on where it stopped.")
        raise
    if as_json:
        terminal.record({"event": "added", "id": model.id, "path": str(model.path)})
    else:
        terminal.line(f"Downloaded {model.id} ({model.name}) to {shown(model.path)}")
    return 0


def stated_licence(repo: str, endpoints: Sequence[str], services: Services) -> str:
    """What the hub says a repository's licence is, "" if nothing. Raises HubError or NetworkError."""

    async def ask() -> str:
        from models.outbound import Outbound

        places = [Endpoint(url) for url in endpoints or services.hub_endpoints]
        with recorded(services.paths, Terminal().note) as record:
            outbound = Outbound(record=record)
            try:
                token = await _token(places[0], services)
                _answered, found = await Hub(outbound, places, token).info(repo)
            finally:
                await outbound.aclose()
        return found.licence

    return asyncio.run(ask())


def _named(wanted: Wanted, services: Services) -> Wanted:
    """A model of the catalogue as the file to take on this machine. Raises BadInput."""
    if "/" in wanted.model or (entry := catalogue_of(services).get(wanted.model)) is None:
        return wanted
    from desktop.commands.catalogued import file_of
    from desktop.commands.judging import Judge

    repo, pattern = file_of(entry, wanted.pattern, Judge(services))
    return replace(wanted, model=repo, pattern=pattern)


async def _bring(wanted: Wanted, services: Services, speaker: _Speaker) -> LocalModel:
    from models.outbound import Outbound

    endpoints = [Endpoint(url) for url in wanted.endpoints or services.hub_endpoints]
    with recorded(services.paths, speaker.note) as record:
        outbound = Outbound(record=record)
        try:
            token = await _token(endpoints[0], services)
            target = await _look(wanted, endpoints, services, outbound, token)
            return await _download(target, wanted, services, outbound, speaker, token)
        finally:
            await outbound.aclose()


async def _look(
    wanted: Wanted,
    endpoints: Sequence[Endpoint],
    services: Services,
    outbound: Outbound,
    token: Token,
) -> Target:
    repo, file = _split(wanted.model)
    hub = Hub(outbound, endpoints, token)
    answered, found = await hub.info(repo)
    files = choose(found, file or wanted.pattern)
    refusal = not_accepted(terms_of(repo, found.licence, catalogue_of(services)), services)
    if refusal is not None:
        raise refusal
    return target_of(found, files, answered, endpoints, services.paths.models)


async def _download(
    target: Target, wanted: Wanted, services: Services, outbound: Outbound, speaker: _Speaker, token: Token
) -> LocalModel:
    from models.download import Guardian

    guardian = Guardian(outbound, tuning=Tuning(limit_bytes_s=_bytes(wanted.limit)), token=token)
    unfinished = Unfinished(services.paths.models)
    async with aclosing(bring(guardian, target, target.repo, services.library, unfinished)) as events:
        async for event in events:
            if isinstance(event, Added):
                return event.model
            speaker.say(event)
    raise AssertionError("a download ends with Added or an error")


def _bytes(kilobytes: int | None) -> float | None:
    return kilobytes * 1000.0 if kilobytes else None


async def _token(first: Endpoint, services: Services) -> Token:
    """The keyring is only asked where a token is known to be in it."""
    token = os.environ.get(TOKEN_VARIABLE) or await _stored_token(services, first.host)
    return lambda host: token if host == first.host else None


async def _stored_token(services: Services, host: str) -> str | None:
    from desktop.system.key import HUB
    from desktop.system.keys import Keys
    from desktop.system.settings import load

    values, _problems = load(services.paths.settings_file)
    if not host or values.hub_signed_in != host:
        return None
    held = await Keys(services.keyring(lambda: None)).get(HUB)
    if held.why is not None:
        raise held.why
    return next((key.reveal() for key in held.keys), None)


def _split(text: str) -> tuple[str, str]:
    """Repository and file. Raises BadInput."""
    owner, _, rest = text.removeprefix(f"{MAIN}/").partition("/")
    name, _, file = rest.partition("/")
    if not owner or not name:
        raise BadInput(
            f"“{plain(text)}” is neither a repository nor a model of the catalogue.",
            "Give it as owner/name or owner/name/file.gguf, or as an id that “models list --all” has.",
        )
    return f"{owner}/{name}", file


class _Speaker:
    """Says what happens: on the status line and in notes, or as JSON, an object for each event."""

    def __init__(self, terminal: Terminal, *, as_json: bool) -> None:
        self._terminal, self._as_json = terminal, as_json

    def note(self, words: str) -> None:
        self._terminal.note(words)

    def say(self, event: Event) -> None:
        if self._as_json:
            return self._terminal.record(_record(event))
        if isinstance(event, Progress):
            return self._terminal.status(_progress(event))
        if words := _words(event):
            self._terminal.note(words)
        return None


def _record(event: Event) -> dict[str, object]:
    values = asdict(event)
    if isinstance(event, Done):
        values["paths"] = [str(path) for path in event.paths]
    return {"event": type(event).__name__.lower(), **values}


def _progress(event: Progress) -> str:
    share = 100 * event.done_bytes / max(event.total_bytes, 1)
    words = [f"{share:.0f} %", f"{size(event.done_bytes)} of {size(event.total_bytes)}"]
    if event.rate_bytes_s:
        words.append(f"{size(int(event.rate_bytes_s))}/s")
    if event.remaining_s is not None:
        words.append(f"{duration(event.remaining_s)} left")
    return " · ".join(words)


def _words(event: Event) -> str:
    match event:
        case Queued():
            return "Waiting for another download to end."
        case Started(total, done):
            goes_on = f", of which {size(done)} are here already" if done else ""
            return f"Downloading {size(total)}{goes_on}."
        case Stalled(silent_s):
            return f"Nothing has come for {silent_s:.0f} s. Still trying."
        case Retrying(why, wait_s, _):
            return f"{why} Trying again in {duration(wait_s)}."
        case StartedAnew(why):
            return f"{why} This file is downloaded anew."
        case Checking(name):
            return f"Checking {name}."
        case Repairing(parts):
            return f"Some bytes are wrong. Fetching {parts} parts again at most."
        case Verified(name, _, announced):
            return (
                f"{name} is intact." if announced else f"The hub has no hash for {name}: it was not compared."
            )
        case _:
            return ""
