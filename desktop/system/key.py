"""A key for a gateway, as a value that never shows itself."""

from __future__ import annotations

import hmac
import re
from typing import NoReturn

from desktop.system import crash
from models.errors import BadKey

HUB = "huggingface-hub"
"""The name under which the token for the hub of models is kept; no gateway may have it."""

SHORTEST, LONGEST = 8, 4_096
_SHOWN_FROM = 12  # characters; of a shorter key even the last four are too many
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
_AROUND = f" \t\r\n\f\v\u00a0\"'`“”‘’«»{_INVISIBLE}"
_BEFORE = re.compile(r"(?i)authorization\s*:|bearer(?:\s|:|$)")
_HINT = "Copy the key once more where you got it."


class Key:
    """Text that only `reveal` gives away: it prints, formats and copies as its last four characters.

    It can't be pickled or changed. From the moment it exists, crash reports leave its text out.
    """

    __slots__ = ("_text",)
    _text: str

    def __init__(self, text: str) -> None:
        object.__setattr__(self, "_text", text)
        crash.hide(text)

    @classmethod
    def parse(cls, text: str) -> Key:
        """The key in what was typed or pasted; raises BadKey, which never quotes the text."""
        text = _trimmed(text[: 4 * LONGEST])
        problem = _problem(text)
        if problem:
            raise BadKey(problem, _HINT)
        return cls(text)

    def reveal(self) -> str:
        """The key itself, for the one who sends or stores it."""
        return self._text

    @property
    def ending(self) -> str:
        """What may be shown of it: “…abcd”, or “…” alone where it is short."""
        return f"…{self._text[-4:]}" if len(self._text) >= _SHOWN_FROM else "…"

    def __repr__(self) -> str:
        return f"Key({self.ending})"

    def __str__(self) -> str:
        return self.ending

    def __format__(self, spec: str) -> str:
        return format(self.ending, spec)

    def __len__(self) -> int:
        return len(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Key):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Key, self._text))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a key can’t be changed")

    def __copy__(self) -> Key:
        return self

    def __deepcopy__(self, _seen: object) -> Key:
        return self

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a key is not written anywhere")


def _trimmed(text: str) -> str:
    """Without what a copy brings along: spaces, line ends, quotes, “Bearer”."""
    while True:
        before = text
        text = text.strip(_AROUND)
        if found := _BEFORE.match(text):
            text = text[found.end() :]
        if text == before:
            return text


def _problem(text: str) -> str:
    """Why this can't be a key, in a sentence without it; "" where it can."""
    if not text:
        return "There is no key in it."
    if "://" in text or text.lower().startswith("www."):
        return "This is an address, not a key."
    if any(sign.isspace() for sign in text):
        return "A key has no spaces or line breaks inside."
    if any(sign in text for sign in "…•●") or "***" in text:
        return "This is a shortened key, as sites show it in their lists."
    if not text.isascii() or not text.isprintable():
        return "A key has only plain letters, digits and signs."
    if len(text) < SHORTEST:
        return f"This is too short to be a key: {len(text)} characters."
    if len(text) > LONGEST:
        return f"This is too long to be a key: more than {LONGEST:,} characters."
    return ""
