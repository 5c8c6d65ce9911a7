"""Server-sent events out of bytes, with limits: what a gateway's stream is made of."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

from models.errors import BadReply, EndlessReply

DONE = "[DONE]"
"""The data with which a stream says that it is complete."""


@dataclass(frozen=True, slots=True)
class Caps:
    """How much of one answer is read: bytes in all, bytes of one event, and how many events."""

    total_bytes: int = 64 << 20
    event_bytes: int = 1 << 20
    events: int = 500_000


class EventReader:
    """Joins pieces of a stream into the data of its events, wherever the pieces are cut.

    Comments are left out, and so is everything but `data`. Lines end with CR, LF or both. A last event
    without an empty line after it counts once `finish` is called. Raises BadReply for bytes that are not
    UTF-8 and EndlessReply beyond the caps.
    """

    def __init__(self, caps: Caps) -> None:
        self._caps = caps
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._line = ""
        self._data: list[str] = []
        self._size = 0
        self._events = 0
        self._after_cr = False
        self._wrong: UnicodeDecodeError | None = None

    def feed(self, piece: bytes) -> Iterator[str]:
        """The data of each event that is complete now."""
        text = self._text(piece, final=False)
        if self._after_cr and text:
            text = text.removeprefix("\n")
            self._after_cr = False
        self._after_cr = self._after_cr or text.endswith("\r")
        lines = (self._line + text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
        self._line = lines.pop()
        self._check(len(self._line))
        for line in lines:
            yield from self._take(line)
        if self._wrong is not None:
            raise BadReply("The answer holds bytes that are no text.", "Try again.") from self._wrong

    def finish(self) -> Iterator[str]:
        """The data of what was not ended by an empty line."""
        self._line += self._text(b"", final=True)
        line, self._line = self._line, ""
        yield from self._take(line)
        yield from self._take("")

    def _take(self, line: str) -> Iterator[str]:
        if not line:
            data, self._data, self._size = self._data, [], 0
            if data:
                self._events += 1
                if self._events > self._caps.events:
                    raise EndlessReply("The gateway’s answer never ends.", "What came until then is kept.")
                yield "\n".join(data)
            return
        name, _, value = line.partition(":")
        if name == "data":
            self._size += len(value)
            self._check(0)
            self._data.append(value.removeprefix(" "))

    def _check(self, more: int) -> None:
        if self._size + more > self._caps.event_bytes:
            raise EndlessReply(
                f"A single piece of the answer is larger than {self._caps.event_bytes >> 10} KiB.",
                "What came until then is kept.",
            )

    def _text(self, piece: bytes, *, final: bool) -> str:
        try:
            return self._decode(piece, final)
        except UnicodeDecodeError as error:
            self._wrong = error  # told once what is before them has been read
            return error.object[: error.start].decode("utf-8")
