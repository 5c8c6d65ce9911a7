"""What the server says: whole answers in every dialect, refusals, and broken streams by name."""

from __future__ import annotations

import functools
import gzip
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tests.gateway_server.server import Cut, Hold, Part, Pause, Received, Reply

HELLO = "Hello there."
PAGE = b"<!DOCTYPE html><html><body>Welcome to Hotel WiFi. Please sign in.</body></html>"
HTML = {"Content-Type": "text/html; charset=utf-8"}
JSON = {"Content-Type": "application/json"}
SSE = {"Content-Type": "text/event-stream"}
DONE = b"data: [DONE]\n\n"
OFFERED = ("xidao/qwen3-235b", "xidao/qwen3-32b", "xidao/deepseek-v3", "xidao/gemma-3-27b")

Dialect = str
"""How reasoning is written: reasoning_content, reasoning, both, list, inline, details."""


def usage(
    prompt: Any = 12, completion: Any = 4, *, cached: Any = None, reasoning: Any = None
) -> dict[str, Any]:
    told: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": completion}
    if cached is not None:
        told["prompt_tokens_details"] = {"cached_tokens": cached}
    if reasoning is not None:
        told["completion_tokens_details"] = {"reasoning_tokens": reasoning}
    return told


def event(chunk: Any) -> bytes:
    return b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n"


def delta(values: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": dict(values), "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]}


def text(words: str) -> bytes:
    return event(delta({"content": words}))


def thought(words: str, dialect: Dialect) -> list[bytes]:
    """A piece of reasoning."""
    forms: dict[str, dict[str, Any]] = {
        "reasoning_content": {"reasoning_content": words},
        "reasoning": {"reasoning": words},
        "both": {"reasoning": words, "reasoning_content": words},
        "list": {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": words}]}]},
        "details": {"reasoning_details": [{"type": "reasoning.text", "text": words}]},
    }
    return [event(delta(forms[dialect]))]


def events(
    answer: str = HELLO,
    *,
    reasoning: str = "",
    dialect: Dialect = "reasoning_content",
    finish: str | None = "stop",
    told: Mapping[str, Any] | None = None,
    done: bool = True,
) -> list[bytes]:
    """A stream's events: the role, the reasoning and the answer word by word, the end, the numbers."""
    stream = [event(delta({"role": "assistant", "content": ""}))]
    words = answer
    if reasoning and dialect == "inline":
        words = f"<think>{reasoning}</think>\n\n{answer}"
    elif reasoning:
        stream += [one for word in _words(reasoning) for one in thought(word, dialect)]
    as_list = dialect == "list"
    stream += [
        event(delta({"content": [{"type": "text", "text": word}] if as_list else word}))
        for word in _words(words)
    ]
    if finish is not None:
        stream.append(event(delta({}, finish)))
    if told is not None:
        stream.append(event({"id": "chatcmpl-1", "choices": [], "usage": dict(told)}))
    return [*stream, DONE] if done else stream


def answer(words: str = HELLO, *, headers: Mapping[str, str] = SSE, **how: Any) -> Reply:
    """A whole answer; `how` is what `events` takes."""
    how.setdefault("told", usage())
    return Reply(events(words, **how), headers=headers)


def error(
    status: int, message: str = "It did not work.", *, code: str | None = None, **headers: str
) -> Reply:
    """A refusal in the usual shape; `retry_after=` and other headers by name."""
    body = json.dumps({"error": {"message": message, "type": "error", "code": code}}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply([body], status=status, headers={**JSON, **named}, sized=True)


def page(status: int = 200, **headers: str) -> Reply:
    return Reply([PAGE], status=status, headers={**HTML, **headers}, sized=True)


def models(names: Sequence[str] = OFFERED, owner: str = "xidao", **headers: str) -> Reply:
    items = [{"id": name, "object": "model", "owned_by": owner} for name in names]
    content = json.dumps({"object": "list", "data": items}).encode()
    return Reply([content], headers={**JSON, **headers}, sized=True)


def whole(words: str = HELLO, **message: Any) -> Reply:
    """An answer that is not streamed."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": words, **message},
        "finish_reason": "stop",
    }
    content = json.dumps({"choices": [choice], "usage": usage()}).encode()
    return Reply([content], headers=JSON, sized=True)


def respond(request: Received) -> Reply:
    """What it does without a script: list its models, or answer as asked.

    A model called after a fault (“xidao/eof”) has that fault. A request to think is obeyed in whichever
    dialect it came.
    """
    if request.path.endswith("/models"):
        return models()
    if not request.path.endswith("/chat/completions"):
        return error(404, "Not Found")
    asked = request.json
    fault = FAULTS.get(str(asked.get("model", "")).rpartition("/")[2])
    if fault is not None:
        return fault()
    last = asked["messages"][-1]["content"]
    reasoning = "Let me think. " if _wants_thinking(asked) else ""
    told = usage(12, 4 + 4 * bool(reasoning), cached=0, reasoning=4 * bool(reasoning))
    words = HELLO if isinstance(last, str) and len(last) < 10_000 else "That is long."
    return answer(words, reasoning=reasoning, told=told if asked.get("stream_options") else None)


def _wants_thinking(asked: Mapping[str, Any]) -> bool:
    arguments = asked.get("chat_template_kwargs") or {}
    kind = (asked.get("thinking") or {}).get("type")
    effort = asked.get("reasoning_effort")
    return (
        asked.get("enable_thinking") is True
        or True in arguments.values()
        or kind == "enabled"
        or bool((asked.get("reasoning") or {}).get("enabled"))
        or effort in ("medium", "high")
    )


def _words(words: str) -> Iterator[str]:
    for number, word in enumerate(words.split(" ")):
        if word or number:
            yield word if number == 0 else f" {word}"


def endless() -> Iterator[bytes]:
    """One word after the other, for ever, as fast as it is read."""
    return itertools.repeat(text("again "))


def _begun(*after: Part) -> Reply:
    return Reply([text("Half an "), text("answer"), *after])


@functools.cache
def _packed() -> bytes:
    return gzip.compress(text("x" * 60_000) * 2_000, 1)


def _bomb() -> Reply:
    return Reply([_packed()], headers={**SSE, "Content-Encoding": "gzip"}, sized=True)


FAULTS: dict[str, Callable[[], Reply]] = {
    "eof": lambda: _begun(),
    "no-finish": lambda: Reply(events(finish=None)),
    "cut": lambda: _begun(Cut()),
    "reset": lambda: _begun(Cut(reset=True)),
    "half-event": lambda: _begun(b'data: {"choices": [{"del', Cut()),
    "error-event": lambda: _begun(event({"error": {"message": "The engine died.", "code": 502}})),
    "bad-json": lambda: _begun(b"data: {nonsense\n\n"),
    "deep-json": lambda: _begun(b"data: " + b"[" * 100_000 + b"\n\n"),
    "bad-utf8": lambda: _begun(b"data: \xff\xfe\n\n"),
    "comments": lambda: Reply([b": alive\n\n", *events(told=usage()), b": alive\n\n"]),
    "null-choices": lambda: Reply([event({"choices": None}), *events(told=usage())]),
    "only-null": lambda: Reply([event({"choices": None}), DONE]),
    "no-usage": lambda: answer(told=None),
    "whole": lambda: whole(),
    "empty": lambda: Reply([]),
    "page": lambda: page(),
    "portal": lambda: page(511),
    "redirect": lambda: Reply([], 302, {"Location": "https://signin.hotel.example/"}, sized=True),
    "silent": lambda: Reply(before=(Hold(),)),
    "silent-head": lambda: Reply([Hold()]),
    "silent-middle": lambda: _begun(Hold()),
    "slow": lambda: Reply(_spaced(events(told=usage()), 0.05)),
    "endless": lambda: Reply(endless()),
    "huge": lambda: Reply(itertools.repeat(text("x" * 60_000))),
    "huge-event": lambda: Reply([text("Half an "), text("x" * (2 << 20))]),
    "tiny-events": lambda: Reply(itertools.repeat(b"data: {}\n\n" * 1000)),
    "bomb": _bomb,
    "dropped": lambda: Reply(before=(Cut(),)),
    **{
        f"status-{status}": (lambda status=status: error(status))  # type: ignore[misc]
        for status in (400, 401, 402, 403, 404, 408, 409, 422, 429, 500, 502, 503, 504, 529)
    },
}
"""Faults by name; each call makes a new one."""


def _spaced(stream: Iterable[bytes], seconds: float) -> Iterator[Part]:
    for one in stream:
        yield one
        yield Pause(seconds)
