"""Conversations and the answers being written, as signals for whoever shows them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.background import Background, Outcome
from desktop.services.answering import AnsweringService
from desktop.services.books import BookService
from desktop.services.models import ModelService
from desktop.services.pictures import PictureService
from desktop.services.relay import Relay, with_offer
from desktop.services.running import running_of
from desktop.services.settings import SettingsService
from desktop.services.setup import SetupService
from desktop.services.turns import (
    LiveTurn,
    as_message,
    history,
    in_conversation,
    our_fault,
    receipt,
    unsent,
    within,
)
from desktop.services.ways_on import ways_for
from desktop.storage.conversations import (
    Conversation,
    ConversationStore,
    SearchHit,
    Status,
    StoredMessage,
    title_from,
)
from models.chat import (
    Backend,
    ChatEvent,
    ChatRequest,
    Finished,
    Image,
    Notice,
    Progress,
    ReasoningDelta,
    Role,
    TextDelta,
    Thinking,
)
from models.errors import AppError, CannotSee, Interrupted, OverBudget, StorageError
from models.ways_on import Kind, Way, request_of

if TYPE_CHECKING:
    from desktop.services.handing_over import Follow
    from models.gateway.attempts import Attempt
    from models.route import Route

T = TypeVar("T")
_SAVE_EVERY_MS = 500
WITHOUT_WORDS = "Picture"
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
        self._store, self._books = store, books
        self._background = background
        self._backend_for = backend_for
        self._models = models
        self._settings = settings
        self.setup = SetupService(store, models, settings, self)
        self.answering = AnsweringService(models, settings, self.setup, parent=self)
        self.setup.changed.connect(self.conversations_changed)
        self.setup.erased.connect(self.conversations_erased)
        self.setup.failed.connect(self.failed)
        self.pictures = PictureService(store.pictures, background, self)
        self.pictures.failed.connect(self.failed)
        self.relay = Relay(self.failed.emit)
        self._live: dict[int, LiveTurn] = {}
        self._at_once: set[int] = set()  # answers to be written without thinking, whatever is set
        self._unsaved: dict[int, tuple[LiveTurn, Status, AppError | None]] = {}
        self._saver = QTimer(self, interval=_SAVE_EVERY_MS)
        self._saver.timeout.connect(self._save_live)

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
        nothing: list[StoredMessage] = []
        stored = self._read(lambda: self._store.thread(conversation_id), nothing)
        return [self._current(message) for message in stored]

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

    def delete(self, conversation_id: int) -> None:
        """Put a conversation into the trash; `restore` brings it back."""
        for turn in [turn for turn in self._live.values() if turn.message.conversation_id == conversation_id]:
            self.stop(turn.message.id)
        self._change(lambda: self._store.delete(conversation_id))

    def restore(self, conversation_id: int) -> None:
        """Take a conversation out of the trash."""
        self._change(lambda: self._store.restore(conversation_id))

    def draft(self, conversation_id: int | None) -> str:
        """What was typed and not sent; None is the new conversation."""
        return self._read(lambda: self._store.draft(conversation_id), "")

    def save_draft(self, conversation_id: int | None, text: str) -> None:
        """Keep what was typed."""
        self._attempt(lambda: self._store.set_draft(conversation_id, text))

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
        self._begin(answer)
        return conversation_id

    def regenerate(self, message: StoredMessage) -> None:
        """Have another answer written beside this one; not while one is being written there."""
        if self.running_in(message.conversation_id) is None:
            self._add_version(message, Role.ASSISTANT, "", Status.RUNNING)

    def edit(self, message: StoredMessage, text: str, images: Sequence[Image] = ()) -> bool:
        """Ask differently: a version of the user's message beside the old one, answered anew.

        False if it could not be stored, or while an answer is being written there.
        """
        if self.running_in(message.conversation_id) is not None:
            return False
        if (addressed := self._addressed(message.conversation_id, text)) is None:
            return False
        to, text = addressed
        question = self._add_version(message, Role.USER, text, Status.COMPLETE, images, to)
        if question is not None:
            self._answer_to(question)
        return question is not None

    def resume(self, message: StoredMessage, *, way: Way | None = None) -> None:
        """Go on where an answer was broken off; an empty one is begun anew.

        Does nothing while an answer is being written there. `way` was chosen as a budget stood in its way.
        """
        if self.running_in(message.conversation_id) is not None:
            return
        try:
            self._store_unsaved(message.id)
            answer = self._store.reopen(message.id)
        except StorageError as error:
            self.failed.emit(error)
            return
        self.thread_changed.emit(answer.conversation_id)
        self._begin(replace(answer, receipt=message.receipt), way=way)

    def take_over(self, message: StoredMessage, *, always: bool = False) -> None:
        """Have the one go on that is offered for this answer; with `always` so from now on in that chat.

        Where another one would by now, or nobody, that is shown instead.
        """
        turn = self._live.get(message.id)
        if turn is not self.running_in(message.conversation_id) or (turn is not None and turn.slow is None):
            return
        try:
            self._store_unsaved(message.id)
        except StorageError as error:
            self.failed.emit(error)
            return
        now = self._current(message)
        follow = self.relay.after(now, self._before(now), turn.slow if turn is not None else None)
        if follow is None or follow.route is None or not follow.keeps(message.error or {}):
            self._offer_anew(now, turn, follow)
            return
        if now.parent_id is not None:
            self.answering.privacy.agree(now.parent_id)  # who goes on was said where this was chosen
        if always:
            self.setup.let_take_over(message.conversation_id, remote=follow.route.backend == "gateway")
        if turn is not None:
            self._leave(turn)
        self._begin(replace(now, status=Status.RUNNING, error=None), follow=follow)
        self.thread_changed.emit(message.conversation_id)

    def would_send(self, message: StoredMessage) -> tuple[Route, ChatRequest]:
        """Who would be asked for this answer now, and for what. Raises AppError."""
        turn = LiveTurn.of(message)
        turn.earlier = self._before(message)
        turn.route = self.answering.pick(message.conversation_id, turn.earlier)
        request = self._request(turn)
        if self._settings.values.budgets and request.sampling.max_tokens is None:
            from desktop.storage.booking import LONGEST_WITHIN_BUDGET

            request = replace(request, sampling=replace(request.sampling, max_tokens=LONGEST_WITHIN_BUDGET))
        return turn.route, request

    def decline(self, message: StoredMessage) -> None:
        """Leave an answer that was asked about unsent; it can be gone on with."""
        turn = LiveTurn.of(message)
        self._settle(turn, Status.STOPPED)

    def route_of(self, message: StoredMessage) -> Route:
        """Who would write this answer now, whatever its licence asks for. Raises AppError."""
        return self.answering.before_questions(message.conversation_id, self._before(message))

    def allow(self, message: StoredMessage) -> None:
        """Let the gateway that this answer waits for be asked, from now on, and have it answered."""
        one = self.answering.whom(message.conversation_id, self._before(message))
        if one is not None and one.remote:
            self.answering.allow(one.provider)
        self.resume(message)

    def select_version(self, message_id: int) -> None:
        """Show another version of a message and what followed it."""

        def select() -> None:
            self._store.select_version(message_id)
            self.thread_changed.emit(self._store.message(message_id).conversation_id)

        self._attempt(select)

    def set_pinned(self, message: StoredMessage, pinned: bool) -> None:
        """Keep a message in the model's memory when older ones are left out, or no longer."""

        def change() -> None:
            self._store.set_pinned(message.id, pinned)
            self.message_changed.emit(self._current(self._store.message(message.id)))

        self._attempt(change)

    def stop(self, message_id: int) -> None:
        """End an answer at once; what was written stays."""
        turn = self._live.get(message_id)
        if turn is None:
            return
        self._settle(turn, Status.STOPPED)
        if turn.job is not None:
            turn.job.cancel()

    def answer_at_once(self, message: StoredMessage) -> None:
        """Have an answer that a gateway still thinks about written without thinking, as another version.

        A gateway can't be hurried: it is stopped and asked again. What was thought stays with the first
        version. Does nothing to an answer that has begun.
        """
        turn = self._live.get(message.id)
        if turn is None or turn.text or turn.route.backend != "gateway":
            return
        self.stop(message.id)
        self._add_version(message, Role.ASSISTANT, "", Status.RUNNING, at_once=True)

    def live(self, message_id: int) -> LiveTurn | None:
        """The answer with this id while it is being written."""
        return self._live.get(message_id)

    def latest(self, message: StoredMessage) -> tuple[StoredMessage, Progress | None]:
        """The newest state of a message, and what it waits for if it is being written."""
        turn = self._live.get(message.id)
        return (message, None) if turn is None else (self._current(message), turn.progress)

    @property
    def busy(self) -> bool:
        """Whether any answer is being written."""
        return bool(self._live)

    def running_in(self, conversation_id: int | None) -> LiveTurn | None:
        """The answer being written in a conversation."""
        turns = (turn for turn in self._live.values() if turn.message.conversation_id == conversation_id)
        return next(turns, None)

    def close(self) -> None:
        """Store what is being written as interrupted; called once, before the background ends."""
        for turn in list(self._live.values()):
            self._settle(turn, Status.INTERRUPTED)
            if turn.job is not None:
                turn.job.cancel()

    # -- inside

    def _addressed(self, conversation_id: int | None, text: str) -> tuple[str | None, str] | None:
        """The model that a text names, and the text without it; None if it can't be sent so (told)."""
        try:
            return self.answering.addressed(conversation_id, text)
        except AppError as error:
            self.refused.emit(error)
            return None

    def _add_version(
        self,
        message: StoredMessage,
        role: Role,
        text: str,
        status: Status,
        images: Sequence[Image] = (),
        model: str | None = None,
        *,
        at_once: bool = False,
    ) -> StoredMessage | None:
        try:
            added = self._store.add_message(
                message.conversation_id,
                parent_id=message.parent_id,
                role=role,
                text=text,
                status=status,
                images=images,
                model=model,
            )
        except StorageError as error:
            self.failed.emit(error)
            return None
        self.thread_changed.emit(message.conversation_id)
        if role is Role.ASSISTANT:
            if at_once:
                self._at_once.add(added.id)
            self._begin(added)
        return added

    def _answer_to(self, question: StoredMessage) -> None:
        try:
            answer = self._store.add_message(
                question.conversation_id, parent_id=question.id, role=Role.ASSISTANT, status=Status.RUNNING
            )
        except StorageError as error:
            self.failed.emit(error)
            return
        self.message_added.emit(answer)
        self._begin(answer)

    def _before(self, answer: StoredMessage) -> list[StoredMessage]:
        thread = self.messages(answer.conversation_id)
        return list(takewhile(lambda message: message.id != answer.id, thread))

    def _begin(self, answer: StoredMessage, *, way: Way | None = None, follow: Follow | None = None) -> None:
        """Start writing an answer that is stored as RUNNING, or that `follow` goes on with."""
        turn = LiveTurn.of(answer)
        try:
            turn.earlier = self._before(answer)
            turn.route = self._route(turn, way, follow)
            try:
                self._ask(turn, way, follow)
            except OverBudget as refused:
                self.relay.told(turn, refused)
                self._stay_here(turn, refused, chosen=way is not None or follow is not None)
        except AppError as error:
            self.relay.told(turn, error)
            if isinstance(error, OverBudget):
                turn.ways = self._ways(turn, way, error)
            self._settle(turn, Status.FAILED, error)

    def _route(self, turn: LiveTurn, way: Way | None, follow: Follow | None) -> Route:
        conversation_id, so_far = turn.message.conversation_id, "".join(turn.text)
        if way is not None and way.model:
            route = self.answering.instead(way)
        elif follow is not None and follow.route is not None:
            route = follow.route
            self.answering.check_licence(route)
        else:
            return self.answering.route(conversation_id, turn.earlier, so_far)
        self.answering.privacy.check(conversation_id, route, turn.earlier, so_far)
        return route

    def _stay_here(self, turn: LiveTurn, refused: OverBudget, *, chosen: bool) -> None:
        """Ask this machine where the router picks; raises what was refused where that is not to be."""
        conversation_id = turn.message.conversation_id
        here = None if chosen else self.answering.at_the_cap(conversation_id, turn.earlier, refused)
        if here is None:
            raise refused
        turn.route = here
        turn.note(f"{refused.cause} So this was answered on this machine.")
        self._ask(turn, None, None)

    def _ways(self, turn: LiveTurn, way: Way | None, refused: OverBudget) -> tuple[Way, ...]:
        if self._books is None:
            return ()
        asked = request_of(way, self._request(turn))
        return ways_for(refused, asked, turn.message.conversation_id, self._books, self.answering)

    def _ask(self, turn: LiveTurn, way: Way | None, follow: Follow | None) -> None:
        """Ask whoever the route leads to. Raises AppError, and then nobody was asked."""
        answer = turn.message
        turn.place = self.answering.place_of(turn.route)
        turn.model_facts = self._models.facts_of(turn.route.model)
        request = request_of(way, self._request(turn))
        request = within(request, turn.route) if follow is not None else request
        self.relay.claim(turn, follow)
        turn.request = request = self._booked(turn, request, way)
        turn.running = running_of(request, turn.account)
        self._live[answer.id] = turn
        self._saver.start()
        turn.job = self._background.start(
            in_conversation(
                answer.conversation_id,
                self._backend_for(turn.route.backend).stream(request),
                lambda told: self._background.tell(lambda: self._attempted(turn, told)),
                lambda number: self._background.asked(lambda: self._repeated(turn, number)),
                self.answering.privacy.leave(turn.route, turn.earlier),
                lambda host, content: self._background.tell(
                    lambda: self.sends.emit(turn.message, host, content)
                ),
            ),
            lambda event: self._take(turn, event),
            lambda outcome: self._end(turn, outcome),
        )
        self.turn_progressed.emit(answer.id)

    def _fail(self, turn: LiveTurn, error: AppError) -> None:
        """Another one goes on if that is allowed; else the answer ends with who could."""
        if isinstance(error, OverBudget):
            turn.ways = self._ways(turn, None, error)
            self._settle(turn, Status.FAILED, error)
            return
        partial = as_message(turn, Status.RUNNING)
        turn.follow = follow = self.relay.after(partial, turn.earlier, error)
        if follow is not None and follow.at_once:
            self._begin(partial, follow=follow)
            return
        self._settle(turn, Status.INTERRUPTED if isinstance(error, Interrupted) else Status.FAILED, error)

    def _slow_down(self, turn: LiveTurn) -> None:
        """It is too slow. It goes on being written until another one may go on."""
        if turn.follow is not None and turn.follow.at_once:
            partial = replace(as_message(turn, Status.RUNNING), error=None)
            self._leave(turn)
            self._begin(partial, follow=turn.follow)
        self.turn_progressed.emit(turn.message.id)

    def _leave(self, turn: LiveTurn) -> None:
        """End what is written too slowly, which is no end of the answer."""
        self.relay.told(turn, turn.slow)
        self._live.pop(turn.message.id, None)
        if turn.job is not None:
            turn.job.cancel()

    def _offer_anew(self, message: StoredMessage, turn: LiveTurn | None, follow: Follow | None) -> None:
        """Show who could go on by now."""
        if turn is not None:
            turn.follow = follow
            self.turn_progressed.emit(message.id)
            return
        error = with_offer(message.error, follow)
        self._attempt(lambda: self.message_changed.emit(self._store.set_error(message.id, error)))

    def _booked(self, turn: LiveTurn, request: ChatRequest, way: Way | None) -> ChatRequest:
        """The request once its attempt is in the books. Raises OverBudget."""
        if self._books is None:
            return request
        message = turn.message
        turn.account, request = self._books.open(
            turn.route,
            request,
            message.conversation_id,
            message.id,
            raised=way is not None and way.kind is Kind.RAISE,
            number=turn.number,
        )
        if turn.text or turn.notices:
            turn.account.carry(message.receipt)
        return request

    def _attempted(self, turn: LiveTurn, told: Attempt) -> None:
        if self._books is not None and turn.account is not None:
            self._books.attempted(turn.account, told)

    def _repeated(self, turn: LiveTurn, number: int) -> None:
        """Before a gateway is asked once more. Raises OverBudget."""
        if self._books is not None and turn.account is not None:
            self._books.repeat(turn.account, number)

    def _close_account(self, turn: LiveTurn, outcome: Outcome) -> None:
        """No attempt comes any more. What a stopped answer cost is known only now."""
        if self._books is None or turn.account is None:
            return
        error = outcome.error if isinstance(outcome.error, AppError) else None
        self._books.finish(turn.account, turn.finished, error, turn.heard())
        if self._live.get(turn.message.id) is not turn:
            self._attempt(lambda: self._tell_cost(turn))

    def _tell_cost(self, turn: LiveTurn) -> None:
        kept = self._store.message(turn.message.id)
        if kept.status is Status.STOPPED and turn.route.backend == "gateway":
            self.message_changed.emit(self._write_end(turn, Status.STOPPED, None))

    def _request(self, turn: LiveTurn) -> ChatRequest:
        conversation_id = turn.message.conversation_id
        private, options = self.setup.merged(conversation_id, turn.route.model)
        sampling = options.sampling()
        if sampling.grammar is not None or sampling.json_schema is not None:
            turn.begin_anew()  # a form has a beginning, and can't be gone on with in its middle
        return ChatRequest(
            model=turn.route.model,
            messages=history(turn.earlier, lambda image: self._store.pictures.read(image.id)),
            sampling=sampling,
            thinking=Thinking.OFF if turn.message.id in self._at_once else self._settings.values.thinking,
            thinking_budget=options.thinking_budget,
            answer_so_far="".join(turn.text),
            cache_key=None if private else str(conversation_id),
        )

    def _take(self, turn: LiveTurn, event: ChatEvent) -> None:
        match event:
            case Progress():
                turn.progress = event
                self.turn_progressed.emit(turn.message.id)
            case Notice(text=text):
                turn.note(text)
                self.turn_progressed.emit(turn.message.id)
            case ReasoningDelta(text=text, tokens=tokens):
                turn.think(text, tokens)
                self.turn_advanced.emit(turn.message.id)
            case TextDelta(text=text, tokens=tokens):
                turn.write(text, tokens)
                self.turn_advanced.emit(turn.message.id)
                if self.relay.slow(turn):
                    self._slow_down(turn)
            case Finished():
                turn.finished = event

    def _end(self, turn: LiveTurn, outcome: Outcome) -> None:
        self._close_account(turn, outcome)
        stopped = self._live.get(turn.message.id) is not turn
        self.relay.ended(turn, outcome, left=stopped)
        if stopped:
            return  # settled already, and perhaps being continued
        match outcome:
            case Outcome(error=AppError() as error):
                self._fail(turn, error)
            case Outcome(error=Exception() as error):
                self._settle(turn, Status.FAILED, our_fault(error))
                raise error
            case Outcome(cancelled=True):
                self._settle(turn, Status.INTERRUPTED)
            case _:
                self._settle(turn, Status.COMPLETE if turn.finished else Status.INTERRUPTED)

    def _settle(self, turn: LiveTurn, status: Status, error: AppError | None = None) -> None:
        """Store the end of an answer; what can't be stored now is tried again."""
        self._live.pop(turn.message.id, None)
        try:
            message = self._write_end(turn, status, error)
        except StorageError as failure:
            self._unsaved[turn.message.id] = (turn, status, error)
            self.failed.emit(failure)
            self._saver.start()
            message = as_message(turn, status, error)
        if not self._live and not self._unsaved:
            self._saver.stop()
        self.turn_finished.emit(message)
        self.conversations_changed.emit()

    def _write_end(self, turn: LiveTurn, status: Status, error: AppError | None) -> StoredMessage:
        return self._store.settle(
            turn.message.id,
            text="".join(turn.text),
            reasoning="".join(turn.reasoning),
            status=status,
            model=turn.route.model or None,
            receipt=receipt(turn),
            error=turn.problem(error, status),
        )

    def _save_live(self) -> None:
        for turn in list(self._live.values()):
            if turn.saved != turn.length:
                self._attempt(lambda turn=turn: self._save_partial(turn))  # type: ignore[misc]
            if turn.running.behind:  # it paused right after its last piece
                self.turn_advanced.emit(turn.message.id)
        try:
            for message_id in list(self._unsaved):
                self._store_unsaved(message_id)
        except StorageError:
            return  # said already; the next tick tries again
        if not self._live and not self._unsaved:
            self._saver.stop()

    def _store_unsaved(self, message_id: int) -> None:
        if message_id in self._unsaved:
            self._write_end(*self._unsaved[message_id])
            del self._unsaved[message_id]

    def _save_partial(self, turn: LiveTurn) -> None:
        turn.text[:] = ["".join(turn.text)]
        turn.reasoning[:] = ["".join(turn.reasoning)]
        self._store.save_partial(turn.message.id, turn.text[0], turn.reasoning[0])
        turn.saved = turn.length

    def _current(self, message: StoredMessage) -> StoredMessage:
        turn = self._live.get(message.id)
        if turn is not None:
            return replace(as_message(turn, Status.RUNNING), pinned=message.pinned)
        if message.id in self._unsaved:
            return replace(as_message(*self._unsaved[message.id]), pinned=message.pinned)
        return message

    def _read(self, read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except StorageError as error:
            self.failed.emit(error)
            return otherwise

    def _change(self, action: Callable[[], object]) -> None:
        self._attempt(action)
        self.conversations_changed.emit()

    def _attempt(self, action: Callable[[], object]) -> None:
        try:
            action()
        except StorageError as error:
            self.failed.emit(error)
