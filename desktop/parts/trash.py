"""Deletes conversations with an Undo that holds for all of them that were deleted one after the other."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from desktop.services.chat import ChatService
from desktop.ui.notice import Notice


class Trash(QObject):
    """Serves one window. GUI thread only. `shown` gives the conversation shown, `show` shows another one."""

    def __init__(
        self,
        chat: ChatService,
        notice: Notice,
        shown: Callable[[], int | None],
        show: Callable[[int | None], object],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._chat, self._notice, self._shown, self._show = chat, notice, shown, show
        self._deleted: dict[int, str] = {}

    def delete(self, conversation_id: int) -> None:
        """Put a conversation into the trash, and offer to undo that."""
        conversation = self._chat.conversation(conversation_id)
        if conversation is None or not self._chat.delete(conversation_id):
            return
        if self._shown() == conversation_id:
            self._show(None)
        if self._notice.offered != self._undo:
            self._deleted = {}
        self._deleted[conversation_id] = conversation.title
        self._offer()

    def _offer(self) -> None:
        titles = list(self._deleted.values())
        words = f"“{titles[0]}”" if len(titles) == 1 else f"{len(titles)} conversations"
        self._notice.say(f"Deleted {words}.", "Undo", self._undo)

    def _undo(self) -> None:
        """Restore them and show the last one; what can't be restored now can be tried again."""
        restored = [number for number in self._deleted if self._chat.restore(number)]
        self._deleted = {number: title for number, title in self._deleted.items() if number not in restored}
        if restored:
            self._show(restored[-1])
        if self._deleted:
            self._offer()
