"""The list of added models on the disk: one small JSON file that is replaced as a whole or not at all."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.errors import AppError, StorageFailed
from models.plain import shown

_MAX_BYTES = 4 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[\w.-]{1,200}")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a model in Inshore's folder is from, and the SHA-256 its files should have; None if not known.

    Without a `repo` it was brought in from this machine.
    """

    repo: str
    commit: str
    files: tuple[str, ...]
    sha256: tuple[str | None, ...]

    @property
    def imported(self) -> bool:
        """Whether it was copied or moved from elsewhere on this machine."""
        return not self.repo


@dataclass(frozen=True, slots=True)
class Entry:
    """An id, where its file lies, and where that is from if Inshore brought it."""

    id: str
    path: Path
    origin: Origin | None = None


@dataclass(slots=True)
class Listing:
    """The list's content. `notice` says what was wrong with the file, if anything was."""

    entries: list[Entry] = field(default_factory=list)
    default: str | None = None
    notice: AppError | None = None


class LibraryFile:
    """The list at `path`. Several processes may use it; on Windows the last one to write wins."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Listing:
        """The list as it is now; empty if there is none.

        What can't be understood is kept beside it as library.bad-N.json, and the rest goes on. Raises
        StorageFailed if the file can't be read.
        """
        with _translated(self._path, "read"):
            listing = _parsed(self._bytes())
            return listing if listing.notice is None else self._repaired()

    @contextmanager
    def changing(self) -> Iterator[Listing]:
        """The list to change in place; it is written when the block ends without an error.

        No other process changes it meanwhile. Raises StorageFailed if it can't be read or written.
        """
        with _translated(self._path, "saved"):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.read()
            with _locked(self._path.parent):
                listing = _parsed(self._bytes())
                yield listing
                self._write(listing)

    def _repaired(self) -> Listing:
        with _locked(self._path.parent):
            listing = _parsed(self._bytes())  # again: another process may have been sooner
            if listing.notice is not None:
                self._set_aside(listing.notice)
                self._write(listing)
            return listing

    def _bytes(self) -> bytes | None:
        try:
            with self._path.open("rb") as file:
                return file.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            return None

    def _set_aside(self, notice: AppError) -> None:
        number = 1
        while (copy := self._path.with_name(f"{self._path.stem}.bad-{number}.json")).exists():
            number += 1
        self._path.rename(copy)
        notice.hint = f"The damaged list was kept as “{shown(copy)}”. Add the models that are missing again."

    def _write(self, listing: Listing) -> None:
        models = [_item(entry) for entry in listing.entries]
        text = json.dumps({"default": listing.default, "models": models}, indent=1) + "\n"
        part = self._path.with_name(self._path.name + ".part")
        try:
            with os.fdopen(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
                file.write(text.encode("ascii"))
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        finally:
            part.unlink(missing_ok=True)
        _sync_folder(self._path.parent)


def _parsed(data: bytes | None) -> Listing:
    if data is None:
        return Listing()
    try:
        content: Any = json.loads(data) if len(data) <= _MAX_BYTES else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        content = {}
    models = content.get("models")
    if not isinstance(models, list):
        return Listing(notice=_damaged("The list of added models could not be understood."))
    return _listing(models, content.get("default"))


def _listing(models: list[Any], default: Any) -> Listing:
    listing = Listing(default=default if isinstance(default, str) else None)
    for item in models:
        entry = _entry(item)
        if entry is None or any(entry.id == known.id for known in listing.entries):
            listing.notice = _damaged("A part of the list of added models could not be understood.")
        else:
            listing.entries.append(entry)
    return listing


def _entry(item: Any) -> Entry | None:
    if not isinstance(item, dict):
        return None
    id_, path = item.get("id"), item.get("path")
    if not (isinstance(id_, str) and isinstance(path, str) and _ID.fullmatch(id_)):
        return None
    if not os.path.isabs(path):  # noqa: PTH117 - not a Path yet
        return None
    return Entry(id_, Path(path), _origin(item.get("origin")))


def _origin(item: Any) -> Origin | None:
    """Where a model is from; None where that can't be understood, which costs no more than that."""
    if not isinstance(item, dict):
        return None
    repo, commit, files = item.get("repo"), item.get("commit"), item.get("files")
    if not (isinstance(repo, str) and isinstance(commit, str) and isinstance(files, list)):
        return None
    pairs = [(file.get("name"), file.get("sha256")) for file in files if isinstance(file, dict)]
    if len(pairs) != len(files) or not all(isinstance(name, str) for name, _ in pairs):
        return None
    sums = tuple(text if isinstance(text, str) and _SHA256.fullmatch(text) else None for _, text in pairs)
    return Origin(repo, commit, tuple(str(name) for name, _ in pairs), sums)


def _item(entry: Entry) -> dict[str, object]:
    item: dict[str, object] = {"id": entry.id, "path": str(entry.path)}
    if (origin := entry.origin) is not None:
        files = [
            {"name": name, "sha256": sha256} for name, sha256 in zip(origin.files, origin.sha256, strict=True)
        ]
        item["origin"] = {"repo": origin.repo, "commit": origin.commit, "files": files}
    return item


def _damaged(cause: str) -> AppError:
    return StorageFailed(cause, title="The list of models was damaged.")


@contextmanager
def _translated(path: Path, verb: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFailed(
            f"“{shown(path)}”: {error.strerror or error}.",
            "Check the folder’s permissions and the space on its disk.",
            title=f"The list of models can’t be {verb}.",
        ) from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Alone among the processes that use this folder; held for milliseconds. Not on Windows."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    """Make the renaming last. Windows can't, and need not."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
