"""Makes a conversation's title from its first message."""

from __future__ import annotations

import re
import unicodedata

_LONGEST = 60
_LOOKED_AT = 2_000  # characters; more can't become a title, and would only cost time
_UNTITLED = "New chat"

_FENCE = r"\s*(`{3,}|~{3,}).*"
_LINE_START = r"^\s*(?:(?:#{1,6}|>|[-*+]|\d{1,9}[.)])\s+)*"
_LINK = r"!?\[([^\]]*)\]\([^)]*\)"
_TAG = r"</?[A-Za-z][^<>]*>|<!--.*?-->"
_EMPHASIS = r"(?<!\w)(\*{1,3}|~~|`+)(?=\S)(.+?)(?<=\S)\1(?!\w)"


def title_from(text: str) -> str:
    """The first line that says something, without markup, at most 60 characters, cut between words."""
    for line in text[:_LOOKED_AT].splitlines():
        title = "" if re.fullmatch(_FENCE, line) else _plain(line)
        if title:
            return _shortened(title)
    return _UNTITLED


def _plain(line: str) -> str:
    line = re.sub(_LINE_START, "", line)
    line = re.sub(_TAG, "", re.sub(_LINK, r"\1", line))
    line = re.sub(_EMPHASIS, r"\2", line)
    return " ".join("".join(letter for letter in line if _is_shown(letter)).split())


def _is_shown(letter: str) -> bool:
    """Control, direction and unpaired characters have no place in a title; emoji joiners do."""
    return letter in "\t\u200c\u200d" or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co")


def _shortened(title: str) -> str:
    if len(title) <= _LONGEST:
        return title
    cut = title[:_LONGEST]
    words, _, _ = cut.rpartition(" ")
    if len(words) < _LONGEST // 2:  # one long word, or a script without spaces
        words = cut[:-1]
        while words and _joins(title[len(words)]):
            words = words[:-1]
    return words.rstrip(" ,;:.-–—\u200d") + "…"


def _joins(letter: str) -> bool:
    """Whether a character belongs to the one before it."""
    return unicodedata.combining(letter) > 0 or letter in "\u200d\ufe0f" or "🏻" <= letter <= "🏿"
