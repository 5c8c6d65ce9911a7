"""Models that are named in the typed text, as `@qwen3` is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from models.errors import NextStep, NotAvailable

# Not inside a word or an address, so that mail@example.org names nobody.
_MENTION = re.compile(r"(?<![\w@./+-])@([A-Za-z0-9][\w.:/-]*)", re.ASCII)
_LONGEST_LIST = 5
_HEAD = 20_000


@dataclass(frozen=True, slots=True)
class Mention:
    """The model that a text asks for, and the text without its name; `model` is None where it names none."""

    model: str | None
    text: str


class Ambiguous(NotAvailable):
    """`models` are all that the name could mean."""

    title = "Which model do you mean?"
    next_step = NextStep.CHOOSE_MODEL

    def __init__(self, cause: str, hint: str, models: tuple[str, ...]) -> None:
        super().__init__(cause, hint)
        self.models = models


def mentioned(text: str, models: Iterable[str]) -> Mention:
    """The first `@name` that begins a model's id, whichever case it is typed in.

    A name that is exactly an id (or the part of it after the last “/”) is that model, even where it begins
    others. Raises Ambiguous where it begins several; an `@name` that begins none is a part of the text.
    Only the text's first 20,000 characters are looked at.
    """
    known = tuple(dict.fromkeys(models))
    for found in _MENTION.finditer(text, 0, _HEAD):
        typed = found[1].rstrip(".:/-")
        meant = _meant(typed.lower(), known)
        if len(meant) > 1:
            shown = ", ".join(meant[:_LONGEST_LIST]) + (" and others" if len(meant) > _LONGEST_LIST else "")
            raise Ambiguous(f"“@{typed}” could be {shown}.", "Type more of the name.", meant)
        if meant:
            return Mention(meant[0], _without(text, found.start(), found.start() + 1 + len(typed)))
    return Mention(None, text)


def _meant(typed: str, models: tuple[str, ...]) -> tuple[str, ...]:
    exact = tuple(model for model in models if typed in _names(model))
    return exact or tuple(model for model in models if any(name.startswith(typed) for name in _names(model)))


def _names(model: str) -> tuple[str, str]:
    """Gateways put the maker before the name, people don't."""
    whole = model.lower()
    return whole, whole.rpartition("/")[2]


def _without(text: str, start: int, end: int) -> str:
    before, after = text[:start], text[end:]
    if not before.strip():
        return after.lstrip(" \t,:")
    if not after.strip():
        return before.rstrip()
    return before + after.lstrip(" \t") if before[-1:].isspace() else before + after
