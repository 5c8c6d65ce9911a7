"""Models that are named in the typed text, as `@qwen3` is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from models.errors import BadInput, ModelNotFound, NextStep, NotAvailable

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


def addressed(text: str, models: Iterable[str]) -> Mention:
    """The model that a message begins with, as in “@qwen3 what is rust?”, and the message without it.

    Names are told as in `mentioned`, which finds them anywhere. Raises Ambiguous where the name begins
    several, ModelNotFound with the nearest where it begins none, and BadInput where nothing is asked. Code
    that begins with a decorator names nobody.
    """
    found = _MENTION.match(text.lstrip()[:_HEAD])
    if found is None:
        return Mention(None, text)
    known = tuple(dict.fromkeys(models))
    typed = found[1].rstrip(".:/-")
    mention = mentioned(found[0], known)
    rest = text.lstrip()[1 + len(typed) :]
    if mention.model is None and rest[:1] in ("(", "\n"):
        return Mention(None, text)
    if mention.model is None:
        raise _unknown(typed, known)
    asked = rest.lstrip(" \t\r\n,:")
    if not asked.strip():
        raise BadInput(f"Nothing is asked of “{mention.model}” yet.", "Write your message after its name.")
    return Mention(mention.model, asked)


def begun(text: str, models: Iterable[str]) -> tuple[str, ...]:
    """The models that a text might name which is only an `@` and part of a name so far; none for others."""
    if not text.startswith("@") or (typed := text[1:].lower()) != typed.strip() or " " in typed:
        return ()
    known = tuple(dict.fromkeys(models))
    return tuple(one for one in known if any(name.startswith(typed) for name in _names(one)))


def _unknown(typed: str, known: tuple[str, ...]) -> ModelNotFound:
    names = {name: model for model in reversed(known) for name in (*_names(model), _begun(model, typed))}
    nearest = dict.fromkeys(names[name] for name in get_close_matches(typed.lower(), names, 3, 0.5))
    similar = " or ".join(f"@{model}" for model in nearest)
    hint = f"Did you mean {similar}?" if similar else "Choose one in the list of models."
    return ModelNotFound(f"No model is called “{typed}”.", f"{hint} Or begin with another word.")


def _begun(model: str, typed: str) -> str:
    """As much of a name as was typed, so that a slip is found in one that is not typed to its end."""
    return _names(model)[1][: len(typed)]


def _meant(typed: str, models: tuple[str, ...]) -> tuple[str, ...]:
    if whole := tuple(model for model in models if typed == model.lower()):
        return whole
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
