"""Each model has one name where its usage is shown, and no two have the same."""

from __future__ import annotations

from desktop.services.usage_names import names_of
from desktop.storage.ledger_values import Place
from desktop.storage.usage_values import ModelKey


def test_what_has_one_name_is_told_apart_by_its_place_and_then_by_its_id() -> None:
    keys = [
        ModelKey("local", "small-q4", Place.LOCAL),
        ModelKey("local", "small-q8", Place.LOCAL),
        ModelKey("xidao", "xidao/small", Place.REMOTE),
        ModelKey("work", "work/other", Place.REMOTE),
        ModelKey("local", "gone", Place.LOCAL),
    ]
    names = {"small-q4": "Small", "small-q8": "Small", "xidao/small": "Small", "work/other": "Other"}
    assert list(names_of(keys, names, {"xidao": "XiDao"}).values()) == [
        "Small · small-q4",
        "Small · small-q8",
        "Small · XiDao",
        "Other",
        "gone",
    ]
