"""Models named in the typed text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.mentions import Ambiguous, mentioned

MODELS = ("qwen3-4b", "qwen3-4b-thinking", "phi-4", "xidao/deepseek-v3")


@pytest.mark.parametrize(
    ("typed", "model", "text"),
    [
        ("@phi what is rust?", "phi-4", "what is rust?"),
        ("@PHI-4: what is rust?", "phi-4", "what is rust?"),
        ("What is rust? @phi.", "phi-4", "What is rust? ."),
        ("Tell me, @phi what rust is", "phi-4", "Tell me, what rust is"),
        ("问一下 @phi", "phi-4", "问一下"),
        ("@deepseek hello", "xidao/deepseek-v3", "hello"),
        ("@xidao/deep hello", "xidao/deepseek-v3", "hello"),
        ("@qwen3-4b hello", "qwen3-4b", "hello"),
        ("@qwen3-4b-t hello", "qwen3-4b-thinking", "hello"),
        ("@nobody asks @phi", "phi-4", "@nobody asks"),
        ("mail phi@phi-4.org", None, "mail phi@phi-4.org"),
        ("@property is a decorator", None, "@property is a decorator"),
        ("@ phi", None, "@ phi"),
        ("", None, ""),
    ],
)
def test_a_name_that_begins_one_model_is_that_model(typed: str, model: str | None, text: str) -> None:
    mention = mentioned(typed, MODELS)
    assert (mention.model, mention.text) == (model, text)


def test_a_name_that_begins_several_asks_which() -> None:
    with pytest.raises(Ambiguous) as caught:
        mentioned("@qwen hello", MODELS)
    assert caught.value.models == ("qwen3-4b", "qwen3-4b-thinking")
    assert caught.value.cause == "“@qwen” could be qwen3-4b, qwen3-4b-thinking."


@given(st.text())
def test_a_text_that_names_nobody_stays_as_it_is(text: str) -> None:
    assert mentioned(text, ()).text == text
