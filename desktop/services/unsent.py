"""What was typed and not sent: in the store, and here while the store does not take it."""

from __future__ import annotations

from collections.abc import Callable

from desktop.storage.conversations import ConversationStore
from models.errors import StorageError


class Drafts:
    """The texts by conversation; None is the one that does not exist yet. One thread only.

    A text that can't be stored is kept here and told as `failed`; `again` is asked to call `store_rest` after
    a while. One that could not be read stays before what is typed meanwhile.
    """

    def __init__(
        self,
        store: ConversationStore,
        failed: Callable[[StorageError], object],
        again: Callable[[], object],
    ) -> None:
        self._store, self._failed, self._again = store, failed, again
        self._waiting: dict[int | None, str] = {}
        self._unread: set[int | None] = set()
        self._behind: dict[int | None, str] = {}

    def read(self, conversation_id: int | None) -> str:
        """The newest text of a conversation, stored or not; empty if it can't be read (told)."""
        self._behind.pop(conversation_id, None)
        if conversation_id in self._waiting:
            return self._waiting[conversation_id]
        try:
            text = self._store.draft(conversation_id)
        except StorageError as error:
            self._unread.add(conversation_id)
            self._failed(error)
            return ""
        self._unread.discard(conversation_id)
        return text

    def save(self, conversation_id: int | None, text: str) -> None:
        """Keep a text in place of the one before; an empty one leaves nothing behind."""
        self._waiting[conversation_id] = text
        if (error := self.store_rest()) is not None:
            self._failed(error)

    def store_rest(self) -> StorageError | None:
        """Store what is kept only here; why it still can't be, which was told before."""
        try:
            for conversation_id, text in list(self._waiting.items()):
                if conversation_id in self._unread:
                    self._behind[conversation_id] = self._store.draft(conversation_id)
                    self._unread.discard(conversation_id)
                parts = (self._behind.get(conversation_id, ""), text)
                self._store.set_draft(conversation_id, "\n\n".join(part for part in parts if part))
                del self._waiting[conversation_id]
        except StorageError as error:
            self._again()
            return error
        return None
