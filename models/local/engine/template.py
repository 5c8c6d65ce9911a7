"""A model's own chat template: a program from an untrusted file, run in a sandbox."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from llama_cpp.llama_chat_format import Jinja2ChatFormatter

from models.chat import Message, Role, Thinking
from models.errors import TemplateFailed
from models.local.engine.prompt import in_turns
from models.local.engine.switch import Switch, find_switch, support
from models.thinking import CHANNELS, ThinkingSupport, mentioned_in, opened_by

_HINT = "Choose another model, or a newer file of this one."
_SPARE_BYTES = 512 << 20
_LONGEST = 64 << 20


class ChatTemplate:
    """Turns messages into the text that the model was trained to continue."""

    def __init__(self, formatter: Callable[..., Any], source: str) -> None:
        self._formatter = formatter
        self._markers = mentioned_in(source)

    @classmethod
    def compile(cls, source: str | None, *, bos: str, eos: str) -> ChatTemplate:
        """Read the template; raises TemplateFailed, also when there is none."""
        if not source:
            raise TemplateFailed(
                "The file has no chat template, so there is no telling how to ask it.",
                "Choose a model that is made for chat (often named “instruct” or “chat”).",
            )
        with _translated("The chat template in the file can’t be read."), _bounded_memory():
            return cls(Jinja2ChatFormatter(source, eos_token=eos, bos_token=bos), source)

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

    @cached_property
    def thinking(self) -> ThinkingSupport:
        """Whether the model can think, and how it is told to. Renders a few times."""
        opened = opened_by(self._probe({}) or "") is not None
        return support(self._switch, self._markers, opened=opened)

    @property
    def opening(self) -> str:
        """What opens a block of reasoning; empty if the template knows of none, or of more than a block."""
        if self._markers is None or self._markers is CHANNELS:
            return ""
        return self._markers.opens.rstrip("\n") + "\n"

    def before_answer(self, prompt: str) -> str:
        """What is between a rendered prompt and an answer that goes on where it broke off."""
        if (opened := opened_by(prompt)) is not None:
            return opened.ends
        return self._markers.answers if self._markers is not None else ""

    @cached_property
    def _switch(self) -> Switch | None:
        return find_switch(self._probe)

    def _probe(self, variables: Mapping[str, object]) -> str | None:
        try:
            return self._format([Message(Role.USER, "Hi")], variables)
        except TemplateFailed:
            return None

    def _render(self, messages: Sequence[Message], thinking: Thinking) -> str:
        if thinking is Thinking.AUTO or self._switch is None:
            return self._format(messages, {})
        return self._format(messages, self._switch.values(thinking))

    def _format(self, messages: Sequence[Message], variables: Mapping[str, object]) -> str:
        values = [{"role": message.role.value, "content": message.text} for message in messages]
        with _translated("The chat template in the file stopped with an error."), _bounded_memory():
            prompt = self._formatter(messages=values, **variables).prompt
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
