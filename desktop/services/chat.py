"""Conversations and the answers being written, as signals for whoever shows them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.background import Background
from desktop.services.accounts import Accounts
from desktop.services.answering import AnsweringService
from desktop.services.books import BookService
from desktop.services.history import unsent
from desktop.services.models import ModelService
from desktop.services.pictures import PictureService
from desktop.services.settings import SettingsService
from desktop.services.setup import SetupService
from desktop.services.turns import LiveTurn
from desktop.services.unsent import Drafts
from desktop.services.writing import Writing
from desktop.storage.conversations import (
    Conversation,
    ConversationStore,
    SearchHit,
    Status,
    StoredMessage,
    title_from,
)
from models.chat import Backend, Image, Progress, Role
from models.errors import AppError, CannotSee, StorageError
from models.ways_on import Way

if TYPE_CHECKING:
    from models.chat import ChatRequest
    from models.route import Route

T = TypeVar("T")
WITHOUT_WORDS = "Picture"
_DRAFT_AGAIN_MS = 1_000
_TRASH_S = 30 * 24 * 3600


class ChatService(QObject):
    """Sends messages, keeps every word, and tells what happens. GUI thread only.

    For each answer: `message_added` (the user's, then the answer's, RUNNING), any number of
    `turn_progressed` and `turn_advanced`, exactly one `turn_finished`. All of it is in the store before
    the signal goes out, the growing text at least every half second. `message_changed` carries a
    message that was pinned or is no longer, `conversations_erased` the cache keys of conversations that
    are gone for good, or private since. `sends` carries an answer's message, the host, and the content of a
    request that leaves for it. `failed` carries an AppError that belongs to no answer (the store is full or
    read-only); what was written stays in memory until it can be stored. `refused` carries one for a text
    that can't be sent as it is; nothing of it was stored.
    """

    conversations_changed = Signal()
    conversations_erased = Signal(object)
    message_added = Signal(object)
    turn_progressed = Signal(int)
    turn_advanced = Signal(int)
    turn_finished = Signal(object)
    message_changed = Signal(object)
    thread_changed = Signal(int)
    sends = Signal(object, str, bytes)
    failed = Signal(object)
    refused = Signal(object)

    def __init__(
        self,
        store: ConversationStore,
        background: Background,
        backend_for: Callable[[str], Backend],
        models: ModelService,
        settings: SettingsService,
        parent: QObject | None = None,
        *,
        books: BookService | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self.setup = SetupService(store, models, settings, self)
        self.answering = AnsweringService(models, settings, self.setup, parent=self)
        self.setup.changed.connect(self.conversations_changed)
        self.setup.erased.connect(self.conversations_erased)
        self.setup.failed.connect(self.failed)
        self._draft_again = QTimer(self, singleShot=True, interval=_DRAFT_AGAIN_MS)
        self._drafts = Drafts(store, self.failed.emit, self._draft_again.start)
        self._draft_again.timeout.connect(self._drafts.store_rest)
        self.pictures = PictureService(store.pictures, background, self)
        self.pictures.failed.connect(self.failed)
        accounts = Accounts(books, self.answering)
        self._writing = Writing(
            store, background, backend_for, models, settings, self.setup, self.answering, accounts, self
        )
        self.relay, self._kept = self._writing.relay, self._writing.kept
        self._pass_on(self._writing)

    def _pass_on(self, writing: Writing) -> None:
        writing.progressed.connect(self.turn_progressed)
        writing.advanced.connect(self.turn_advanced)
        writing.finished.connect(self.turn_finished)
        writing.finished.connect(self.conversations_changed)
        writing.changed.connect(self.message_changed)
        writing.thread_changed.connect(self.thread_changed)
        writing.sends.connect(self.sends)
        writing.failed.connect(self.failed)

    # -- conversations

    def mark_interrupted(self) -> None:
        """At start-up, before anything is shown: end what a crash left running."""
        self._store.interrupt_running()

    def empty_trash(self) -> None:
        """Erase what was deleted a month ago; may take a second, so not before the window is there."""

        def erase() -> None:
            erased = self._store.purge_deleted(time.time() - _TRASH_S)
            if erased:
                self.conversations_erased.emit([str(conversation_id) for conversation_id in erased])

        self._attempt(erase)

    def conversations(self) -> list[Conversation]:
        """All that aren't deleted, the latest first."""
        return self._read(self._store.conversations, [])

    def messages(self, conversation_id: int) -> list[StoredMessage]:
        """The messages shown, oldest first; an answer being written has its latest text."""
        return self._kept.messages(conversation_id)

    def conversation(self, conversation_id: int) -> Conversation | None:
        """One of them; None if it can't be read."""
        return self._read(lambda: self._store.get(conversation_id), None)

    def search(self, text: str) -> list[SearchHit]:
        """Where a text occurs in titles and messages."""
        return self._read(lambda: self._store.search(text), [])

    def rename(self, conversation_id: int, title: str) -> None:
        """Give a conversation a title; an empty one changes nothing."""
        if title.strip():
            self._change(lambda: self._store.rename(conversation_id, title.strip()))

    def delete(self, conversation_id: int) -> bool:
        """Put a conversation into the trash; `restore` brings it back. False if it stays (told)."""
        while (turn := self.running_in(conversation_id)) is not None:
            self.stop(turn.message.id)
        return self._change(lambda: self._store.delete(conversation_id))

    def restore(self, conversation_id: int) -> bool:
        """Take a conversation out of the trash. False if it stays there (told)."""
        return self._change(lambda: self._store.restore(conversation_id))

    def draft(self, conversation_id: int | None) -> str:
        """What was typed and not sent; None is the new conversation."""
        return self._drafts.read(conversation_id)

    def save_draft(self, conversation_id: int | None, text: str) -> None:
        """Keep what was typed; what can't be stored (told) is kept here until it can."""
        self._drafts.save(conversation_id, text)

    # -- turns

    def unseen(
        self,
        conversation_id: int | None,
        text: str,
        images: Sequence[Image],
        instead_of: StoredMessage | None = None,
    ) -> CannotSee | None:
        """Why whoever would answer this can't see its pictures, or those before it; None where it can.

        What else may be in the way of an answer is told with that.
        """
        thread = self.messages(conversation_id) if conversation_id is not None else []
        if instead_of is not None:
            thread = list(takewhile(lambda message: message.id != instead_of.id, thread))
        try:
            named, text = self.answering.addressed(conversation_id, text)
        except AppError:
            return None
        question = unsent(conversation_id, text, images, named)
        return self.answering.unseen(conversation_id, [*thread, question])

    def send(self, conversation_id: int | None, text: str, images: Sequence[Image] = ()) -> int | None:
        """Store a message and have it answered; the conversation's id, or None if it couldn't be stored.

        With None a conversation is begun. The draft is cleared in either case only once the message
        is stored. A model that the text begins with (“@qwen3 …”) answers this message.
        """
        if (addressed := self._addressed(conversation_id, text)) is None:
            return None
        to, text = addressed
        try:
            if conversation_id is None:
                private, options = self.setup.take_new()
                title = title_from(text) if text or not images else WITHOUT_WORDS
                question, answer = self._store.begin(
                    title, text, private=private, options=options, images=images, to=to
                )
                self.setup.begun()
                conversation_id = question.conversation_id
            else:
                thread = self._store.thread(conversation_id)
                parent = thread[-1].id if thread else None
                question, answer = self._store.add_turn(
                    conversation_id, parent_id=parent, text=text, model=None, images=images, to=to
                )
        except StorageError as error:
            self.failed.emit(error)
            return None
        self.conversations_changed.emit()
        self.message_added.emit(question)
        self.message_added.emit(answer)
        self._writing.begin(answer)
        return conversation_id

    def regenerate(self, message: StoredMessage) -> None:
        """Have another answer written beside this one; not while one is being written there."""
        if self.running_in(message.conversation_id) is None:
            self._answer_anew(message)

    def edit(self, message: StoredMessage, text: str, images: Sequence[Image] = ()) -> bool:
        """Ask differently: a version of the user's message beside the old one, answered anew.

        False if it could not be stored, or while an answer is being written there.
        """
        if self.running_in(message.conversation_id) is not None:
            return False
        if (addressed := self._addressed(message.conversation_id, text)) is None:
            return False
        to, text = addressed
        try:
            _question, answer = self._store.add_turn(
                message.conversation_id,
                parent_id=message.parent_id,
                text=text,
                model=None,
                images=images,
                to=to,
            )
        except StorageError as error:
            self.failed.emit(error)
            return False
        self.thread_changed.emit(message.conversation_id)
        self._writing.begin(answer)
        return True

    def resume(self, message: StoredMessage, *, way: Way | None = None) -> None:
        """Go on where an answer was broken off; an empty one is begun anew.

        Does nothing while an answer is being written there. `way` was chosen as a budget stood in its way.
        """
        if self.running_in(message.conversation_id) is not None:
            return
        try:
            self._kept.catch_up(message.id)
            answer = self._store.reopen(message.id)
        except StorageError as error:
            self.failed.emit(error)
            return
        self.thread_changed.emit(answer.conversation_id)
        refused = (message.error or {}).get("refused", "")
        self._writing.begin(replace(answer, receipt=message.receipt), way=way, refused=refused)

    def take_over(self, message: StoredMessage, *, always: bool = False) -> None:
        """Have the one go on that is offered for this answer; with `always` so from now on in that chat.

        Where another one would by now, or nobody, that is shown instead.
        """
        self._writing.take_over(message, always=always)

    def would_send(self, message: StoredMessage) -> tuple[Route, ChatRequest]:
        """Who would be asked for this answer now, and for what. Raises AppError."""
        return self._writing.would_send(message)

    def decline(self, message: StoredMessage) -> None:
        """Leave an answer that was asked about unsent; it can be gone on with."""
        self._writing.decline(message)

    def route_of(self, message: StoredMessage) -> Route:
        """Who would write this answer now, whatever its licence asks for. Raises AppError."""
        return self.answering.before_questions(message.conversation_id, self._kept.before(message))

    def allow(self, message: StoredMessage) -> None:
        """The user said yes to what was asked before this answer: have it written.

        A gateway that was asked about for the first time may be asked from now on. Where something else
        would be sent by now, or elsewhere, that is asked about instead.
        """
        if self.running_in(message.conversation_id) is None:
            earlier = self._kept.before(message)
            self.answering.agree(message.conversation_id, earlier, message.text, message.error or {})
            self.resume(message)

    def select_version(self, message_id: int) -> None:
        """Show another version of a message and what followed it."""

        def select() -> None:
            self.thread_changed.emit(self._store.select_version(message_id))

        self._attempt(select)

    def set_pinned(self, message: StoredMessage, pinned: bool) -> None:
        """Keep a message in the model's memory when older ones are left out, or no longer."""

        def change() -> None:
            self._store.set_pinned(message.id, pinned)
            self.message_changed.emit(self._kept.current(self._store.message(message.id)))

        self._attempt(change)

    def stop(self, message_id: int) -> None:
        """End an answer at once; what was written stays."""
        self._writing.stop(message_id)

    def answer_at_once(self, message: StoredMessage) -> None:
        """Have an answer that a gateway still thinks about written without thinking, as another version.

        A gateway can't be hurried: it is stopped and asked again. What was thought stays with the first
        version. Does nothing to an answer that has begun.
        """
        turn = self._kept.live.get(message.id)
        if turn is None or turn.text or turn.route.backend != "gateway":
            return
        self.stop(message.id)
        self._answer_anew(message, at_once=True)

    def live(self, message_id: int) -> LiveTurn | None:
        """The answer with this id while it is being written."""
        return self._kept.live.get(message_id)

    def latest(self, message: StoredMessage) -> tuple[StoredMessage, Progress | None]:
        """The newest state of a message, and what it waits for if it is being written."""
        turn = self._kept.live.get(message.id)
        return (message, None) if turn is None else (self._kept.current(message), turn.progress)

    @property
    def busy(self) -> bool:
        """Whether any answer is being written."""
        return bool(self._kept.live)

    def running_in(self, conversation_id: int | None) -> LiveTurn | None:
        """The answer being written in a conversation."""
        return self._kept.running_in(conversation_id)

    def close(self) -> None:
        """Store what is being written as interrupted; called once, before the background ends."""
        self._writing.close()
        self._drafts.store_rest()
        self._draft_again.stop()

    # -- inside

    def _addressed(self, conversation_id: int | None, text: str) -> tuple[str | None, str] | None:
        """The model that a text names, and the text without it; None if it can't be sent so (told)."""
        try:
            return self.answering.addressed(conversation_id, text)
        except AppError as error:
            self.refused.emit(error)
            return None

    def _answer_anew(self, message: StoredMessage, *, at_once: bool = False) -> None:
        """Have a version of an answer written beside it."""
        try:
            added = self._store.add_message(
                message.conversation_id,
                parent_id=message.parent_id,
                role=Role.ASSISTANT,
                status=Status.RUNNING,
            )
        except StorageError as error:
            self.failed.emit(error)
            return
        self.thread_changed.emit(message.conversation_id)
        self._writing.begin(added, at_once=at_once)

    def _read(self, read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except StorageError as error:
            self.failed.emit(error)
            return otherwise

    def _change(self, action: Callable[[], object]) -> bool:
        done = self._attempt(action)
        self.conversations_changed.emit()
        return done

    def _attempt(self, action: Callable[[], object]) -> bool:
        try:
            action()
        except StorageError as error:
            self.failed.emit(error)
            return False
        return True
