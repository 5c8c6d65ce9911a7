"""Evaluated conversations on disk: which files there are, whether they are ours, and how many may stay."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

BUDGET_BYTES = 2 * 10**9

_MAGIC = b"inshore-state-1\n"
_KEY_BYTES = _MAC_BYTES = 32
_LARGEST_HEADER = 16 << 20
_EDGE = 1 << 20
_SPARE_DISK = 256 << 20
_FORGOTTEN_S = 600


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where states are kept, the file of this installation's key, and how many bytes they may take."""

    folder: str
    key_file: str
    budget_bytes: int = BUDGET_BYTES


@dataclass(frozen=True, slots=True)
class Origin:
    """What a state is of. One of another origin means nothing, or worse, to llama.cpp.

    `place` tells models apart that answer one conversation in turn: each has a state of its own.
    """

    model: str
    engine: str
    context: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """A header that is ours: the tokens that were evaluated, and what the file beside it must be."""

    path: Path
    tokens: list[int]
    size: int
    sha256: str


class StateStore:
    """The states of one installation, one for each cache key and model. Never raises for the disk's sake.

    Two files make a state: `….state`, which llama.cpp writes, and `….head`, which says what that is,
    with its SHA-256, under an HMAC of this installation. What doesn't match is removed as if it had
    never been there; what can't be written is not kept.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._folder = Path(shelf.folder)
        self._budget = shelf.budget_bytes
        self._key = _key(Path(shelf.key_file))
        self._sweep()

    def find(self, cache_key: str, origin: Origin) -> State | None:
        """The state kept for this key, if it is of this origin. Its bytes are not looked at yet."""
        head = self._head(cache_key, origin.place)
        try:
            state = self._parsed(head, origin)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            state = None
        if state is None:
            _remove(head)
        return state

    def check(self, state: State, look_up: Callable[[], None]) -> bool:
        """Whether its bytes are those that were kept; else it is removed. `look_up` may raise, to end it."""
        try:
            good = state.path.stat().st_size == state.size and _sha256(state.path, look_up) == state.sha256
        except OSError:
            good = False
        if good:
            with suppress(OSError):
                os.utime(state.path.with_suffix(".head"))  # used last
        else:
            _remove(state.path)
        return good

    def keep(
        self,
        cache_key: str,
        origin: Origin,
        tokens: Sequence[int],
        size: int,
        write: Callable[[Path], int],
        look_up: Callable[[], None],
    ) -> bool:
        """Have `write` put about `size` bytes into a file and keep that; whether it is kept.

        `write` returns how many bytes it wrote. Until all of them are there, the old state stays.
        """
        head = self._head(cache_key, origin.place)
        part = head.with_suffix(f".{secrets.token_hex(4)}.part")
        try:
            if not self._make_room(size, but=head):
                return False
            _touch(part)
            written = write(part)
            if written <= 0 or part.stat().st_size != written:
                return False  # the disk is full
            digest = _sha256(part, look_up)
            part.replace(head.with_suffix(".state"))
            self._write_head(head, origin, list(tokens), written, digest)
        except OSError:
            return False
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        return True

    def forget(self, cache_key: str) -> None:
        """Remove what is kept for this key, of all models."""
        for path in list(self._folder.glob(f"{self._name('name', cache_key)[:32]}-*")):
            _remove(path)

    def drop(self, state: State) -> None:
        """Remove one that is of no use after all."""
        _remove(state.path)

    def _head(self, cache_key: str, place: str) -> Path:
        name = f"{self._name('name', cache_key)[:32]}-{self._name('place', place)[:16]}"
        return self._folder / f"{name}.head"

    def _name(self, kind: str, value: str) -> str:
        """What tells nothing without the key."""
        text = f"{kind}\n{value}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()

    def _parsed(self, head: Path, origin: Origin) -> State | None:
        """None for what isn't ours. Nothing is read into a value before its HMAC is checked."""
        with head.open("rb") as file:
            data = file.read(_LARGEST_HEADER)
        magic, mac, body = (
            data[: len(_MAGIC)],
            data[len(_MAGIC) :][:_MAC_BYTES],
            data[len(_MAGIC) + _MAC_BYTES :],
        )
        if magic != _MAGIC or not hmac.compare_digest(mac, self._mac(body)):
            return None
        values = json.loads(body)
        if values["name"] != head.stem or values["origin"] != _told(origin):
            return None
        return State(head.with_suffix(".state"), values["tokens"], values["size"], values["sha256"])

    def _write_head(self, head: Path, origin: Origin, tokens: list[int], size: int, digest: str) -> None:
        values = {
            "name": head.stem,
            "origin": _told(origin),
            "tokens": tokens,
            "size": size,
            "sha256": digest,
        }
        body = json.dumps(values, separators=(",", ":")).encode("ascii")
        part = head.with_suffix(f".{secrets.token_hex(4)}.part")
        try:
            _touch(part, _MAGIC + self._mac(body) + body)
            part.replace(head)
        finally:
            part.unlink(missing_ok=True)

    def _mac(self, body: bytes) -> bytes:
        return hmac.new(self._key, _MAGIC + body, hashlib.sha256).digest()

    def _make_room(self, size: int, *, but: Path) -> bool:
        """Remove the states that were not used for longest, so that one of this size fits the budget."""
        _make_folder(self._folder)
        if size > self._budget or size + _SPARE_DISK > shutil.disk_usage(self._folder).free:
            return False
        trim(self._folder, self._budget - size, but=but.stem)
        return True

    def _sweep(self) -> None:
        """Remove what a worker that was killed left half written."""
        for part in self._folder.glob("*.part"):
            with suppress(OSError):
                if time.time() - part.stat().st_mtime > _FORGOTTEN_S:
                    part.unlink()


def _told(origin: Origin) -> dict[str, str]:
    """An origin as it is written down; its place is in the name, as a hash."""
    return {name: value for name, value in asdict(origin).items() if name != "place"}


def open_store(shelf: Shelf) -> StateStore | None:
    """The store, or None where its key can be neither read nor made: then nothing is kept."""
    try:
        return StateStore(shelf)
    except OSError:
        return None


def trim(folder: Path, budget_bytes: int, *, but: str = "") -> None:
    """Remove the states that were not used for longest until the others take no more than this.

    A budget of 0 removes all there is. `but` is the name of one that does not count. Never raises.
    """
    kept = sorted((p for p in folder.glob("*.state") if p.stem != but), key=_used_at)
    total = sum(map(_size, kept))
    while kept and total > budget_bytes:
        total -= _size(kept[0])
        _remove(kept.pop(0))
    if budget_bytes <= 0 and not but:
        for path in (*folder.glob("*.state"), *folder.glob("*.head"), *folder.glob("*.part")):
            with suppress(OSError):
                path.unlink()


def model_fingerprint(path: str) -> str:
    """What tells a model file from another: its size, its time, and the SHA-256 of its first and last MiB.

    It covers the header and the last weights, not those in between: a file altered there under the
    same size and time passes. Hashing gigabytes at each load would cost more than states save.
    """
    digest = hashlib.sha256()
    with open(path, "rb") as file:  # noqa: PTH123 - the path may hold bytes that are no text
        stat = os.fstat(file.fileno())
        digest.update(f"{stat.st_size} {stat.st_mtime_ns} ".encode())
        digest.update(file.read(_EDGE))
        file.seek(max(0, stat.st_size - _EDGE))
        digest.update(file.read(_EDGE))
    return digest.hexdigest()


def _key(path: Path) -> bytes:
    """This installation's key, made on first use; one that can't be a key is replaced. Raises OSError."""
    with suppress(FileNotFoundError):
        key = path.read_bytes()
        if len(key) == _KEY_BYTES:
            return key
    part = path.with_suffix(f".{secrets.token_hex(4)}.part")
    key = secrets.token_bytes(_KEY_BYTES)
    try:
        _touch(part, key)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return key


def _touch(path: Path, content: bytes = b"") -> None:
    """Make a file for this user only."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _sha256(path: Path, look_up: Callable[[], None]) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(4 << 20):
            look_up()
            digest.update(chunk)
    return digest.hexdigest()


def _used_at(state: Path) -> float:
    try:
        return state.with_suffix(".head").stat().st_mtime
    except OSError:
        return 0.0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _remove(path: Path) -> None:
    for suffix in (".head", ".state"):
        with suppress(OSError):
            path.with_suffix(suffix).unlink(missing_ok=True)
