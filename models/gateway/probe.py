"""What stands at an address: the cheapest question there is, which models it offers. It costs nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from models.errors import AppError, BadReply, KeyMissing, NotPermitted, RequestRefused
from models.gateway.failures import Asked, refusal
from models.outbound import Outbound
from models.plain import plain

_LONGEST_LIST = 8 << 20
_MOST_MODELS, _IDLE_S = 5_000, 20.0
_PURPOSE = "test of a gateway"
_ADDRESS_HINT = "Check the address; it often ends with /v1."
_KINDS = {
    "vllm": ("vLLM", "vllm"),
    "sglang": ("SGLang", "sglang"),
    "tensorrt": ("TensorRT-LLM", "tensorrt-llm"),
    "llama": ("llama-server", "llama-server"),
}
"""What a server calls itself, or the owner of its models, and what that is: name and profile."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back. `server` is "" where it does not say what it is, and then `profile` is, too.

    `key_checked` is False where the list is given to anyone, so that nothing is known of the key; None
    where there was none.
    """

    models: tuple[str, ...]
    server: str
    profile: str
    latency_s: float
    key_checked: bool | None


async def probe(outbound: Outbound, base_url: str, key: str | None = None, *, name: str = "") -> Answered:
    """Ask for the list of models, with the key and then without. Raises AppError, never with the key in it.

    `name` is what the user calls the gateway. `latency_s` runs to the first answer's last byte.
    """
    host = urlsplit(base_url).hostname or ""
    asked = Asked(name or host, host, "", (), (key,) if key else ())
    began = time.monotonic()
    status, headers, body = await _get(outbound, base_url, key)
    latency_s = time.monotonic() - began
    if status != 200:
        raise _refused(asked, status, headers, body)
    models, owners = _models(asked, headers, body)
    server, profile = _kind([headers.get("server", ""), *owners])
    checked = None
    if key:
        without, _headers, _body = await _get(outbound, base_url, None)
        checked = without in (401, 403)
    return Answered(models, server, profile, latency_s, checked)


async def _get(outbound: Outbound, base_url: str, key: str | None) -> tuple[int, Mapping[str, str], bytes]:
    url = f"{base_url.rstrip('/')}/models"
    host = urlsplit(base_url).hostname or ""
    headers = {"Accept": "application/json"}
    async with outbound.request(
        "GET", url, purpose=_PURPOSE, headers=headers, token=key, hosts={host}, idle_s=_IDLE_S
    ) as response:
        return response.status, response.headers, await response.read(_LONGEST_LIST)


def _refused(asked: Asked, status: int, headers: Mapping[str, str], body: bytes) -> AppError:
    html = "html" in headers.get("content-type", "")
    if status in (401, 403) and not asked.secrets and not html:
        return KeyMissing(f"{asked.provider} wants a key.", "Enter one, then test again.", status=status)
    if status == 403 and not html:
        return NotPermitted(
            f"{asked.provider} does not let this key see its models.", "Check its rights.", status=status
        )
    if status in (404, 405):
        return RequestRefused(f"{asked.host} has no list of models here.", _ADDRESS_HINT, status=status)
    return refusal(asked, status, headers, body)


def _models(asked: Asked, headers: Mapping[str, str], body: bytes) -> tuple[tuple[str, ...], list[str]]:
    """The models' names, and the owners that are stated for them."""
    try:
        values: Any = json.loads(body)
    except (ValueError, RecursionError):
        values = None
    if values is None and b"<" in body[:200]:
        raise refusal(asked, 200, {**headers, "content-type": "text/html"}, body)
    entries = values.get("data") if isinstance(values, dict) else values
    if not isinstance(entries, list):
        raise BadReply(f"{asked.provider} sent something else than a list of models.", _ADDRESS_HINT)
    entries = [entry for entry in entries[:_MOST_MODELS] if isinstance(entry, dict)]
    names = [plain(entry["id"]) for entry in entries if isinstance(entry.get("id"), str)]
    owners = [entry["owned_by"] for entry in entries if isinstance(entry.get("owned_by"), str)]
    return tuple(asked.clean(name) for name in names if name), owners


def _kind(said: list[str]) -> tuple[str, str]:
    for text in said:
        for word, kind in _KINDS.items():
            if text.lower().startswith(word):
                return kind
    return "", ""
