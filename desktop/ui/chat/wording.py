"""What the transcript says about a message: pure functions from values to words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from desktop.storage.conversations import Status, StoredMessage
from desktop.storage.seams import Part, parts_of
from models.chat import FinishReason, Progress, Stage, ThinkingEnd

_ENDED: dict[str, str] = {
    ThinkingEnd.ITSELF: "by itself",
    ThinkingEnd.BUDGET: "at its limit",
    ThinkingEnd.ASKED: "when you asked for the answer",
    ThinkingEnd.CIRCLES: "because it went in circles",
}

_OWN_CHOICES = ("you chose this model", "this conversation’s model")
_HERE = ", on this machine"

_CUT: dict[object, str] = {
    FinishReason.LENGTH: "cut at the length limit",
    FinishReason.CONTENT_FILTER: "ended by the gateway’s content filter",
    FinishReason.TOOL_CALLS: "the model asked for a tool, which Inshore has none of",
}


def status_line(message: StoredMessage) -> str:
    """The one line under an answer: where, how fast, what it cost, and how it ended."""
    if message.status is Status.STOPPED and _part(message, "route").get("backend") == "none":
        return "Not sent"
    timings = _part(message, "timings")
    told = [_ending(message), _speed(timings), _cost(message), _left_out(timings), _chosen(message)]
    return " · ".join(part for part in told if part)


def tint(message: StoredMessage) -> str:
    """The token of the colour that says where an answer was written; muted where it was nowhere."""
    if is_remote(message):
        return "offshore"
    return "muted" if _part(message, "route").get("backend") == "none" else "shore"


def is_remote(message: StoredMessage) -> bool:
    """Whether an answer, or a part of it, was written off this machine."""
    return _part(message, "route").get("backend") == "gateway" or any(one.remote for one in parts(message))


def parts(message: StoredMessage) -> list[Part]:
    """Who wrote what of an answer, where more than one did."""
    return parts_of(message.receipt) if "parts" in (message.receipt or {}) else []


def _chosen(message: StoredMessage) -> str:
    """Why the router chose who answered; nothing where the user did."""
    route = _part(message, "route")
    reason = route.get("reason")
    if not route.get("trace") or not reason or reason in _OWN_CHOICES:
        return ""
    return f"chosen: {str(reason).removesuffix(_HERE)}"


def _ending(message: StoredMessage) -> str:
    match message.status:
        case Status.STOPPED:
            return "Stopped"
        case Status.INTERRUPTED:
            return "Interrupted before the end"
        case _:
            cut = _CUT.get((message.receipt or {}).get("reason"))
            return " · ".join(filter(None, [_place(message), cut]))


def _place(message: StoredMessage) -> str:
    place = (message.receipt or {}).get("place")
    words = place if isinstance(place, str) and place else "on this machine"
    if places := list(dict.fromkeys(one.place for one in parts(message) if one.place)):
        words = ", then ".join(places)
    return words[:1].upper() + words[1:]


def _cost(message: StoredMessage) -> str:
    if not is_remote(message):
        return "free"
    cost = _part(message, "cost")
    nano, currency = cost.get("nano"), cost.get("currency")
    if not isinstance(nano, int) or not isinstance(currency, str) or not currency:
        return "cost unknown" if cost else ""
    from models.money import short
    from models.pricing import Cost

    return f"{'about ' if cost.get('estimated') else ''}{short(Cost(nano, currency))}"


def _left_out(timings: Mapping[str, Any]) -> str:
    count = timings.get("left_out_messages") or 0
    return f"{count} older {'message' if count == 1 else 'messages'} did not fit" if count else ""


def _speed(timings: Mapping[str, Any]) -> str:
    speed = timings.get("decode_tps")
    if not speed:
        return ""
    return f"{speed:.0f} tok/s" if speed >= 10 else f"{speed:.1f} tok/s"


def details(message: StoredMessage) -> str:
    """Exact figures of an answer, a line each."""
    usage, timings = _part(message, "usage"), _part(message, "timings")
    rows = [
        ("Model", message.model),
        ("Why this model", _part(message, "route").get("reason")),
        ("Prompt tokens", usage.get("prompt_tokens")),
        ("Of these reused", timings.get("reused_tokens")),
        ("Answer tokens", usage.get("completion_tokens")),
        ("Of these thinking", usage.get("reasoning_tokens")),
        ("Guessed ahead", _guessed(timings)),
        ("Thinking ended", _ENDED.get(timings.get("thinking_ended") or "")),
        ("Context", timings.get("context_tokens")),
        ("Context stored as", timings.get("cache") or None),
        ("Layers on the graphics card", timings.get("gpu_layers")),
        ("Loading", _seconds(timings.get("load_s"))),
        ("First token after", _seconds(timings.get("ttft_s"))),
        ("Prompt speed", _rate(timings.get("prompt_tps"))),
        ("Answer speed", _rate(timings.get("decode_tps"))),
        ("Cost", _exact_cost(message)),
        ("Seed", timings.get("seed")),
        ("Attempts", _more_than_one(timings.get("attempts"))),
        ("Request", timings.get("request_id") or None),
    ]
    lines = [f"{name}: {value}" for name, value in rows if value is not None]
    trace = _part(message, "route").get("trace") or []
    return "\n".join([*lines, *map(str, trace), *filter(None, [timings.get("reuse_note")])])


def _exact_cost(message: StoredMessage) -> str | None:
    cost = _part(message, "cost")
    nano, currency = cost.get("nano"), cost.get("currency")
    if not isinstance(nano, int) or not isinstance(currency, str) or not currency:
        return None
    from models.money import exact
    from models.pricing import Cost

    return exact(Cost(nano, currency)) + (", estimated" if cost.get("estimated") else "")


def remarks(message: StoredMessage) -> list[str]:
    """What was decided for the user while the answer was written, a sentence each."""
    notices = (message.receipt or {}).get("notices")
    return [str(notice) for notice in notices] if isinstance(notices, list) else []


def _more_than_one(count: int | None) -> int | None:
    return count if count and count > 1 else None


def _guessed(timings: Mapping[str, Any]) -> str | None:
    drafted = timings.get("drafted_tokens")
    return f"{timings.get('accepted_tokens') or 0} of {drafted} guesses were right" if drafted else None


def progress_line(progress: Progress | None) -> str:
    """What is being done before the first word."""
    match progress:
        case Progress(stage=Stage.WAIT, remaining_s=float() as left):
            return f"Trying again in {_short(max(math.ceil(left), 1))}…"
        case Progress(stage=Stage.WAIT):
            return "Waiting for another answer to end…"
        case Progress(stage=Stage.LOAD, done=done, total=total, remaining_s=left) if total:
            return f"Loading the model: {100 * done // total}%{_left(left)}"
        case Progress(stage=Stage.LOAD):
            return "Loading the model…"
        case Progress(stage=Stage.PROMPT, done=done, total=total, remaining_s=left) if total:
            return f"Reading {done:,} of {total:,} tokens{_left(left)}"
        case _:
            return "Starting…"


def _left(seconds: float | None) -> str:
    return "…" if seconds is None else f" · about {_short(max(seconds, 1))} left"


def running_line(message: StoredMessage) -> str:
    """What is being written, how much there is of it, and what it costs so far."""
    so_far = _part(message, "so_far")
    doing = "Writing" if message.text or not message.reasoning else "Thinking"
    if not so_far:
        return f"{doing}…"
    return " · ".join([doing, *_so_far(so_far, "tokens", "nano")])


def _so_far(so_far: Mapping[str, Any], tokens: str, nano: str) -> list[str]:
    """Tokens and what they cost; marked where they are counted from the length of the text."""
    about, count = "≈ " if so_far.get("estimated") else "", so_far.get(tokens) or 0
    parts = [f"{about}{count:,} token{'s' if count != 1 else ''}"]
    if so_far.get("currency"):
        parts.append(f"≈ {_money(so_far.get(nano) or 0, so_far['currency'])}")
    return parts


def _money(nano: int, currency: str) -> str:
    from models.money import short
    from models.pricing import Cost

    return short(Cost(nano, currency))


def thought_line(message: StoredMessage, *, running: bool) -> str:
    """The line that folds the reasoning away."""
    receipt = message.receipt or {}
    seconds = receipt.get("thought_s")
    tokens = _part(message, "usage").get("reasoning_tokens") or receipt.get("thought_tokens")
    so_far = _part(message, "so_far") if running else {}
    if so_far:
        tokens = 0
    if running and not message.text:
        parts = [f"Thinking for {_short(float(str(seconds or 0)))}"]
    else:
        parts = [f"Thought for {_short(float(str(seconds)))}" if seconds else "Thought"]
    if so_far.get("thinking"):
        parts += _so_far(so_far, "thinking", "thinking_nano")
    if tokens:
        parts.append(f"{tokens:,} token{'s' if tokens != 1 else ''}")
    if (cost := _part(message, "cost")).get("thinking_nano") and not running:
        about = "about " if cost.get("estimated") else ""
        parts.append(about + _money(cost["thinking_nano"], cost["currency"]))
    return " · ".join(parts) + ("…" if running and not message.text else "")


def _part(message: StoredMessage, name: str) -> Mapping[str, Any]:
    part = (message.receipt or {}).get(name)
    return part if isinstance(part, Mapping) else {}


def _seconds(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f} s"


def _rate(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f} tokens/s"


def _short(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"
