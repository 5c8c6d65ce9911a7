"""The server: plain asyncio in a thread of its own, HTTP/1.1 with chunked content, one connection or many."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

_LIMIT = 64 << 20


@dataclass(frozen=True, slots=True)
class Hold:
    """Silence until the server closes, or the client goes."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Cut:
    """The end of the connection: with a reset, or in the middle of the content."""

    reset: bool = False


Part = bytes | Hold | Pause | Cut


@dataclass(slots=True)
class Reply:
    """What is answered. `before` happens ahead of the head; `parts` are the content, a chunk each.

    `cut_after` ends the connection after so many bytes of content. `sized` announces a length in place of
    chunks. `close` ends the connection afterwards, which is the content's end where nothing else says it.
    """

    parts: Iterable[Part] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "text/event-stream"})
    before: tuple[Part, ...] = ()
    cut_after: int | None = None
    sized: bool = False
    close: bool = False


@dataclass(slots=True)
class Received:
    """One request as it came. `gone` is set once the client has left before the answer's end."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    gone: threading.Event = field(default_factory=threading.Event)

    @property
    def json(self) -> dict[str, Any]:
        values = json.loads(self.body)
        assert isinstance(values, dict)
        return values


class _Gone(Exception):
    """The client or the script ended the connection."""


class GatewayServer:
    """A gateway for as long as the block lasts; `received` records all that came.

    `replies` are played one after the other; where none is left, `respond` answers. `tls` makes it https.
    """

    def __init__(
        self,
        *replies: Reply,
        respond: Callable[[Received], Reply] | None = None,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        from tests.gateway_server.scripts import respond as usual

        self.replies = list(replies)
        self.respond = respond or usual
        self.received: list[Received] = []
        self.url = ""
        self._tls, self._port = tls, port
        self._arrived = threading.Condition()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    @property
    def chats(self) -> list[Received]:
        """The questions among the requests."""
        return [request for request in self.received if request.path.endswith("/chat/completions")]

    def wait_for(self, count: int, timeout_s: float = 10.0) -> None:
        """Until so many requests have come."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.received) >= count, timeout_s)

    def __enter__(self) -> GatewayServer:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(lambda _loop, _context: None)  # clients that leave are the point
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(  # noqa: TID251 - a server for tests
            self._connected, "127.0.0.1", self._port, ssl=self._tls, limit=_LIMIT
        )
        port = server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{port}/v1"
        self._ready.set()
        await self._closing.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            begun = b""
            while request := await _read(reader, begun):
                with self._arrived:
                    self.received.append(request)
                    reply = self.replies.pop(0) if self.replies else self.respond(request)
                    self._arrived.notify_all()
                begun = await self._play(reply, request, reader, writer)
                if reply.close:
                    break
        except (_Gone, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _play(
        self, reply: Reply, request: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        """Answer, while looking whether the client is still there; what has come of the next request."""
        watch = asyncio.create_task(reader.read(1))
        answer = asyncio.create_task(self._answer(reply, request, writer))
        try:
            await asyncio.wait({watch, answer}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done() and not watch.result():
                request.gone.set()
                raise _Gone
            await answer
        except (ConnectionError, _Gone):
            request.gone.set()
            raise _Gone from None
        finally:
            for task in (watch, answer):
                task.cancel()
            await asyncio.gather(watch, answer, return_exceptions=True)
        return b"" if watch.cancelled() else watch.result()

    async def _answer(self, reply: Reply, request: Received, writer: asyncio.StreamWriter) -> None:
        for part in reply.before:
            await _wait_or_cut(part, writer)
        parts = list(reply.parts) if reply.sized else reply.parts
        chunked = not reply.sized and not reply.close
        headers = {"x-request-id": f"req-{len(self.received)}", **reply.headers}
        if reply.sized:
            headers["Content-Length"] = str(sum(len(part) for part in parts if isinstance(part, bytes)))
        elif chunked:
            headers["Transfer-Encoding"] = "chunked"
        if reply.close:
            headers["Connection"] = "close"
        lines = [f"HTTP/1.1 {reply.status} Said", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        await writer.drain()
        left = reply.cut_after
        for part in parts:
            if not isinstance(part, bytes):
                await _wait_or_cut(part, writer)
                continue
            piece = part if left is None else part[:left]
            if piece:
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
                await writer.drain()
            if left is not None and (left := left - len(piece)) <= 0:
                raise _Gone
        if chunked:
            writer.write(b"0\r\n\r\n")
        await writer.drain()


async def _wait_or_cut(part: Part, writer: asyncio.StreamWriter) -> None:
    match part:
        case Hold():
            await asyncio.Event().wait()
        case Pause(seconds):
            await asyncio.sleep(seconds)
        case Cut(reset):
            if reset:
                writer.transport.abort()
            raise _Gone


async def _read(reader: asyncio.StreamReader, begun: bytes) -> Received | None:
    try:
        head = (begun + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(method, path, headers, body)
