"""What there is to choose from where a message does not fit into a budget, and how it is stored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import OverBudget
from models.pricing import Cost
from models.ways_on import RAISED, Kind, Offer, Way, nearest, read, route_of, ways_on, written

HERE = (("small", "Small"), ("large", "Large"))


def refused(*, fits: int = 0, left: int | None = 400, wanted: int | None = 1_000) -> OverBudget:
    return OverBudget("", "", currency="CNY", left_nano=left, wanted_nano=wanted, fits_tokens=fits)


def offer(model: str, nano: int) -> Offer:
    return Offer(model, model.upper(), Cost(nano, "CNY"))


def test_all_ways_stand_in_their_order_with_their_numbers() -> None:
    assert ways_on(refused(fits=70), [offer("a", 10), offer("b", 300), offer("c", 30)], HERE) == (
        Way(Kind.SHORTEN, tokens=70),
        Way(Kind.CHEAPER, model="b", name="B", nano=300, currency="CNY"),
        Way(Kind.LOCAL, model="small", name="Small"),
        Way(Kind.RAISE, nano=600, currency="CNY"),
    )


def test_only_what_there_is_is_offered() -> None:
    assert ways_on(refused()) == (Way(Kind.RAISE, nano=600, currency="CNY"),)
    assert ways_on(refused(left=None, wanted=None)) == (RAISED,)


def test_the_nearest_model_is_the_dearest_that_fits() -> None:
    assert nearest([]) is None
    assert nearest([offer("b", 5), offer("a", 5), offer("c", 4)]) == offer("a", 5)


def test_whoever_is_chosen_answers_by_name() -> None:
    assert route_of(Way(Kind.LOCAL, model="small")).backend == "local"
    assert route_of(Way(Kind.CHEAPER, model="x/y")).backend == "gateway"


@given(
    st.lists(
        st.builds(
            Way,
            st.sampled_from(Kind),
            st.integers(0, 10**6),
            st.text(),
            st.text(),
            st.integers(0, 10**15),
            st.just("CNY"),
        )
    )
)
def test_ways_come_back_as_they_were_stored(ways: list[Way]) -> None:
    assert read(written(ways)) == tuple(ways)


@pytest.mark.parametrize(
    "value",
    [None, "raise", [3], [{}], [{"kind": "steal"}], [{**written([RAISED])[0], "tokens": "many"}],
     [{**written([RAISED])[0], "nano": 5}]],
)  # fmt: skip
def test_what_is_no_way_is_left_out(value: object) -> None:
    assert read(value) == ()
