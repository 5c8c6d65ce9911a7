"""An answer that several wrote, as blocks: between the parts stands a quiet line on who goes on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from desktop.storage.seams import Part
from desktop.ui.chat.markdown import Block, Kind, MarkdownStream, Span, open_at_end, parse


class SeamedStream:
    """Parses a growing answer; what is before its last seam is parsed once."""

    def __init__(self) -> None:
        self._stream = MarkdownStream()
        self._parts: tuple[Part, ...] = ()

    def update(self, source: str, parts: Sequence[Part] = ()) -> list[Block]:
        """All blocks of a text that only grows, with its parts so far."""
        if tuple(parts) != self._parts:
            self._parts, self._stream = tuple(parts), MarkdownStream()
        before, start = _before(source, self._parts)
        return [*before, *self._stream.update(source[start:])]

    def finish(self, source: str, parts: Sequence[Part] = ()) -> list[Block]:
        """All blocks of the whole text."""
        self._parts, self._stream = (), MarkdownStream()
        return whole(source, parts)


def whole(source: str, parts: Sequence[Part]) -> list[Block]:
    """All blocks of a text that has ended."""
    before, start = _before(source, tuple(parts))
    return [*before, *parse(source[start:])]


def _before(source: str, parts: tuple[Part, ...]) -> tuple[tuple[Block, ...], int]:
    """The blocks up to the last seam, that included, and where the text goes on."""
    last = max((part.at for part in parts[1:]), default=0)
    return _finished(source[:last], parts) if last else ((), 0)


@lru_cache(maxsize=8)
def _finished(source: str, parts: tuple[Part, ...]) -> tuple[tuple[Block, ...], int]:
    blocks: list[Block] = []
    start = 0
    for part in parts[1:]:
        end = start + open_at_end(source[start : part.at])
        blocks += parse(source[start:end])
        blocks.append(_line(part, within=end < part.at))
        start = end
    return tuple(blocks), start


def _line(part: Part, *, within: bool) -> Block:
    """The seam; a table or code that both wrote is not cut in two, but stands below it."""
    place = f", {part.place}" if part.place else ""
    words = f"From within this part on {part.name}{place}" if within else f"From here on {part.name}{place}"
    return Block(Kind.SEAM, (Span(words),))
