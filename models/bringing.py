"""Brings a model's files into Inshore's own folder: copied and hashed in one pass, or moved."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from models.download_file import free_bytes
from models.errors import AppError, BadName, ImportFailed, NoSpace
from models.file_names import checked_name, place
from models.importing import Candidate, How
from models.library import Library, LocalModel
from models.library_file import Origin
from models.plain import shown
from models.watching import Stopped, Watch

_HOME = "imported"
_FLOOR_BYTES = 512 << 20  # as a download leaves it free
_CHUNK_BYTES = 4 << 20
_BINARY = getattr(os, "O_BINARY", 0)
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
_OLD_S = 86_400.0
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_SUFFIX = re.compile(r"(-\d{5}-of-\d{5})?\.gguf", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Brought:
    """The model as the library has it; `notice` says what did not go as asked, if anything."""

    model: LocalModel
    notice: str = ""


def bring(
    candidate: Candidate,
    how: How,
    library: Library,
    models_dir: Path,
    watch: Watch | None = None,
    *,
    known_as: str = "",
    free: Callable[[Path], int] = free_bytes,
) -> Brought:
    """Add a model to the library in the way that was chosen. Blocks: seconds for each gigabyte copied.

    A copy gets its name when all of it is there, and its SHA-256 is remembered. A move within a disk renames;
    to another disk the original goes only after the copy was read back and is in the library. What fails or
    is stopped leaves the original and nothing else. Raises Stopped, NoSpace, ImportFailed or what the library
    raises.
    """
    if how is How.IN_PLACE or _is_here(candidate.path, models_dir):
        return Brought(library.add(candidate.path, known_as=known_as))
    if how is How.MOVE and candidate.linked:
        raise ImportFailed(
            f"“{shown(candidate.path)}” is a link to another place, so it is not moved.",
            "Use it where it lies, or copy it.",
        )
    sweep(models_dir)
    work = _Bringing(candidate, library, watch or Watch(), known_as)
    with _translated(candidate.path), _new_folder(models_dir, candidate.path) as folder:
        if how is How.MOVE and _same_disk(candidate, folder):
            return work.rename(folder)
        _check_space(candidate.size_bytes, models_dir, free)
        return work.copy(folder, take=how is How.MOVE)


def sweep(models_dir: Path) -> None:
    """Remove what imports that were killed have left: incomplete copies, never a whole file."""
    home = models_dir / _HOME
    with suppress(OSError):
        folders = [] if home.is_symlink() else [path for path in home.iterdir() if not path.is_symlink()]
        for folder in folders:
            with suppress(OSError):
                _sweep_one(folder)


def _sweep_one(folder: Path) -> None:
    with _locked(folder) as alone:
        parts = [
            part for part in folder.glob("*.part") if alone or time.time() - part.lstat().st_mtime > _OLD_S
        ]
        for part in parts:
            part.unlink()
        if parts:  # one without any may have been made this very moment
            folder.rmdir()  # fails, and quietly, where something is in it


@dataclass(slots=True)
class _Bringing:
    """One model on its way into a folder of its own."""

    candidate: Candidate
    library: Library
    watch: Watch
    known_as: str
    done: int = 0
    total: int = 0

    def rename(self, folder: Path) -> Brought:
        moved: list[tuple[Path, Path]] = []
        names = _names(self.candidate)
        try:
            for source, name in zip(self.candidate.files, names, strict=True):
                source.rename(folder / name)
                moved.append((source, folder / name))
            return Brought(self._add(folder, names, [None] * len(names), moved=True))
        except BaseException:
            for source, here in reversed(moved):
                here.rename(source)
            raise

    def copy(self, folder: Path, *, take: bool) -> Brought:
        names = _names(self.candidate)
        self.total = self.candidate.size_bytes * (2 if take else 1)
        before = [_signature(source) for source in self.candidate.files]
        sums = []
        for source, name in zip(self.candidate.files, names, strict=True):
            part = folder / f"{name}.part"
            sums.append(self._copy_one(source, part))
            if take:
                self._read_back(part, sums[-1])
        for name in names:
            (folder / f"{name}.part").rename(folder / name)
        _sync_folder(folder)
        model = self._add(folder, names, sums, moved=take)
        return Brought(model, _remove_originals(self.candidate, before) if take else "")

    def _copy_one(self, source: Path, part: Path) -> str:
        """Copy to the disk itself; the SHA-256 of what was read."""
        digest, buffer = hashlib.sha256(), memoryview(bytearray(_CHUNK_BYTES))
        with source.open("rb", buffering=0) as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise ImportFailed(f"“{shown(source)}” is no file that can be copied.")
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINKS | _BINARY, 0o600)
            with os.fdopen(handle, "wb", buffering=0) as out:
                while got := file.readinto(buffer):
                    digest.update(buffer[:got])
                    _write(out.fileno(), buffer[:got])
                    self._advance(got)
                os.fsync(out.fileno())
                _forget_cached(out.fileno())
            after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise ImportFailed(
                f"“{shown(source)}” was changed while it was copied.", "Wait until nobody writes to it."
            )
        return digest.hexdigest()

    def _read_back(self, part: Path, expected: str) -> None:
        digest, buffer = hashlib.sha256(), memoryview(bytearray(_CHUNK_BYTES))
        with part.open("rb", buffering=0) as file:
            while got := file.readinto(buffer):
                digest.update(buffer[:got])
                self._advance(got)
        if digest.hexdigest() != expected:
            raise ImportFailed(
                "The disk did not give back what was written to it. The original is untouched.",
                "Check the disk that holds Inshore’s folder.",
            )

    def _advance(self, count: int) -> None:
        if self.watch.stop():
            raise Stopped
        self.done += count
        self.watch.tell(self.done, self.total)

    def _add(self, folder: Path, names: list[str], sums: Sequence[str | None], *, moved: bool) -> LocalModel:
        origin = Origin("", "", tuple(names), tuple(sums))
        return self.library.add(
            folder / names[0],
            origin=origin,
            known_as=self.known_as,
            instead_of=self.candidate.path if moved else None,
        )


def _remove_originals(candidate: Candidate, before: list[tuple[int, ...]]) -> str:
    """Remove what is copied, verified and in the library; says what could not be."""
    for source, signature in zip(candidate.files, before, strict=True):
        try:
            if _signature(source) != signature:
                return f"“{shown(source)}” was changed meanwhile and stays where it is."
            source.unlink()
        except OSError as error:
            return f"“{shown(source)}” could not be removed: {error.strerror}."
    return ""


def _is_here(path: Path, models_dir: Path) -> bool:
    return Path(os.path.realpath(path.parent)).is_relative_to(os.path.realpath(models_dir))


def _same_disk(candidate: Candidate, folder: Path) -> bool:
    return all(source.stat().st_dev == folder.stat().st_dev for source in candidate.files)


def _check_space(size: int, models_dir: Path, free: Callable[[Path], int]) -> None:
    lacking = size + _FLOOR_BYTES - free(models_dir)
    if lacking > 0:
        raise _no_space(lacking, models_dir)


def _no_space(lacking: int, folder: Path) -> NoSpace:
    return NoSpace(
        f"{lacking / 1e9:.1f} GB more have to be free where “{shown(folder)}” is.",
        "Free some space, or use the model where it lies.",
        needed_bytes=lacking,
    )


@contextmanager
def _new_folder(models_dir: Path, path: Path) -> Iterator[Path]:
    """A folder that was not there before, held against `sweep`; gone again if this fails.

    Raises BadName where a link would lead elsewhere (S07).
    """
    models_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    home = place(models_dir, _HOME, "folder").parent
    home.mkdir(mode=0o700, exist_ok=True)
    folder = _make_free(home, _safe(_SUFFIX.sub("", path.name) or path.name))
    with _locked(folder):
        try:
            yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def _make_free(home: Path, name: str) -> Path:
    for number in count(1):
        folder = home / (name if number == 1 else f"{name}-{number}")
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            return folder
    raise AssertionError  # numbers don't end


def _names(candidate: Candidate) -> list[str]:
    """The files' names here: their own where every system can have them. Further parts keep their numbers."""
    names = []
    for source in candidate.files:
        match = _SUFFIX.search(source.name)
        stem = source.name[: match.start()] if match else source.name
        names.append(_safe(stem) + ((match[1] or "") if match else "") + ".gguf")
    return names


def _safe(name: str) -> str:
    try:
        return checked_name(name[:120].replace("/", "-"))
    except BadName:
        return re.sub(r"\W+", "-", name)[:60].strip("-.") or "model"


def _write(handle: int, data: memoryview) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _forget_cached(handle: int) -> None:
    """So that reading back asks the disk, and a copy does not push everything else out of memory."""
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)


def _signature(path: Path) -> tuple[int, ...]:
    info = path.stat()
    return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold a folder that an import works in; whether nobody else does. Not known on Windows."""
    try:
        import fcntl
    except ImportError:
        yield False
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | _NO_LINKS)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
    finally:
        os.close(handle)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _no_space(_FLOOR_BYTES, path) from error
        raise _failed(error, path) from error


def _failed(error: OSError, path: Path) -> AppError:
    place_ = shown(Path(error.filename)) if isinstance(error.filename, str) else shown(path)
    if getattr(error, "winerror", 0) in (5, 32):
        return ImportFailed(f"“{place_}” is open in another program.", "Close it there and try again.")
    return ImportFailed(f"“{place_}”: {error.strerror or error}.", "Check who may read and write there.")


def _sync_folder(folder: Path) -> None:
    """Make the renaming last. Windows can't, and need not."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
