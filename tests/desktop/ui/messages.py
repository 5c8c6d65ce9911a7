"""Makers of stored messages for widget tests."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

from desktop.storage.conversations import Status, StoredMessage
from models.chat import Role

_ids = count(1)


def stored(
    role: Role,
    text: str,
    *,
    status: Status = Status.COMPLETE,
    reasoning: str = "",
    receipt: Mapping[str, object] | None = None,
    error: Mapping[str, str] | None = None,
    versions: tuple[int, ...] | None = None,
    message_id: int | None = None,
    parent_id: int | None = None,
    pinned: bool = False,
) -> StoredMessage:
    """A message of conversation 1; ids count up unless given."""
    number = next(_ids) if message_id is None else message_id
    return StoredMessage(
        id=number,
        conversation_id=1,
        parent_id=parent_id,
        role=role,
        text=text,
        reasoning=reasoning,
        status=status,
        model="starter" if role is Role.ASSISTANT else None,
        created_at=0.0,
        receipt=receipt,
        error=error,
        versions=versions or (number,),
        pinned=pinned,
    )


def conversation(length: int) -> list[StoredMessage]:
    """Questions and answers in turn; the texts differ in length."""
    words = "a few words of an answer that goes on for a while "
    return [
        stored(Role.ASSISTANT, f"**Answer {n}** " + words * (1 + n % 9))
        if n % 2
        else stored(Role.USER, f"Question {n}?")
        for n in range(length)
    ]
