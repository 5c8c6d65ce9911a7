"""What a backend is told of a conversation, and where its memory began when it left something out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from desktop.storage.conversations import Status, StoredMessage
from desktop.storage.values import StoredImage
from models.chat import Image, Message, Role
from models.errors import NextStep


def unsent(
    conversation_id: int | None, text: str, images: Sequence[Image], model: str | None = None
) -> StoredMessage:
    """A question as it would be stored; `model` is the one that it names."""
    outlines = tuple(
        StoredImage(0, image.media_type, image.width, image.height, len(image.data)) for image in images
    )
    return StoredMessage(
        id=0,
        conversation_id=conversation_id or 0,
        parent_id=None,
        role=Role.USER,
        text=text,
        reasoning="",
        status=Status.COMPLETE,
        model=model,
        created_at=0.0,
        receipt=None,
        error=None,
        versions=(),
        images=outlines,
    )


def outline(image: StoredImage) -> Image:
    """A picture without its content, where only its size matters."""
    return Image(image.media_type, b"", image.width, image.height)


def history(
    messages: Sequence[StoredMessage], read: Callable[[StoredImage], Image] = outline
) -> tuple[Message, ...]:
    """What a backend is given of a conversation: without empty answers, the roles in turn.

    Many chat templates refuse two questions in a row, which is what a failed answer leaves. They are
    told as one message, and that is pinned if one of them is: it can't stay in part. `read` gives a
    picture's content.
    """
    return tuple(
        Message(
            group[0].role,
            "\n\n".join(m.text for m in group if m.text),
            _pinned(group),
            tuple(read(image) for m in group for image in m.images),
        )
        for group in _told(messages)
    )


@dataclass(frozen=True, slots=True)
class Memory:
    """Where the model's memory begins: with the message `first_id`; `left_out` earlier ones are not in it."""

    first_id: int
    left_out: int


def memory_after(messages: Sequence[StoredMessage], left_out: int) -> Memory | None:
    """Where memory began for whoever was given `history(messages)` and left out so many of its messages.

    Those are the oldest that are not pinned, and what is left begins with a question. None if nothing
    was left out.
    """
    if left_out <= 0:
        return None
    gone: list[list[StoredMessage]] = []
    for group in _told(messages):
        if len(gone) == left_out and group[0].role is Role.USER:
            return Memory(group[0].id, sum(map(len, gone)))
        if len(gone) < left_out and not _pinned(group):
            gone.append(group)
    return None


def _told(messages: Sequence[StoredMessage]) -> list[list[StoredMessage]]:
    """The messages that say or show something, neighbours of one role together.

    A question that was too long for the model, and given up for another one, is not told: it would
    make that one too long, too.
    """
    after = [*messages[1:], None][: len(messages)]
    spoken = [m for m, answer in zip(messages, after, strict=True) if _says(m) and not _given_up(m, answer)]
    return [list(group) for _role, group in groupby(spoken, key=lambda message: message.role)]


def _says(message: StoredMessage) -> bool:
    return bool(message.text or message.images)


def _given_up(question: StoredMessage, answer: StoredMessage | None) -> bool:
    if question.role is not Role.USER or answer is None or answer.text or answer.error is None:
        return False
    return answer.error.get("next_step") in (NextStep.SHORTEN, NextStep.LARGER_CONTEXT)


def _pinned(group: Sequence[StoredMessage]) -> bool:
    return any(message.pinned for message in group)
