"""Guesses come from what was said before, and are made only as long as they pay."""

from __future__ import annotations

import random

from models.local.drafting import Account, Lookup

SINGLE_S, EACH_S = 0.009, 0.004


def after(lookup: Lookup, token: int, most: int, *, alike: int = 3) -> list[int]:
    place = lookup.place(token, alike=alike)
    return lookup.copy(place, most) if place else []


def test_what_followed_the_same_three_tokens_is_the_guess() -> None:
    lookup = Lookup([1, 2, 3, 4, 5, 6, 9, 1, 2])
    assert after(lookup, 3, 3) == [4, 5, 6]
    assert after(lookup, 3, 2) == [4, 5]
    assert after(lookup, 7, 3) == []


def test_of_several_places_the_one_that_is_most_alike_counts() -> None:
    lookup = Lookup([50, 1, 2, 3, 60, 7, 51, 1, 2, 3, 61, 7, 50, 1, 2])
    assert after(lookup, 3, 1) == [60]


def test_a_run_that_is_not_long_enough_is_no_reason_to_guess() -> None:
    lookup = Lookup([9, 8, 1, 2, 3, 4, 5, 7, 8, 1, 2])
    assert after(lookup, 3, 2, alike=5) == []
    assert after(lookup, 3, 2, alike=4) == [4, 5]


def test_of_equal_places_the_latest_counts() -> None:
    lookup = Lookup([1, 2, 3, 60, 8, 9, 4, 1, 2, 3, 61, 7, 7, 5, 1, 2])
    assert after(lookup, 3, 1) == [61]


def test_a_copy_goes_on_behind_a_word_that_was_exchanged() -> None:
    source = list(range(10, 30))
    lookup = Lookup([*source, 99, 10, 11])
    assert after(lookup, 12, 3) == [13, 14, 15]
    for token in (12, 13, 77):  # 14 became 77
        lookup.add(token)
    assert after(lookup, 15, 3) == [16, 17, 18]


def test_nothing_is_guessed_of_nothing() -> None:
    assert after(Lookup([]), 1, 5) == []
    assert after(Lookup([1]), 1, 5) == []
    assert after(Lookup([1, 2, 3]), 3, 0) == []


def test_what_was_given_is_told_from_the_answers_own_words() -> None:
    lookup = Lookup([1, 2, 3, 4, 7, 8, 9, 5], given=5)
    for token in (1, 2):
        lookup.add(token)
    assert lookup.is_given(lookup.place(3))
    for token in (3, 7, 8):
        lookup.add(token)
    assert not lookup.is_given(lookup.place(9))


def play(account: Account, chance: float, tokens: int, seed: int = 1, *, given: bool = True) -> float:
    """The time of an answer whose guesses come true with this chance, in units of the plain time."""
    luck = random.Random(seed)
    spent, done = 0.0, 0
    while done < tokens:
        size = account.size(15, given=given)
        seconds = SINGLE_S + size * EACH_S
        if size:
            right = next((n for n in range(size) if luck.random() > chance), size)
            account.checked(size, right, seconds)
            done += right
        else:
            account.single(seconds)
        done += 1
        spent += seconds
    return spent / (done * SINGLE_S)


def test_where_nothing_comes_true_almost_nothing_is_lost() -> None:
    for tokens in (100, 300, 3000):
        assert play(Account(), 0.0, tokens) <= 1.015 + 2 / tokens


def test_an_answer_that_takes_up_its_own_words_loses_nothing_in_advance() -> None:
    for tokens in (50, 100, 160, 300):
        assert play(Account(), 0.0, tokens, given=False) <= 1.01


def test_where_half_comes_true_almost_nothing_is_lost() -> None:
    for seed in range(20):
        assert play(Account(), 0.5, 400, seed) <= 1.03


def test_where_nearly_all_comes_true_a_third_of_the_time_is_saved() -> None:
    assert play(Account(), 0.97, 400) < 0.65


def test_a_text_that_begins_to_repeat_itself_is_noticed() -> None:
    account = Account()
    play(account, 0.0, 300)
    assert play(account, 0.97, 600) < 0.75


def test_nothing_is_guessed_before_a_tokens_time_is_known() -> None:
    assert Account().size(15) == 0
