"""An exported answer that several wrote, with a line where the next one goes on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from desktop.storage.seams import Part

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^`]*)$")
_WHOLE = re.compile(r"\s*(?:\||[-*+] |\d{1,9}[.)] )")
"""Begins what is not cut in two: a table, or a list."""


def open_fence(text: str) -> tuple[str, int]:
    """The mark of a code block that a text ends within, and where its line begins; ("", -1) for none."""
    fence, began, start = "", -1, 0
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark is not None and not fence:
            fence, began = mark[1], start
        elif mark is not None and mark[1].startswith(fence) and not mark[2].strip():
            fence, began = "", -1
        start += len(line) + 1
    return fence, began


def with_seams(text: str, parts: Sequence[Part]) -> str:
    """The text as it is, between its parts a line on who goes on; as in the window, but for the looks."""
    pieces: list[str] = []
    start = 0
    for part in parts[1:]:
        end = start + _whole_up_to(text[start : part.at])
        pieces += [text[start:end].strip("\n"), _line(part, within=end < part.at)]
        start = end
    pieces.append(text[start:].strip("\n"))
    return "\n\n".join(piece for piece in pieces if piece.strip())


def _whole_up_to(before: str) -> int:
    """Where a line can stand: the end, or the beginning of what would be cut in two there."""
    fence, began = open_fence(before)
    if fence:
        return began
    block = before.rfind("\n\n") + 2 if "\n\n" in before else 0
    return block if _WHOLE.match(before, block) else len(before)


def _line(part: Part, *, within: bool) -> str:
    place = f", {part.place}" if part.place else ""
    name = " ".join(f"{part.name}{place}".split())
    return f"*From within this part on {name}*" if within else f"*From here on {name}*"
