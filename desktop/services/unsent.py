"""What was typed and not sent: in the store, and here while the store does not take it."""

from __future__ import annotations

from collections.abc import Callable

from desktop.storage.conversations import ConversationStore
from models.errors import StorageError


class Drafts:
    """The texts by conversation; None is the one that does not exist yet. One thread only.

    A text that can't be stored is kept here, told as `failed`, and stored with the next one that can.
    """

    def __init__(self, store: ConversationStore, failed: Callable[[StorageError], object]) -> None:
        self._store, self._failed = store, failed
        self._waiting: dict[int | None, str] = {}

    def read(self, conversation_id: int | None) -> str:
        """The newest text of a conversation, stored or not; empty if it can't be read (told)."""
        if conversation_id in self._waiting:
            return self._waiting[conversation_id]
        try:
            return self._store.draft(conversation_id)
        except StorageError as error:
            self._failed(error)
            return ""

    def save(self, conversation_id: int | None, text: str) -> None:
        """Keep a text in place of the one before; an empty one leaves nothing behind."""
        self._waiting[conversation_id] = text
        self.store_rest()

    def store_rest(self) -> None:
        """Store what is kept only here."""
        try:
            for conversation_id, text in list(self._waiting.items()):
                self._store.set_draft(conversation_id, text)
                del self._waiting[conversation_id]
        except StorageError as error:
            self._failed(error)
