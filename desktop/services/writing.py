"""Has answers written: asks whoever the route leads to, takes what comes, and has another one go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.background import Background, Outcome
from desktop.services.accounts import Accounts
from desktop.services.answering import AnsweringService
from desktop.services.history import history
from desktop.services.keeping import Keeping
from desktop.services.models import ModelService
from desktop.services.privacy import door_of
from desktop.services.relay import Relay, with_offer
from desktop.services.running import running_of
from desktop.services.settings import SettingsService
from desktop.services.setup import SetupService
from desktop.services.turns import LiveTurn, as_message, in_conversation, our_fault, within
from desktop.storage.conversations import ConversationStore, Status, StoredMessage
from models.chat import (
    Backend,
    ChatEvent,
    ChatRequest,
    Finished,
    Notice,
    Progress,
    ReasoningDelta,
    Rethought,
    TextDelta,
    Thinking,
)
from models.errors import AppError, Interrupted, OverBudget, StorageError
from models.ways_on import Kind, Way, request_of

if TYPE_CHECKING:
    from desktop.services.handing_over import Follow
    from models.route import Route


class Writing(QObject):
    """Takes an answer that is stored as RUNNING to its end. GUI thread only.

    The signals are those that `ChatService` passes on; it says what they carry, and in which order. `kept`
    has the answers that are being written, `relay` whoever goes on with them.
    """

    progressed = Signal(int)
    advanced = Signal(int)
    finished = Signal(object)
    changed = Signal(object)
    thread_changed = Signal(int)
    sends = Signal(object, str, bytes)
    failed = Signal(object)

    def __init__(
        self,
        store: ConversationStore,
        background: Background,
        backend_for: Callable[[str], Backend],
        models: ModelService,
        settings: SettingsService,
        setup: SetupService,
        answering: AnsweringService,
        accounts: Accounts,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._background, self._backend_for = store, background, backend_for
        self._models, self._settings, self._setup = models, settings, setup
        self._answering, self._accounts = answering, accounts
        self._at_once: set[int] = set()  # answers to be written without thinking, whatever is set
        self.relay = Relay(self.failed.emit)
        self.kept = Keeping(store, self)
        self.kept.failed.connect(self.failed)
        self.kept.paused.connect(self.advanced)
        answering.changed.connect(self._review)
        settings.changed.connect(self._review)

    def begin(
        self,
        answer: StoredMessage,
        *,
        way: Way | None = None,
        follow: Follow | None = None,
        at_once: bool = False,
        refused: str = "",
    ) -> None:
        """Start writing an answer that is stored as RUNNING, or that `follow` goes on with.

        `way` was chosen as a budget stood in the way of the model `refused`; `at_once` has it written
        without thinking, now and whenever it is gone on with.
        """
        if at_once:
            self._at_once.add(answer.id)
        turn = LiveTurn.of(answer)
        try:
            turn.earlier = self.kept.before(answer)
            turn.route = self._route(turn, way, follow)
            if way is not None and way.kind is Kind.RAISE and refused not in ("", turn.route.model):
                way = None  # the amount was said of another one
            try:
                self._ask(turn, way, follow)
            except OverBudget as over:
                self.relay.told(turn, over)
                self._stay_here(turn, over, chosen=way is not None or follow is not None)
        except AppError as error:
            if isinstance(error, OverBudget):
                turn.ways = self._ways(turn, way, error)
            self._not_asked(turn, error)
        except Exception as error:
            self._not_asked(turn, our_fault(error))
            raise

    def _not_asked(self, turn: LiveTurn, error: AppError) -> None:
        """Nobody was asked for it."""
        self.relay.told(turn, error)
        self._accounts.close(turn, Outcome(error=error))
        turn.unasked = True
        self.end(turn, Status.FAILED, error)

    def take_over(self, message: StoredMessage, *, always: bool = False) -> None:
        """Have the one go on that is offered for this answer; with `always` so from now on in that chat.

        Where another one would by now, or nobody, that is shown instead.
        """
        turn = self.kept.live.get(message.id)
        if turn is not self.kept.running_in(message.conversation_id) or (
            turn is not None and turn.slow is None
        ):
            return
        try:
            self.kept.catch_up(message.id)
        except StorageError as error:
            self.failed.emit(error)
            return
        now = self.kept.current(message)
        follow = self.relay.after(now, self.kept.before(now), turn.slow if turn is not None else None)
        if follow is None or follow.route is None or not follow.keeps(message.error or {}):
            self._offer_anew(now, turn, follow)
            return
        if now.parent_id is not None:
            # Who goes on was said where this was chosen.
            self._answering.privacy.agree(now.parent_id, follow.route.model)
        if always:
            self._setup.let_take_over(message.conversation_id, remote=follow.route.backend == "gateway")
        if turn is not None:
            self._leave(turn)
        self.begin(replace(now, status=Status.RUNNING, error=None), follow=follow)
        self.thread_changed.emit(message.conversation_id)

    def would_send(self, message: StoredMessage) -> tuple[Route, ChatRequest]:
        """Who would be asked for this answer now, and for what. Raises AppError."""
        turn = LiveTurn.of(message)
        turn.earlier = self.kept.before(message)
        turn.route = self._answering.pick(message.conversation_id, turn.earlier)
        request = self._request(turn)
        return turn.route, _limited(request) if self._settings.values.budgets else request

    def decline(self, message: StoredMessage) -> None:
        """Leave an answer that was asked about unsent; it can be gone on with."""
        turn = LiveTurn.of(message)
        turn.unasked = True
        self.end(turn, Status.STOPPED)

    def stop(self, message_id: int) -> None:
        """End an answer at once; what was written stays."""
        turn = self.kept.live.get(message_id)
        if turn is not None:
            self._break_off(turn, Status.STOPPED)

    def end(self, turn: LiveTurn, status: Status, error: AppError | None = None) -> None:
        """Store the end of an answer, and say so."""
        self.finished.emit(self.kept.end(turn, status, error))

    def close(self) -> None:
        """End what is being written as interrupted."""
        for turn in list(self.kept.live.values()):
            self._break_off(turn, Status.INTERRUPTED)

    def _break_off(self, turn: LiveTurn, status: Status) -> None:
        turn.told_nano = turn.account.nano if turn.account is not None else 0
        self.end(turn, status)
        if turn.job is not None:
            turn.job.cancel()

    def _route(self, turn: LiveTurn, way: Way | None, follow: Follow | None) -> Route:
        conversation_id, so_far = turn.message.conversation_id, "".join(turn.text)
        if way is not None and way.model:
            route = self._answering.instead(way)
            self._answering.privacy.agree_instead(turn.earlier[-1].id, route.model)
        elif follow is not None and follow.route is not None:
            route = follow.route
            self._answering.check_licence(route)
        else:
            return self._answering.route(conversation_id, turn.earlier, so_far)
        self._answering.privacy.check(conversation_id, route, turn.earlier, so_far)
        return route

    def _stay_here(self, turn: LiveTurn, refused: OverBudget, *, chosen: bool) -> None:
        """Ask this machine where the router picks; raises what was refused where that is not to be."""
        conversation_id = turn.message.conversation_id
        here = None if chosen else self._answering.at_the_cap(conversation_id, turn.earlier, refused)
        if here is None:
            raise refused
        turn.route = here
        turn.note(f"{refused.cause} So this was answered on this machine.")
        self._ask(turn, None, None)

    def _ways(self, turn: LiveTurn, way: Way | None, refused: OverBudget) -> tuple[Way, ...]:
        return self._accounts.ways(turn, request_of(way, self._request(turn)), refused)

    def _ask(self, turn: LiveTurn, way: Way | None, follow: Follow | None) -> None:
        """Ask whoever the route leads to. Raises AppError, and then nobody was asked."""
        answer = turn.message
        turn.place = self._answering.place_of(turn.route)
        turn.model_facts = self._models.facts_of(turn.route.model)
        request = request_of(way, self._request(turn))
        request = within(request, turn.route) if follow is not None else request
        self.relay.claim(turn, follow)
        turn.request = request = self._accounts.open(turn, request, way)
        turn.running = running_of(request, turn.account)
        turn.leave = self._answering.privacy.leave(turn.route, turn.earlier)
        self.kept.take(turn)
        turn.job = self._background.start(
            in_conversation(
                answer.conversation_id,
                self._backend_for(turn.route.backend).stream(request),
                lambda told: self._background.tell(lambda: self._accounts.attempted(turn, told)),
                lambda number: self._background.asked(lambda: self._accounts.repeat(turn, number)),
                turn.leave,
                lambda host, content: self._background.tell(
                    lambda: self.sends.emit(turn.message, host, content)
                ),
            ),
            lambda event: self._take(turn, event),
            lambda outcome: self._end(turn, outcome),
        )
        self.progressed.emit(answer.id)

    def _request(self, turn: LiveTurn) -> ChatRequest:
        conversation_id = turn.message.conversation_id
        private, options = self._setup.merged(conversation_id, turn.route.model)
        sampling = options.sampling()
        if sampling.grammar is not None or sampling.json_schema is not None:
            turn.begin_anew()  # a form has a beginning, and can't be gone on with in its middle
        request = ChatRequest(
            model=turn.route.model,
            messages=history(turn.earlier, lambda image: self._store.pictures.read(image.id)),
            sampling=sampling,
            thinking=Thinking.OFF if turn.message.id in self._at_once else self._settings.values.thinking,
            thinking_budget=options.thinking_budget,
            answer_so_far="".join(turn.text),
            cache_key=None if private else str(conversation_id),
        )
        asks = self._answering.privacy.asks(turn.route, turn.earlier)
        return _limited(request) if asks else request  # what it costs at most is said there

    def _review(self, *_values: object) -> None:
        """What the user decided otherwise holds for what has yet to leave for an answer on its way, too."""
        for turn in self.kept.live.values():
            if turn.leave is not None and turn.route.backend == "gateway" and turn.earlier:
                allowed = door_of(turn.route.model) in self._settings.values.allowed
                self._answering.privacy.review(turn.leave, turn.route, turn.earlier, asked=allowed)

    def _take(self, turn: LiveTurn, event: ChatEvent) -> None:
        match event:
            case Progress():
                turn.progress = event
                self.progressed.emit(turn.message.id)
            case Notice(text=text):
                turn.note(text)
                self.progressed.emit(turn.message.id)
            case ReasoningDelta(text=text, tokens=tokens):
                turn.think(text, tokens)
                self.advanced.emit(turn.message.id)
            case TextDelta(text=text, tokens=tokens):
                turn.write(text, tokens)
                self.advanced.emit(turn.message.id)
                if self.relay.slow(turn):
                    self._slow_down(turn)
            case Rethought():
                turn.rethink()
                self.advanced.emit(turn.message.id)
            case Finished():
                turn.finished = event

    def _end(self, turn: LiveTurn, outcome: Outcome) -> None:
        self._close_account(turn, outcome)
        stopped = not self.kept.has(turn)
        self.relay.ended(turn, outcome, left=stopped)
        if stopped:
            return  # settled already, and perhaps being continued
        match outcome:
            case Outcome(error=AppError() as error):
                self._fail(turn, error)
            case Outcome(error=Exception() as error):
                self.end(turn, Status.FAILED, our_fault(error))
                raise error
            case Outcome(cancelled=True):
                self.end(turn, Status.INTERRUPTED)
            case _:
                self.end(turn, Status.COMPLETE if turn.finished else Status.INTERRUPTED)

    def _fail(self, turn: LiveTurn, error: AppError) -> None:
        """Another one goes on if that is allowed; else the answer ends with who could."""
        if isinstance(error, OverBudget):
            turn.ways = self._ways(turn, None, error)
            self.end(turn, Status.FAILED, error)
            return
        partial = as_message(turn, Status.RUNNING)
        turn.follow = follow = self.relay.after(partial, turn.earlier, error)
        if follow is not None and follow.at_once:
            self.begin(partial, follow=follow)
            return
        self.end(turn, Status.INTERRUPTED if isinstance(error, Interrupted) else Status.FAILED, error)

    def _slow_down(self, turn: LiveTurn) -> None:
        """It is too slow. It goes on being written until another one may go on."""
        if turn.follow is not None and turn.follow.at_once:
            partial = replace(as_message(turn, Status.RUNNING), error=None)
            self._leave(turn)
            self.begin(partial, follow=turn.follow)
        self.progressed.emit(turn.message.id)

    def _leave(self, turn: LiveTurn) -> None:
        """End what is written too slowly, which is no end of the answer."""
        self.relay.told(turn, turn.slow)
        turn.told_nano = turn.account.nano if turn.account is not None else 0
        self.kept.leave(turn)
        if turn.job is not None:
            turn.job.cancel()

    def _offer_anew(self, message: StoredMessage, turn: LiveTurn | None, follow: Follow | None) -> None:
        """Show who could go on by now."""
        if turn is not None:
            turn.follow = follow
            self.progressed.emit(message.id)
            return
        error = with_offer(message.error, follow)
        self._attempt(lambda: self.changed.emit(self._store.set_error(message.id, error)))

    def _close_account(self, turn: LiveTurn, outcome: Outcome) -> None:
        """No attempt comes any more. What a stopped answer cost is known only now."""
        if self._accounts.close(turn, outcome) and not self.kept.has(turn):
            if (newer := self.kept.live.get(turn.message.id)) is not None:
                self._accounts.follow(newer, turn)
            else:
                self._attempt(lambda: self._tell_cost(turn))

    def _tell_cost(self, turn: LiveTurn) -> None:
        kept = self._store.message(turn.message.id)
        newest = kept.text == "".join(turn.text)  # and nobody has gone on with it
        if kept.status is Status.STOPPED and newest and turn.route.backend == "gateway":
            self.changed.emit(self.kept.write_end(turn, Status.STOPPED, None))

    def _attempt(self, action: Callable[[], object]) -> None:
        try:
            action()
        except StorageError as error:
            self.failed.emit(error)


def _limited(request: ChatRequest) -> ChatRequest:
    from desktop.storage.booking import limited

    return limited(request)
