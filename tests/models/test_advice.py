"""Which models are proposed to whom, in which order, and why others are left out."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest

from models.advice import Advice, Who, advise
from models.catalogue import load
from models.facts import CatalogueModel

MODELS = load(Path(__file__).parents[2] / "resources" / "catalogue").models


def families(advice: list[Advice[CatalogueModel]], *, proposed: bool) -> list[str]:
    return [family for family, _ in groupby(one.model.family for one in advice if one.proposed is proposed)]


@pytest.mark.parametrize(
    ("who", "proposed", "left_out"),
    [
        (
            Who.INDIVIDUAL,
            ["qwen3", "deepseek-v3", "phi-4", "smollm2"],
            ["gemma-3", "llama-4", "mistral-large-3"],
        ),
        (
            Who.COMPANY,
            ["llama-4", "gemma-3", "deepseek-v3", "phi-4", "qwen3", "smollm2"],
            ["mistral-large-3"],
        ),
        (
            Who.FREEDOM,
            ["deepseek-v3", "phi-4", "qwen3", "smollm2"],
            ["gemma-3", "llama-4", "mistral-large-3"],
        ),
    ],
)
def test_the_recommendation_of_the_article(who: Who, proposed: list[str], left_out: list[str]) -> None:
    advice = advise(who, MODELS)
    assert families(advice, proposed=True) == proposed
    assert families(advice, proposed=False) == left_out
    assert len(advice) == len(MODELS)
    assert all(one.reason.endswith(".") for one in advice)


def test_a_large_company_is_told_of_the_limit() -> None:
    reasons = {one.model.family: one.reason for one in advise(Who.COMPANY, MODELS)}
    assert "700 million monthly users" in reasons["llama-4"]
    assert "million" not in reasons["gemma-3"]


@pytest.mark.parametrize("who", Who)
def test_an_unknown_licence_is_left_out_and_said(who: Who) -> None:
    unknown = replace(MODELS[0], passport=None)
    (advice,) = advise(who, [unknown])
    assert not advice.proposed
    assert "not known" in advice.reason


def test_the_given_order_stays_within_a_family() -> None:
    qwen = [model for model in MODELS if model.family == "qwen3"]
    assert [one.model for one in advise(Who.INDIVIDUAL, qwen[::-1])] == qwen[::-1]
