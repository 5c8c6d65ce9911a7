"""How an answer is shown as it is written: as text for people, or as lines of JSON for programs."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Protocol

from desktop.commands.bookkeeping import Books
from desktop.commands.terminal import Terminal
from models.chat import (
    ChatEvent,
    Finished,
    FinishReason,
    Notice,
    Progress,
    ReasoningDelta,
    Rethought,
    Stage,
    TextDelta,
    Usage,
)
from models.route import Route

_RETHOUGHT = "The text up to here was the model’s thinking; its server doesn’t mark where that begins."
_REMARKS = ("estimated", "flagged")
_DOING = {
    Stage.WAIT: "Waiting for the model",
    Stage.LOAD: "Loading the model",
    Stage.PROMPT: "Reading the question",
}


class View(Protocol):
    def take(self, event: ChatEvent) -> None: ...
    def finish(self, event: Finished, route: Route) -> None: ...


class TextView:
    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._reasoning = False

    def take(self, event: ChatEvent) -> None:
        match event:
            case Progress():
                self._terminal.status(f"{_doing(event)}{_share(event)} …")
            case Notice(text):
                self._terminal.note(text)
            case ReasoningDelta():
                self._reasoning = True
                self._terminal.aside(event.text)
            case TextDelta():
                if self._reasoning:
                    self._terminal.end_lines()
                    self._reasoning = False
                self._terminal.write(event.text)
            case Rethought():
                self._terminal.end_lines()
                self._terminal.note(_RETHOUGHT)

    def finish(self, event: Finished, route: Route) -> None:
        self._terminal.end_lines()
        if event.reason is FinishReason.LENGTH:
            self._terminal.note("The answer was cut off at its longest allowed length (see --max-tokens).")
        if event.reason is FinishReason.CONTENT_FILTER:
            self._terminal.note("The gateway ended the answer, because its filter objected to the content.")
        if event.reason is FinishReason.TOOL_CALLS:
            self._terminal.note("The model asked for a tool, which Inshore has none of.")
        if route.backend == "gateway":
            self._terminal.note(_told(event, route))


class JsonView:
    def __init__(self, terminal: Terminal, books: Books) -> None:
        self._terminal, self._books = terminal, books

    def take(self, event: ChatEvent) -> None:
        match event:
            case Progress(stage, done, total, _remaining):
                words: dict[str, object] = {"event": "progress", "text": _doing(event)}
                self._terminal.record({**words, "stage": stage, "done": done, "total": total})
            case Notice(text):
                self._terminal.record({"event": "progress", "text": text, "stage": "notice"})
            case ReasoningDelta(text):
                self._terminal.record({"event": "reasoning", "text": text})
            case TextDelta(text):
                self._terminal.record({"event": "text", "text": text})
            case Rethought():
                self._terminal.record({"event": "progress", "text": _RETHOUGHT, "stage": "rethought"})

    def finish(self, event: Finished, route: Route) -> None:
        self._terminal.record(
            {
                "event": "finished",
                "reason": event.reason,
                "usage": _usage(event.usage),
                "timings": asdict(event.timings),
                "route": asdict(route),
                "cost": self._books.cost(event.usage),
            }
        )


def _told(event: Finished, route: Route) -> str:
    """Who answered, and what it will be charged for."""
    usage = event.usage
    about = "about " if usage.estimated else ""
    parts = (
        f"Answered by {route.model}",
        _tokens(about, usage.prompt_tokens, "in", usage.cached_tokens, "cached"),
        _tokens(about, usage.completion_tokens, "out", usage.reasoning_tokens, "thinking"),
        f"not believed: {usage.flagged}" if usage.flagged else "",
        f"first word after {event.timings.ttft_s:.1f} s" if event.timings.ttft_s is not None else "",
    )
    return "; ".join(part for part in parts if part) + "."


def _tokens(about: str, count: int | None, way: str, part: int | None, name: str) -> str:
    if count is None:
        return f"unknown tokens {way}"
    within = f" ({part:,} of them {name})" if part else ""
    return f"{about}{count:,} tokens {way}{within}"


def _doing(event: Progress) -> str:
    if event.stage is Stage.WAIT and event.remaining_s is not None:
        return f"Trying again in {math.ceil(event.remaining_s)} s"
    return _DOING[event.stage]


def _share(event: Progress) -> str:
    counts = event.total > 0 and event.stage is not Stage.WAIT
    return f" {event.done * 100 // event.total} %" if counts else ""


def _usage(usage: Usage) -> dict[str, object]:
    """Its numbers; that they are estimated, or what was not believed, only where it is so."""
    values = asdict(usage)
    return {name: value for name, value in values.items() if name not in _REMARKS or value}
