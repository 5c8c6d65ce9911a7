"""A gateway's numbers of tokens: read with suspicion, and estimated where there are none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.chat import ChatRequest, Image, Usage

_MOST = 20_000_000
"""No context that anybody offers is larger; a number beyond it is a mistake or an attempt to overcharge."""
_PER_MESSAGE = 4


def read_usage(told: object) -> Usage | None:
    """What a `usage` object says; None where it is none.

    A number that can't be (negative, no whole number, over twenty million, a part larger than its whole)
    is unknown, and `flagged` names it.
    """
    if not isinstance(told, Mapping) or not told:
        return None
    flagged: list[str] = []

    def number(name: str, values: object) -> int | None:
        value = values.get(name) if isinstance(values, Mapping) else None
        if value is None:
            return None
        whole = _whole(value)
        if whole is None:
            flagged.append(name)
        return whole

    def part(name: str, values: object, whole: int | None) -> int | None:
        value = number(name, values)
        if value is not None and whole is not None and value > whole:
            flagged.append(name)
            return None
        return value

    prompt = number("prompt_tokens", told)
    completion = number("completion_tokens", told)
    cached = part("cached_tokens", told.get("prompt_tokens_details"), prompt)
    if cached is None:
        cached = part("prompt_cache_hit_tokens", told, prompt)
    reasoning = part("reasoning_tokens", told.get("completion_tokens_details"), completion)
    return Usage(prompt, cached, reasoning, completion, flagged=", ".join(flagged))


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 <= value <= _MOST or value != int(value):  # NaN is not within, either
        return None
    return int(value)


def estimated_usage(request: ChatRequest, reasoning: str, text: str) -> Usage:
    """A guess from the texts' lengths, marked as one."""
    prompt = sum(estimate(message.text) + _PER_MESSAGE for message in request.messages)
    prompt += sum(_image_tokens(image) for message in request.messages for image in message.images)
    if request.answer_so_far:
        prompt += estimate(request.answer_so_far) + _PER_MESSAGE
    thought = estimate(reasoning)
    return Usage(prompt, None, thought, thought + estimate(text), estimated=True)


def _image_tokens(image: Image) -> int:
    """One for each square of 28 pixels, as Qwen’s models that see count them; others differ."""
    return -(-image.width // 28) * -(-image.height // 28)


def estimate(text: str) -> int:
    """About how many tokens a text has: one for four ASCII characters, two for three others.

    The tokenizers of the models in the catalogue need between 3.5 and 5 characters of English for a token
    and between 1 and 2 of Chinese; the guess may be off by a third, which is why it is marked as one.
    """
    ascii_signs = sum(1 for sign in text if sign.isascii())
    return about_tokens(ascii_signs, len(text) - ascii_signs)


def about_tokens(ascii_signs: int, others: int) -> int:
    """The same from how many characters of each kind there are."""
    return -(-ascii_signs // 4) + -(-2 * others // 3)
