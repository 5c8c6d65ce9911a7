"""What the gateway's benchmarks run in processes of their own.

`answer` and `flood` are servers until their input ends; `stream ADDRESS` and `warm` are windows.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import replace

from PySide6.QtCore import QTimer

from models.chat import ChatEvent, ChatRequest, TextDelta
from models.gateway.backend import GatewayBackend
from models.leave import Leave, for_leave
from models.route import Mode, Privacy
from tests.gateway_server import GatewayServer, Reply, answer
from tests.gateway_server.scripts import DONE, delta, event, text
from tests.gateway_server.server import Part, Pause

CHUNKS_PER_S, SECONDS, EVERY = 2_000, 3, 20
_WORDS = "A gateway that is in a hurry says four letters at a time, in paragraphs of the usual length.\n\n"


def flood() -> Reply:
    """2,000 chunks a second, as a fast server with a fast network sends them: 20 in each hundredth."""

    def parts() -> Iterator[Part]:
        began = time.perf_counter()
        for number in range(0, CHUNKS_PER_S * SECONDS, EVERY):
            pieces = (_WORDS[4 * n % len(_WORDS) :][:4] for n in range(number, number + EVERY))
            yield b"".join(text(piece) for piece in pieces)
            due = began + (number + EVERY) / CHUNKS_PER_S
            yield Pause(max(0.0, due - time.perf_counter()))
        yield event(delta({}, "stop")) + DONE

    return Reply(parts())


class Named:
    """A backend that asks for the gateway's model, whatever the window has chosen; counts what comes."""

    def __init__(self, inner: GatewayBackend) -> None:
        self._inner = inner
        self.chunks = 0
        self.first = self.last = 0.0

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """The gateway’s events; as the window takes it for this machine, leave is given here."""
        for_leave.set(Leave(Mode.CLOUD, Privacy.OUT))
        async for one in self._inner.stream(replace(request, model="xidao/m")):
            if isinstance(one, TextDelta):
                self.last = time.perf_counter()
                self.first = self.first or self.last
                self.chunks += 1
            yield one

    async def aclose(self) -> None:
        """Close its connections."""
        await self._inner.aclose()


class Beat:
    """How long the event loop was away between two beats of a millisecond, in seconds."""

    def __init__(self) -> None:
        self.gaps: list[float] = []
        self.ends: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer(interval=1)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        self._last = time.perf_counter()
        self._timer.start()

    def _tick(self) -> None:
        now = time.perf_counter()
        self.gaps.append(now - self._last)
        self.ends.append(now)
        self._last = now


def stream_into_window(url: str) -> dict[str, float]:
    from models.gateway.wire import load
    from tests.benchmarks.window_child import Scene
    from tests.gateway_server.asking import backend, connection

    load()
    asked = Named(backend(connection(url)))
    scene, beat = Scene(asked), Beat()
    scene.chat.turn_finished.connect(lambda _message: scene.app.quit())
    QTimer.singleShot(0, lambda: scene.page._submit("Go"))
    QTimer.singleShot(200, beat.start)
    scene.app.exec()
    scene.close()
    timed = list(zip(beat.gaps, beat.ends, strict=True))
    gaps = sorted(gap for gap, end in timed if end <= asked.last)
    return {
        "p99_s": gaps[int(len(gaps) * 0.99)],
        "max_s": gaps[-1],
        "end_s": max((gap for gap, end in timed if end > asked.last), default=0.0),
        "chunks_per_s": asked.chunks / (asked.last - asked.first),
    }


def warm() -> dict[str, float]:
    from desktop.parts.gateway import Gateway
    from desktop.system.keys import Keys
    from models.fake import FakeBackend
    from tests.benchmarks.window_child import Scene
    from tests.fixtures.keyrings import CANARY, MemoryHolder, keyring_of

    holder = MemoryHolder()
    holder.entries = {"xidao": CANARY}
    scene, beat = Scene(FakeBackend()), Beat()
    gateway = Gateway(
        scene.window,
        scene.settings,
        scene.background,
        scene.window,
        make_keys=lambda _asked: Keys(keyring_of(holder)),
    )
    QTimer.singleShot(300, scene.app.quit)
    scene.app.exec()
    before = "openai" in sys.modules
    beat.start()
    gateway.keys.look("xidao")
    QTimer.singleShot(4_000, scene.app.quit)
    scene.app.exec()
    loaded = "openai" in sys.modules
    scene.close()
    return {"loaded_before": float(before), "loaded": float(loaded), "max_s": max(beat.gaps)}


def serve(reply: Callable[[], Reply]) -> None:
    """Answer everything with it."""
    with GatewayServer(respond=lambda _request: reply()) as server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    match sys.argv[1]:
        case "answer":
            serve(answer)
        case "flood":
            serve(flood)
        case "stream":
            print(json.dumps(stream_into_window(sys.argv[2])))
        case "warm":
            print(json.dumps(warm()))
