"""Keeps answers that are being written: their text as it grows, and how they ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.services.turns import LiveTurn, as_message
from desktop.storage.conversations import ConversationStore, Status, StoredMessage
from models.errors import AppError, StorageError

_SAVE_EVERY_MS = 500


class Keeping(QObject):
    """The answers being written, and the ends that could not be stored yet. GUI thread only.

    What has grown is stored every half second; an end that can't be stored stays here, and is tried again
    as often. `failed` carries a StorageError. `paused` carries the id of an answer whose running figures
    are behind its text, since nothing came after its last piece.
    """

    failed = Signal(object)
    paused = Signal(int)

    def __init__(self, store: ConversationStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.live: dict[int, LiveTurn] = {}
        self._unsaved: dict[int, tuple[LiveTurn, Status, AppError | None]] = {}
        self._saver = QTimer(self, interval=_SAVE_EVERY_MS)
        self._saver.timeout.connect(self._save)

    def take(self, turn: LiveTurn) -> None:
        """It is being written from here on."""
        self.live[turn.message.id] = turn
        self._saver.start()

    def leave(self, turn: LiveTurn) -> None:
        """It is not written any further, which is no end of its answer."""
        self.live.pop(turn.message.id, None)

    def has(self, turn: LiveTurn) -> bool:
        """Whether this is what writes its answer now."""
        return self.live.get(turn.message.id) is turn

    def running_in(self, conversation_id: int | None) -> LiveTurn | None:
        """The answer being written in a conversation."""
        turns = (turn for turn in self.live.values() if turn.message.conversation_id == conversation_id)
        return next(turns, None)

    def end(self, turn: LiveTurn, status: Status, error: AppError | None = None) -> StoredMessage:
        """Store the end of an answer; as it would be stored, where that has to be tried again."""
        self.leave(turn)
        try:
            message = self.write_end(turn, status, error)
        except StorageError as failure:
            self._unsaved[turn.message.id] = (turn, status, error)
            self.failed.emit(failure)
            self._saver.start()
            message = as_message(turn, status, error)
        self._rest()
        return message

    def write_end(self, turn: LiveTurn, status: Status, error: AppError | None) -> StoredMessage:
        """Store an end, or store it anew. Raises StorageError."""
        now = as_message(turn, status, error)
        return self._store.settle(
            turn.message.id,
            text=now.text,
            reasoning=now.reasoning,
            status=status,
            model=now.model,
            receipt=now.receipt,
            error=now.error,
        )

    def catch_up(self, message_id: int) -> None:
        """Store this answer's end if it could not be before. Raises StorageError."""
        if message_id in self._unsaved:
            self.write_end(*self._unsaved[message_id])
            del self._unsaved[message_id]

    def current(self, message: StoredMessage) -> StoredMessage:
        """The newest state of a message, stored or not."""
        turn = self.live.get(message.id)
        if turn is not None:
            return replace(as_message(turn, Status.RUNNING), pinned=message.pinned)
        if message.id in self._unsaved:
            return replace(as_message(*self._unsaved[message.id]), pinned=message.pinned)
        return message

    def messages(self, conversation_id: int) -> list[StoredMessage]:
        """Those shown of a conversation, oldest first, in their newest state; none if they can't be read."""
        try:
            stored = self._store.thread(conversation_id)
        except StorageError as error:
            self.failed.emit(error)
            return []
        return [self.current(message) for message in stored]

    def before(self, answer: StoredMessage) -> list[StoredMessage]:
        """The messages that an answer answers, whichever versions are shown meanwhile."""
        try:
            return [self.current(message) for message in self._store.before(answer)]
        except StorageError as error:
            self.failed.emit(error)
            return []

    def _save(self) -> None:
        for turn in list(self.live.values()):
            if turn.saved != turn.length:
                self._try(lambda turn=turn: self._save_partial(turn))  # type: ignore[misc]
            if turn.running.behind:  # it paused right after its last piece
                self.paused.emit(turn.message.id)
        try:
            for message_id in list(self._unsaved):
                self.catch_up(message_id)
        except StorageError:
            return  # said already; the next tick tries again
        self._rest()

    def _rest(self) -> None:
        if not self.live and not self._unsaved:
            self._saver.stop()

    def _save_partial(self, turn: LiveTurn) -> None:
        turn.text[:] = ["".join(turn.text)]
        turn.reasoning[:] = ["".join(turn.reasoning)]
        self._store.save_partial(turn.message.id, turn.text[0], turn.reasoning[0])
        turn.saved = turn.length

    def _try(self, step: Callable[[], object]) -> None:
        try:
            step()
        except StorageError as error:
            self.failed.emit(error)
