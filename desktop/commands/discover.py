"""`models discover`: what other programs on this machine have."""

from __future__ import annotations

import os
from pathlib import Path

from desktop.commands.services import Services
from desktop.commands.terminal import Terminal
from desktop.commands.units import size
from models.discovery import Discovered, discover
from models.plain import shown


def run(services: Services, terminal: Terminal, *, as_json: bool) -> int:
    """Print the models of other programs, and whether each is in the library."""
    known = {model.path for model in services.library.models()}
    models = discover(Path.home(), os.environ)
    if as_json:
        terminal.record({"models": [_record(model, added=model.path in known) for model in models]})
        return 0
    for model in models:
        added = " · in your library" if model.path in known else ""
        terminal.line(f"{model.name} · {model.program} · {size(model.size_bytes)}{added}")
        terminal.line(f"  {shown(model.path)}")
    terminal.note(
        "Use one where it lies with: python main.py models add FILE"
        if models
        else "No other program’s models found."
    )
    return 0


def _record(model: Discovered, *, added: bool) -> dict[str, object]:
    return {
        "name": model.name,
        "program": model.program,
        "path": str(model.path),
        "size_bytes": model.size_bytes,
        "added": added,
    }
