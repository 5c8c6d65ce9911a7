"""Texts from files and names of files, made fit to be shown on one line."""

from __future__ import annotations

from pathlib import Path


def plain(text: str, limit: int = 120) -> str:
    """The text without control, invisible or direction-changing characters, cut at `limit`."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())[:limit]


def shown(path: Path) -> str:
    """A path's name for a message; what is no text in it becomes "?"."""
    return plain(str(path).encode("utf-8", "replace").decode("utf-8"), 4096)
