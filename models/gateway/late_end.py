"""Finds the end of reasoning whose beginning was never written."""

from __future__ import annotations

from models.chat import Rethought, TextDelta
from models.thinking import THINK

_END = THINK.closes
_FENCE = "```"


class LateEnd:
    """Looks in an answer's text for the end of a block of reasoning that was opened in the prompt.

    A server without a parser for reasoning hands on what such a model writes: reasoning, `</think>`, answer.
    The end counts once, and only on a line of its own outside of a block of code, so that an answer may
    speak of it. What may become that line is held back.
    """

    def __init__(self) -> None:
        self._line = ""
        """The line that is being written, as far as it was given out."""
        self._held = ""
        self._in_code = self._over = self._trim = False

    def feed(self, text: str) -> list[TextDelta | Rethought]:
        """The parts that are certain now; none of them is empty. A Rethought is about all texts before it."""
        if self._over:
            return self._answer(text)
        given: list[TextDelta | Rethought] = []
        self._held += text
        *whole, rest = self._held.split("\n")
        for number, line in enumerate(whole):
            if not self._line and line.rstrip() == _END and not self._in_code:
                self._over, self._trim, self._held = True, True, ""
                after = "\n".join([*whole[number + 1 :], rest])
                return [*_texts(given), Rethought(), *self._answer(after)]
            given.append(TextDelta(line + "\n"))
            self._end_line(line)
        if self._line or not _END.startswith(rest[: len(_END)]) or rest[len(_END) :].strip():
            given.append(TextDelta(rest))
            self._line, rest = self._line + rest, ""
        self._held = rest
        return _texts(given)

    def finish(self) -> list[TextDelta | Rethought]:
        """What was held back, now that nothing follows."""
        held, self._held = self._held, ""
        if held.rstrip() == _END and not self._in_code and not self._over:
            return [Rethought()]
        return _texts([TextDelta(held)])

    def give_up(self) -> list[TextDelta | Rethought]:
        """What was held back, as text: no end is looked for any more."""
        held, self._held, self._over = self._held, "", True
        return _texts([TextDelta(held)])

    def _end_line(self, line: str) -> None:
        if (self._line + line).lstrip().startswith(_FENCE):
            self._in_code = not self._in_code
        self._line = ""

    def _answer(self, text: str) -> list[TextDelta | Rethought]:
        if self._trim:
            text = text.lstrip("\n")
            self._trim = not text
        return _texts([TextDelta(text)])


def _texts(parts: list[TextDelta | Rethought]) -> list[TextDelta | Rethought]:
    """Neighbours as one."""
    text = "".join(part.text for part in parts if isinstance(part, TextDelta))
    return [TextDelta(text)] if text else []
