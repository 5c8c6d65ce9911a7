"""Estimates hold whatever a tokenizer or a picture’s model does, so that a budget is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.chat import ChatRequest, Image, Message, Role, Sampling
from models.gateway.body import body_for
from models.gateway.counting import estimated_usage
from models.gateway.providers import CarriesOn
from models.token_estimate import estimate_prompt, estimate_request, of_picture
from tests.gateway_server.asking import PROFILES

PICTURE = Image("image/jpeg", b"", 1024, 768)


@pytest.mark.parametrize("size", [(1, 1), (40, 20), (1024, 768), (2048, 2048)])
def test_the_bounds_of_a_picture_are_in_order(size: tuple[int, int]) -> None:
    bounds = of_picture(*size)
    assert 0 < bounds.low <= bounds.likely <= bounds.high


def test_a_larger_picture_is_more_and_a_known_model_s_count_is_within() -> None:
    assert of_picture(1024, 768).likely == 37 * 28
    assert of_picture(2048, 768).likely > of_picture(1024, 768).likely
    assert of_picture(1024, 768).low <= 765 <= of_picture(1024, 768).high  # four tiles, as GPT-4o counts it


def test_a_prompt_counts_its_pictures() -> None:
    words = Message(Role.USER, "What is this?")
    shown = Message(Role.USER, "What is this?", images=(PICTURE, PICTURE))
    one = of_picture(1024, 768)
    assert estimate_prompt([shown]) == estimate_prompt([words]) + one + one


@pytest.mark.parametrize("carries", CarriesOn)
def test_an_answer_that_is_gone_on_with_is_read_and_paid_for(carries: CarriesOn) -> None:
    request = ChatRequest("x/m", (Message(Role.USER, "Hello?"),), answer_so_far="日本 " * 500)
    profile = replace(PROFILES["xidao"], carries_on=carries)
    sent = body_for(profile, request, "m", frozenset()).messages
    words = [str(message["content"]) for message in sent]
    read = sum(len(text.encode()) + 16 for text in words)
    assert read <= estimate_request(request).high
    anew = ChatRequest("x/m", request.messages)
    assert (estimated_usage(request, "", "").prompt_tokens or 0) > (
        estimated_usage(anew, "", "").prompt_tokens or 0
    ) + 500


def test_a_form_may_be_read_with_the_prompt() -> None:
    schema = '{"type": "object", "title": "' + "x" * 300 + '"}'
    asked = ChatRequest("x/m", (Message(Role.USER, "Hello?"),))
    formed = ChatRequest("x/m", asked.messages, sampling=Sampling(json_schema=schema))
    assert estimate_request(formed).high - estimate_request(asked).high == len(schema)
