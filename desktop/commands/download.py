"""`models download`: brings a model from a hub into the library; repeated, it goes on where it stopped."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from desktop.commands.recording import recorded
from desktop.commands.services import Services
from desktop.commands.terminal import Terminal
from desktop.commands.units import size
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
from models.errors import BadInput, BadName, NotOnHub
from models.hub import Endpoint, Hub, Token
from models.hub_addresses import MAIN
from models.hub_values import HubFile, Repo
from models.library_file import Origin
from models.plain import plain, shown

if TYPE_CHECKING:
    from models.outbound import Outbound

TOKEN_VARIABLE = "INSHORE_HUB_TOKEN"  # noqa: S105 - the variable's name
_MOST_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for: "owner/name" or "owner/name/file", and from where. The limit is in kB/s.

    Without `endpoints` those of the settings are asked.
    """

    model: str
    pattern: str | None = None
    endpoints: tuple[str, ...] = ()
    limit: int | None = None


def run(wanted: Wanted, services: Services, terminal: Terminal, *, as_json: bool) -> int:
    """Bring it and add it to the library. Ctrl-C is a pause.

    The token is taken from INSHORE_HUB_TOKEN and given to the first endpoint only. Raises AppError.
    """
    services.paths.create()
    speaker = _Speaker(terminal, as_json=as_json)
    try:
        target, done = asyncio.run(_bring(wanted, services, speaker))
    except KeyboardInterrupt:
        terminal.note("Paused. The same command goes on where it stopped.")
        raise
    origin = Origin(
        target.repo,
        target.commit,
        tuple(file.name for file in target.files),
        tuple(file.sha256 for file in target.files),
    )
    model = services.library.add(done.paths[0], origin=origin)
    if as_json:
        terminal.record({"event": "added", "id": model.id, "path": str(model.path)})
    else:
        terminal.line(f"Downloaded {model.id} ({model.name}) to {shown(model.path)}")
    return 0


async def _bring(wanted: Wanted, services: Services, speaker: _Speaker) -> tuple[Target, Done]:
    from models.outbound import Outbound

    endpoints = [Endpoint(url) for url in wanted.endpoints or services.hub_endpoints]
    with recorded(services.paths, speaker.note) as record:
        outbound = Outbound(record=record)
        try:
            target = await _look(wanted, endpoints, services, outbound)
            return target, await _download(target, wanted, outbound, speaker, _token(endpoints[0]))
        finally:
            await outbound.aclose()


async def _look(
    wanted: Wanted, endpoints: Sequence[Endpoint], services: Services, outbound: Outbound
) -> Target:
    repo, file = _split(wanted.model)
    hub = Hub(outbound, endpoints, _token(endpoints[0]))
    answered, found = await hub.info(repo)
    others = tuple(endpoint for endpoint in endpoints if endpoint != answered)
    files = _choose(found, file or wanted.pattern)
    return Target(repo, found.commit, files, services.paths.models, (answered, *others), under=repo)


async def _download(
    target: Target, wanted: Wanted, outbound: Outbound, speaker: _Speaker, token: Token
) -> Done:
    from models.download import Guardian

    tuning = Tuning(limit_bytes_s=wanted.limit * 1000.0 if wanted.limit else None)
    async with aclosing(Guardian(outbound, tuning=tuning, token=token).bring(target)) as events:
        async for event in events:
            speaker.say(event)
            if isinstance(event, Done):
                return event
    raise AssertionError("a download ends with Done or an error")


def _token(first: Endpoint) -> Token:
    return lambda host: os.environ.get(TOKEN_VARIABLE) if host == first.host else None


def _split(text: str) -> tuple[str, str]:
    """Repository and file. Raises BadInput."""
    owner, _, rest = text.removeprefix(f"{MAIN}/").partition("/")
    name, _, file = rest.partition("/")
    if not owner or not name:
        raise BadInput(
            f"“{plain(text)}” is not a repository.", "Give it as owner/name or owner/name/file.gguf."
        )
    return f"{owner}/{name}", file


def _choose(repo: Repo, pattern: str | None) -> tuple[HubFile, ...]:
    """The files of the one model that is meant. Raises NotOnHub, BadName, or BadInput with the choices."""
    found = repo.matching(pattern) if pattern else repo.models()
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(f"{model[0].name} ({size(_size(model))})" for model in found[:_MOST_SHOWN])
        raise BadInput(f"{repo.repo} has {len(found)} models: {names}.", "Choose one with --file.")
    if repo.refused:
        raise BadName(f"{repo.repo} has files with unsafe names: {', '.join(repo.refused[:5])}.")
    names = ", ".join(model[0].name for model in repo.models()[:_MOST_SHOWN])
    raise NotOnHub(
        f"{repo.repo} has no GGUF file" + (f" that fits “{plain(pattern)}”." if pattern else "."),
        f"It has: {names}." if names else "Look for a repository whose name ends in “GGUF”.",
    )


def _size(model: Sequence[HubFile]) -> int:
    return sum(file.size_bytes for file in model)


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
        words.append(f"{_duration(event.remaining_s)} left")
    return " · ".join(words)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


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
            return f"{why} Trying again in {_duration(wait_s)}."
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
