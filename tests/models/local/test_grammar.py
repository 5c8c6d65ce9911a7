"""An answer that must keep to a form does, and a form that is none is told."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from models.chat import ChatEvent, ReasoningDelta, Thinking
from models.errors import BadInput
from models.local.backend import LocalBackend
from tests.fakes import ROOT, STARTER, ask, collect, finished, local, run, text_of

THINKER = ROOT / "tests" / "fixtures" / "thinker" / "thinker.gguf"
Form = tuple[str | None, str | None]
"""A grammar and a schema."""
NO_FORM: Form = (None, None)
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 12}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


async def answered(
    backend: LocalBackend, question: str, thinking: Thinking = Thinking.AUTO, *, form: Form = NO_FORM
) -> list[ChatEvent]:
    request = ask(question, max_tokens=200)
    request = replace(
        request, sampling=replace(request.sampling, grammar=form[0], json_schema=form[1]), thinking=thinking
    )
    return await collect(backend.stream(request))


@pytest.mark.model
def test_a_schema_is_kept() -> None:
    async def case() -> None:
        backend = local(STARTER)
        try:
            events = await answered(backend, "Describe a person.", form=(None, json.dumps(SCHEMA)))
            value = json.loads(text_of(events))
            assert set(value) == {"name", "age"}
            assert type(value["age"]) is int
            free = await answered(backend, "Describe a person.")
            assert not text_of(free).startswith("{")
        finally:
            await backend.aclose()

    run(case())


@pytest.mark.model
def test_a_grammar_binds_the_answer_and_not_the_thinking() -> None:
    grammar = 'root ::= [0-9] [0-9] "!"'

    async def case() -> None:
        backend = local(THINKER)
        try:
            on = await answered(backend, "What is 21 + 34?", Thinking.ON, form=(grammar, None))
            assert text_of(on) == "55!"
            assert any(isinstance(event, ReasoningDelta) for event in on)
            assert finished(on).usage.reasoning_tokens
            off = await answered(backend, "What is 21 + 34?", Thinking.OFF, form=(grammar, None))
            assert text_of(off).endswith("!")
            assert not any(isinstance(event, ReasoningDelta) for event in off)
        finally:
            await backend.aclose()

    run(case())


BAD: dict[str, Form] = {
    "no grammar": ("root ::= (", None),
    "no root": ('other ::= "a"', None),
    "undefined rule": ("root ::= nothing", None),
    "left recursion": ('root ::= root "a"', None),
    "empty": ("", None),
    "a zero byte": ('root ::= "a"\0', None),
    "too long": ('root ::= "' + "a" * 300_000 + '"', None),
    "no json": (None, "{"),
    "no schema": (None, "5"),
    "a foreign reference": (None, '{"$ref": "https://example.org/schema.json"}'),
    "an unknown type": (None, '{"type": "colour"}'),
    "nested for ever": (None, '{"a":' * 5000 + "1" + "}" * 5000),
    "a pattern that never ends": (None, '{"type": "string", "pattern": "^a]$"}'),
    "nothing fits": ("root ::= [b-a]", None),
    "nothing fits after a while": ('root ::= "5" [b-a]', None),
    "both": ('root ::= "a"', "{}"),
}


@pytest.mark.model
@pytest.mark.parametrize("name", BAD)
def test_a_form_that_is_none_is_told_and_the_engine_lives(name: str) -> None:
    async def case() -> None:
        backend = local(THINKER)
        try:
            with pytest.raises(BadInput) as caught:
                await answered(backend, "What is 21 + 34?", form=BAD[name])
            assert caught.value.hint
            pid = backend.worker_pid
            assert text_of(await answered(backend, "What is 21 + 34?", Thinking.ON)).strip() == "55"
            assert backend.worker_pid == pid
        finally:
            await backend.aclose()

    run(case())
