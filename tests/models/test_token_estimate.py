"""Estimates hold whatever a tokenizer or a picture’s model does, so that a budget is kept."""

from __future__ import annotations

import pytest

from models.chat import Image, Message, Role
from models.token_estimate import estimate_prompt, of_picture

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
