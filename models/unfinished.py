"""Which downloads have begun and not ended: a small file for each, so that the next start can offer them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.download_file import disk_error
from models.download_values import Target
from models.errors import AppError
from models.file_names import checked_name, checked_repo
from models.hub import Endpoint
from models.hub_values import HubFile
from models.plain import plain

_FOLDER = ".unfinished"  # no owner of a repository is named so
_VERSION = 1
_MAX_BYTES = 1 << 20
_MOST = 200
_LARGEST_FILE = 1 << 44


@dataclass(frozen=True, slots=True)
class Begun:
    """A download of an earlier run, and what it was called."""

    target: Target
    name: str


class Unfinished:
    """The list in the models' folder, a file for each download. Any thread, any number of processes.

    What can't be understood is skipped and left alone. A process that is killed leaves the list whole.
    """

    def __init__(self, models_dir: Path) -> None:
        self._models = models_dir
        self._folder = models_dir / _FOLDER

    def remember(self, target: Target, name: str) -> None:
        """Write it down before its first byte. Raises DownloadError or NoSpace."""
        path = self._path(target)
        new = path.with_name(f"{path.name}.{os.getpid()}.new")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            new.unlink(missing_ok=True)  # never through a link that somebody put there
            with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                json.dump(_content(target, name), file)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        except OSError as error:
            raise disk_error(error, path) from error

    def forget(self, target: Target) -> None:
        """It has ended, or was cancelled. Raises DownloadError."""
        try:
            self._path(target).unlink(missing_ok=True)
        except OSError as error:
            raise disk_error(error, self._path(target)) from error

    def any(self) -> bool:
        """Whether there is any; quick."""
        return next(self._folder.glob("*.json"), None) is not None

    def all(self) -> list[Begun]:
        """Those of earlier runs, the oldest first; nothing is raised for what can't be read."""
        try:
            paths = sorted(self._folder.glob("*.json"), key=lambda path: path.stat().st_mtime)[:_MOST]
        except OSError:
            return []
        found = (self._read(path) for path in paths)
        return [begun for begun in found if begun is not None]

    def _path(self, target: Target) -> Path:
        what = "\n".join((target.repo, target.commit, *(file.name for file in target.files)))
        return self._folder / f"{hashlib.sha256(what.encode()).hexdigest()[:32]}.json"

    def _read(self, path: Path) -> Begun | None:
        try:
            with path.open("rb") as stream:
                content = json.loads(stream.read(_MAX_BYTES))
            return _begun(content, self._models)
        except (OSError, ValueError, TypeError, KeyError, RecursionError, AppError):
            return None


def _content(target: Target, name: str) -> dict[str, Any]:
    return {
        "version": _VERSION,
        "name": name,
        "repo": target.repo,
        "commit": target.commit,
        "files": [[file.name, file.size_bytes, file.sha256] for file in target.files],
        "endpoints": [[endpoint.url, list(endpoint.stores)] for endpoint in target.endpoints],
    }


def _begun(content: Mapping[str, Any], folder: Path) -> Begun:
    """Raises one of the usual errors for what can't be understood."""
    if content["version"] != _VERSION:
        raise ValueError(content["version"])
    repo, commit = checked_repo(content["repo"]), checked_name(content["commit"])
    files = tuple(_file(*item) for item in content["files"])
    endpoints = tuple(Endpoint(str(url), tuple(map(str, stores))) for url, stores in content["endpoints"])
    if not files or not endpoints:
        raise ValueError(repo)
    return Begun(Target(repo, commit, files, folder, endpoints, under=repo), plain(str(content["name"])))


def _file(name: str, size: int, sha256: str | None) -> HubFile:
    if type(size) is not int or not 0 < size <= _LARGEST_FILE:
        raise ValueError(size)
    if sha256 is not None and len(bytes.fromhex(sha256)) != hashlib.sha256().digest_size:
        raise ValueError(sha256)
    return HubFile(checked_name(name), size, sha256)
