"""An incomplete file on the disk: `NAME.part` with its journal, until it gets its name."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

from models.download_journal import Journal, Part, load
from models.errors import AppError, BadName, DownloadBusy, DownloadError, NoSpace
from models.hub_values import HubFile
from models.plain import shown

_READ_BYTES = 1 << 20
_BINARY = getattr(os, "O_BINARY", 0)
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
_FULL = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)


class PartFile:
    """The bytes that have come of a file. Any thread; one process at a time (not held on Windows).

    A process that is killed loses at most a quarter of a part of what was stored. Close it with `close`.
    """

    def __init__(self, final: Path, file: HubFile, commit: str, part_bytes: int) -> None:
        """Open or begin it. Raises DownloadBusy, BadName where a link is in the way, or DownloadError."""
        self.final = final
        self._path, self._journal_path = part_paths(final)
        self._lock, self._hash_lock = threading.Lock(), threading.Lock()
        self._unsaved = 0
        self._sha256, self._hashed = hashlib.sha256(), 0
        self._buffer = memoryview(bytearray(_READ_BYTES))
        self._handle = self._open()
        self._reader = self._path.open("rb", buffering=0)
        try:
            self.started_anew = self._resume(file, commit, part_bytes)
        except BaseException:
            self._let_go()
            raise

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | _NO_LINKS | _BINARY
        try:
            handle = os.open(self._path, flags, 0o600)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise BadName(f"“{shown(self._path)}” is a link to another place.", "Remove it.") from error
            raise disk_error(error, self._path) from error
        if not stat.S_ISREG(os.fstat(handle).st_mode) or not _locked(handle):
            os.close(handle)
            raise DownloadBusy("Another Inshore is bringing it.", "Wait for it, or close the other one.")
        return handle

    def _resume(self, file: HubFile, commit: str, part_bytes: int) -> str:
        """Take up the journal; says why what was there can't be used, or ""."""
        size = os.fstat(self._handle).st_size
        try:
            journal = load(self._journal_path, file, commit)
        except OSError as error:
            raise disk_error(error, self._journal_path) from error
        longest = max((part.position for part in journal.parts if part.done), default=0) if journal else 0
        if journal is not None and longest <= size <= file.size_bytes:
            self.journal = journal
            return ""
        self.journal = Journal.new(file, commit, part_bytes)
        os.ftruncate(self._handle, 0)
        return "What was there belongs to another version, or is damaged." if size else ""

    def missing_bytes(self) -> int:
        """What the disk still has to provide for it."""
        return max(self.journal.size_bytes - allocated_bytes(self._path), 0)

    def reserve(self) -> None:
        """Take all of its space now, so that it can't run out later. Raises NoSpace."""
        size = self.journal.size_bytes
        try:
            _allocate(self._handle, size)
            with self._lock:
                self._save()
        except OSError as error:
            raise disk_error(error, self._path, size) from error

    def store(self, part: Part, data: bytes | bytearray) -> None:
        """Add what came next of a part. Raises NoSpace or DownloadError."""
        try:
            with self._lock:
                self._write(part.position, data)
                part.crc = zlib.crc32(data, part.crc)
                part.done += len(data)
                self._unsaved += len(data)
                if self._unsaved >= self.journal.part_bytes // 4:
                    self._save()
        except OSError as error:
            raise disk_error(error, self._path, self.journal.size_bytes) from error

    def start_anew(self) -> None:
        """Forget all that came, hash included."""
        with self._lock:
            self.journal.reset()
            self.forget_hash()
            self._save()

    def drop(self, part: Part) -> None:
        """Forget what came of one part."""
        with self._lock:
            part.reset()
            self.forget_hash()

    def forget_hash(self) -> None:
        """Hash from the beginning again; what is being hashed just now is waited for."""
        with self._hash_lock:
            self._sha256, self._hashed = hashlib.sha256(), 0

    def hash_on(self, limit: int) -> int:
        """Hash what has come without a gap, `limit` bytes at most; returns how much that leaves.

        It is read back, mostly from memory, so the hash is that of the file and not only of what came.
        Not at the same time from two threads.
        """
        with self._hash_lock:
            left = self.journal.contiguous() - self._hashed
            end = self._hashed + min(left, limit)
            while self._hashed < end:
                count = self._read(self._hashed, min(end - self._hashed, _READ_BYTES))
                self._sha256.update(self._buffer[:count])
                self._hashed += count
                left -= count
            return left

    def digest(self) -> str:
        """The SHA-256 of what is hashed."""
        return self._sha256.hexdigest()

    def damaged_parts(self) -> list[Part]:
        """Those that the disk doesn't hold as they came."""
        return [part for part in self.journal.parts if self._sum(part) != part.crc]

    def finish(self) -> Path:
        """Give it its name, for good: what comes after a power cut is all of it or the `.part`."""
        try:
            os.fsync(self._handle)
            self._path.replace(self.final)
            _sync_folder(self.final.parent)
            self._journal_path.unlink(missing_ok=True)
        except OSError as error:
            raise disk_error(error, self.final) from error
        return self.final

    def discard(self) -> None:
        """Remove it and its journal."""
        remove_parts(self.final)

    def close(self) -> None:
        """Save what there is of it and let go."""
        try:
            if self._path.exists():
                self._save()
        except OSError as error:
            raise disk_error(error, self._path) from error
        finally:
            self._let_go()

    def _let_go(self) -> None:
        self._reader.close()
        os.close(self._handle)

    def _write(self, position: int, data: bytes | bytearray) -> None:
        os.lseek(self._handle, position, os.SEEK_SET)
        view = memoryview(data)
        while view:
            view = view[os.write(self._handle, view) :]

    def _read(self, position: int, count: int) -> int:
        """Read into the buffer; returns how many bytes."""
        self._reader.seek(position)
        got = self._reader.readinto(self._buffer[:count])
        if not got:
            raise DownloadError("The file was changed by another program.", "Start the download again.")
        return got

    def _sum(self, part: Part) -> int:
        at, total = part.start, 0
        while at < part.position:
            count = self._read(at, min(part.position - at, _READ_BYTES))
            total = zlib.crc32(self._buffer[:count], total)
            at += count
        return total

    def _save(self) -> None:
        self._unsaved = 0
        self.journal.save(self._journal_path)


def part_paths(final: Path) -> tuple[Path, Path]:
    """Where a file's bytes and its journal lie while it is incomplete."""
    return final.with_name(f"{final.name}.part"), final.with_name(f"{final.name}.part.json")


def remove_parts(final: Path) -> None:
    """Remove what there is of an incomplete file: links themselves, never what they lead to."""
    part, journal = part_paths(final)
    for path in (part, journal, journal.with_name(f"{journal.name}.new")):
        path.unlink(missing_ok=True)


def allocated_bytes(path: Path) -> int:
    """What a file occupies on the disk, 0 if there is none."""
    try:
        info = os.lstat(path)
    except OSError:
        return 0
    return min(info.st_blocks * 512, info.st_size) if hasattr(info, "st_blocks") else info.st_size


def free_bytes(folder: Path) -> int:
    """What this user may still write there."""
    return shutil.disk_usage(folder).free


def sha256_of(
    path: Path, stop: Callable[[], bool] = lambda: False, read: Callable[[int], None] = lambda _count: None
) -> str:
    """The hash of a file; "" if `stop` said so meanwhile. `read` is told each portion. Raises OSError."""
    digest, buffer = hashlib.sha256(), memoryview(bytearray(_READ_BYTES))
    with path.open("rb", buffering=0) as file:
        while not stop() and (count := file.readinto(buffer)):
            digest.update(buffer[:count])
            read(count)
    return "" if stop() else digest.hexdigest()


def disk_error(error: OSError, path: Path, needed_bytes: int = 0) -> AppError:
    """What a failure of the disk means to the user."""
    if error.errno in _FULL:
        return no_space(needed_bytes, path.parent)
    return DownloadError(
        f"“{shown(path)}” can’t be written: {error.strerror}.", "Check the folder’s permissions and its disk."
    )


def no_space(needed_bytes: int, folder: Path) -> NoSpace:
    return NoSpace(
        f"{needed_bytes:,} bytes more have to be free where “{shown(folder)}” is.",
        "Free some space and start the download again: it goes on where it stopped.",
        needed_bytes=needed_bytes,
    )


def _allocate(handle: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        try:
            return os.posix_fallocate(handle, 0, size)
        except OSError as error:
            if error.errno in _FULL:
                raise
    return os.ftruncate(handle, size)  # a system, or a disk, that can't promise space


def _locked(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    """Make the renaming last. Windows can't, and need not."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
