"""Where Inshore keeps things."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from models.errors import AppError

_TITLE = "Inshore can’t use its folders."


@dataclass(frozen=True, slots=True)
class Paths:
    """The four folders, and the files in them. All are absolute; nothing exists until `create`."""

    config: Path
    data: Path
    cache: Path
    models: Path

    @classmethod
    def find(cls, env: Mapping[str, str]) -> Paths:
        """INSHORE_HOME holds everything where it is set; otherwise the platform's folders do."""
        home = env.get("INSHORE_HOME")
        if home:
            root = Path(home).absolute()
            return cls(root / "config", root / "data", root / "cache", root / "models")
        return cls._of_platform()

    @classmethod
    def _of_platform(cls) -> Paths:
        import platformdirs  # slow to import, and not needed with INSHORE_HOME

        dirs = platformdirs.PlatformDirs("Inshore", appauthor=False)
        data = dirs.user_data_path
        if not data.is_absolute():
            raise AppError("The home folder is unknown.", "Set HOME, or INSHORE_HOME.", title=_TITLE)
        return cls(dirs.user_config_path, data, dirs.user_cache_path, data / "models")

    @property
    def settings_file(self) -> Path:
        return self.config / "settings.json"

    @property
    def own_catalogue(self) -> Path:
        """Models the user describes beside the shipped catalogue."""
        return self.config / "catalogue.toml"

    @property
    def own_prices(self) -> Path:
        """What gateways' models cost, as the user has entered it."""
        return self.config / "prices.toml"

    @property
    def usage_pending(self) -> Path:
        """What the command line used, on its way into the ledger."""
        return self.data / "usage-pending.jsonl"

    @property
    def database(self) -> Path:
        return self.data / "inshore.db"

    @property
    def accepted_copy(self) -> Path:
        """A copy of what was accepted, for the command line while the window holds the database."""
        return self.data / "accepted-licences.json"

    @property
    def outbound_pending(self) -> Path:
        """What the command line sent, on its way into the record."""
        return self.data / "outbound-pending.jsonl"

    @property
    def backups(self) -> Path:
        return self.data / "backups"

    @property
    def crash_log(self) -> Path:
        return self.data / "crash.log"

    @property
    def states(self) -> Path:
        return self.cache / "states"

    @property
    def model_lists(self) -> Path:
        """What each gateway offered."""
        return self.cache / "gateways"

    @property
    def model_headers(self) -> Path:
        """What the headers of model files said."""
        return self.cache / "model-headers.json"

    @property
    def state_key(self) -> Path:
        return self.data / "state.key"

    @property
    def measures(self) -> Path:
        return self.data / "measures.json"

    @property
    def model_notes(self) -> Path:
        """When each model answered last."""
        return self.data / "model-notes.json"

    @property
    def lock_file(self) -> Path:
        return self.data / "inshore.lock"

    def create(self) -> None:
        """Make the folders, for this user only (0700). Raises AppError with the path that can't be made."""
        for folder in (self.config, self.data, self.cache, self.models):
            try:
                _make_private(folder)
            except OSError as exc:
                raise AppError(
                    f"The folder “{shown(folder)}” can’t be made: {exc.strerror}.",
                    "Check who may write there, or set INSHORE_HOME to another folder.",
                    title=_TITLE,
                    details=repr(exc),
                ) from exc


def resources() -> Path:
    """The folder with icons, themes and the starter model, from source and when packaged."""
    root = getattr(sys, "_MEIPASS", None) or Path(__file__).parents[2]
    return Path(root) / "resources"


def shown(path: Path) -> str:
    """A path for a message: bytes that aren't text become a replacement character."""
    return os.fsencode(path).decode(errors="replace")


def _make_private(folder: Path) -> None:
    """Parents that are missing become private too; those that exist are not ours to change."""
    for parent in reversed(folder.parents):
        if not parent.exists():
            parent.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    if os.name == "posix" and folder.stat().st_mode & 0o077:
        with suppress(PermissionError):  # a file system without modes, such as FAT
            folder.chmod(0o700)
