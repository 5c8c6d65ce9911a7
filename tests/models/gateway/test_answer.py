"""One answer out of a gateway's chunks: which of its numbers and words are believed."""

from __future__ import annotations

from typing import Any

import pytest

from models.chat import ChatRequest, FinishReason, Message, Role, Usage
from models.gateway.answer import Answer
from models.gateway.counting import estimate
from tests.fakes import text_of
from tests.gateway_server.scripts import usage

TEXT = "word " * 400


def chunk(words: str = "", finish: str | None = None, index: int = 0, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": {"content": words}, "finish_reason": finish}], **more}


def taken(*chunks: dict[str, Any]) -> tuple[Answer, str]:
    answer = Answer(ChatRequest("x/m", (Message(Role.USER, "Hello?"),)), lambda: 0.0, None)
    parts = [part for one in chunks for part in answer.take(one)]
    return answer, text_of([*parts, *answer.rest()])


@pytest.mark.parametrize("finish", [None, "stop"])
@pytest.mark.parametrize("told", [usage(900, 0), usage(900, 1)])
def test_numbers_that_came_before_the_words_do_not_count_them(told: Any, finish: str | None) -> None:
    answer, _text = taken(chunk(usage=told), chunk(TEXT), chunk("", finish))
    assert answer.usage() == Usage(900, None, 0, estimate(TEXT), estimated=True)


def test_numbers_of_each_piece_count_all_of_them() -> None:
    answer, _text = taken(chunk("One ", usage=usage(900, 1)), chunk("two", usage=usage(900, 2)))
    assert (answer.usage().completion_tokens, answer.usage().estimated) == (2, False)


def test_numbers_of_nothing_take_none_back() -> None:
    answer, _text = taken(chunk(TEXT, "stop"), {"usage": usage(900, 400)}, {"usage": usage(0, 0)})
    assert (answer.usage().prompt_tokens, answer.usage().completion_tokens) == (900, 400)


def test_an_answer_that_is_said_to_have_no_tokens_is_estimated() -> None:
    answer, _text = taken(chunk(TEXT, "stop"), {"usage": usage(0, 0)})
    assert answer.usage().estimated
    assert answer.usage().completion_tokens == estimate(TEXT)
    assert answer.usage().prompt_tokens


def test_numbers_may_stand_beside_the_last_words() -> None:
    last = chunk("", "stop")
    last["choices"][0]["usage"] = usage(900, 400)
    answer, _text = taken(chunk(TEXT), last)
    assert (answer.usage().completion_tokens, answer.usage().estimated) == (400, False)


def test_a_word_for_nothing_is_no_end() -> None:
    answer, _text = taken(chunk("One ", "null"), chunk("two", "null"))
    assert answer.reason is None


def test_of_several_answers_one_is_read() -> None:
    answer, text = taken(
        chunk("One "), chunk("Uno ", index=1), chunk("two", "stop"), chunk("dos", "length", 1)
    )
    assert (text, answer.reason) == ("One two", FinishReason.STOP)
