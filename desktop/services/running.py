"""What an answer has taken so far, while it is being written: tokens, and what they cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from models.gateway.counting import about_tokens

if TYPE_CHECKING:
    from desktop.services.books import Account
    from models.chat import ChatRequest
    from models.pricing import Price

_EVERY_S = 0.25


class _Length:
    """How long a text is that grows; `told` is the number of its tokens where somebody counts them."""

    def __init__(self) -> None:
        self.ascii = self.others = self.told = 0

    def add(self, text: str, tokens: int) -> None:
        ascii_signs = len(text) if text.isascii() else sum(1 for sign in text if sign.isascii())
        self.ascii += ascii_signs
        self.others += len(text) - ascii_signs
        self.told = max(self.told, tokens)

    @property
    def tokens(self) -> int:
        return self.told or about_tokens(self.ascii, self.others)


class Running:
    """Takes the pieces of one answer in no more time than each is long.

    `values` are renewed at most four times a second. Tokens that nobody told are counted from the length of
    the text, as the books count an answer that breaks off, and `estimated` says so. `before_nano` is what
    the answer had cost before. `price` None: what it costs is not known, or nothing.
    """

    def __init__(
        self,
        prompt_tokens: int = 0,
        price: Price | None = None,
        before_nano: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._prompt, self._price, self._before, self._clock = prompt_tokens, price, before_nano, clock
        self._text, self._thought = _Length(), _Length()
        self._values: Mapping[str, object] = {}
        self._due = 0.0

    def write(self, text: str, tokens: int = 0) -> None:
        """More of the answer; `tokens` is how many there are of it and its reasoning, 0 is unknown."""
        self._text.add(text, tokens)

    def think(self, text: str, tokens: int = 0) -> None:
        """More of its reasoning."""
        self._thought.add(text, tokens)

    def rethink(self) -> None:
        """What was counted as answer is reasoning."""
        self._thought, self._text = self._text, _Length()

    @property
    def tokens(self) -> int:
        """Of the reasoning and the answer."""
        return self._text.told or self._thought.tokens + self._text.tokens

    @property
    def thought_tokens(self) -> int:
        """Of the reasoning."""
        return self._thought.tokens

    @property
    def _told(self) -> bool:
        return bool(self._text.told or self._thought.told)

    @property
    def behind(self) -> bool:
        """Whether `values` told less than there is by now: who shows them is to ask once more."""
        return bool(self._values) and self._values["tokens"] != self.tokens

    def values(self) -> Mapping[str, object]:
        """For the running answer’s receipt; empty before its first word."""
        if self._clock() >= self._due and (self._text.tokens or self._thought.tokens):
            self._due = self._clock() + _EVERY_S
            self._values = self._counted()
        return self._values

    def _counted(self) -> dict[str, object]:
        tokens, thought = self.tokens, self._thought.tokens
        values: dict[str, object] = {"tokens": tokens, "thinking": thought, "estimated": not self._told}
        if self._price is not None:
            rates = self._price.tier(self._prompt)
            nano = self._before + self._prompt * rates.input_nano + tokens * rates.output_nano
            thinking = thought * rates.output_nano
            values |= {"nano": nano, "thinking_nano": thinking, "currency": self._price.currency}
        return values


def running_of(request: ChatRequest, account: Account | None) -> Running:
    """For an answer that is about to be asked for."""
    price = account.first.price if account is not None else None
    if account is None or price is None:
        return Running()
    from models.token_estimate import estimate_request

    return Running(estimate_request(request).likely, price, account.nano or 0)
