"""Tokens one after the other; where the conversation repeats itself, several in one computation."""

from __future__ import annotations

import time
from collections.abc import Sequence

from models.local.drafting import Account, Lookup
from models.local.engine.context import OUTPUTS, Context
from models.local.engine.sampling import Sampler

_CLOSE = 0.75
"""Of scores. Greedy choices with a smaller lead may depend on the order of computing."""


class Decoder:
    """`pick` a token, then `take` it (or another one) into the context, and so on.

    The tokens are those that there would be without guessing: each is picked by the same sampler, and a
    guess that was not picked is taken back. Several tokens at once are computed in another order than
    one, which moves the scores a little (0.63 at most, measured); so where a greedy choice among guesses
    is closer than that, its token is computed once more, by itself. What is left is what reading a
    prompt in other portions does too: two words that are equally good may change places.
    `settle` takes back what was guessed and not reached; the context then holds what was taken and
    nothing else.
    """

    def __init__(self, context: Context, sampler: Sampler, account: Account | None) -> None:
        self._context = context
        self._sampler = sampler
        self._guesses_at_all = account is not None and context.can_take_back
        self._given = len(context.held)
        self._lookup: Lookup | None = None  # made with the first guess: the first token does not wait for it
        self._account = account or Account()
        self._guesses: list[int] = []
        self._reached = 0
        self._index = -1
        self._seconds = 0.0
        self._changed_shape = False  # of the computation, which llama.cpp then plans anew
        self.guessed = self.right = 0

    def pick(self) -> int:
        """The next token. It is not in the context yet. Raises Aborted."""
        if self._guesses and self._sampler.greedy and self._is_close():
            self._compute_again()
        return self._sampler.pick(self._context, self._index)

    def take(self, token: int) -> None:
        """Go on after this token. Raises ContextFull or Aborted."""
        if self._reached < len(self._guesses) and self._guesses[self._reached] == token:
            self._reached += 1
            self._index += 1
            if self._lookup is not None:
                self._lookup.add(token)
            return
        self.settle()
        self._evaluate(token)

    def insert(self, tokens: Sequence[int]) -> None:
        """Go on after these tokens, which nobody picked. Raises ContextFull or Aborted."""
        self.settle()
        self._context.read(tokens, lambda _done: None)
        if self._lookup is not None:
            for token in tokens:
                self._lookup.add(token)

    def settle(self) -> None:
        """Take back the guesses that were not reached."""
        if self._guesses:
            self.right += self._reached
            begun = time.perf_counter()
            self._context.take_back(len(self._guesses) - self._reached)
            self._seconds += time.perf_counter() - begun
            self._account.checked(len(self._guesses), self._reached, self._seconds)
            self._changed_shape = True
        self._guesses, self._reached, self._index = [], 0, -1

    def _is_close(self) -> bool:
        """Whether the best two are so close that the order of computing may decide."""
        begun = time.perf_counter()
        close = self._context.lead(self._index) < _CLOSE
        self._seconds += time.perf_counter() - begun
        return close

    def _compute_again(self) -> None:
        """Compute the last token by itself."""
        self.settle()
        last = self._context.held[-1]
        self._context.take_back(1)
        begun = time.perf_counter()
        self._context.add(last)
        self._account.lost(time.perf_counter() - begun)
        self._changed_shape = False

    def _evaluate(self, token: int) -> None:
        guesses = self._guess(token)
        begun = time.perf_counter()
        if guesses:
            self._context.add_with_guesses(token, guesses)
            self._seconds = time.perf_counter() - begun
            self._guesses, self._index = guesses, 0
            self.guessed += len(guesses)
        else:
            self._context.add(token)
            self._account.single(time.perf_counter() - begun, after_guess=self._changed_shape)
            self._changed_shape = False
        if self._lookup is not None:
            self._lookup.add(token)

    def _guess(self, token: int) -> list[int]:
        if not self._guesses_at_all:
            return []
        most = min(OUTPUTS - 1, self._context.room - 1)
        if not self._account.size(most):
            return []
        if self._lookup is None:
            self._lookup = Lookup(self._context.held, self._given)
        place = self._lookup.place(token, alike=self._account.alike)
        size = self._account.size(most, given=self._lookup.is_given(place)) if place else 0
        return self._lookup.copy(place, size) if size > 0 else []
