"""The worker: reads requests from its standard input and writes replies to its standard output."""

from __future__ import annotations

import faulthandler
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from models.chat import ChatEvent, Progress, ReasoningDelta, Stage, TextDelta
from models.errors import AppError, EngineMissing
from models.local.pace import Pace
from models.local.protocol import (
    AnswerNow,
    Ask,
    Cancel,
    Cancelled,
    Count,
    Describe,
    Disown,
    Failed,
    Gauge,
    Load,
    Loaded,
    MemorySpeed,
    Probe,
    ProtocolError,
    Reply,
    Request,
    Save,
    Saved,
    Tidy,
    decode_request,
    encode,
)
from models.local.stopflag import StopFlag
from models.local.text import Gatherer

if TYPE_CHECKING:
    from models.local.engine.engine import Engine

SPINS = 2000
"""How often a thread that computes looks for the others before it sleeps."""

_LOAD_NEWS_S = 0.05


def main() -> int:
    """Serve until the standard input ends. Never returns while the other side lives."""
    requests, replies = claim_channel()
    harden()
    stop = StopFlag()
    inbox = Inbox(requests, stop)
    inbox.start()
    Worker(inbox, replies, stop).serve()
    return 0


def claim_channel() -> tuple[BinaryIO, BinaryIO]:
    """Take standard input and output for the protocol; whatever else prints now goes to stderr."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, replies


def harden() -> None:
    """Die with the window and before it, leave no core with a conversation in it, and say where it broke."""
    os.environ["GGML_NO_BACKTRACE"] = "1"  # else a failed check forks a debugger, which prints
    # A thread that waits for another spins by default for milliseconds. When something else wants the
    # cores, that starves the very thread it waits for: 1 token/s instead of 25, measured on two cores.
    os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the window; it will end us
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
        _die_first_of_memory()


def _die_first_of_memory() -> None:
    """When memory runs out the system shall end the worker, not the window."""
    try:
        Path("/proc/self/oom_score_adj").write_text("500")
    except OSError:
        return  # some sandboxes forbid it; then the system chooses by size, which mostly is the same


class Inbox:
    """Reads requests in a thread of its own, so that a cancel is heard during work.

    `answer_now` is set when the answer that is being worked on is to begin.
    The end of the input ends the process at once, whatever it is doing.
    """

    def __init__(self, source: BinaryIO, stop: StopFlag) -> None:
        self._source = source
        self._stop = stop
        self._lock = threading.Lock()
        self._current = 0
        self._cancelled: set[int] = set()
        self._hurried: set[int] = set()
        self.answer_now = threading.Event()
        self._waiting: queue.SimpleQueue[tuple[int, Request]] = queue.SimpleQueue()

    def start(self) -> None:
        """Begin to listen."""
        threading.Thread(target=self._listen, name="inbox", daemon=True).start()

    def next(self) -> tuple[int, Request]:
        """The next request; the stop flag is clear unless it was cancelled already."""
        id_, request = self._waiting.get()
        with self._lock:
            self._current = id_
            self._stop.clear()
            if id_ in self._cancelled:
                self._stop.set()
            self.answer_now.clear()
            if id_ in self._hurried:
                self.answer_now.set()
            self._forget(self._cancelled, id_)
            self._forget(self._hurried, id_)
        return id_, request

    @staticmethod
    def _forget(ids: set[int], until: int) -> None:
        ids.difference_update([id_ for id_ in ids if id_ <= until])

    def _listen(self) -> None:
        try:
            for line in self._source:
                self._take(*decode_request(line))
        except ProtocolError as error:
            print(error, file=sys.stderr, flush=True)
        finally:
            os._exit(0)

    def _take(self, id_: int, request: Request) -> None:
        match request:
            case Cancel():
                self._mark(id_, self._stop.set, self._cancelled)
            case AnswerNow():
                self._mark(id_, self.answer_now.set, self._hurried)
            case _:
                self._waiting.put((id_, request))

    def _mark(self, id_: int, mark: Callable[[], None], waiting: set[int]) -> None:
        """Mark the current work, or remember it for work that still waits."""
        with self._lock:
            if id_ == self._current:
                mark()
            elif id_ > self._current:
                waiting.add(id_)


class Worker:
    """Does what the inbox brings, one request after the other."""

    def __init__(self, inbox: Inbox, replies: BinaryIO, stop: StopFlag) -> None:
        self._inbox = inbox
        self._replies = replies
        self._stop = stop
        self._engine: Engine | None = None
        self._id = 0
        self._gatherer = Gatherer(self._send)

    def serve(self) -> None:
        """Never returns; an exception that is no AppError is our fault and ends the process."""
        while True:
            self._id, request = self._inbox.next()
            try:
                self._reply(self._do(request))
            except AppError as error:
                self._reply(Failed.of(error))

    def _do(self, request: Request) -> Reply | None:
        if isinstance(request, Save) and self._engine is None:
            return Saved(on_disk=False)
        engine = self._ready_engine()
        from models.local.engine.model import Aborted

        try:
            match request:
                case Load():
                    return self._load(engine, request)
                case Ask():
                    engine.answer(request.request, self._emit, self._inbox.answer_now.is_set)
                case Probe():
                    return engine.thinking()
                case Count(text, answer_tokens):
                    return engine.text_size(text, answer_tokens)
                case Save():
                    return Saved(engine.save())
                case Disown(cache_keys):
                    engine.disown(cache_keys)
                    return Saved(on_disk=False)
                case Tidy(question, said):
                    engine.tidy(question, said)
                    return Saved(on_disk=False)
                case Gauge(threads):
                    return MemorySpeed(engine.memory_bandwidth(threads))
                case Describe():
                    return engine.describe()
        except Aborted:
            return Cancelled()
        return None

    def _ready_engine(self) -> Engine:
        """The engine; importing llama.cpp waits until here so that its failure can be reported."""
        if self._engine is None:
            try:
                from models.local.engine.engine import Engine
            except (ImportError, OSError, RuntimeError) as error:
                raise EngineMissing(
                    "Its library (llama.cpp) can’t be used on this system.",
                    "Install Inshore again.",
                    details=str(error),
                ) from error
            self._engine = Engine(self._stop)
        return self._engine

    def _load(self, engine: Engine, order: Load) -> Loaded:
        due = 0.0
        pace = Pace()

        def tell(done: int, total: int) -> None:
            nonlocal due
            if time.monotonic() >= due:
                due = time.monotonic() + _LOAD_NEWS_S
                self._send(Progress(Stage.LOAD, done, total, pace.remaining_s(done, total)))

        return engine.load(order, tell, self._send)

    def _emit(self, event: ChatEvent) -> None:
        if isinstance(event, TextDelta | ReasoningDelta):
            self._gatherer.add(event)
        else:
            self._reply(event)

    def _reply(self, reply: Reply | None) -> None:
        self._gatherer.flush()
        if reply is not None:
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        try:
            self._replies.write(encode(self._id, reply))
            self._replies.flush()
        except OSError:
            os._exit(0)  # nobody listens any more


if __name__ == "__main__":
    sys.exit(main())
