"""What a gateway's refusals mean: the one border between its answers and our errors.

No text that comes from here holds a key: what a gateway echoes is redacted first.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from models.errors import (
    AppError,
    BadReply,
    GatewayBusy,
    GatewayError,
    GatewayFailed,
    Interrupted,
    KeyMissing,
    KeyRefused,
    NetworkError,
    NextStep,
    NoCredit,
    NoSuchRemoteModel,
    NotPermitted,
    Offline,
    PromptTooLong,
    ProxyFailed,
    Refused,
    RequestRefused,
    SignInPage,
)
from models.plain import plain

_LONGEST_DETAIL = 2000
_LONGEST_WAIT_S = 86_400.0
_REQUEST_IDS = ("x-request-id", "request-id", "x-amzn-requestid", "apim-request-id", "cf-ray")
_KEYS = re.compile(r"\b(?:sk|hf|gsk|pk|rk|xai|AKIA)[-_]?[A-Za-z0-9_\-]{12,}")
_BEARER = re.compile(r"(?i)\bbearer\s+\S+")
_TOO_LONG = re.compile(
    r"context[ _]length|context[ _]window|maximum context|context size|too many (?:input )?tokens"
    r"|(?:prompt|input) (?:is |was )?too long|range of input length|exceed\w* .{0,40}\btokens",
    re.IGNORECASE,
)
_LIMIT = re.compile(r"(?:maximum|max\w*|limit|context)\D{0,40}?(\d[\d,_]{2,9})", re.IGNORECASE)
_CREDIT = re.compile(r"balance|quota|credit|billing|arrear|overdue|余额|欠费", re.IGNORECASE)
_ARREARS = re.compile(r"arrear|insufficient[ _]balance|余额不足|欠费", re.IGNORECASE)
_RATE = re.compile(
    r"rate.?limit|per (?:second|minute|hour|day)|throttl|allocat\w* quota|quota ?increase|too many requests",
    re.IGNORECASE,
)
"""A quota of this kind is full again soon: time is missing, not money."""
_MODEL = re.compile(r"\bmodel\b|模型", re.IGNORECASE)
_CHECK_ADDRESS = "Check the address; it often ends with /v1."
_SIGN_IN = "If your network has a page to sign in, open it in a browser first."


@dataclass(frozen=True, slots=True)
class Asked:
    """Who was asked for what; `offered` are the models it is known to offer, `secrets` are never shown."""

    provider: str
    host: str
    model: str
    offered: Sequence[str] = ()
    secrets: Sequence[str] = field(default=(), repr=False)

    def clean(self, text: str) -> str:
        """The text without keys, and without what can't be shown."""
        for secret in self.secrets:
            forms = (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode().rstrip("="))
            for form in forms:
                text = text.replace(form, "[key]")
        text = _BEARER.sub("Bearer [key]", _KEYS.sub("[key]", text))
        return "\n".join(plain(line, _LONGEST_DETAIL) for line in text.splitlines())[:_LONGEST_DETAIL]


def request_id_of(headers: Mapping[str, str]) -> str:
    """What the gateway calls the request, "" if it has no name for it."""
    return next((plain(headers[name], 100) for name in _REQUEST_IDS if headers.get(name)), "")


def retry_after_of(headers: Mapping[str, str], now: float) -> float | None:
    """How many seconds the gateway asks to be left alone, a day at most; `now` is in seconds since 1970."""
    words = headers.get("retry-after", "").strip()
    try:
        if milliseconds := headers.get("retry-after-ms"):
            wait = float(milliseconds) / 1000
        elif words and (words[0].isdigit() or words[0] in "-.+"):
            wait = float(words)
        else:
            wait = parsedate_to_datetime(words).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, 0.0), _LONGEST_WAIT_S) if wait == wait else None


def refusal(
    asked: Asked, status: int, headers: Mapping[str, str], body: bytes, now: float | None = None
) -> AppError:
    """The error that an answer with this status stands for. `headers` have lower-case names."""
    request_id = request_id_of(headers)
    html = "html" in headers.get("content-type", "") or body.lstrip()[:15].lower().startswith(
        b"<!doctype html"
    )
    told = "" if html else asked.clean(_message(body))
    facts: dict[str, Any] = {"status": status, "request_id": request_id}
    details = _details(asked, status, request_id, "a web page" if html else told)
    if 300 <= status < 400:
        return _redirected(asked, headers, details)
    if status == 511 or (html and status == 200):
        return SignInPage(
            f"A web page came instead of an answer from {asked.provider}.", _SIGN_IN, details=details
        )
    if status == 407:
        return ProxyFailed("It asks for a name and a password.", "Add them to HTTPS_PROXY.", details=details)
    facts["details"] = details
    elsewhere = status in (404, 405) and (html or not asked.model)
    error = _no_gateway(asked, facts) if elsewhere else _by_status(asked, status, told, facts)
    if isinstance(error, GatewayBusy | GatewayFailed):
        error.retry_after_s = retry_after_of(headers, time.time() if now is None else now)
    return error


def stream_error(asked: Asked, body: object, request_id: str) -> AppError:
    """The error that a gateway writes into its stream, where an event of the answer should be."""
    text = json.dumps({"error": body}).encode()
    code = body.get("code") if isinstance(body, dict) else None
    number = code if isinstance(code, int) else int(code) if isinstance(code, str) and code.isdigit() else 0
    status = number if 400 <= number < 600 else 500
    headers = {"x-request-id": request_id} if request_id else {}
    return refusal(asked, status, headers, text)


def broke_off(asked: Asked, why: str, request_id: str, cause: AppError | None = None) -> Interrupted:
    """What a failure means once a part of the answer is there: it is kept and can be continued."""
    status = cause.status if isinstance(cause, GatewayError) else None
    return Interrupted(
        why,
        "What came until then is kept, and you can let it go on.",
        details=(cause.details if cause else "") or _details(asked, status, request_id, why),
        status=status,
        request_id=request_id,
    )


def never_began(asked: Asked, request_id: str, *, gave_up: bool) -> AppError:
    """What it means that an accepted request got no word. One that was given up can be asked again."""
    if not gave_up:
        cause = f"{asked.provider} ended the connection without a word."
        details = _details(asked, None, request_id, cause)
        hint = "Try again, or choose another model."
        return BadReply(cause, hint, title="The answer never began.", details=details, request_id=request_id)
    cause = f"{asked.provider} gave up before its answer began."
    details = _details(asked, None, request_id, cause)
    return GatewayFailed(cause, "Try again, or use a local model.", details=details, request_id=request_id)


def say_unreached(error: NetworkError, *, again: bool) -> None:
    """Name the way that is left; being offline is said in full once, and briefly `again`."""
    if again and isinstance(error, Offline):
        error.title, error.hint = "You are still offline.", ""
    elif not isinstance(error, Refused) and "local model" not in error.hint:
        error.hint = f"{error.hint} Until then, a local model can answer.".strip()


def bad_reply(asked: Asked, why: str, request_id: str = "") -> BadReply:
    """A reply that no gateway should give."""
    details = _details(asked, None, request_id, why)
    hint = "Try again. If it happens each time, the address may be of something else than a gateway."
    return BadReply(f"{asked.provider} sent {why}.", hint, details=details, request_id=request_id)


def _by_status(asked: Asked, status: int, told: str, facts: dict[str, Any]) -> AppError:
    who = asked.provider
    if _TOO_LONG.search(told) and status in (400, 413, 422, 500):
        return _too_long(asked, told, facts["details"])
    if status == 413:
        return _too_much(asked, facts["details"])
    if status == 401 and not asked.secrets:
        return KeyMissing(
            f"{who} answers only with a key, and got none.", "Add its key in Settings.", **facts
        )
    if status == 401:
        return KeyRefused(f"{who} does not accept it.", "Check the key, or make a new one.", **facts)
    if _owes(status, told):
        return NoCredit(
            f"{who} has nothing left to charge.", f"Add credit at {who}, or use a local model.", **facts
        )
    if status == 403:
        what = f"use “{plain(asked.model)}”" if asked.model else "see its models"
        return NotPermitted(f"{who} does not let this key {what}.", "Check its rights.", **facts)
    if status == 404:
        return _not_found(asked, told, facts)
    if status in (408, 409, 425):
        return GatewayBusy(f"{who} could not take the request just now.", "Try again.", **facts)
    if status == 429:
        return GatewayBusy(
            f"{who} gets too many requests at the moment.", "Wait a little, or use another model.", **facts
        )
    if status == 529:
        return GatewayBusy(f"{who} is overloaded.", "Try again later, or use a local model.", **facts)
    if status >= 500:
        return GatewayFailed(
            f"{who} answered with an error of its own.", "Try again, or use a local model.", **facts
        )
    if 200 <= status < 300:
        return bad_reply(asked, "something else than an answer", facts["request_id"])
    cause = f"{who} says: {plain(told, 300)}" if told else f"{who} did not say why."
    hint = "Changing this model’s options may help." if asked.model else _CHECK_ADDRESS
    return RequestRefused(cause, hint, **facts)


def _owes(status: int, told: str) -> bool:
    """Whether a refusal is about money, which no waiting brings back."""
    if status in (403, 429):
        return bool(_CREDIT.search(told)) and not _RATE.search(told)
    return status == 402 or (status == 400 and bool(_ARREARS.search(told)))


def _too_long(asked: Asked, told: str, details: str) -> PromptTooLong:
    limit = _LIMIT.search(told)
    holds = f" It holds {int(re.sub('[,_]', '', limit[1])):,} tokens." if limit else ""
    return PromptTooLong(
        f"“{plain(asked.model)}” can’t take that much text at once.{holds}",
        "Shorten the message, or start a new chat.",
        details=details,
        next_step=NextStep.SHORTEN,
    )


def _too_much(asked: Asked, details: str) -> PromptTooLong:
    return PromptTooLong(
        f"It is more than {asked.provider} takes at once.",
        "Shorten the message, leave out pictures, or start a new chat.",
        details=details,
        next_step=NextStep.SHORTEN,
    )


def _not_found(asked: Asked, told: str, facts: dict[str, Any]) -> AppError:
    if told and not _MODEL.search(told):
        return _no_gateway(asked, facts)
    nearest = _nearest(asked.model, asked.offered)
    similar = ", ".join(f"“{plain(name)}”" for name in nearest)
    hint = f"Similar ones there: {similar}." if nearest else "Choose another one."
    error = NoSuchRemoteModel(f"“{plain(asked.model)}” is not offered by {asked.provider}.", hint, **facts)
    error.nearest = nearest
    return error


def _nearest(model: str, offered: Sequence[str]) -> tuple[str, ...]:
    """The most similar of the names, by what follows the last “/”; what is before it may be the same."""
    by_end = {name.rpartition("/")[2]: name for name in offered if name != model}
    found = get_close_matches(model.rpartition("/")[2], by_end, n=3, cutoff=0.6)
    return tuple(by_end[end] for end in found)


def _no_gateway(asked: Asked, facts: dict[str, Any]) -> AppError:
    return RequestRefused(f"There is no gateway at this address of {asked.host}.", _CHECK_ADDRESS, **facts)


def _redirected(asked: Asked, headers: Mapping[str, str], details: str) -> AppError:
    here = f"https://{asked.host}/"
    target = urlsplit(urljoin(here, headers.get("location", "")))
    if not headers.get("location") or (target.hostname or "") == asked.host:
        return RequestRefused(
            f"{asked.provider} says that its address has changed.",
            "Ask whoever runs it for the new address, and enter it in Settings.",
            details=details,
        )
    return SignInPage(
        f"{asked.provider} sent Inshore on to {plain(target.hostname or '')}. Inshore did not go there.",
        f"{_SIGN_IN} If the gateway has moved, enter its new address in Settings.",
        details=details,
    )


def _message(body: bytes) -> str:
    """The words in an error's body, whatever its shape."""
    text = body[: _LONGEST_DETAIL * 4].decode("utf-8", "replace")
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return _words(told) or text


def _words(told: object) -> str:
    if isinstance(told, str):
        return told
    if isinstance(told, list):
        return " ".join(filter(None, (_words(item) for item in told[:5])))
    if not isinstance(told, dict):
        return ""
    inner = told.get("error")
    if isinstance(inner, dict | str | list) and inner:
        return _words(inner)
    for name in ("message", "msg", "detail", "error_msg", "errorMessage"):
        if words := _words(told.get(name)):
            return f"{words} ({told['code']})" if isinstance(told.get("code"), str) else words
    return ""


def _details(asked: Asked, status: int | None, request_id: str, told: str) -> str:
    lines = (
        f"Server: {asked.host}",
        f"Model: {plain(asked.model)}" if asked.model else "",
        f"HTTP status: {status}" if status else "",
        f"Request: {request_id}" if request_id else "",
        told,
    )
    return asked.clean("\n".join(line for line in lines if line))
