"""Speeds to expect are corrected by what models of about the same size showed on the machine."""

from __future__ import annotations

import pytest

from models.fit import Card, Machine, Verdict, fit
from models.paces import learned
from models.shapes import Shape, estimated

GB = 10**9
LAPTOP = Machine(16 * GB, 40e9)
CARD = Machine(64 * GB, 60e9, (Card("A card", 24 * GB, 300e9),))


def shape(billions: float) -> Shape:
    return estimated(int(billions * GB), int(billions * GB), 4.85)


def speed(machine: Machine, billions: float) -> float:
    tps = fit(shape(billions), machine).tps
    assert tps is not None
    return tps


@pytest.mark.parametrize("machine", [LAPTOP, CARD])
def test_a_slower_machine_than_the_arithmetic_s_is_believed(machine: Machine) -> None:
    wiser = learned(machine, [(shape(8), speed(machine, 8) / 2)])
    assert speed(wiser, 4) == pytest.approx(speed(machine, 4) / 2)


def test_a_verdict_follows_what_was_measured() -> None:
    assert fit(shape(4), LAPTOP).verdict is Verdict.WELL
    wiser = learned(LAPTOP, [(shape(4), speed(LAPTOP, 4) / 3)])
    assert fit(shape(5), wiser).verdict is Verdict.SLOWLY


def test_the_likest_counts_and_what_is_of_another_size_does_not() -> None:
    wiser = learned(LAPTOP, [(shape(1), 0.5 * speed(LAPTOP, 1)), (shape(8), 0.8 * speed(LAPTOP, 8))])
    assert speed(wiser, 1.5) == pytest.approx(0.5 * speed(LAPTOP, 1.5))
    assert speed(wiser, 12) == pytest.approx(0.8 * speed(LAPTOP, 12))
    assert speed(wiser, 0.1) == speed(LAPTOP, 0.1)


def test_learning_again_does_not_correct_twice() -> None:
    shown = [(shape(8), speed(LAPTOP, 8) / 2)]
    assert learned(learned(LAPTOP, shown), shown) == learned(LAPTOP, shown)


def test_an_absurd_speed_is_bounded() -> None:
    assert speed(learned(LAPTOP, [(shape(8), 1e9)]), 8) == pytest.approx(3 * speed(LAPTOP, 8))
    assert speed(learned(LAPTOP, [(shape(8), 1e-9)]), 8) == pytest.approx(speed(LAPTOP, 8) / 5)
