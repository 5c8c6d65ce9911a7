"""An answer being written, and the values that it becomes."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from desktop.background import Job
from desktop.services.history import memory_after
from desktop.services.running import Running
from desktop.storage.conversations import Status, StoredMessage
from desktop.storage.seams import Part, joined, parts_of
from models.chat import ChatEvent, ChatRequest, Finished, Progress, Usage
from models.errors import AppError, OverBudget
from models.route import Route
from models.ways_on import Way, written

if TYPE_CHECKING:
    from desktop.services.books import Account
    from desktop.services.handing_over import Follow
    from desktop.services.pace import Pace
    from desktop.storage.attempts import Partial
    from models.gateway.attempts import Attempt
    from models.leave import Standing


@dataclass(slots=True)
class LiveTurn:
    """An answer being written. `text` and `reasoning` grow; `progress` is what it waits for.

    `place` is where it is written, in words. `earlier` are the messages that it answers; `notices` are
    what was decided for the user meanwhile, `ways` what can be done where a budget stands in its way.
    `unasked` is that nobody was asked after all, so that what there was of it holds; `told_nano` what it
    had cost when it was left, before all of that was known.
    """

    message: StoredMessage
    route: Route = field(default_factory=lambda: Route("none", "", ""))
    place: str = ""
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    earlier: Sequence[StoredMessage] = ()
    notices: list[str] = field(default_factory=list)
    progress: Progress | None = None
    finished: Finished | None = None
    job: Job | None = None
    account: Account | None = None
    told_nano: int | None = 0
    request: ChatRequest | None = None
    ways: tuple[Way, ...] = ()
    leave: Standing | None = None
    unasked: bool = False
    model_facts: Mapping[str, object] = field(default_factory=dict)
    running: Running = field(default_factory=Running)
    saved: int = 0
    number: int = 0
    parts: list[Part] = field(default_factory=list)
    follow: Follow | None = None
    slow: AppError | None = None
    pace: Pace | None = None
    thinking_since: float | None = None
    thought_s: float = 0.0
    writing_since: float | None = None
    thought_tokens: int = 0

    @classmethod
    def of(cls, answer: StoredMessage) -> LiveTurn:
        """The turn that writes on from what an answer has; reasoning without an answer is begun anew."""
        turn = cls(answer)
        if answer.text:
            turn.text = [answer.text]
            turn.reasoning = [answer.reasoning] if answer.reasoning else []
        turn.saved = turn.length
        return turn

    def sign(self, receipt: Mapping[str, object] | None) -> None:
        """Say who writes from here on, beside who wrote what there is."""
        name = self.route.name or self.route.model
        remote = self.route.backend == "gateway"
        part = Part(len("".join(self.text)), self.route.model, name, self.place, remote)
        self.parts = joined(parts_of(receipt), part)

    def go_on(self, receipt: Mapping[str, object] | None, why: str) -> None:
        """Keep what was noted of what there is; another one goes on with it."""
        noted = (receipt or {}).get("notices")
        self.notices = [str(each) for each in noted] if isinstance(noted, list) else []
        self.note(why)

    def partial(self) -> Partial:
        """What there is, as it is written down when this begins."""
        from desktop.storage.attempts import Partial

        return Partial("".join(self.text), "".join(self.reasoning), receipt(self))

    def problem(self, error: AppError | None, status: Status) -> dict[str, str] | None:
        """What is shown as the error, with who could go on."""
        error = error or (self.slow if status is Status.RUNNING else None)
        if error is None:
            return None
        values = error_values(error) | (self.follow.values() if self.follow is not None else {})
        return values | ({"refused": self.route.model} if isinstance(error, OverBudget) else {})

    def think(self, text: str, tokens: int = 0) -> None:
        """More reasoning, of so many tokens in all; the time it takes counts from its first word."""
        self.thought_tokens = max(tokens, self.thought_tokens)
        self.running.think(text, tokens)
        now = time.monotonic()
        self.thinking_since = self.thinking_since or now
        self.thought_s = now - self.thinking_since
        self.reasoning.append(text)

    def write(self, text: str, tokens: int = 0) -> None:
        """More of the answer."""
        self.running.write(text, tokens)
        self.writing_since = self.writing_since or time.monotonic()
        self.text.append(text)

    def rethink(self) -> None:
        """What was written so far was reasoning."""
        self.running.rethink()
        self.reasoning, self.text = [*self.reasoning, *self.text], []
        self.saved = -1  # as many pieces as before, and none of them where it was
        self.thought_tokens = self.running.thought_tokens
        self.thinking_since = self.writing_since
        self.thought_s = time.monotonic() - self.writing_since if self.writing_since else 0.0

    def heard(self) -> Usage:
        """What whoever writes it has taken for it so far, as an estimate; unknown before its first word."""
        from desktop.storage.booking import heard_of

        if self.request is None:
            return Usage()
        return heard_of(self.request, self.running.tokens, self.running.thought_tokens)

    def note(self, text: str) -> None:
        """Keep a remark; saying it twice adds nothing."""
        if text not in self.notices:
            self.notices.append(text)

    def begin_anew(self) -> None:
        """Drop what was written of an answer that can't be gone on with."""
        self.text, self.reasoning = [], []

    @property
    def length(self) -> int:
        """How many pieces have arrived."""
        return len(self.text) + len(self.reasoning)


ATTEMPTED: ContextVar[Callable[[Attempt], None]] = ContextVar("attempted")
"""Who is told of the attempts of the answer that the running task is busy with, on the loop's thread."""


REPEATING: ContextVar[Callable[[int], Awaitable[None]]] = ContextVar("repeating")
"""What has to be done before the running task asks once more, with the attempt's number."""


async def in_conversation(
    conversation_id: int,
    events: AsyncGenerator[ChatEvent, None],
    attempted: Callable[[Attempt], None],
    repeating: Callable[[int], Awaitable[None]],
    leave: Standing | None,
    sends: Callable[[str, bytes], None] | None = None,
) -> AsyncGenerator[ChatEvent, None]:
    """The same events; what leaves the machine for them is recorded under the conversation.

    `leave` is what the gate lets out for them. `attempted`, and `sends` with the host and the content of each
    request, are called, and `repeating` is awaited, on the loop's thread.
    """
    from models.leave import for_leave, told_of_content
    from models.outbound import for_conversation

    for_conversation.set(conversation_id)
    for_leave.set(leave)
    told_of_content.set(sends)
    ATTEMPTED.set(attempted)
    REPEATING.set(repeating)
    async with aclosing(events):
        async for event in events:
            yield event


def receipt(turn: LiveTurn) -> dict[str, object]:
    """How an answer came about, to be stored with it."""
    if turn.unasked and turn.message.text:
        return _as_before(turn)
    values: dict[str, object] = {"route": asdict(turn.route), "place": turn.place}
    if turn.model_facts:
        values["model"] = dict(turn.model_facts)
    if turn.request is not None:
        values |= parameters(turn.request)
    if turn.account is not None and (turn.route.backend == "gateway" or turn.account.currency):
        values["cost"] = turn.account.values()
    if turn.ways:
        values["ways"] = written(turn.ways)
    if len(turn.parts) > 1:
        values["parts"] = [asdict(part) for part in turn.parts]
    if turn.thought_s:
        values["thought_s"] = round(turn.thought_s, 2)
    if turn.thought_tokens:
        values["thought_tokens"] = turn.thought_tokens
    if turn.notices:
        values["notices"] = list(turn.notices)
    if turn.finished is not None:
        memory = memory_after(turn.earlier, turn.finished.timings.left_out_messages)
        values |= {"memory": asdict(memory)} if memory else {}
        values |= {
            "reason": turn.finished.reason.value,
            "usage": asdict(turn.finished.usage),
            "timings": asdict(turn.finished.timings),
        }
    return values


def _as_before(turn: LiveTurn) -> dict[str, object]:
    """What is known of the part that there was, and what can be done now."""
    before = turn.message.receipt or {}
    values = {name: value for name, value in before.items() if name not in ("ways", "so_far", "notices")}
    noted = before.get("notices")
    notices = [*(noted if isinstance(noted, list) else ()), *turn.notices]
    if notices:
        values["notices"] = list(dict.fromkeys(map(str, notices)))
    return values | ({"ways": written(turn.ways)} if turn.ways else {})


def parameters(request: ChatRequest) -> dict[str, object]:
    """What was set for an answer; what is not there was left to the model."""
    sampling = {name: value for name, value in asdict(request.sampling).items() if value not in (None, ())}
    return {"sampling": sampling, "thinking": request.thinking.value}


def receipt_text(message: StoredMessage) -> str:
    """All that is known of how an answer came about, as JSON for people and programs."""
    values = {"model_id": message.model, "at": message.created_at, **(message.receipt or {})}
    return json.dumps(values, indent=2, ensure_ascii=False)


def error_values(error: AppError) -> dict[str, str]:
    """An error as it is stored beside the answer that it ended."""
    return {
        "title": error.title,
        "cause": error.cause,
        "hint": error.hint,
        "details": error.details,
        "next_step": error.next_step.value,
    }


def our_fault(error: Exception) -> AppError:
    """What is said of a mistake of ours."""
    return AppError(
        "Inshore made a mistake while this was being written.",
        "What was written is kept. The crash report in the data folder says more.",
        details=repr(error),
    )


def as_message(turn: LiveTurn, status: Status, error: AppError | None = None) -> StoredMessage:
    """The answer with what has been written so far."""
    running = turn.running.values() if status is Status.RUNNING else {}
    if turn.unasked:
        model = turn.message.model if turn.message.text else turn.route.model or None
        kept = replace(turn.message, status=status, model=model, receipt=receipt(turn))
        return replace(kept, error=turn.problem(error, status))
    return replace(
        turn.message,
        text="".join(turn.text),
        reasoning="".join(turn.reasoning),
        status=status,
        model=turn.route.model or None,
        receipt=receipt(turn) | ({"so_far": running} if running else {}),
        error=turn.problem(error, status),
    )


def within(request: ChatRequest, route: Route) -> ChatRequest:
    """The request with no longer an answer than its price was told for."""
    if route.backend != "gateway" or not route.answer_tokens:
        return request
    most = min(request.sampling.max_tokens or route.answer_tokens, route.answer_tokens)
    return replace(request, sampling=replace(request.sampling, max_tokens=most))
