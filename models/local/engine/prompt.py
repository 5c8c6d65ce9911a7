"""Which messages fit: the oldest turns are left out when a conversation outgrows the context."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from models.chat import Message, Role

_AROUND = 8
"""Tokens that a template writes around a message, about."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt's text and tokens, and how many of the oldest messages are not in it."""

    text: str
    tokens: list[int]
    left_out: int = 0


class TooLong(Exception):
    """What must be in a prompt has so many tokens, which is more than the room there is."""

    def __init__(self, tokens: int, room: int, *, pinned: bool) -> None:
        super().__init__(f"{tokens} tokens in {room}")
        self.tokens, self.room, self.pinned = tokens, room, pinned


def fit(
    messages: Sequence[Message],
    *,
    room: int,
    render: Callable[[Sequence[Message]], Prompt],
    count: Callable[[str], int],
) -> Prompt:
    """The prompt with all messages, or without the oldest turns, in at most `room` tokens.

    System messages at the beginning and pinned ones always stay. Turns are left out in portions of
    about a quarter of the room, by a rule that depends on the messages only: so the prompt's beginning,
    and what is evaluated of it, stays the same for several turns. Raises TooLong if what must stay is.
    """
    whole = render(messages)
    if len(whole.tokens) <= room:
        return whole
    first = next((i for i, m in enumerate(messages) if m.role is not Role.SYSTEM), len(messages))
    system, rest = messages[:first], messages[first:]
    sizes = [count(message.text) for message in messages]
    borders = [i for i, m in enumerate(rest) if m.role is Role.USER and i > 0]
    over = sum(sizes) + _AROUND * len(sizes) - room
    gone = [0 if m.pinned else size for m, size in zip(rest, sizes[first:], strict=True)]
    return _without_oldest(system, rest, _from(borders, gone, over, room // 4), room, render)


def _without_oldest(
    system: Sequence[Message],
    rest: Sequence[Message],
    borders: Sequence[int],
    room: int,
    render: Callable[[Sequence[Message]], Prompt],
) -> Prompt:
    """The first border that really fits, for `borders` were chosen by estimated sizes."""
    for border in borders or (0,):
        kept = [message for message in rest[:border] if message.pinned]
        prompt = render([*system, *kept, *rest[border:]])
        if len(prompt.tokens) <= room:
            return Prompt(prompt.text, prompt.tokens, border - len(kept))
    raise TooLong(len(prompt.tokens), room, pinned=bool(kept))


def _from(borders: Sequence[int], sizes: Sequence[int], over: int, portion: int) -> Sequence[int]:
    """The borders to try, the most talkative first: whole portions gone, or just enough."""
    if not borders:
        return borders
    gone = [0, *accumulate(size + _AROUND for size in sizes)]
    wanted = -(-max(over, 1) // max(portion, 1)) * portion
    enough = _at_least(borders, gone, over)
    roomy = _at_least(borders, gone, wanted)
    start = roomy if gone[borders[roomy]] <= wanted + portion else enough
    return borders[start:]


def _at_least(borders: Sequence[int], gone: Sequence[int], wanted: int) -> int:
    """The index of the first border before which `wanted` tokens lie, else of the last."""
    return next((i for i, at in enumerate(borders) if gone[at] >= wanted), len(borders) - 1)


def in_turns(messages: Sequence[Message]) -> list[Message]:
    """The same messages with the system's joined to the first question and neighbours of one role joined."""
    turns: list[Message] = []
    for message in messages:
        role = Role.USER if message.role is Role.SYSTEM else message.role
        if turns and turns[-1].role is role:
            turns[-1] = Message(role, f"{turns[-1].text}\n\n{message.text}")
        else:
            turns.append(Message(role, message.text))
    return turns
