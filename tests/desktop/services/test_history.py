"""What a backend is told of a conversation, and where its memory began when it left something out."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from desktop.services.history import Memory, history, memory_after
from desktop.storage.conversations import Status
from desktop.storage.values import StoredImage
from models.chat import Image, Message, Role
from tests.desktop.services.talking import talk


def test_history_says_what_is_pinned() -> None:
    told = history(talk("a", "*b", "c"))
    assert told == (
        Message(Role.USER, "a"),
        Message(Role.ASSISTANT, "b", pinned=True),
        Message(Role.USER, "c"),
    )


def test_a_picture_is_told_without_words_and_with_the_questions_beside_it() -> None:
    shown = StoredImage(7, "image/png", 40, 20, 3)
    first, failed, second = talk("", "", "And this?")
    told = history([replace(first, images=(shown,)), failed, replace(second, images=(shown,))])
    picture = Image("image/png", b"", 40, 20)
    assert told == (Message(Role.USER, "And this?", images=(picture, picture)),)
    read = history(
        [replace(first, images=(shown,))], lambda image: Image("image/png", b"%d" % image.id, 1, 1)
    )
    assert read[0].images[0].data == b"7"


@pytest.mark.parametrize("texts", [("*a", "", "b"), ("a", "", "*b")])
def test_questions_told_as_one_are_pinned_if_one_of_them_is(texts: tuple[str, ...]) -> None:
    assert history(talk(*texts)) == (Message(Role.USER, "a\n\nb", pinned=True),)


@pytest.mark.parametrize(
    ("texts", "left_out", "memory"),
    [
        (("a", "b", "c"), 0, None),
        (("a", "b", "c", "d", "e"), 2, Memory(3, 2)),
        (("a", "b", "c", "d", "e"), 4, Memory(5, 4)),
        # a failed answer: 1 and 3 are told as one message, both are left out
        (("a", "", "b", "c", "d"), 2, Memory(5, 3)),
        # 3 and 5 are told as one message, and it is in
        (("a", "b", "c", "", "d"), 2, Memory(3, 2)),
        # what is pinned stays and isn't counted
        (("*a", "b", "c", "d", "e"), 3, Memory(5, 3)),
        (("a", "*b", "c", "d", "e"), 1, Memory(3, 1)),
        (("a", "b", "*c", "d", "e"), 2, Memory(3, 2)),
        (("a", "b", "*c", "d", "e"), 3, Memory(5, 3)),
        # more than there is: told by something else
        (("a", "b"), 9, None),
    ],
)
def test_memory_begins_after_what_was_left_out(
    texts: tuple[str, ...], left_out: int, memory: Memory | None
) -> None:
    assert memory_after(talk(*texts), left_out) == memory


def test_wherever_a_backend_cuts_the_place_is_found_again() -> None:
    chance = random.Random(3)
    for _ in range(300):
        earlier = 2 * chance.randrange(1, 10)
        texts = [chance.choice(["x", "x", "x", "*x", ""]) for _ in range(earlier)]
        messages = talk(*texts, "the last question")
        told = history(messages)
        cut = chance.choice([n for n, message in enumerate(told) if message.role is Role.USER])
        gone = sum(not message.pinned for message in told[:cut])
        memory = memory_after(messages, gone)
        if gone == 0:
            assert memory is None
            continue
        assert memory is not None
        first = next(n for n, message in enumerate(messages) if message.id == memory.first_id)
        kept = history(messages[first:])
        left = sum(not message.pinned for message in told) - gone
        assert sum(not message.pinned for message in kept) == left
        assert kept[0].role is Role.USER


@pytest.mark.parametrize("step", ["shorten", "larger_context"])
def test_a_question_that_was_too_long_and_given_up_is_not_told_with_the_next(step: str) -> None:
    messages = talk("a", "b", "far too long", "", "never mind, hi")
    messages[3] = replace(messages[3], status=Status.FAILED, error={"next_step": step})
    assert [message.text for message in history(messages)] == ["a", "b", "never mind, hi"]
    assert [message.text for message in history(messages[:3])] == ["a", "b", "far too long"]
    other = [*messages[:3], replace(messages[3], error={"next_step": "retry"}), messages[4]]
    assert [message.text for message in history(other)] == ["a", "b", "far too long\n\nnever mind, hi"]
