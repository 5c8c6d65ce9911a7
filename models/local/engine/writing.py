"""Turns tokens into what people read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from models.chat import ChatEvent, ChatRequest, ReasoningDelta, TextDelta, ThinkingEnd
from models.local.engine.model import Model, text_decoder
from models.local.engine.prompt import Prompt
from models.local.text import StopFilter
from models.thinking import Governor, Part, ThinkSplitter, opened_by

Emit = Callable[[ChatEvent], None]


class Writer:
    """Bytes, characters, reasoning apart from answer, stop strings: emits what each token adds."""

    def __init__(
        self, model: Model, request: ChatRequest, prompt: Prompt, emit: Emit, governor: Governor
    ) -> None:
        self._model = model
        self._emit = emit
        self._characters = text_decoder()
        self._splitter = None
        if not request.answer_so_far:
            self._splitter = ThinkSplitter(opened=opened_by(prompt.text))
        self._stop = StopFilter(request.sampling.stop)
        self._governor = governor
        self._reasoning: list[int] = []
        self._written = 0
        self._ended_by: ThinkingEnd | None = None

    @property
    def reasoning(self) -> bool:
        """Whether what comes next belongs to the reasoning."""
        return self._splitter is not None and self._splitter.reasoning

    @property
    def gap(self) -> str:
        """What the model would write between its reasoning, which it ended itself, and the answer."""
        own = self.thinking_ended is ThinkingEnd.ITSELF
        return self._splitter.gap if own and self._splitter is not None else ""

    @property
    def reasoning_tokens(self) -> int:
        """How many of the tokens were reasoning, the closing marker's included."""
        return len(self._reasoning)

    @property
    def thinking_ended(self) -> ThinkingEnd | None:
        """Why the reasoning is over; None if there was none, or it isn't."""
        if self._ended_by is None and self._reasoning and not self.reasoning:
            return ThinkingEnd.ITSELF
        return self._ended_by

    @property
    def stopped(self) -> bool:
        """Whether a stop string has come."""
        return self._stop.stopped

    def write(self, token: int) -> None:
        """Emit what the token adds, if it is certain already."""
        self._written += 1
        if self.reasoning:
            self._reasoning.append(token)
        self._send(self._split(self._characters.decode(self._model.piece(token))))

    def ending(self) -> str:
        """What must be inserted now to end the reasoning; mostly nothing."""
        if self._splitter is None or not self._splitter.reasoning:
            return ""
        end = self._governor.ends(self._reasoning)
        if end is None:
            return ""
        # Thinking that was switched off did not end; it never was.
        self._ended_by = end if self._reasoning or end is not ThinkingEnd.BUDGET else None
        return self._splitter.ending

    def insert(self, text: str) -> None:
        """Take text that the model did not write. A character that it had only begun becomes U+FFFD."""
        self._send(self._split(self._characters.decode(text.encode())))

    def finish(self, *, cut: bool = False) -> None:
        """Emit what was held back; of an answer that was `cut`, not the character it was cut in."""
        if not cut:
            self._send(self._split(self._characters.decode(b"", final=True)))
        if self._splitter is not None:
            self._send(self._splitter.finish())
        self._send([TextDelta(self._stop.finish())])

    def _split(self, text: str) -> Sequence[Part]:
        return self._splitter.feed(text) if self._splitter is not None else [TextDelta(text)]

    def _send(self, parts: Sequence[Part]) -> None:
        for part in parts:
            if isinstance(part, TextDelta):
                delta: Part = TextDelta(self._stop.feed(part.text), self._written)
            else:
                delta = ReasoningDelta(part.text, len(self._reasoning))
            if delta.text:
                self._emit(delta)
