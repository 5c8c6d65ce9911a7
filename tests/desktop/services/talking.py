"""A conversation’s messages, made up."""

from __future__ import annotations

from desktop.storage.conversations import Status, StoredMessage
from models.chat import Role


def talk(*texts: str) -> list[StoredMessage]:
    """Questions and answers in turn, numbered from 1: “*” before a text pins it, an empty one failed."""
    return [
        StoredMessage(
            id=number,
            conversation_id=1,
            parent_id=number - 1 or None,
            role=Role.USER if number % 2 else Role.ASSISTANT,
            text=text.lstrip("*"),
            reasoning="",
            status=Status.COMPLETE,
            model=None,
            created_at=0.0,
            receipt=None,
            error=None,
            versions=(number,),
            pinned=text.startswith("*"),
        )
        for number, text in enumerate(texts, start=1)
    ]
