"""Scores and prices as a chart needs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.catalogue import load
from models.comparing import Value, scored, scores, worths
from models.fit import Machine
from models.offer import offers

CATALOGUE = load(Path(__file__).parents[2] / "resources" / "catalogue")
TABLES = {table.id: table for table in CATALOGUE.tables}


def test_values_stand_in_the_order_of_the_models_asked_for() -> None:
    phi, unknown = scores(TABLES["chinese"], ["phi-4-14b", "gemma-3-1b"])
    assert phi[0] == Value(62.3, "62.3")
    assert phi[3] == Value(60.0, "3/5")  # stars
    assert unknown == [Value(None, "not measured")] * 4


def test_a_table_is_worth_drawing_if_it_has_one_of_them() -> None:
    assert scored(TABLES["math"], ["gemma-3-1b", "phi-4-14b"])
    assert not scored(TABLES["math"], ["gemma-3-1b"])


def test_a_price_stands_against_the_mean_of_the_percents() -> None:
    found = {one.model_id: one for one in worths(offers(CATALOGUE, Machine(16 * 10**9, 40e9)), CATALOGUE)}
    assert "qwen3-32b" not in found  # priced, never measured
    phi = found["phi-4-14b"]
    assert (phi.currency, phi.price_nano) == ("CNY", 1_200)
    percents = [82.1, 63.5, 90.8, 85.3, 72.3, 67.5, 70.8, 22.3, 80.4, 88.5, 56.1, 82.1, 62.3, 60.8, 63.5]
    assert phi.mean == pytest.approx(sum(percents) / len(percents))
