"""The server: a "hub" that knows and redirects, and a "CDN" on another port that has the bytes."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from tests.hub_server.answers import answer_hub, answer_store

_BACKLOG = 64


@dataclass(slots=True)
class Request:
    """One request as it came. `sent` counts the bytes of content that went out."""

    server: str
    method: str
    path: str
    headers: dict[str, str]
    status: int = 0
    sent: int = 0


@dataclass(slots=True)
class Fault:
    """What goes wrong, `times` times, with requests for which `when` holds (all, by default).

    drop_after: cut the connection after so many bytes. stall_after: fall silent there, until the server
    closes. status: answer with it. headers: added to the answer. ignore_range: answer 200 with everything.
    wrong_range: answer 206, but from the beginning. etag: another ETag. flip: change the byte at this
    position of the file. html: a web page with status 200. short: end early, politely. location: redirect
    there. size: announce this size. page_status: the status of the page.
    """

    times: int = 1
    where: str = "cdn"
    when: Callable[[Request], bool] = lambda _request: True
    drop_after: int | None = None
    stall_after: int | None = None
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    ignore_range: bool = False
    wrong_range: bool = False
    etag: str | None = None
    flip: int | None = None
    html: bool = False
    short: int | None = None
    location: str | None = None
    size: int | None = None
    used: int = 0


@dataclass(slots=True)
class Repository:
    """A repository with its files. `files` maps names to content; `listed` are names that it only claims."""

    commit: str
    files: dict[str, bytes]
    gated: str | bool = False
    listed: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)

    def sha256_of(self, name: str) -> str:
        if name not in self.sha256:
            self.sha256[name] = hashlib.sha256(self.files[name]).hexdigest()
        return self.sha256[name]


class HubServer:
    """Two servers on ports of their own, for as long as the block lasts.

    `requests` records all that came. `pace_bytes_s` is how fast each connection gets its bytes.
    """

    def __init__(self, *, pace_bytes_s: float | None = None, token: str = "hf_token") -> None:  # noqa: S107 - no real one
        self.repositories: dict[str, Repository] = {}
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self.pace_bytes_s = pace_bytes_s
        self.token = token
        self.closing = threading.Event()
        self.most_at_once = self._sending = 0  # answers with content that are on their way together
        self._lock = threading.Lock()
        self._hub = _Server(("127.0.0.1", 0), _handler(self, "hub"))
        self._cdn = _Server(("127.0.0.1", 0), _handler(self, "cdn"))
        self.url = f"http://127.0.0.1:{self._hub.server_port}"
        self.cdn_url = f"http://127.0.0.1:{self._cdn.server_port}"

    def add(self, repo: str, files: dict[str, bytes], **values: Any) -> Repository:
        commit = hashlib.sha1(repo.encode(), usedforsecurity=False).hexdigest()
        self.repositories[repo] = Repository(commit, files, **values)
        return self.repositories[repo]

    def fault(self, request: Request) -> Fault:
        """The next fault of the script that fits, or one that is none."""
        with self._lock:
            for fault in self.faults:
                if fault.used < fault.times and fault.where == request.server and fault.when(request):
                    fault.used += 1
                    return fault
        return Fault()

    def record(self, request: Request) -> None:
        with self._lock:
            self.requests.append(request)

    def to(self, server: str) -> list[Request]:
        """The requests that one of the two got."""
        with self._lock:
            return [request for request in self.requests if request.server == server]

    @contextmanager
    def sending(self) -> Iterator[None]:
        with self._lock:
            self._sending += 1
            self.most_at_once = max(self.most_at_once, self._sending)
        try:
            yield
        finally:
            with self._lock:
                self._sending -= 1

    def content_sent(self) -> int:
        return sum(request.sent for request in self.to("cdn"))

    def __enter__(self) -> HubServer:
        for server in (self._hub, self._cdn):
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.closing.set()
        for server in (self._hub, self._cdn):
            server.shutdown()
            server.end_connections()
            server.server_close()


class _Server(ThreadingHTTPServer):
    request_queue_size = _BACKLOG
    daemon_threads = True
    block_on_close = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.connections: set[socket.socket] = set()

    def end_connections(self) -> None:
        """Connections that are kept alive would keep their threads waiting."""
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it has gone already

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are what the tests are about."""


def _handler(owner: HubServer, name: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server: _Server

        def setup(self) -> None:
            super().setup()
            self.server.connections.add(self.connection)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 << 10)

        def finish(self) -> None:
            self.server.connections.discard(self.connection)
            super().finish()

        def do_GET(self) -> None:
            headers = {key.lower(): value for key, value in self.headers.items()}
            request = Request(name, self.command, self.path, headers)
            owner.record(request)
            fault = owner.fault(request)
            answer = (answer_hub if name == "hub" else answer_store)(owner, request, fault)
            request.status = answer.status
            self.send_response(answer.status)
            for key, value in answer.headers.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command == "GET":
                with owner.sending():
                    self._send(request, answer.content, fault.drop_after, fault.stall_after)

        def do_HEAD(self) -> None:
            self.do_GET()

        def _send(
            self, request: Request, content: memoryview, drop_after: int | None, stall_after: int | None
        ) -> None:
            stop = min(limit for limit in (drop_after, stall_after, len(content)) if limit is not None)
            block = len(content) if owner.pace_bytes_s is None else max(int(owner.pace_bytes_s / 400), 1)
            block = min(max(block, 1), 256 << 10)
            while request.sent < stop:
                piece = content[request.sent : min(request.sent + block, stop)]
                self.wfile.write(piece)
                request.sent += len(piece)
                if owner.pace_bytes_s:
                    time.sleep(len(piece) / owner.pace_bytes_s)
            if stall_after is not None:
                owner.closing.wait(60)
            if stop < len(content):
                self.close_connection = True
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: `requests` is the log."""

    return Handler
