"""Which models each gateway offered, and when it said so: one small JSON file a provider, in the cache."""

from __future__ import annotations

import json
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desktop.system.crash import redacted
from models.plain import plain

DAY_S = 86_400.0
_LARGEST = 4 << 20
_MOST, _LONGEST = 5_000, 200
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_UNREADABLE = (OSError, ValueError, TypeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Offered:
    """What a gateway offered at a time, in seconds since 1970, when it was asked at `address`.

    `models` are its own names for them, which is what a request has to say.
    """

    at: float
    address: str
    models: tuple[str, ...]

    def is_old(self, now: float) -> bool:
        """Whether it should be asked for anew: after a day, or where the clock was set back."""
        return not 0 <= now - self.at < DAY_S


class ModelLists:
    """Lists by the provider's id. A disk that fails, or a file that is damaged, costs the list only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, provider_id: str, address: str) -> Offered | None:
        """What is known; None for another address than it was asked at."""
        path = self._path(provider_id)
        if path is None:
            return None
        try:
            with path.open("rb") as file:
                offered = _offered(json.loads(file.read(_LARGEST)))
        except _UNREADABLE:
            return None
        return offered if offered is not None and offered.address == address else None

    def write(self, provider_id: str, offered: Offered) -> None:
        """Keep it in place of what was known; what looks like a key is left out of every name."""
        path = self._path(provider_id)
        if path is None:
            return
        values = {
            "at": offered.at,
            "address": redacted(offered.address),
            "names": [redacted(name) for name in offered.models[:_MOST]],
        }
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
            part.chmod(0o600)
            part.replace(path)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def _path(self, provider_id: str) -> Path | None:
        return self._folder / f"{provider_id}.json" if _ID.fullmatch(provider_id) else None


def _offered(values: Any) -> Offered | None:
    if not isinstance(values, dict):
        return None
    at, address, models = values.get("at"), values.get("address"), values.get("names")
    if isinstance(at, bool) or not isinstance(at, int | float):
        return None
    if not isinstance(address, str) or not isinstance(models, list):
        return None
    return Offered(float(at), address, tuple(name for name in models[:_MOST] if _is_name(name)))


def _is_name(name: object) -> bool:
    return isinstance(name, str) and 0 < len(name) <= _LONGEST and plain(name, _LONGEST) == name
