"""One request on its way to a gateway and back: the only importer of openai.

The library makes the request and reads refusals; the stream is read here, because it takes a broken stream
for a whole answer and knows no limits. It gets neither the key nor a connection of its own: both are the
outbound gate's.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from models.errors import AppError, EndlessReply, FellSilent
from models.gateway.body import Body
from models.gateway.failures import Asked, bad_reply, refusal, request_id_of, stream_error
from models.gateway.retrying import Place
from models.gateway.sse import DONE, Caps, EventReader
from models.outbound import Outbound

if TYPE_CHECKING:
    import openai

Chunk = Mapping[str, Any]

_WHOLE_ANSWER_BYTES = 8 << 20
_DRAIN_S = 0.25
_QUIET = ("openai", "httpx2", "httpcore2")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a gateway may take. `first_byte_s` runs from the request to the answer's status.

    It runs once more from there to the answer's first byte, as a model that thinks unseen is silent until
    then; `idle_s` is the longest silence after that. `empty_s` is how long it may send nothing but signs of
    life; `after_finish_s` is how long Inshore waits for the numbers that come after the last word.
    """

    connect_s: float = 10.0
    first_byte_s: float = 120.0
    idle_s: float = 60.0
    empty_s: float = 600.0
    after_finish_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Head:
    """The first thing that comes: the gateway has accepted the request."""

    status: int
    request_id: str


def load() -> Any:
    """Import the library, which takes a while, and keep it quiet whatever the environment says."""
    new = "openai" not in sys.modules
    import openai

    if new:
        # Its 60,000 objects stay for good; looking through them for garbage would stop all threads for
        # 50 to 100 ms in the middle of an answer.
        gc.freeze()
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    return openai


async def exchange(
    outbound: Outbound, place: Place, body: Body, asked: Asked, timeouts: Timeouts, caps: Caps
) -> AsyncGenerator[Head | Chunk, None]:
    """Send the request; the head, then each chunk of the answer until the stream ends.

    A whole answer is one chunk, its message where a delta would be. Raises AppError.
    """
    library = await asyncio.to_thread(load)
    async with AsyncExitStack() as stack:
        http = outbound.client(
            purpose="chat",
            token=place.key,
            connect_s=timeouts.connect_s,
            idle_s=timeouts.first_byte_s + timeouts.idle_s,
            limit=caps.total_bytes,
        )
        client = library.AsyncOpenAI(
            api_key="-", base_url=place.base_url, max_retries=0, http_client=http, timeout=None
        )
        await stack.enter_async_context(client)
        response = await _opened(library, client, body, asked, timeouts, stack)
        request_id = request_id_of(response.headers)
        yield Head(response.status_code, request_id)
        if "html" in response.headers.get("content-type", ""):
            raise refusal(asked, 200, response.headers, b"")
        pieces = await stack.enter_async_context(aclosing(_pieces(response, asked, timeouts)))
        async with aclosing(_chunks(pieces, asked, caps, timeouts, request_id)) as chunks:
            async for chunk in chunks:
                yield chunk


async def _opened(
    library: Any,
    client: openai.AsyncOpenAI,
    body: Body,
    asked: Asked,
    timeouts: Timeouts,
    stack: AsyncExitStack,
) -> Any:
    request = client.chat.completions.with_streaming_response.create(
        model=body.model, messages=cast("Any", list(body.messages)), stream=True, extra_body=body.fields
    )
    try:
        async with asyncio.timeout(timeouts.first_byte_s):
            return await stack.enter_async_context(request)
    except TimeoutError:
        raise _silent(asked) from None
    except library.APIStatusError as error:
        answer = error.response
        raise refusal(asked, answer.status_code, answer.headers, answer.content) from None
    except library.OpenAIError as error:
        raise bad_reply(asked, "something that Inshore can’t read") from error


async def _pieces(response: Any, asked: Asked, timeouts: Timeouts) -> AsyncGenerator[bytes, None]:
    """The content as it comes, none of it empty."""
    pieces: AsyncIterator[bytes] = response.iter_bytes()
    silence_s = max(timeouts.first_byte_s, timeouts.idle_s)
    while True:
        try:
            async with asyncio.timeout(silence_s):
                piece = await anext(pieces, None)
        except TimeoutError:
            raise _silent(asked) from None
        if piece is None:
            return
        if piece:
            silence_s = timeouts.idle_s
            yield piece


async def _chunks(
    pieces: AsyncGenerator[bytes, None], asked: Asked, caps: Caps, timeouts: Timeouts, request_id: str
) -> AsyncGenerator[Chunk, None]:
    clock = asyncio.get_running_loop().time
    first, began = b"", clock()
    async for piece in pieces:
        if first := piece.lstrip():  # empty lines keep a connection alive, and are not kept
            break
        if clock() - began > timeouts.empty_s:
            raise _silent(asked)
    sign = first.lstrip()[:1]
    if sign == b"<":
        raise refusal(asked, 200, {"content-type": "text/html"}, b"")
    if sign in (b"{", b"["):
        yield _whole(await _rest(first, pieces), asked, request_id)
        return
    reader, heard, any_event = EventReader(caps), clock(), False
    for data in reader.feed(first):
        any_event = True
        if data.strip() == DONE:
            return
        yield _chunk(data, asked, request_id)
    async for piece in pieces:
        for data in reader.feed(piece):
            heard, any_event = clock(), True
            if data.strip() == DONE:
                await _drain(pieces)
                return
            yield _chunk(data, asked, request_id)
        if clock() - heard > timeouts.empty_s:
            raise _silent(asked)
    for data in reader.finish():
        any_event = True
        if data.strip() != DONE:
            yield _chunk(data, asked, request_id)
    if not any_event:
        raise bad_reply(asked, "an empty answer", request_id)


async def _rest(first: bytes, pieces: AsyncGenerator[bytes, None]) -> bytes:
    content = bytearray(first)
    async for piece in pieces:
        content += piece
        if len(content) > _WHOLE_ANSWER_BYTES:
            raise EndlessReply("Its answer is larger than 8 MiB.")
    return bytes(content)


async def _drain(pieces: AsyncGenerator[bytes, None]) -> None:
    """Read the end of the stream, so that the connection can be used again."""
    try:
        async with asyncio.timeout(_DRAIN_S):
            async for _piece in pieces:
                continue
    except (TimeoutError, AppError):
        return  # the answer is complete; the connection is closed instead


def _whole(content: bytes, asked: Asked, request_id: str) -> Chunk:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise bad_reply(asked, "bytes that are no text", request_id) from error
    answer = dict(_chunk(text, asked, request_id))
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices:
        raise bad_reply(asked, "something else than an answer", request_id)
    answer["choices"] = [
        {**choice, "delta": choice.get("message")} for choice in choices if isinstance(choice, dict)
    ]
    return answer


def _chunk(data: str, asked: Asked, request_id: str) -> Chunk:
    try:
        chunk = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise bad_reply(asked, "a piece of an answer that is no JSON", request_id) from error
    if not isinstance(chunk, dict):
        raise bad_reply(asked, "a piece of an answer that is none", request_id)
    if chunk.get("error") or chunk.get("object") == "error":  # older vLLMs write it without a frame
        raise stream_error(asked, chunk.get("error") or chunk, request_id)
    return chunk


def _silent(asked: Asked) -> FellSilent:
    return FellSilent(f"{asked.provider} stopped answering.", "Try again, or use a local model.")


def host_of(base_url: str) -> str:
    """The host's name in an address, for people."""
    return urlsplit(base_url).hostname or base_url
