"""`doctor`: what this machine and this installation are, what is wrong with them, and what to do."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from desktop.commands import checks, machine
from desktop.commands.checks import Finding
from desktop.commands.display import display
from desktop.commands.licences import catalogue_of
from desktop.commands.services import Services
from desktop.commands.terminal import Terminal
from desktop.commands.units import size
from models.errors import AppError, EngineUnresponsive

if TYPE_CHECKING:
    from models.local.protocol import EngineInfo

_ENGINE_S = 20.0


def run(services: Services, terminal: Terminal, *, as_json: bool) -> int:
    """Print all findings as they come, or one JSON object; 1 if Inshore can't be used like this, else 0."""
    usable = True
    records: list[dict[str, object]] = []
    for finding in findings(services):
        usable = usable and not any(complaint.fatal for complaint in finding.complaints)
        if as_json:
            records.append(asdict(finding))
        else:
            _print(finding, terminal)
    if as_json:
        terminal.record({"usable": usable, "findings": records})
    else:
        terminal.line("Inshore can be used." if usable else "Inshore can’t be used like this.")
    return 0 if usable else 1


def findings(services: Services) -> Iterator[Finding]:
    """One finding after another; nothing is changed by looking."""
    from models.surroundings import look_around

    info = asyncio.run(_describe(services))
    seen = look_around(services.paths.models)
    yield checks.engine(info)
    yield from machine.findings(seen, info)
    yield checks.folders(services.paths)
    yield checks.conversations(services.paths)
    yield checks.library(services.library, catalogue_of(services).problems)
    yield checks.python()
    yield checks.keyring()
    yield display(os.environ)


async def _describe(services: Services) -> EngineInfo | AppError:
    backend = services.engine()
    try:
        async with asyncio.timeout(_ENGINE_S):
            return await backend.describe()
    except TimeoutError:
        return EngineUnresponsive(f"It said nothing for {_ENGINE_S:g} seconds.", "Try again.")
    except AppError as error:
        return error
    finally:
        await backend.aclose()


def _print(finding: Finding, terminal: Terminal) -> None:
    terminal.line(finding.topic.capitalize())
    for name, value in finding.facts.items():
        label = name.removesuffix("_bytes").replace("_", " ") if name.islower() else name
        terminal.line(f"  {label:<22} {_words(name, value)}")
    for complaint in finding.complaints:
        mark = "✗" if complaint.fatal else "!"
        terminal.line(f"  {mark} {complaint.problem} {complaint.advice}".rstrip())
    terminal.line()


def _words(name: str, value: object) -> str:
    if value is None or value == "":
        return "unknown" if name.endswith("_bytes") else "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return size(value) if name.endswith("_bytes") and isinstance(value, int) else str(value)
