"""Finds text in titles and messages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any
from unicodedata import normalize

import apsw

_INDEXED_FROM = 3  # characters: the index holds every run of three
_LONGEST_QUERY = 256
_BEFORE, _AFTER = 30, 90


@dataclass(frozen=True, slots=True)
class SearchHit:
    """Where a search matched: in a message, or (`message_id` None, no snippet) in the title."""

    conversation_id: int
    title: str
    message_id: int | None
    snippet: str


def find(connection: apsw.Connection, query: str, limit: int) -> list[SearchHit]:
    """Titles, then messages, each the newest first, that contain every word of the query.

    Letters match regardless of case and accents, in words of fewer than three characters regardless of case
    only. Deleted conversations and answers still being written are left out.
    """
    words = normalize("NFC", query[:_LONGEST_QUERY].replace("\x00", " ")).split()
    if not words:
        return []
    terms = _Terms(words, limit)
    titles = [SearchHit(number, title, None, "") for number, title in terms.titles(connection)]
    messages = [
        SearchHit(number, title, message, snippet_of(text, words))
        for number, title, message, text in terms.messages(connection, limit - len(titles))
    ]
    return titles + messages


def snippet_of(text: str, words: Sequence[str]) -> str:
    """One line around the first place where a word occurs; the beginning where none is found as written."""
    lowered = text.lower()
    places = [place for word in words if (place := lowered.find(word.lower())) >= 0]
    start = max(0, min(places, default=0) - _BEFORE)
    end = start + _BEFORE + _AFTER
    line = " ".join(text[start:end].split())
    return ("…" if start else "") + line + ("…" if end < len(text) else "")


class _Terms:
    """A query split into what the index answers and what only reading the text does."""

    def __init__(self, words: Sequence[str], limit: int) -> None:
        self._limit = limit
        self._match = " AND ".join(_phrases(word) for word in words if len(word) >= _INDEXED_FROM)
        self._like = json.dumps([_patterns(word) for word in words if len(word) < _INDEXED_FROM])

    def titles(self, connection: apsw.Connection) -> list[Any]:
        sql = _TITLES_BY_INDEX if self._match else _TITLES_BY_READING
        return connection.execute(sql, self._bindings(self._limit)).fetchall()

    def messages(self, connection: apsw.Connection, limit: int) -> list[Any]:
        sql = _MESSAGES_BY_INDEX if self._match else _MESSAGES_BY_READING
        return connection.execute(sql, self._bindings(limit)).fetchall()

    def _bindings(self, limit: int) -> dict[str, str | int]:
        return {"match": self._match, "like": self._like, "limit": limit}


def _phrases(word: str) -> str:
    """Of a word in the index, which folds accents but not the two ways to write a Korean syllable."""
    forms = sorted({_quoted(normalize(form, word)) for form in ("NFC", "NFD")})
    return f"({' OR '.join(forms)})"


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _patterns(word: str) -> list[str]:
    """Of a word of one or two characters, however it may be written: LIKE knows the case of a-z only."""
    cases = product(*({letter.lower(), letter.upper()} for letter in word))
    written = {word} if word.isascii() else {"".join(letters) for letters in cases}
    return sorted({_pattern(normalize(form, one)) for one in written for form in ("NFC", "NFD")})


def _pattern(word: str) -> str:
    escaped = "".join("\\" + letter if letter in "%_\\" else letter for letter in word)
    return f"%{escaped}%"


_TITLES_BY_INDEX = r"""
SELECT c.id, c.title FROM title_index i JOIN conversation c ON c.id = i.rowid
WHERE title_index MATCH :match AND c.deleted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM json_each(:like) word WHERE NOT EXISTS
      (SELECT 1 FROM json_each(word.value) WHERE c.title LIKE json_each.value ESCAPE '\'))
ORDER BY c.updated_at DESC, c.id DESC LIMIT :limit
"""

_TITLES_BY_READING = r"""
SELECT c.id, c.title FROM conversation c
WHERE c.deleted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM json_each(:like) word WHERE NOT EXISTS
      (SELECT 1 FROM json_each(word.value) WHERE c.title LIKE json_each.value ESCAPE '\'))
ORDER BY c.updated_at DESC, c.id DESC LIMIT :limit
"""

_MESSAGES_BY_INDEX = r"""
SELECT c.id, c.title, m.id, m.text
FROM message_index i JOIN message m ON m.id = i.rowid JOIN conversation c ON c.id = m.conversation_id
WHERE message_index MATCH :match AND c.deleted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM json_each(:like) word WHERE NOT EXISTS
      (SELECT 1 FROM json_each(word.value) WHERE m.text LIKE json_each.value ESCAPE '\'))
ORDER BY i.rowid DESC LIMIT :limit
"""

_MESSAGES_BY_READING = r"""
SELECT c.id, c.title, m.id, m.text
FROM message m JOIN conversation c ON c.id = m.conversation_id
WHERE m.status <> 'running' AND c.deleted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM json_each(:like) word WHERE NOT EXISTS
      (SELECT 1 FROM json_each(word.value) WHERE m.text LIKE json_each.value ESCAPE '\'))
ORDER BY m.id DESC LIMIT :limit
"""
