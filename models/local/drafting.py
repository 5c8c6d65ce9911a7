"""Guesses the next tokens from what was said before, and only as long as guessing pays."""

from __future__ import annotations

from collections.abc import Sequence

_GRAM = 3
_MOST_PLACES = 16
_FAR_BACK = 24
_NEAR = 4
_RIGHT, _WRONG = 6.0, 1.0
_FADING = 0.99
_DEBT_PART = 0.01
_FIRST_DEBT_TOKENS = 2.0
_DOUBT, _TRUST = 6, 3
_SMOOTHING = 0.2


class Lookup:
    """The tokens of a conversation, and where each run of three was followed by something.

    Of several places the one counts before which the most is the same. Where nothing is the same, an
    answer that copies and has just put a word of its own goes on a little behind the place it copied from.
    The first `given` tokens are what the answer was given, those behind them its own.
    """

    def __init__(self, tokens: Sequence[int], given: int = 0) -> None:
        self._tokens: list[int] = []
        self._given = given
        self._places: dict[tuple[int, ...], list[int]] = {}
        self._copied_to = 0
        for token in tokens:
            self.add(token)

    def add(self, token: int) -> None:
        """One more token; the run before it is now followed by something."""
        end = len(self._tokens)
        if end >= _GRAM:
            places = self._places.setdefault(tuple(self._tokens[-_GRAM:]), [])
            places.append(end)
            del places[:-_MOST_PLACES]
        if self._copied_to:
            self._copied_to += 1
        self._tokens.append(token)

    def place(self, token: int, *, alike: int = _GRAM) -> int:
        """Where what may follow stands, once `token` is added, which is to be done next; 0 if nowhere.

        Only from where at least so many tokens, this one counted, are `alike`, or from where was copied.
        """
        return self._alike(token, alike) or self._behind(token)

    def is_given(self, place: int) -> bool:
        """Whether the answer was given this, and has not written it itself."""
        return place < self._given

    def copy(self, place: int, most: int) -> list[int]:
        """Up to `most` tokens from this place, where it is assumed to go on next time."""
        self._copied_to = place - 1  # `add` of the token itself moves it on
        return self._tokens[place : place + most]

    def _alike(self, token: int, least: int) -> int:
        """The place before which the most tokens are the same, the latest of equals; 0 if there is none."""
        run = (*self._tokens[len(self._tokens) - _GRAM + 1 :], token)
        end = len(self._tokens) + 1 - _GRAM
        found = [(self._same_before(place - _GRAM, end), place) for place in self._places.get(run, ())]
        same, place = max(found, default=(0, 0))
        return place if same + _GRAM >= least else 0

    def _same_before(self, one: int, other: int) -> int:
        count = 0
        while (
            count < min(one, _FAR_BACK) and self._tokens[one - 1 - count] == self._tokens[other - 1 - count]
        ):
            count += 1
        return count

    def _behind(self, token: int) -> int:
        """Behind the first such token that follows soon where the answer copied last; 0 if none does."""
        if not self._copied_to:
            return 0
        near = self._tokens[self._copied_to : self._copied_to + _NEAR]
        return self._copied_to + near.index(token) + 1 if token in near else 0


class Account:
    """Decides how many tokens to guess at once, from what guessing has cost and saved so far.

    Checking a guess takes longer than one token does. What is lost by wrong guesses may never be more
    than a hundredth of the time spent. An answer that takes up what it was given mostly copies it, so
    there two tokens' time may be lost in advance; one that takes up its own words mostly tells a story.
    Seconds, from one clock.
    """

    def __init__(self) -> None:
        self._single_s = 0.0
        self._each_s = 0.0
        self._spent_s = 0.0
        self._balance_s = 0.0
        self._right, self._wrong = _RIGHT, _WRONG

    @property
    def alike(self) -> int:
        """How many tokens must be the same for a guess: fewer once guesses come true."""
        return _TRUST if self._right > _RIGHT + _TRUST else _DOUBT

    def single(self, seconds: float, *, after_guess: bool = False) -> None:
        """One token was evaluated by itself; what it took longer right after a guess is that guess’s cost."""
        self._spent_s += seconds
        if after_guess:
            self._balance_s -= max(seconds - self._single_s, 0.0)
        else:
            self._single_s = _smoothed(self._single_s, seconds)
        self._right = _RIGHT + (self._right - _RIGHT) * _FADING
        self._wrong = _WRONG + (self._wrong - _WRONG) * _FADING

    def checked(self, guessed: int, right: int, seconds: float) -> None:
        """So many were guessed and checked together with one that was certain."""
        self._spent_s += seconds
        if guessed:
            self._each_s = _smoothed(self._each_s, max(seconds - self._single_s, 0.0) / guessed)
        self._balance_s += right * self._single_s - (seconds - self._single_s)
        self._right += right
        self._wrong += right < guessed

    def lost(self, seconds: float) -> None:
        """So much was computed once more."""
        self._spent_s += seconds
        self._balance_s -= seconds

    def _allowed_s(self, given: bool) -> float:
        """What may be lost from here on."""
        in_advance = _FIRST_DEBT_TOKENS * self._single_s if given else 0.0
        return self._balance_s + _DEBT_PART * self._spent_s + in_advance

    def size(self, most: int, *, given: bool = True) -> int:
        """How many to guess now; 0 while it does not pay or can't be afforded."""
        if not self._single_s:
            return 0
        each = self._each_s or self._single_s / 2
        most = min(most, int((self._allowed_s(given) - self._single_s) / each))  # one may be computed again
        best, best_gain, hit, expected = 0, 0.0, 1.0, 0.0
        for size in range(1, most + 1):
            hit *= self._chance
            expected += hit
            gain = expected * self._single_s - size * each
            if gain > best_gain:
                best, best_gain = size, gain
        return best

    @property
    def _chance(self) -> float:
        """Of one guess to come true, if those before it did."""
        return self._right / (self._right + self._wrong)


def _smoothed(old: float, new: float) -> float:
    return new if not old else old + _SMOOTHING * (new - old)
