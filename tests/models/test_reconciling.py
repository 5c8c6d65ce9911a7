"""A statement against the ledger: every line and row once, sums that add up, and no currency added."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.pricing import Cost, totals
from models.reconciling import WINDOW_S, Group, Ours, Pair, Reconciliation, reconcile
from models.statement import Line

LINE = Line(2, "r1", 1_000.0, "xidao/m", 10, 5, Cost(300, "CNY"), 9)
ROW = Ours(7, 1_010.0, "xidao/m", "r1", 10, 5, Cost(300, "CNY"))

ids = st.sampled_from(["", "a", "b", "c"])
times = st.floats(0, 600)
tokens = st.none() | st.integers(0, 2)
costs = st.none() | st.builds(Cost, st.integers(0, 3), st.sampled_from(["CNY", "USD"]))
names = st.sampled_from(["m", "x/m", "n", ""])
lines = st.lists(
    st.builds(Line, st.just(0), ids, st.none() | times, names, tokens, tokens, costs, st.integers(0, 9))
)
rows = st.lists(st.builds(Ours, st.just(0), times, names, ids, tokens, tokens, costs, st.booleans()))


def group_of(line: Line, row: Ours) -> Group:
    found = reconcile([line], [row])
    return next(group for group in Group if found.groups[group])


def all_pairs(found: Reconciliation) -> list[Pair]:
    return [pair for group in Group for pair in found.groups[group]]


@given(lines, rows)
def test_every_line_and_every_row_appears_exactly_once(lines: list[Line], rows: list[Ours]) -> None:
    lines = [replace(line, number=number) for number, line in enumerate(lines)]
    rows = [replace(row, id=number) for number, row in enumerate(rows)]
    pairs = all_pairs(reconcile(lines, rows))
    assert sorted(pair.theirs.number for pair in pairs if pair.theirs) == list(range(len(lines)))
    assert sorted(pair.ours.id for pair in pairs if pair.ours) == list(range(len(rows)))


@given(lines, rows)
def test_the_sums_add_up_in_each_currency(lines: list[Line], rows: list[Ours]) -> None:
    found = reconcile(lines, rows)
    assert found.sums().theirs == totals(line.cost for line in lines if line.cost)
    assert found.sums().ours == totals(row.cost for row in rows if row.cost)
    for currency, whole in found.sums().differences.items():
        parts = [found.sums(group).differences.get(currency) for group in Group]
        assert sum(part.nano for part in parts if part) == whole.nano


@given(lines, rows)
def test_each_group_holds_what_it_says(lines: list[Line], rows: list[Ours]) -> None:
    groups = reconcile(lines, rows).groups
    assert all(p.theirs and p.ours and not p.differs for p in groups[Group.MATCHED])
    assert all(p.theirs and p.ours and p.differs for p in groups[Group.DIFFERING])
    assert all(p.theirs and not p.ours for p in groups[Group.ONLY_THEIRS])
    assert all(p.ours and not p.theirs for p in (*groups[Group.ONLY_OURS], *groups[Group.UNPAID]))


def test_a_request_id_goes_before_everything_else() -> None:
    assert group_of(replace(LINE, at=None, model=""), ROW) is Group.MATCHED
    found = reconcile([LINE, replace(LINE, number=3, request_id="r2")], [replace(ROW, request_id="r2")])
    assert [pair.theirs.number for pair in found.groups[Group.MATCHED] if pair.theirs] == [3]
    assert len(found.groups[Group.ONLY_THEIRS]) == 1


def test_a_request_that_is_stated_twice_is_matched_once() -> None:
    found = reconcile([LINE, replace(LINE, number=3)], [ROW])
    assert len(found.groups[Group.MATCHED]) == len(found.groups[Group.ONLY_THEIRS]) == 1


def test_a_request_that_is_stated_twice_is_not_taken_for_another_one() -> None:
    stopped = replace(ROW, id=8, at=1_020.0, request_id="", prompt=None, completion=None, cost=None)
    found = reconcile([LINE, replace(LINE, number=3)], [ROW, stopped])
    assert [pair.ours for pair in found.groups[Group.ONLY_OURS]] == [stopped]
    assert not found.groups[Group.DIFFERING]


@pytest.mark.parametrize("sign", [-1, 1])
def test_without_ids_the_time_the_model_and_the_tokens_tell(sign: int) -> None:
    line = replace(LINE, request_id="", model="m")
    assert group_of(line, replace(ROW, at=1_000.0 + sign * WINDOW_S)) is Group.MATCHED
    assert group_of(line, replace(ROW, at=1_000.0 + sign * (WINDOW_S + 1))) is Group.ONLY_THEIRS


def test_a_statement_may_say_when_an_answer_was_done() -> None:
    line = replace(LINE, request_id="")
    assert group_of(line, replace(ROW, at=1_000.0 - 300, took_s=299)) is Group.MATCHED


def test_requests_of_different_names_are_never_taken_for_one_another() -> None:
    other = replace(LINE, number=3, request_id="r2")
    found = reconcile(
        [LINE, other], [ROW, replace(ROW, id=8, request_id="r3"), replace(ROW, id=9, request_id="")]
    )
    matched = {
        (pair.theirs.number, pair.ours.id)
        for pair in found.groups[Group.MATCHED]
        if pair.theirs and pair.ours
    }
    assert matched == {(2, 7), (3, 9)}
    assert [pair.ours.id for pair in found.groups[Group.ONLY_OURS] if pair.ours] == [8]


def test_the_same_tokens_go_before_a_nearer_time() -> None:
    line = replace(LINE, request_id="")
    near, same = replace(ROW, id=1, at=1_001.0, prompt=11), replace(ROW, id=2, at=1_050.0)
    [pair] = reconcile([line], [near, same]).groups[Group.MATCHED]
    assert pair.ours == same


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (replace(ROW, completion=6), "answer tokens: 5 there, 6 here"),
        (replace(ROW, prompt=None), "prompt tokens: 10 there, unknown here"),
        (replace(ROW, cost=Cost(301, "CNY")), "cost"),
        (replace(ROW, cost=Cost(300, "USD")), "paid in CNY there, in USD here"),
        (replace(ROW, cost=None), "the cost isn’t known here"),
    ],
)
def test_what_differs_is_said(row: Ours, words: str) -> None:
    [pair] = reconcile([LINE], [row]).groups[Group.DIFFERING]
    assert pair.differs == (words,)


def test_what_a_statement_rounds_away_is_no_difference() -> None:
    line = replace(LINE, cost=Cost(10_000, "CNY"), places=5)
    assert group_of(line, replace(ROW, cost=Cost(14_999, "CNY"))) is Group.MATCHED
    assert group_of(line, replace(ROW, cost=Cost(20_000, "CNY"))) is Group.DIFFERING


def test_what_cost_nothing_is_not_missed() -> None:
    found = reconcile([], [replace(ROW, prompt=0, completion=0, cost=Cost(0, "CNY")), ROW])
    assert len(found.groups[Group.UNPAID]) == len(found.groups[Group.ONLY_OURS]) == 1


def test_what_cost_nothing_is_not_taken_for_a_request_of_other_tokens() -> None:
    refused = replace(ROW, prompt=0, completion=0, cost=Cost(0, "CNY"), request_id="")
    assert group_of(replace(LINE, request_id=""), refused) is Group.ONLY_THEIRS


def test_a_statement_that_names_no_models_is_matched_without_them() -> None:
    assert group_of(replace(LINE, request_id="", model=""), ROW) is Group.MATCHED
    other = replace(LINE, request_id="", model="n")
    assert group_of(other, ROW) is Group.ONLY_THEIRS


def test_a_refused_request_that_was_charged_for_is_found() -> None:
    row = replace(ROW, prompt=0, completion=0, cost=Cost(0, "CNY"))
    [pair] = reconcile([LINE], [row]).groups[Group.DIFFERING]
    assert pair.difference == Cost(300, "CNY")


def test_each_line_takes_one_step_even_where_all_are_alike() -> None:
    """With a search for each, twenty thousand would take minutes."""
    count = 20_000
    lines = [Line(n, f"t{n}" if n % 2 else "", 0.0, "m", 10, 5, Cost(n, "CNY"), 9) for n in range(count)]
    rows = [Ours(n, 0.0, "m", f"r{n}" if n % 2 else "", 10, 5, Cost(n, "CNY")) for n in range(count)]
    began = time.process_time()
    found = reconcile([LINE, *lines], [ROW, *rows])
    assert time.process_time() - began < 10
    assert len(found.groups[Group.ONLY_THEIRS]) == len(found.groups[Group.ONLY_OURS])
