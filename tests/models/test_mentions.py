"""Models named in the typed text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import BadInput, ModelNotFound
from models.mentions import Ambiguous, addressed, begun, mentioned

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


@pytest.mark.parametrize(
    ("typed", "model", "text"),
    [
        ("@phi what is rust?", "phi-4", "what is rust?"),
        ("  @PHI-4: what is rust?", "phi-4", "what is rust?"),
        ("@deepseek\nhello", "xidao/deepseek-v3", "hello"),
        ("@phi，你好", "phi-4", "，你好"),
        ("Ask @phi what rust is", None, "Ask @phi what rust is"),
        ("@dataclass\nclass Point: ...", None, "@dataclass\nclass Point: ..."),
        ("@cache(1)\ndef f(): ...", None, "@cache(1)\ndef f(): ..."),
        ("@ phi", None, "@ phi"),
        (" plain ", None, " plain "),
        ("", None, ""),
    ],
)
def test_a_message_may_begin_with_who_is_asked(typed: str, model: str | None, text: str) -> None:
    mention = addressed(typed, MODELS)
    assert (mention.model, mention.text) == (model, text)


@pytest.mark.parametrize(
    ("typed", "near"),
    [("@quen3-4b hi", "@qwen3-4b"), ("@fi-4 hi", "@phi-4"), ("@depseek hi", "@xidao/deepseek-v3")],
)
def test_an_unknown_name_names_the_nearest(typed: str, near: str) -> None:
    with pytest.raises(ModelNotFound) as caught:
        addressed(typed, MODELS)
    assert near in caught.value.hint


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("@", MODELS),
        ("@QWEN", ("qwen3-4b", "qwen3-4b-thinking")),
        ("@deep", ("xidao/deepseek-v3",)),
        ("@phi ", ()),
        ("@nobody", ()),
        ("phi", ()),
    ],
)
def test_while_a_name_is_typed_those_that_it_begins_are_found(typed: str, found: tuple[str, ...]) -> None:
    assert begun(typed, MODELS) == found


def test_a_name_alone_asks_nothing() -> None:
    with pytest.raises(BadInput):
        addressed("@phi ", MODELS)


def test_a_whole_id_is_never_in_doubt() -> None:
    assert addressed("@phi-4 hi", ("xidao/phi-4", "phi-4")).model == "phi-4"


@given(st.text())
def test_a_text_that_names_nobody_stays_as_it_is(text: str) -> None:
    assert mentioned(text, ()).text == text
