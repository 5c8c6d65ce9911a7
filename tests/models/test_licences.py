"""Licence passports: what they say, how files name them, and when acceptance is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from models.catalogue import load
from models.licences import (
    NOT_ADVICE,
    Acceptance,
    Commercial,
    Passport,
    Tier,
    label_of,
    needs_acceptance,
    pending,
)
from models.terms import terms_at_gateway

CATALOGUE = load(Path(__file__).parents[2] / "resources" / "catalogue")


def passport(licence_id: str) -> Passport:
    found = CATALOGUE.licences.get(licence_id)
    assert found is not None
    return found


def test_the_tiers_are_the_article_s() -> None:
    tiers = {model.family: model.passport.tier for model in CATALOGUE.models if model.passport}
    assert tiers == {
        "qwen3": Tier.OPEN,
        "deepseek-v3": Tier.OPEN,
        "phi-4": Tier.OPEN,
        "smollm2": Tier.OPEN,
        "llama-4": Tier.CONDITIONAL,
        "gemma-3": Tier.CONDITIONAL,
        "mistral-large-3": Tier.RESTRICTED,
    }


def test_llama_4_has_its_users_counted() -> None:
    llama = passport("llama4")
    assert llama.user_limit == 700_000_000
    assert llama.commercial is Commercial.CONDITIONS
    assert "Built with Llama" in llama.attribution
    assert "European Union" in llama.user_limits
    assert [p.id for p in CATALOGUE.licences.all if p.user_limit] == ["llama4"]


def test_each_passport_has_a_source_a_link_and_the_reservation_in_its_text() -> None:
    for one in CATALOGUE.licences.all:
        assert one.source.as_of
        assert one.link in one.text()
        assert one.text().endswith(NOT_ADVICE)
        assert "\n" not in one.sentence


@pytest.mark.parametrize(
    ("stated", "licence_id"),
    [
        ("apache-2.0", "apache-2.0"),
        ("Apache License 2.0", "apache-2.0"),
        ("License: apache-2.0", "apache-2.0"),
        ("MIT", "mit"),
        ("llama4", "llama4"),
        ("gemma", "gemma"),
        ("mrl", "mrl"),
        ("llama3.1", None),
        ("other", None),
        ("", None),
        ("  ", None),
    ],
)
def test_a_licence_is_known_by_the_names_of_headers_and_hubs(stated: str, licence_id: str | None) -> None:
    found = CATALOGUE.licences.by_name(stated)
    assert (found.id if found else None) == licence_id


def test_a_file_s_own_licence_goes_before_the_catalogue_s() -> None:
    gemma = CATALOGUE.get("gemma-3-4b")
    assert CATALOGUE.passport_of("mit", gemma) is passport("mit")
    assert CATALOGUE.passport_of("", gemma) is passport("gemma")
    assert CATALOGUE.passport_of("something-else", gemma) is None
    assert CATALOGUE.passport_of("", None) is None


def test_labels_say_what_unknown_means() -> None:
    assert label_of(passport("mit")).text == "MIT · fully open"
    assert label_of(passport("gemma")).tier is Tier.CONDITIONAL
    named, unknown = label_of(None, "qwen-research"), label_of(None)
    assert named.text == "qwen-research · terms not known here"
    assert "Read it before" in named.meaning
    assert (unknown.text, unknown.tier) == ("Licence unknown", None)
    assert "only its author" in unknown.meaning


# -- acceptance


def accepted(one: Passport, model: str = "m") -> Acceptance:
    return Acceptance(one.id, one.version, model, one.text_hash(), "a test", 0.0)


def test_tiers_2_and_3_ask_and_tier_1_and_the_unknown_do_not() -> None:
    asked = {one.id for one in CATALOGUE.licences.all if needs_acceptance(one)}
    assert asked == {"llama4", "gemma", "mistral-large-3", "mrl"}
    assert pending(passport("mit"), {"m"}, []) is None
    assert pending(None, {"m"}, []) is None
    assert pending(passport("gemma"), {"m"}, []) is passport("gemma")


def test_what_was_accepted_under_any_of_a_model_s_names_is_not_asked_again() -> None:
    gemma = passport("gemma")
    assert pending(gemma, {"gemma-3-4b", "my-gemma"}, [accepted(gemma, "my-gemma")]) is None


def test_another_model_version_or_text_is_asked_again() -> None:
    gemma = passport("gemma")
    for other in (
        accepted(gemma, "other"),
        replace(accepted(gemma), version="2024-04-01"),
        replace(accepted(gemma), text_hash="0" * 64),
        replace(accepted(gemma), licence="llama4"),
    ):
        assert pending(gemma, {"m"}, [other]) is gemma


def test_the_hash_is_of_the_text_shown() -> None:
    gemma = passport("gemma")
    assert len(gemma.text_hash()) == 64
    assert replace(gemma, restrictions="None.").text_hash() != gemma.text_hash()
    assert replace(gemma, names=()).text_hash() == gemma.text_hash()


@pytest.mark.parametrize(
    ("model", "profile", "entry"),
    [
        ("mine/mistral-large-3", "xidao", "mistral-large-3"),
        ("other/mistralai/mistral-large-3", "openrouter", "mistral-large-3"),
        ("vllm/google/gemma-3-4b-it", "own", "gemma-3-4b"),  # as its files are called
        ("vllm/somebody/gemma-3-4b-it-tuned", "own", None),
        ("xidao/qwen3-235b", "xidao", "qwen3-235b"),
    ],
)
def test_a_gateway_s_model_has_the_terms_of_the_model_it_is(
    model: str, profile: str, entry: str | None
) -> None:
    terms = terms_at_gateway(model, profile, CATALOGUE)
    assert (terms.entry.id if terms.entry else None) == entry
    assert terms.passport == (CATALOGUE.get(entry).passport if entry else None)  # type: ignore[union-attr]
    assert model in terms.ids
