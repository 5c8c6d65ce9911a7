"""Opens model files and reads their beginning, as far as needed and never further than allowed."""

from __future__ import annotations

import os
import re
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO, FileIO
from itertools import repeat
from pathlib import Path

from models.errors import AppError, DamagedModel, ModelFileMissing, NotAModel
from models.plain import shown

_MAX_BYTES = 64 << 20
_FIRST_READ = 1 << 20
_MAX_TEXTS = 3_000_000  # the largest vocabularies have 700,000, merges included
_TEXTS_AT_A_TIME = 256
_SHORT, _USUAL = 64, 7  # bytes of a token’s or a merge’s text
_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")

_CHOOSE = "Choose a file ending in .gguf."
AGAIN = "Download it again; the copy you have can’t be repaired."
_OTHER_FILES = (
    ((b"<!doc", b"<!--", b"<html", b"<head", b"<?xml"), "It is a web page: the download failed."),
    ((b"{",), "It is a JSON text, perhaps a server’s answer: the download failed."),
    ((b"version https://git-lfs",), "It is a pointer of Git LFS: the model itself was not downloaded."),
    ((b"pk\x03\x04",), "It is a ZIP archive or a PyTorch file; Inshore needs the GGUF version of the model."),
    ((b"\x1f\x8b", b"7z\xbc\xaf", b"\xfd7zxz", b"\x28\xb5\x2f\xfd"), "It is an archive: unpack it first."),
    ((b"lmgg", b"fmgg", b"tjgg", b"algg"), "It is in a format older than GGUF; look for a GGUF version."),
)  # fmt: skip


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """The file's bytes, its first four known to be GGUF's and already stepped over.

    Raises ModelFileMissing, NotAModel (saying what it is instead) or DamagedModel, also while reading.
    """
    try:
        with _open(path) as file:
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode):
                raise NotAModel("It is a folder or a device, not a file.", _CHOOSE)
            source = Source(file, info.st_size)
            _check_magic(source)
            yield source
    except OSError as error:
        raise _unreadable(path, error) from error


class Source:
    """The file's beginning, read as far as needed. Past its end or the limit it raises DamagedModel."""

    def __init__(self, file: FileIO | BytesIO, size: int) -> None:
        self._file = file
        self._data = bytearray(file.read(min(_FIRST_READ, size)))
        self.size = size
        self.position = 0
        self._texts = 0

    def take(self, count: int) -> bytes:
        begin, end = self.position, self.position + count
        self._reach(end)
        self.position = end
        return bytes(self._data[begin:end])

    def skip(self, count: int) -> None:
        if count > self.size - self.position:
            raise cut_short()
        self.position += count

    def u32(self) -> int:
        return int(_U32.unpack(self.take(4))[0])

    def u64(self) -> int:
        return int(_U64.unpack(self.take(8))[0])

    def skip_texts(self, count: int) -> None:
        """Step over `count` texts."""
        if count > (self.size - self.position) // _U64.size:
            raise cut_short()
        self._texts += count
        if self._texts > _MAX_TEXTS:
            raise _too_large()
        while count:
            block = min(count, _TEXTS_AT_A_TIME)
            count -= block
            while not (self._skip_short_block(block) or self._skip_block(block)):
                pass

    def _skip_short_block(self, count: int) -> bool:
        """Step over a full block of short texts that have been read; False where it is none."""
        found = _short_texts().match(self._data, self.position) if count == _TEXTS_AT_A_TIME else None
        if found is None:
            return False
        self.position = found.end()
        return True

    def _skip_block(self, count: int) -> bool:
        """Step over a block of texts; False where more of the file had to be read first."""
        data, position, unpack = self._data, self.position, _U64.unpack_from
        try:
            for _ in repeat(None, count):
                position += 8 + unpack(data, position)[0]
        except (struct.error, OverflowError):
            self._reach(position + 8)
            return False
        if position > self.size:
            raise cut_short()
        self.position = position
        return True

    def _reach(self, end: int) -> None:
        have = len(self._data)
        if end <= have:
            return
        if end > self.size:
            raise cut_short()
        if end > _MAX_BYTES:
            raise _too_large()
        self._read_to(min(max(end, 2 * have), self.size, _MAX_BYTES))
        if len(self._data) < end:
            raise cut_short()

    def _read_to(self, end: int) -> None:
        self._file.seek(len(self._data))
        while len(self._data) < end and (piece := self._file.read(end - len(self._data))):
            self._data += piece


def of_beginning(data: bytes, size: int) -> Source:
    """The first bytes of a file of so many, the magic stepped over; where they end it raises DamagedModel.

    Raises NotAModel or DamagedModel.
    """
    source = Source(BytesIO(data), size)
    _check_magic(source)
    return source


@cache
def _short_texts() -> re.Pattern[bytes]:
    """A block of short texts, each its length as eight bytes and so many more; the usual lengths first.

    Vocabularies are 300,000 texts, most of them short, and this walks over them twice as fast as a loop.
    """
    lengths = sorted(range(_SHORT), key=lambda length: abs(length - _USUAL))
    texts = b"|".join(b"\\x%02x\\0{7}.{%d}" % (length, length) for length in lengths)
    return re.compile(b"(?s:%s){%d}+" % (texts, _TEXTS_AT_A_TIME))


def _check_magic(source: Source) -> None:
    if source.size == 0:
        raise DamagedModel("The file is empty.", AGAIN)
    start = source.take(min(512, source.size))
    source.position = 4
    if start[:4] != b"GGUF":
        raise NotAModel(_what_it_is(start), _CHOOSE)


def _what_it_is(start: bytes) -> str:
    seen = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for beginnings, words in _OTHER_FILES:
        if seen.startswith(beginnings):
            return words
    if start[8:9] == b"{":
        return "It is a Safetensors file; Inshore needs the GGUF version of the model."
    return "It does not begin like a GGUF file."


def _open(path: Path) -> FileIO:
    try:
        return open(path, "rb", buffering=0, opener=_open_now)
    except ValueError as error:  # a NUL or half a character in the name
        raise ModelFileMissing(f"“{shown(path)}” can’t be a file’s name.") from error


def _open_now(path: str, flags: int) -> int:
    """Open without waiting for the other end of a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _unreadable(path: Path, error: OSError) -> AppError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return ModelFileMissing(
            f"“{shown(path)}” does not exist.", "It was moved or deleted, or its disk is not connected."
        )
    if isinstance(error, IsADirectoryError):
        return NotAModel("It is a folder, not a file.", _CHOOSE)
    if isinstance(error, PermissionError):
        return ModelFileMissing(f"You may not read “{shown(path)}”.", "Change its permissions, or copy it.")
    return ModelFileMissing(f"“{shown(path)}” can’t be read: {error.strerror}.", "Check the disk it is on.")


def _too_large() -> DamagedModel:
    return DamagedModel("Its header is far larger than any model’s.", AGAIN)


def cut_short() -> DamagedModel:
    return DamagedModel("It ends in the middle of its header.", AGAIN)
