"""A template's switch for thinking is found by trying it. Templates are cut down from the models' own."""

from __future__ import annotations

import pytest

from models.chat import Message, Role, Thinking
from models.local.engine.template import ChatTemplate
from models.thinking import ThinkingKind

QWEN = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content.split('</think>')[-1] }}<|im_end|>\n"
    "{% endfor %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}"
)
DEEPSEEK = (
    "{% if not thinking is defined %}{% set thinking = false %}{% endif %}"
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}<|assistant|>"
    "{{ '<think>' if thinking else '</think>' }}"
)
R1 = "{% for m in messages %}<|{{ m.role }}|>{{ m.content.split('</think>')[-1] }}{% endfor %}<think>\n"
MAGISTRAL = (
    "First think: [THINK]your thoughts[/THINK]{% for m in messages %}[INST]{{ m.content }}[/INST]{% endfor %}"
)
MISTRAL = (
    "{% set effort = reasoning_effort if reasoning_effort is defined else 'none' %}"
    "{% if effort not in ['none', 'high'] %}{{ raise_exception('no such effort') }}{% endif %}"
    '[SETTINGS]{"reasoning_effort": "{{ effort }}"}{% for m in messages %}[INST]{{ m.content }}{% endfor %}'
)
GPT_OSS = (
    "<|start|>system<|message|>Reasoning: {{ reasoning_effort if reasoning_effort is defined else 'medium' }}"
    "{% for m in messages %}<|start|>{{ m.role }}<|message|>"
    "{{ '<|channel|>final' if m.role == 'assistant' }}{{ m.content }}<|end|>{% endfor %}<|start|>assistant"
)
PLAIN = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}<|assistant|>"
STRICT = "{% if enable_thinking is defined %}{{ raise_exception('what?') }}{% endif %}" + PLAIN


def template(source: str) -> ChatTemplate:
    return ChatTemplate.compile(source, bos="<s>", eos="</s>")


def rendered(source: str, thinking: Thinking) -> str:
    return template(source).render([Message(Role.USER, "Hi")], thinking)


@pytest.mark.parametrize(
    ("source", "kind", "variable"),
    [
        (QWEN, ThinkingKind.SWITCH, "enable_thinking"),
        (DEEPSEEK, ThinkingKind.SWITCH, "thinking"),
        (MISTRAL, ThinkingKind.SWITCH, "reasoning_effort"),
        (GPT_OSS, ThinkingKind.ALWAYS, "reasoning_effort"),
        (R1, ThinkingKind.ALWAYS, ""),
        (MAGISTRAL, ThinkingKind.ALWAYS, ""),
        (PLAIN, ThinkingKind.NONE, ""),
        (STRICT, ThinkingKind.NONE, ""),
        ("{{ raise_exception('never') }}", ThinkingKind.NONE, ""),
    ],
)
def test_what_a_model_can_do(source: str, kind: ThinkingKind, variable: str) -> None:
    support = template(source).thinking
    assert (support.kind, support.variable) == (kind, variable)
    assert bool(support.why) == (kind is not ThinkingKind.SWITCH)


@pytest.mark.parametrize(
    ("source", "off", "on", "left_alone"),
    [
        (QWEN, "<think>\n\n</think>\n\n", "assistant\n", "assistant\n"),
        (DEEPSEEK, "<|assistant|></think>", "<|assistant|><think>", "<|assistant|></think>"),
        (MISTRAL, '"none"}[INST]Hi', '"high"}[INST]Hi', '"none"}[INST]Hi'),
        (R1, "<think>", "<think>", "<think>"),
        (STRICT, "<|assistant|>", "<|assistant|>", "<|assistant|>"),
    ],
)
def test_the_switch_is_used(source: str, off: str, on: str, left_alone: str) -> None:
    assert rendered(source, Thinking.OFF).endswith(off)
    assert rendered(source, Thinking.ON).endswith(on)
    assert rendered(source, Thinking.AUTO).endswith(left_alone)


def test_an_effort_that_is_copied_is_turned_down_not_off() -> None:
    assert "Reasoning: low<" in rendered(GPT_OSS, Thinking.OFF)
    assert "Reasoning: high<" in rendered(GPT_OSS, Thinking.ON)
    assert "Reasoning: medium<" in rendered(GPT_OSS, Thinking.AUTO)


@pytest.mark.parametrize(
    ("source", "between"),
    [(QWEN, ""), (R1, "\n</think>\n\n"), (GPT_OSS, "<|channel|>final<|message|>"), (PLAIN, "")],
)
def test_an_answer_that_goes_on_is_not_taken_for_reasoning(source: str, between: str) -> None:
    assert template(source).before_answer(rendered(source, Thinking.AUTO)) == between


def test_old_turns_are_the_same_whatever_the_switch() -> None:
    """So that what was evaluated stays: a switch is at the prompt's end, or else nothing can be done."""
    talk = [Message(Role.USER, "Hi"), Message(Role.ASSISTANT, "Yes."), Message(Role.USER, "And?")]
    on, off = (template(QWEN).render(talk, thinking) for thinking in (Thinking.ON, Thinking.OFF))
    assert off.startswith(on)
