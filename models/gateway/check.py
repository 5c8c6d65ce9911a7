"""Asks a gateway which models it has: the cheapest way to learn whether an address and a key work."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from models.errors import AppError, KeyMissing, KeyRefused, NetworkError, NotPermitted, Unreachable
from models.gateway.failures import Asked, bad_reply, refusal
from models.gateway.providers import Connection
from models.gateway.wire import host_of
from models.outbound import Outbound
from models.plain import plain

_MOST_BYTES = 8 << 20
_MOST_MODELS = 5000
_TIME_S = 20.0


class Server(StrEnum):
    """What an answer looks as if it came from; UNKNOWN is most hosted gateways."""

    VLLM = "vLLM"
    SGLANG = "SGLang"
    TENSORRT_LLM = "TensorRT-LLM"
    LLAMA_SERVER = "llama-server"
    OLLAMA = "Ollama"
    LITELLM = "LiteLLM"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class ModelList:
    """What a connection offered at a time, in seconds since 1970. `models` are our ids for them.

    `wire_names` are the same in the gateway's words.
    """

    connection: str
    at: float
    models: tuple[str, ...]
    wire_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a test. `error` is None where all is well; then `models` is what the gateway offers.

    `key_refused` is whether the key is what's wrong. `latency_s` is None where nobody answered.
    """

    host: str
    error: AppError | None = None
    key_refused: bool = False
    models: ModelList | None = None
    server: Server = Server.UNKNOWN
    latency_s: float | None = None


async def check(
    connection: Connection,
    key: str | None,
    outbound: Outbound,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Checked:
    """Ask for the list of models at the connection's first address. Every failure is in the value."""
    host, began = host_of(connection.base_urls[0]), clock()
    try:
        found, server = await _ask(connection, key, outbound)
    except AppError as error:
        refused = isinstance(error, KeyMissing | KeyRefused | NotPermitted)
        heard = None if isinstance(error, NetworkError) else clock() - began
        return Checked(host, error, refused, latency_s=heard)
    return Checked(host, models=found, server=server, latency_s=clock() - began)


async def list_models(connection: Connection, key: str | None, outbound: Outbound) -> ModelList:
    """What the connection offers now, in the gateway's order. Raises AppError."""
    return (await _ask(connection, key, outbound))[0]


async def _ask(connection: Connection, key: str | None, outbound: Outbound) -> tuple[ModelList, Server]:
    base = connection.base_urls[0]
    asked = Asked(connection.name, host_of(base), "", secrets=(key,) if key else ())
    client = outbound.client(purpose="models", token=key, idle_s=_TIME_S, limit=_MOST_BYTES)
    try:
        async with asyncio.timeout(_TIME_S), client:
            answer = await client.get(f"{base}/models", headers={"Accept": "application/json"})
    except TimeoutError:
        raise Unreachable(f"{connection.name} did not answer.", "Try again later.") from None
    if answer.status_code != 200 or "html" in answer.headers.get("content-type", ""):
        raise refusal(asked, answer.status_code, answer.headers, answer.content)
    items = _items(answer.content, asked)
    names = tuple(str(item["id"]) for item in items)
    own = tuple(f"{connection.id}/{connection.profile.own_name(name)}" for name in names)
    return ModelList(connection.id, time.time(), own, names), looks_like(items, answer.headers)


def _items(content: bytes, asked: Asked) -> list[Mapping[str, object]]:
    try:
        told = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise bad_reply(asked, "something else than a list of models") from error
    items = told.get("data") if isinstance(told, dict) else told
    if not isinstance(items, list):
        raise bad_reply(asked, "something else than a list of models")
    return [item for item in items[:_MOST_MODELS] if isinstance(item, dict) and _is_name(item.get("id"))]


def _is_name(name: object) -> bool:
    return isinstance(name, str) and 0 < len(name) <= 200 and plain(name, 200) == name


def looks_like(items: Sequence[Mapping[str, object]], headers: Mapping[str, str]) -> Server:
    """A guess from who owns the models and what the server calls itself."""
    owners = {str(item.get("owned_by", "")).lower() for item in items}
    words = f"{headers.get('server', '')} {headers.get('x-powered-by', '')}".lower()
    for signs, server in _SIGNS:
        if owners & set(signs) or any(sign in words for sign in signs):
            return server
    return Server.LITELLM if any(name.startswith("x-litellm") for name in headers) else Server.UNKNOWN


_SIGNS = (
    (("vllm",), Server.VLLM),
    (("sglang",), Server.SGLANG),
    (("tensorrt_llm", "tensorrt-llm", "trtllm"), Server.TENSORRT_LLM),
    (("llamacpp", "llama.cpp", "llama-server"), Server.LLAMA_SERVER),
    (("ollama", "library"), Server.OLLAMA),
)
