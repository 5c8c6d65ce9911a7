"""Scores and prices side by side, as values for charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.catalogue import Catalogue
from models.facts import BenchmarkTable
from models.offer import Offer

_STAR = 20.0  # per cent, so that five stars are as high as a hundred


@dataclass(frozen=True, slots=True)
class Value:
    """One score: as a height from 0 to 100, and as it is written. `height` is None if there is none."""

    height: float | None
    words: str


@dataclass(frozen=True, slots=True)
class Worth:
    """What a model costs and scores. `price_nano` is a token in and a token out together."""

    model_id: str
    name: str
    currency: str
    price_nano: int
    mean: float


def scores(table: BenchmarkTable, model_ids: Sequence[str]) -> list[list[Value]]:
    """For each model its values in the order of the table's benchmarks."""
    return [
        [_value(table, model_id, column) for column in range(len(table.benchmarks))] for model_id in model_ids
    ]


def scored(table: BenchmarkTable, model_ids: Sequence[str]) -> bool:
    """Whether the table has any of them."""
    return any(row.model in model_ids for row in table.rows)


def worths(offers: Sequence[Offer], catalogue: Catalogue) -> list[Worth]:
    """Those that have a price and percents, with the mean of all their percents, each table once."""
    found = []
    for offer in offers:
        percents = [score.value for score in catalogue.scores(offer.id) if score.benchmark.unit == "percent"]
        if offer.price is not None and percents:
            price = offer.price
            total = price.input_nano + price.output_nano
            mean = sum(percents) / len(percents)
            found.append(Worth(offer.id, offer.model.name, price.currency, total, mean))
    return found


def _value(table: BenchmarkTable, model_id: str, column: int) -> Value:
    row = next((row for row in table.rows if row.model == model_id), None)
    if row is None:
        return Value(None, "not measured")
    score = row.scores[column]
    if table.benchmarks[column].unit == "stars":
        return Value(score * _STAR, f"{score:g}/5")
    return Value(score, f"{score:g}")
