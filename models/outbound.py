"""The one gate to the network: what may leave, to whom, and a record of it.

Nothing else imports an HTTP client. The environment's variables for other tools are ignored (netrc,
SSL_CERT_FILE, SSLKEYLOGFILE, HF_*), with one exception that is meant: the system's proxy, or HTTPS_PROXY,
ALL_PROXY and NO_PROXY, because behind some networks there is no other way out. A proxy sees the host's name
only: what it could read, which is what goes to a confirmed address without encryption, never goes through
one, and neither does what goes to this machine.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping
from contextlib import aclosing, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

from models.errors import BadInput, NetworkError, Refused, ServerFailed
from models.hosts import check_address, check_redirect, is_loopback, origin
from models.leave import for_leave, mode_now, told_of_content
from models.network_errors import Translated
from models.plain import plain

if TYPE_CHECKING:
    import httpx2

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_CONNECT_S = 10.0
_AGENT = "Inshore"

for_conversation: ContextVar[int | None] = ContextVar("for_conversation", default=None)
"""The conversation that the running task asks for; whoever starts a turn sets it in the task."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is about to leave: to which host, for what purpose, and how many bytes of content."""

    host: str
    purpose: str
    method: str
    bytes_out: int


@dataclass(frozen=True, slots=True)
class Sent:
    """One line of the outbound record. `refused` is the reason where it did not leave, else "".

    `bytes_out` and `bytes_in` count content, not headers; `at` is in seconds since 1970. `conversation_id`
    is what `for_conversation` held when the line was made, `mode` what its conversation's was ("" without).
    """

    at: float
    host: str
    purpose: str
    method: str
    bytes_out: int
    bytes_in: int
    status: int | None
    refused: str = ""
    conversation_id: int | None = field(default_factory=lambda: for_conversation.get())
    mode: str = field(default_factory=mode_now)


Policy = Callable[[Ask], str | None]
"""Says why something may not leave, or None; a conversation's mode and class are asked before it."""


def anything_goes(_ask: Ask) -> str | None:
    return None


@dataclass(slots=True)
class Response:
    """An answer whose content has yet to be read. `hops` are the redirects' headers on the way.

    Header names are in lower case.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    hops: tuple[Mapping[str, str], ...]
    _raw: httpx2.Response = field(repr=False)
    bytes_in: int = 0

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The content as it comes. Raises NetworkError if it ends before it is complete."""
        with Translated(urlsplit(self.url).hostname or ""):
            async for chunk in self._raw.aiter_raw():
                self.bytes_in += len(chunk)
                yield chunk

    async def read(self, limit: int) -> bytes:
        """All of the content; raises NetworkError if it is longer than `limit` bytes."""
        content = bytearray()
        async with aclosing(self.chunks()) as chunks:
            async for chunk in chunks:
                content += chunk
                if len(content) > limit:
                    raise NetworkError("The server’s answer is far longer than expected.")
        return bytes(content)


@dataclass(slots=True)
class Passage:
    """One request without redirects that may leave, up to its one line in the record."""

    host: str
    purpose: str
    at: float
    connect: Callable[[], httpx2.AsyncClient]
    timeout: tuple[float, float]
    record: Callable[[Sent], None] = field(repr=False)
    via: str = ""
    """The proxy on the way, for people; without its name and password."""
    agent: str = _AGENT
    method: str = ""
    bytes_out: int = 0
    bytes_in: int = 0
    _over: bool = False

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes
    ) -> httpx2.Response:
        """The answer, its content to be read; it must be closed with `close`. Raises AppError."""
        import httpx2

        self.method, self.bytes_out = method, len(content)
        connect_s, idle_s = self.timeout
        timeout = httpx2.Timeout(idle_s, connect=connect_s, pool=None)
        try:
            client = self.connect()
            request = client.build_request(
                method, url, headers=dict(headers), content=content or None, timeout=timeout
            )
            if content and (told := told_of_content.get()) is not None:
                told(self.host, content)
            with Translated(f"{self.host} (through the proxy {self.via})" if self.via else self.host):
                return await client.send(request, stream=True, follow_redirects=False)
        except BaseException:
            self._settle(None)
            raise

    async def close(self, raw: httpx2.Response) -> None:
        """Close the answer, wherever it is."""
        try:
            with Translated(self.host):
                await raw.aclose()
        finally:
            self._settle(raw.status_code)

    def _settle(self, status: int | None) -> None:
        if not self._over:
            self._over = True
            sent = Sent(self.at, self.host, self.purpose, self.method, self.bytes_out, self.bytes_in, status)
            self.record(sent)


class Outbound:
    """Connections for one asyncio loop; close it with `aclose`.

    `policy` is asked before each request and each redirect, `record` is told of each of them afterwards,
    those that were refused included. `confirmed` are addresses such as "http://192.168.1.20:8080" that may
    be reached without encryption because the user said so; this machine may be, always.
    """

    def __init__(
        self,
        *,
        policy: Policy = anything_goes,
        record: Callable[[Sent], None] | None = None,
        confirmed: Collection[str] = (),
        connect_s: float = _CONNECT_S,
    ) -> None:
        self._policy = policy
        self._record = record or (lambda _sent: None)
        self._confirmed = frozenset(origin(urlsplit(address)) for address in confirmed)
        self._connect_s = connect_s
        self._clients: dict[str | None, httpx2.AsyncClient] = {}

    @asynccontextmanager
    async def request(
        self,
        method: str,
        url: str,
        *,
        purpose: str,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
        hosts: Collection[str] | None = None,
        content: bytes = b"",
        idle_s: float = 60.0,
    ) -> AsyncIterator[Response]:
        """One request, its redirects followed, its answer open for reading while the block lasts.

        `token` goes to the address asked for and to no other, wherever that redirects to. `hosts` are those
        that may be reached (".example.org" is all below it); None is any. `idle_s` is how long the server
        may be silent. Raises Refused, Offline, Unreachable, NotSecure or BadInput.
        """
        hops: list[Mapping[str, str]] = []
        first = here = _split(url)
        sent = dict(headers or {}) | {"Accept-Encoding": "identity", "User-Agent": _AGENT}
        while True:
            self._check(here, first, hosts, Ask(here.hostname or "", purpose, method, len(content)))
            secret = {"Authorization": f"Bearer {token}"} if token and origin(here) == origin(first) else {}
            async with self._exchange(method, here, sent | secret, content, idle_s, purpose) as response:
                target = response.headers.get("location")
                if response.status not in _REDIRECTS or not target:
                    response.hops = tuple(hops)
                    yield response
                    return
            hops.append(response.headers)
            if len(hops) > _MOST_REDIRECTS:
                raise ServerFailed("The server redirects without end.", status=response.status)
            here = _split(urljoin(here.geturl(), target))
            if origin(here) != origin(first):
                token = None  # for good: a way back to the first host is not the first host's doing
            if response.status == 303 or (response.status in (301, 302) and method == "POST"):
                method, content = "GET", b""

    async def aclose(self) -> None:
        """Close all connections."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.aclose()

    def _check(self, here: SplitResult, first: SplitResult, hosts: Collection[str] | None, ask: Ask) -> None:
        reason = check_redirect(first, here) or check_address(here, self._confirmed, hosts)
        reason = reason or _not_now() or self._policy(ask)
        if reason:
            self._record(Sent(time.time(), ask.host, ask.purpose, ask.method, 0, 0, None, reason))
            raise Refused(reason)

    def client(
        self,
        *,
        purpose: str,
        token: str | None = None,
        connect_s: float | None = None,
        idle_s: float = 60.0,
        limit: int = 64 << 20,
    ) -> httpx2.AsyncClient:
        """A client for a library that needs one; each of its requests passes this gate, without redirects.

        Only the library's method, address and content leave, and `token` to whatever address it asks for.
        Its answers are streamed, unpacked, and at most `limit` bytes long. Raises what `request` does, and
        EndlessReply. Closing it closes no connection: those are kept for the next one.
        """
        import httpx2

        from models.outbound_client import GateTransport

        def open_passage(request: httpx2.Request) -> Passage:
            url = _split(str(request.url))
            content = int(request.headers.get("content-length", 0))
            self._check(url, url, None, Ask(url.hostname or "", purpose, request.method, content))
            return self._passage(url, purpose, idle_s, connect_s)

        transport = GateTransport(open_passage, token, limit)
        return httpx2.AsyncClient(transport=transport, trust_env=False, follow_redirects=False)

    def _passage(
        self, url: SplitResult, purpose: str, idle_s: float, connect_s: float | None = None
    ) -> Passage:
        proxy = _proxy_for(url)

        def connect() -> httpx2.AsyncClient:
            return self._client(proxy)

        timeout = (connect_s or self._connect_s, idle_s)
        via = proxy.rpartition("@")[2].rpartition("/")[2] if proxy else ""
        return Passage(url.hostname or "", purpose, time.time(), connect, timeout, self._record, via)

    @asynccontextmanager
    async def _exchange(
        self,
        method: str,
        url: SplitResult,
        headers: Mapping[str, str],
        content: bytes,
        idle_s: float,
        purpose: str,
    ) -> AsyncIterator[Response]:
        """One request without redirects, and its line in the record."""
        passage = self._passage(url, purpose, idle_s)
        raw = await passage.send(method, url.geturl(), headers, content)
        lower = {name.lower(): value for name, value in raw.headers.items()}
        response = Response(raw.status_code, url.geturl(), lower, (), raw)
        try:
            yield response
        finally:
            passage.bytes_in = response.bytes_in
            await passage.close(raw)

    def _client(self, proxy: str | None) -> httpx2.AsyncClient:
        import httpx2  # 80 ms, and not needed before somebody asks

        if proxy not in self._clients:
            try:
                _ = urlsplit(proxy or "").port  # raises where it is no address
                self._clients[proxy] = httpx2.AsyncClient(
                    trust_env=False, proxy=proxy, limits=httpx2.Limits(max_keepalive_connections=8)
                )
            except (ImportError, ValueError, httpx2.InvalidURL) as error:
                raise BadInput(
                    "The proxy that this system names is of a kind that Inshore can’t use.",
                    "Set HTTPS_PROXY to an address that begins with http://, https:// or socks5://.",
                ) from error
        return self._clients[proxy]


def _not_now() -> str:
    """Why nothing may leave for the conversation that the running task works for; one needs a leave."""
    leave = for_leave.get()
    if leave is not None:
        return leave.refusal()
    return "" if for_conversation.get() is None else "Nobody has said what of this conversation may leave."


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise BadInput(f"“{plain(url)}” is not an address.") from error
    return parts._replace(fragment="")


def _proxy_for(url: SplitResult) -> str | None:
    from urllib.request import getproxies, proxy_bypass  # noqa: TID251 - reads the system's settings

    host = url.hostname or ""
    if url.scheme != "https" or is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or "://" not in proxy:
        return f"http://{proxy}" if proxy else None
    return proxy.replace("socks://", "socks5://", 1)  # some systems write it so; it has no other meaning
