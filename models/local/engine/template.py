"""A model's own chat template: a program from an untrusted file, run in a sandbox."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llama_cpp.llama_chat_format import Jinja2ChatFormatter

from models.chat import Message, Thinking
from models.errors import TemplateFailed
from models.local.engine.prompt import in_turns

_HINT = "Choose another model, or a newer file of this one."
_SPARE_BYTES = 512 << 20
_LONGEST = 64 << 20


class ChatTemplate:
    """Turns messages into the text that the model was trained to continue."""

    def __init__(self, formatter: Callable[..., Any]) -> None:
        self._formatter = formatter

    @classmethod
    def compile(cls, source: str | None, *, bos: str, eos: str) -> ChatTemplate:
        """Read the template; raises TemplateFailed, also when there is none."""
        if not source:
            raise TemplateFailed(
                "The file has no chat template, so there is no telling how to ask it.",
                "Choose a model that is made for chat (often named “instruct” or “chat”).",
            )
        with _translated("The chat template in the file can’t be read."), _bounded_memory():
            return cls(Jinja2ChatFormatter(source, eos_token=eos, bos_token=bos))

    def render(self, messages: Sequence[Message], thinking: Thinking) -> str:
        """The prompt, ending where the answer begins. Raises TemplateFailed.

        A template that refuses the messages as they are gets them in the strictest form: the system
        message inside the first question, and the speakers in turns.
        """
        try:
            return self._render(messages, thinking)
        except TemplateFailed:
            strict = in_turns(messages)
            if strict == list(messages):
                raise
            return self._render(strict, thinking)

    def _render(self, messages: Sequence[Message], thinking: Thinking) -> str:
        switch = {} if thinking is Thinking.AUTO else {"enable_thinking": thinking is Thinking.ON}
        values = [{"role": message.role.value, "content": message.text} for message in messages]
        with _translated("The chat template in the file stopped with an error."), _bounded_memory():
            prompt = self._formatter(messages=values, **switch).prompt
        if len(prompt) > _LONGEST + 4 * sum(len(message.text) for message in messages):
            raise TemplateFailed("The chat template in the file writes without end.", _HINT)
        return str(prompt)


@contextmanager
def _translated(cause: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # a foreign program: it may raise anything
        raise TemplateFailed(cause, _HINT, details=f"{type(error).__name__}: {error}"[:2000]) from error


@contextmanager
def _bounded_memory() -> Iterator[None]:
    """A template that asks for gigabytes gets a MemoryError. On Linux only; elsewhere the system decides."""
    if sys.platform != "linux":
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + _SPARE_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _address_space() -> int:
    import resource

    with open("/proc/self/statm") as file:  # noqa: PTH123 - a hundred times a second is possible
        return int(file.read().split()[0]) * resource.getpagesize()
