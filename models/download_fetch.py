"""One request for a range of a file, and all the ways in which its answer can be wrong."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from typing import TypeVar
from urllib.parse import urlsplit

from models.download_file import PartFile
from models.download_journal import Part
from models.download_rate import Throttle
from models.download_values import Target, Tuning
from models.errors import Unreachable, WrongBytes
from models.hub import Endpoint, Token, check_not_a_page, check_status
from models.hub_values import HubFile
from models.outbound import Outbound, Response

T = TypeVar("T")

_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")
_MOST_BUFFERED = 1 << 20


class Changed(Exception):
    """The endpoint has another file under this address than it had before."""


class NoRanges(Exception):
    """The endpoint sends the whole, whatever part it is asked for."""


class Fetch:
    """Brings parts of one file from one endpoint into its PartFile. Retries nothing."""

    def __init__(
        self,
        outbound: Outbound,
        target: Target,
        file: HubFile,
        part_file: PartFile,
        tuning: Tuning,
        throttle: Throttle,
        token: Token,
    ) -> None:
        self._outbound, self._target, self._file = outbound, target, file
        self._part_file, self._tuning, self._throttle, self._token = part_file, tuning, throttle, token
        self._buffered = min(max(part_file.journal.part_bytes // 16, 1), _MOST_BUFFERED)

    async def part(self, part: Part, endpoint: Endpoint) -> None:
        """What is left of a part. What came before a failure is kept.

        Raises Changed, NoRanges, WrongBytes, HubError, NetworkError, NoSpace or DownloadError.
        """
        etag = self._part_file.journal.etags.get(endpoint.url)
        headers = {"Range": f"bytes={part.position}-{part.end - 1}"} | ({"If-Range": etag} if etag else {})
        async with self._outbound_request(endpoint, headers) as response:
            self._check(response, endpoint)
            self._check_etag(response, endpoint, etag)
            if response.status != 206:
                raise NoRanges
            self._check_range(response, part)
            await self._store(response, [part])

    async def whole(self, endpoint: Endpoint) -> None:
        """All of the file in one piece, from its beginning; the parts have to be empty."""
        async with self._outbound_request(endpoint, {}) as response:
            self._check(response, endpoint)
            length = response.headers.get("content-length", "")
            if response.status != 200 or (length and length != str(self._file.size_bytes)):
                raise self._wrong_size()
            await self._store(response, self._part_file.journal.parts)

    def _outbound_request(
        self, endpoint: Endpoint, headers: Mapping[str, str]
    ) -> AbstractAsyncContextManager[Response]:
        return self._outbound.request(
            "GET",
            endpoint.file_url(self._target.repo, self._target.commit, self._file.name),
            purpose="download a model",
            headers=headers,
            token=self._token(endpoint.host),
            hosts=endpoint.hosts,
            idle_s=self._tuning.idle_s,
        )

    def _check(self, response: Response, endpoint: Endpoint) -> None:
        """Raise what the headers already tell."""
        for headers in (*response.hops, response.headers):
            linked = headers.get("x-linked-etag", "").removeprefix("W/").strip('"')
            if self._file.sha256 and re.fullmatch(r"[0-9a-f]{64}", linked) and linked != self._file.sha256:
                raise WrongBytes(
                    f"{endpoint.host} has another version of “{self._file.name}”.", "Look at the model again."
                )
        if response.status == 416:
            raise self._wrong_size()
        check_status(response, endpoint, self._target.repo)
        check_not_a_page(response.headers, urlsplit(response.url).hostname or "")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise WrongBytes("The server changes the file on its way.", "Try another address of the hub.")

    def _check_etag(self, response: Response, endpoint: Endpoint, known: str | None) -> None:
        etag = response.headers.get("etag", "")
        if known and etag and etag != known:
            raise Changed
        if not known and etag.startswith('"') and len(etag) < 256 and etag.isprintable():
            self._part_file.journal.etags[endpoint.url] = etag

    def _check_range(self, response: Response, part: Part) -> None:
        match = _RANGE.fullmatch(response.headers.get("content-range", ""))
        if match is None:
            raise NoRanges
        start, end, total = (int(number) for number in match.groups())
        if total != self._file.size_bytes:
            raise self._wrong_size()
        if start != part.position or end >= part.end:
            raise NoRanges

    async def _store(self, response: Response, parts: list[Part]) -> None:
        """Fill the parts with the answer's content, in order, and not a byte further."""
        left = sum(part.left for part in parts)
        buffer, stored_at = bytearray(), time.monotonic()
        try:
            async with aclosing(response.chunks()) as chunks:
                async for chunk in chunks:
                    buffer += chunk[:left]
                    if len(chunk) > left:
                        return
                    left -= len(chunk)
                    await self._throttle.take(len(chunk))
                    late = time.monotonic() - stored_at >= self._tuning.gather_s
                    if late or len(buffer) >= self._buffered or not left:
                        full, buffer = buffer, bytearray()
                        await to_the_end(self._fill, parts, full)
                        stored_at = time.monotonic()
        finally:
            if buffer:
                await to_the_end(self._fill, parts, buffer)
        if left:
            raise Unreachable("The connection ended before everything had come.", "Try again.")

    def _fill(self, parts: list[Part], data: bytearray) -> None:
        for part in parts:
            fitting = data[: part.left]
            if fitting:
                data = data[len(fitting) :]
                self._part_file.store(part, fitting)

    def _wrong_size(self) -> WrongBytes:
        return WrongBytes(
            f"“{self._file.name}” does not have the size that the hub announced.",
            "Look at the model again, or try another address of the hub.",
        )


async def to_the_end(function: Callable[..., T], *arguments: object) -> T:
    """Run it in a thread and wait for its end, however often this task is cancelled meanwhile.

    What it works with may be closed as soon as this returns or raises.
    """
    work = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        work.exception()  # it is looked at, so that nobody complains of it
        raise cancelled
    return work.result()
