"""An HTTP client whose every request passes the gate: for a library that brings its own way of asking.

Of what that library wants to send, only the method, the address and the content leave, and the headers
named here; so nothing that it reads from the environment does. It never follows a redirect.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import httpx2

from models.errors import EndlessReply, NetworkError
from models.network_errors import Translated

if TYPE_CHECKING:
    from models.outbound import Passage

_OURS = ("accept", "content-type")
_PIECE = 64 << 10
_LONGEST_REFUSAL = 128 << 10
"""Nobody reads more of a page that says no; the rest is left out without a word."""


class GateTransport(httpx2.AsyncBaseTransport):
    """Sends each request through `open_passage`. `token` is added to it here and kept from everyone else.

    An answer of more than `limit` bytes, unpacked, raises EndlessReply. It is unpacked piece by piece, so
    a small one that would become huge does no harm.
    """

    def __init__(
        self, open_passage: Callable[[httpx2.Request], Passage], token: str | None, limit: int
    ) -> None:
        self._open, self._token, self._limit = open_passage, token, limit

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer, its content unread. Raises AppError."""
        passage = self._open(request)
        headers = {name: request.headers[name] for name in _OURS if name in request.headers}
        headers |= {"Accept-Encoding": "identity", "User-Agent": passage.agent}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        content = await request.aread()
        raw = await passage.send(request.method, str(request.url), headers, content)
        kept = [(k, v) for k, v in raw.headers.multi_items() if k.lower() not in _HOP]
        stream = _Stream(raw, passage, self._limit)
        return httpx2.Response(raw.status_code, headers=kept, stream=stream)


_HOP = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class _Stream(httpx2.AsyncByteStream):
    def __init__(self, raw: httpx2.Response, passage: Passage, limit: int) -> None:
        self._raw, self._passage, self._limit = raw, passage, limit
        self._unpack = _unpacker(raw.headers)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        total = 0
        with Translated(self._raw.url.host):
            async for chunk in self._raw.aiter_raw():
                self._passage.bytes_in += len(chunk)
                for piece in self._unpack(chunk):
                    total += len(piece)
                    if self._raw.status_code >= 300 and total > _LONGEST_REFUSAL:
                        return
                    if total > self._limit:
                        raise EndlessReply(
                            f"More than {self._limit >> 20} MiB came, and Inshore stopped reading.",
                            "What came until then is kept.",
                        )
                    yield piece

    async def aclose(self) -> None:
        await self._passage.close(self._raw)


def _unpacker(headers: Mapping[str, str]) -> Callable[[bytes], Iterator[bytes]]:
    packing = headers.get("content-encoding", "identity").strip().lower()
    if packing in ("", "identity"):
        return lambda chunk: iter((chunk,))
    if packing not in ("gzip", "x-gzip", "deflate"):
        raise NetworkError("The server packs its answer in a way that was not asked for.")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)

    def unpack(chunk: bytes) -> Iterator[bytes]:
        more = True
        while more:
            try:
                piece = unpacker.decompress(chunk, _PIECE)
            except zlib.error as error:
                raise NetworkError("The server’s answer is packed wrongly.") from error
            chunk = unpacker.unconsumed_tail
            more = bool(chunk) or len(piece) == _PIECE
            if piece:
                yield piece

    return unpack
