"""What the policies promise, over a thousand synthetic requests."""

from __future__ import annotations

from models.policies import POLICIES, Preference
from tests.benchmarks.policy import bench_policies


def test_balanced_is_nearly_as_good_as_always_the_best_for_a_fraction_of_its_cost() -> None:
    found = {row["name"]: row["value"] for row in bench_policies()}
    assert found["router, balanced: score of always best’s"] >= 95
    assert found["router, balanced: cost of always best’s"] <= 40
    assert found["router, thrifty: cost of always best’s"] < found["router, balanced: cost of always best’s"]
    assert found["router, best: score of always best’s"] >= 99.9
    assert (
        found["router, thrifty: answered on this machine"]
        > found["router, balanced: answered on this machine"]
    )
    assert found["router, always local: cost of 1000 answers"] == 0


def test_every_preference_has_its_policy_and_its_words() -> None:
    assert set(POLICIES) == set(Preference)
    assert all(policy.words.endswith(".") for policy in POLICIES.values())
