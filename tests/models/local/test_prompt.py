"""The oldest turns are left out when a conversation outgrows its room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from models.chat import Message, Role
from models.local.engine.prompt import Prompt, TooLong, fit, in_turns


def turn(number: int, words: int = 10) -> list[Message]:
    return [
        Message(Role.USER, f"question{number} " + "w " * (words - 1)),
        Message(Role.ASSISTANT, f"answer{number} " + "w " * (words - 1)),
    ]


def talk(turns: int, *, system: bool = False, words: int = 10) -> list[Message]:
    messages = [Message(Role.SYSTEM, "be kind")] if system else []
    for number in range(turns):
        messages += turn(number, words)
    return [*messages, Message(Role.USER, "the last question")]


def words(messages: Sequence[Message]) -> Prompt:
    """A token for each word, and four around each message."""
    text = " ".join(f"<{m.role} {m.text} > ." for m in messages)
    return Prompt(text, list(range(len(text.split()))))


def fitted(messages: Sequence[Message], room: int) -> Prompt:
    return fit(messages, room=room, render=words, count=lambda text: len(text.split()))


def test_what_fits_stays_whole() -> None:
    messages = talk(5, system=True)
    assert fitted(messages, 1000) == words(messages)


def test_whole_turns_are_left_out_and_the_system_message_stays() -> None:
    prompt = fitted(talk(20, system=True), 300)
    assert len(prompt.tokens) <= 300
    assert prompt.left_out % 2 == 0
    first = prompt.left_out // 2
    assert prompt.text.startswith("<system be kind")
    assert f"question{first} " in prompt.text
    assert f"question{first - 1} " not in prompt.text
    assert f"answer{first - 1} " not in prompt.text
    assert prompt.text.count("last question") == 1


def test_the_beginning_stays_the_same_for_several_turns() -> None:
    starts = [fitted(talk(turns), 400).left_out for turns in range(20, 60)]
    assert starts == sorted(starts)
    assert len(set(starts)) <= len(starts) // 2
    assert all(len(fitted(talk(turns), 400).tokens) >= 200 for turns in range(20, 60))


def test_a_long_old_turn_takes_no_others_with_it_in_vain() -> None:
    messages = [*turn(0, 20), *turn(1, 150), Message(Role.USER, "the last question")]
    prompt = fitted(messages, 340)
    assert prompt.left_out == 2
    assert "question1" in prompt.text


def test_only_the_last_turn_may_be_left() -> None:
    prompt = fitted([*turn(0, 200), Message(Role.USER, "w " * 80)], 100)
    assert prompt.left_out == 2


def test_a_single_message_that_is_too_long_is_told_with_both_numbers() -> None:
    with pytest.raises(TooLong) as caught:
        fitted([*talk(3), Message(Role.ASSISTANT, "ok"), Message(Role.USER, "w " * 1500)], 1000)
    assert (caught.value.tokens, caught.value.room, caught.value.pinned) == (1503, 1000, False)


def test_pinned_messages_stay_when_the_turns_around_them_go() -> None:
    pinned = Message(Role.USER, "remember " * 20, pinned=True)
    messages = [*talk(4), pinned, Message(Role.ASSISTANT, "I do"), *talk(40)]
    prompt = fitted(messages, 300)
    assert "remember" in prompt.text
    assert "I do" not in prompt.text
    without = fitted([replace(message, pinned=False) for message in messages], 300)
    assert "remember" not in without.text
    assert prompt.left_out < len(messages) - 1
    assert len(prompt.tokens) <= 300


def test_what_is_pinned_and_too_long_is_told_as_such() -> None:
    with pytest.raises(TooLong) as caught:
        fitted([Message(Role.USER, "w " * 900, pinned=True), *talk(10)], 800)
    assert caught.value.pinned


def test_estimates_are_checked_against_the_real_size() -> None:
    def lavish(messages: Sequence[Message]) -> Prompt:
        prompt = words(messages)
        return Prompt(prompt.text, prompt.tokens * 3)

    prompt = fit(talk(20), room=300, render=lavish, count=lambda text: len(text.split()))
    assert 0 < len(prompt.tokens) <= 300


def test_the_strictest_form_has_turns_and_no_system_message() -> None:
    messages = [
        Message(Role.SYSTEM, "be kind"),
        Message(Role.USER, "a"),
        Message(Role.USER, "b"),
        Message(Role.ASSISTANT, "c"),
        Message(Role.USER, "d"),
    ]
    assert in_turns(messages) == [
        Message(Role.USER, "be kind\n\na\n\nb"),
        Message(Role.ASSISTANT, "c"),
        Message(Role.USER, "d"),
    ]
