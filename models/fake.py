"""A backend that answers from a script: for tests, and for showing the window without a model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from models.chat import (
    ChatEvent,
    ChatRequest,
    Finished,
    FinishReason,
    Progress,
    Stage,
    TextDelta,
    TextSize,
    Timings,
    Usage,
)
from models.thinking import ThinkingKind, ThinkingSupport


@dataclass(frozen=True, slots=True)
class Hold:
    """A step that lasts until `until` is set, or until the answer is stopped if that is None."""

    until: asyncio.Event | None = None


Step = ChatEvent | Exception | Hold


def says(text: str, reason: FinishReason = FinishReason.STOP) -> list[Step]:
    """A script that answers with a text, word by word."""
    words = text.split(" ")
    deltas = [TextDelta(word if i == 0 else f" {word}") for i, word in enumerate(words) if text]
    usage = Usage(prompt_tokens=8, cached_tokens=0, reasoning_tokens=0, completion_tokens=len(deltas))
    timings = Timings(prompt_tokens=8, reused_tokens=0, completion_tokens=len(deltas), seed=1)
    return [Progress(Stage.PROMPT, 0, 8), *deltas, Finished(reason, usage, timings)]


class FakeBackend:
    """Each request plays the next script, the last one again and again. One request at a time.

    A script's errors are raised; one that doesn't end with `Finished` ends as it does. `requests`,
    `cancelled` and `hurried` tell what happened. `thinking` is what it says of every model, `context_tokens`
    and `larger_context` what it says of every text.
    """

    def __init__(self, *scripts: Sequence[Step]) -> None:
        self._scripts = [list(script) for script in scripts] or [says("Hello there.")]
        self._lock = asyncio.Lock()
        self._closed = False
        self.requests: list[ChatRequest] = []
        self.cancelled = 0
        self.hurried = 0
        self.context_tokens = 8192
        self.larger_context = 0
        self.thinking = ThinkingSupport(ThinkingKind.SWITCH, "enable_thinking")

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        """The next script's events."""
        if self._closed:
            raise RuntimeError("the backend is closed")
        if self._lock.locked():
            yield Progress(Stage.WAIT)
        async with self._lock:
            script = self._scripts[min(len(self.requests), len(self._scripts) - 1)]
            self.requests.append(request)
            try:
                for step in script:
                    if isinstance(step, Hold):
                        await (step.until or asyncio.Event()).wait()
                    elif isinstance(step, Exception):
                        raise step
                    else:
                        yield step
                        await asyncio.sleep(0)
            except (asyncio.CancelledError, GeneratorExit):
                self.cancelled += 1
                raise

    async def answer_now(self) -> None:
        """Counted; the script goes on."""
        self.hurried += 1

    async def thinking_support(self, model: str) -> ThinkingSupport:
        """The same for all."""
        return self.thinking

    async def text_size(self, model: str, text: str, answer_tokens: int | None = None) -> TextSize:
        """A token for every four characters, in a context of `context_tokens`."""
        room = self.context_tokens - 512
        tokens = -(-len(text) // 4)
        larger = self.larger_context if tokens > room else 0
        return TextSize(tokens, room, self.context_tokens, larger)

    async def aclose(self) -> None:
        """Nothing is answered any more."""
        self._closed = True
