"""The conversation's page: header, transcript or welcome, composer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QImage,
    QKeySequence,
    QShortcut,
)
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.services.chat import ChatService
from desktop.services.context import memory_shown
from desktop.services.models import ModelService
from desktop.storage.conversations import Status, StoredMessage
from desktop.ui.chat.attaching import Attaching
from desktop.ui.chat.composer import Composer
from desktop.ui.chat.naming import Naming
from desktop.ui.chat.picker import ModelPicker
from desktop.ui.chat.room import Room
from desktop.ui.chat.transcript import Transcript
from desktop.ui.chat.viewer import Viewing
from desktop.ui.chat.welcome import Welcome
from desktop.ui.chat.wording import is_remote
from desktop.ui.options.conversation import ConversationOptions
from desktop.ui.theme import MEASURE, Appearance
from models.chat import Image, Progress
from models.errors import CannotSee, NextStep
from models.route import Mode, Privacy
from models.ways_on import RAISED


class ChatPage(QWidget):
    """Shows one conversation, or the welcome before there is one.

    `conversation_started(id)` when the first message of a new chat is stored; `models_requested` and
    `new_chat_requested` where an error's next step leads elsewhere. `typed(text)` at each change of the
    draft; `larger_context_wanted(tokens)`, or `larger_context_needed(question, answer)` where it is not
    known yet how large. `sent_requested(answer)` for what exactly was sent, `record_requested` for all that
    left. `find_model_requested` and `add_model_requested` where there is none,
    `gateways_requested` where a key is missing, `answering_shown` when another model
    or mode may answer here.
    """

    conversation_started = Signal(int)
    models_requested = Signal()
    add_model_requested = Signal()
    find_model_requested = Signal()
    new_chat_requested = Signal()
    link_activated = Signal(str)
    typing_began = Signal()
    typed = Signal(str)
    larger_context_wanted = Signal(int)
    larger_context_needed = Signal(str, object)
    thinking_chosen = Signal(object)
    answer_now_requested = Signal()
    gateways_requested = Signal()
    licence_requested = Signal(object)
    sent_requested = Signal(object)
    record_requested = Signal()
    answering_shown = Signal()

    def __init__(
        self, chat: ChatService, models: ModelService, look: Appearance, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setProperty("page", True)
        self._chat = chat
        self._models = models
        self._look = look
        self._conversation: int | None = None
        self._editing: StoredMessage | None = None
        self._offered, self._draft = "", ""  # of an edited message: its text, and the draft that waits
        self.transcript = Transcript(look, self._latest, self)
        self.welcome = Welcome(look, self)
        self.composer = Composer(look, self)
        self.options = ConversationOptions(chat.setup, look, self)
        self.room = Room(self.composer, self)
        self.attaching = Attaching(self.composer, chat.pictures, self)
        self.viewing = Viewing(chat.pictures, look, self)
        Naming(self.composer.edit, self.room, lambda: chat.answering.names(self._conversation))
        self._build()
        self._connect()
        self._show_models()
        self.open(None)

    @property
    def conversation(self) -> int | None:
        """The conversation shown; None is the new one."""
        return self._conversation

    def open(self, conversation_id: int | None) -> None:
        """Show a conversation; what was typed in the one before is kept with it."""
        self.keep_typed()
        self._editing = None
        self._conversation = conversation_id
        self.options.show_conversation(conversation_id)
        self._show_answering()
        messages = [] if conversation_id is None else self._chat.messages(conversation_id)
        self._middle.setCurrentWidget(self.transcript if messages else self.welcome)
        self.transcript.show_thread(messages)
        self.composer.set_text(self._chat.draft(conversation_id))
        self.attaching.show_draft(conversation_id)
        self._show_memory()
        self._show_running()
        self.composer.edit.setFocus()

    def show_message(self, message_id: int) -> None:
        """Go to a message of the conversation shown, if need be by showing the version that has it."""
        shown = [message.id for message in self.transcript.messages()]
        if shown and message_id not in shown:
            self._chat.select_version(message_id)
        self.transcript.go_to(message_id)

    def earlier(self) -> list[StoredMessage]:
        """The messages that what is typed will be added to, or put in place of what followed."""
        shown, editing = self.transcript.messages(), self._editing
        if editing is None:
            return shown
        return list(takewhile(lambda message: message.id != editing.id, shown))

    def keep_typed(self) -> None:
        """Store what is in the composer; an edited message that was not sent becomes part of the draft."""
        self.composer.flush()
        self.options.keep_typed()
        if self._editing is not None:
            self._keep_draft(self.composer.text())
            self.attaching.keep(self._conversation)

    def stop(self) -> None:
        """Stop the answer that is being written here, or leave the editing of a message."""
        turn = self._chat.running_in(self._conversation)
        if turn is not None:
            self._chat.stop(turn.message.id)
        elif self._editing is not None:
            self._stop_editing()

    # -- building

    def _build(self) -> None:
        self._middle = QStackedWidget(self)
        self._middle.addWidget(self.welcome)
        self._middle.addWidget(self.transcript)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._header())
        column.addWidget(self._middle, 1)
        self.notice_seat = QVBoxLayout()
        column.addLayout(self.notice_seat)
        bottom = QHBoxLayout()
        bottom.setContentsMargins(24, 4, 24, 16)
        bottom.addStretch(1)
        foot = QWidget(self)
        foot.setMaximumWidth(MEASURE + 28)
        both = QVBoxLayout(foot)
        both.setContentsMargins(0, 0, 0, 0)
        both.setSpacing(8)
        both.addWidget(self.room.card)
        both.addWidget(self.composer)
        bottom.addWidget(foot, 200)
        bottom.addStretch(1)
        column.addLayout(bottom)

    def _header(self) -> QHBoxLayout:
        answering = self._chat.answering
        self.picker = ModelPicker(
            answering.offered, self._look, self, lambda one: answering.aside_in(self._conversation, one)
        )
        self.picker.chosen.connect(self._choose_model)
        self.picker.models_requested.connect(self.models_requested)
        self.picker.gateways_requested.connect(self.gateways_requested)
        row = QHBoxLayout()
        row.setContentsMargins(52, 10, 16, 6)  # the window's own button stands at the left
        row.addWidget(self.picker)
        row.addStretch(1)
        row.addWidget(self.options.sign)
        row.addWidget(self.options.button)
        return row

    def _connect(self) -> None:
        self.composer.submitted.connect(self._submit)
        self.composer.thinking.chosen.connect(self.thinking_chosen)
        self.transcript.answer_now_requested.connect(self.answer_now_requested)
        self.composer.stop_requested.connect(self.stop)
        self.composer.draft_changed.connect(self._keep_draft)
        self.composer.edit.textChanged.connect(self._tell_typing)
        self.room.larger_context_wanted.connect(self.larger_context_wanted)
        self.welcome.example_chosen.connect(self._send_example)
        self.welcome.add_model_requested.connect(self.add_model_requested)
        self.welcome.find_model_requested.connect(self.find_model_requested)
        self.transcript.edit_requested.connect(self._edit)
        self.transcript.regenerate_requested.connect(self._chat.regenerate)
        self.transcript.resume_requested.connect(self._chat.resume)
        self.transcript.version_requested.connect(self._chat.select_version)
        self.transcript.pin_requested.connect(self._chat.set_pinned)
        self.transcript.step_requested.connect(self._take_step)
        self.transcript.way_chosen.connect(lambda way, answer: self._chat.resume(answer, way=way))
        self.transcript.take_over_requested.connect(
            lambda answer, always: self._chat.take_over(answer, always=always)
        )
        self.transcript.focus_freed.connect(self.composer.edit.setFocus)
        self.transcript.link_activated.connect(self.link_activated)
        self.transcript.sent_requested.connect(self.sent_requested)
        self.composer.privacy.chosen.connect(self._choose_privacy)
        self.composer.privacy.record_requested.connect(self.record_requested)
        self._chat.message_added.connect(self._on_added)
        self._chat.turn_advanced.connect(self.transcript.refresh)
        self._chat.turn_progressed.connect(self._on_progress)
        self._chat.turn_finished.connect(self._on_finished)
        self._chat.message_changed.connect(self.transcript.replace)
        self._chat.thread_changed.connect(self._on_thread_changed)
        self._models.changed.connect(self._show_models)
        self.composer.mode.chosen.connect(self._choose_mode)
        self._chat.answering.changed.connect(self._show_answering)
        self.attaching.changed.connect(self._tell_typing)
        self.attaching.changed.connect(self._show_raised)
        self.attaching.opened.connect(lambda image: self.viewing.open([image]))
        self.attaching.model_wanted.connect(self.picker.open)
        self.transcript.picture_opened.connect(self.viewing.open)
        self.transcript.picture_copied.connect(self.viewing.copy)
        self.transcript.picture_wanted.connect(lambda image: self._chat.pictures.draw(image.id, image))
        self._chat.pictures.drawn.connect(self._on_drawn)
        leave = QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self.stop)
        leave.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)

    # -- what the user did

    def _submit(self, text: str) -> None:
        if self._chat.running_in(self._conversation) is not None:
            return
        if self.room.refuses(text):
            self._tell_reader("Not sent: this message is too long")
            return
        images = self.attaching.images()
        if self.attaching.reading or not self._can_see(text, images):
            return
        if self._editing is not None:
            if self._chat.edit(self._editing, text, images):
                self._stop_editing()
                self.transcript.jump_to_end()
            return
        typed_in = self._conversation
        if self._send(text, images):
            self.composer.clear()
            self.attaching.sent()
            self._chat.save_draft(typed_in, "")

    def _can_see(self, text: str, images: Sequence[Image]) -> bool:
        error = self._chat.unseen(self._conversation, text, images, self._editing)
        if error is not None:
            self.attaching.refuse(error)
            self._tell_reader(f"Not sent: {error.one_line()}")
        return error is None

    def _send(self, text: str, images: Sequence[Image] = ()) -> bool:
        """Send a message; False if it could not be stored. The composer is left alone."""
        self.options.keep_typed()
        stored = self._chat.send(self._conversation, text, images)
        if stored is not None and self._conversation is None:
            self._conversation = stored
            self.attaching.follow(stored)
            self._show_answering()
            self.options.show_conversation(stored)
            self.conversation_started.emit(stored)
            self._on_thread_changed(stored)
        return stored is not None

    def _send_example(self, text: str) -> None:
        """What was being written goes with the conversation that begins, and waits no longer as a new one."""
        begins = self._conversation is None
        if not self._send(text) or not begins:
            return
        self._chat.save_draft(None, "")
        self._chat.save_draft(self._conversation, self.composer.text())
        self.attaching.move(self._conversation)

    def _edit(self, message: StoredMessage) -> None:
        if self._chat.running_in(self._conversation) is not None:
            return
        self.keep_typed()
        self._draft = self._chat.draft(self._conversation)
        self._editing = message
        self._offered = f"@{message.model} {message.text}" if message.model else message.text
        self.composer.set_text(self._offered)
        self.attaching.show_message(message)
        self.composer.edit.setFocus()
        self._show_room()

    def _stop_editing(self) -> None:
        self._editing = None
        self.composer.set_text(self._draft)
        self._chat.save_draft(self._conversation, self._draft)
        self.attaching.show_draft(self._conversation)
        self._show_room()

    def _keep_draft(self, text: str) -> None:
        """While a message is edited, with the draft that waits: a crash must not cost either."""
        if self._editing is not None:
            changed = text if text.strip() != self._offered.strip() else ""
            text = "\n\n".join(part for part in (self._draft, changed) if part)
        self._chat.save_draft(self._conversation, text)

    def _tell_typing(self) -> None:
        self.typed.emit(self.composer.text())
        if self.composer.text():
            self.typing_began.emit()

    def _take_step(self, step: str, message: StoredMessage) -> None:
        match step:
            case NextStep.RETRY | NextStep.CONTINUE:
                self._chat.resume(message)
            case NextStep.CHOOSE_MODEL if is_remote(message) or _is_blind(message):
                self.picker.open()
            case NextStep.CHOOSE_MODEL:
                self.models_requested.emit()
            case NextStep.ADD_MODEL:
                self.find_model_requested.emit()
            case NextStep.NEW_CHAT:
                self.new_chat_requested.emit()
            case NextStep.CHECK_KEY:
                self.gateways_requested.emit()
            case NextStep.RAISE:
                self._chat.resume(message, way=RAISED)
            case NextStep.ACCEPT:
                self.licence_requested.emit(message)
            case NextStep.ALLOW | NextStep.SEND:
                self._chat.allow(message)
            case "answer-here":
                self._chat.answering.privacy.keep_here(_question_id(message))
                self._chat.resume(message)
            case "not-now":
                self._chat.decline(message)
            case "what-exactly":
                self.sent_requested.emit(message)
            case NextStep.SHORTEN | NextStep.LARGER_CONTEXT if question := self._question_of(message):
                self._make_it_fit(NextStep(step), question, message)

    def _make_it_fit(self, step: NextStep, question: StoredMessage, answer: StoredMessage) -> None:
        if step is NextStep.SHORTEN:
            self._edit(question)
        else:
            self.larger_context_needed.emit(question.text, answer)

    def _question_of(self, answer: StoredMessage) -> StoredMessage | None:
        shown = self.transcript.messages()
        return next((message for message in shown if message.id == answer.parent_id), None)

    # -- what happened

    def _on_added(self, message: StoredMessage) -> None:
        if message.conversation_id != self._conversation:
            return
        shown = {one.id for one in self.transcript.messages()}
        if message.parent_id is not None and message.parent_id not in shown:
            self._on_thread_changed(message.conversation_id)  # it could not be read when it was opened
        elif message.id not in shown:
            self._middle.setCurrentWidget(self.transcript)
            self.transcript.add(message)
            self._show_running()

    def _on_drawn(self, key: object, drawn: QImage) -> None:
        if isinstance(key, int):
            self.transcript.show_picture(key, drawn)

    def _on_progress(self, message_id: int) -> None:
        self.transcript.refresh(message_id)
        self._show_running()

    def _on_finished(self, message: StoredMessage) -> None:
        if message.conversation_id == self._conversation:
            self.transcript.replace(message)
            self._show_memory()
            self._show_running()
            self._announce(message)

    def _announce(self, message: StoredMessage) -> None:
        """Tell a screen reader once that an answer has ended, not at each word."""
        words = {Status.COMPLETE: "Answer complete", Status.FAILED: "No answer"}.get(
            message.status, "Stopped"
        )
        self._tell_reader(words)

    def _tell_reader(self, words: str) -> None:
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self.transcript, words))

    def _on_thread_changed(self, conversation_id: int) -> None:
        if conversation_id == self._conversation:
            self._middle.setCurrentWidget(self.transcript)
            self.transcript.show_thread(self._chat.messages(conversation_id), keep_place=True)
            self._show_memory()
            self._show_running()
            self._show_raised()

    def _latest(self, message: StoredMessage) -> tuple[StoredMessage, Progress | None]:
        return self._chat.latest(message)

    def _show_running(self) -> None:
        self.composer.set_running(self._chat.running_in(self._conversation) is not None)

    def _show_memory(self) -> None:
        self.transcript.show_memory(memory_shown(self.transcript.messages()))
        self._show_room()

    def _show_room(self) -> None:
        self.room.show_conversation(self.earlier(), editing=self._editing is not None)

    # -- models

    def _show_models(self) -> None:
        self.options.refresh()
        self._show_answering()

    def _show_answering(self) -> None:
        """Who would answer the next message here."""
        answering = self._chat.answering
        one = answering.chosen(self._conversation)
        self.welcome.show_models(one is not None)
        self.picker.show_answerer(one)
        mode, privacy = answering.mode(self._conversation), answering.privacy.of(self._conversation)
        self.composer.mode.show_mode(mode)
        self.composer.mode.set_stays(privacy is Privacy.HERE)
        raised = answering.privacy.raised(self._conversation)
        self.composer.privacy.show_privacy(privacy, raised, local=mode is Mode.LOCAL)
        self.attaching.forgive()
        self.answering_shown.emit()

    def _show_raised(self) -> None:
        """Other pictures may ask for another class."""
        if self._chat.answering.privacy.of(self._conversation) is not self.composer.privacy.shown:
            self._show_answering()

    def _choose_model(self, answerer_id: str) -> None:
        self._chat.answering.choose(self._conversation, answerer_id)

    def _choose_mode(self, mode: Mode) -> None:
        self._chat.answering.set_mode(self._conversation, mode)

    def _choose_privacy(self, privacy: Privacy) -> None:
        self._chat.answering.privacy.choose(self._conversation, privacy)


def _question_id(answer: StoredMessage) -> int:
    return answer.parent_id if answer.parent_id is not None else answer.id


def _is_blind(answer: StoredMessage) -> bool:
    """Whether nothing was answered because the model sees no pictures: one that is offered already may."""
    return answer.error is not None and answer.error.get("title") == CannotSee.title
