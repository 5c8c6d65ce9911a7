"""Who answers, and why."""

from __future__ import annotations

import pytest

from models.errors import ModelNotFound, NoModel, NotAvailable
from models.routing import Mode, Route, choose_simply


@pytest.mark.parametrize("mode", [Mode.LOCAL, Mode.HYBRID])
def test_the_first_model_answers_unless_another_is_wanted(mode: Mode) -> None:
    assert choose_simply(mode=mode, wanted=None, installed=["a", "b"]) == Route(
        "local", "a", "your default model, on this machine", ("b",)
    )
    assert choose_simply(mode=mode, wanted="b", installed=["a", "b"]) == Route(
        "local", "b", "you chose this model", ("a",)
    )


def test_the_same_facts_give_the_same_route() -> None:
    routes = {choose_simply(mode=Mode.LOCAL, wanted="b", installed=("a", "b", "c")) for _ in range(5)}
    assert len(routes) == 1


@pytest.mark.parametrize("mode", [Mode.LOCAL, Mode.HYBRID])
def test_without_a_model_it_says_how_to_get_one(mode: Mode) -> None:
    with pytest.raises(NoModel) as caught:
        choose_simply(mode=mode, wanted=None, installed=[])
    assert "models add FILE" in caught.value.hint


def test_a_model_that_is_not_installed_is_not_replaced() -> None:
    with pytest.raises(ModelNotFound, match="“c”") as caught:
        choose_simply(mode=Mode.LOCAL, wanted="c", installed=["a", "b"])
    assert caught.value.hint == "Installed: a, b"


def test_a_gateway_is_asked_for_what_it_may_offer() -> None:
    remote = ["xidao/a", "xidao/b"]
    assert choose_simply(mode=Mode.CLOUD, wanted="xidao/c", installed=["a"], remote=remote).model == "xidao/c"
    assert choose_simply(mode=Mode.CLOUD, wanted=None, installed=[], remote=remote) == Route(
        "gateway", "xidao/a", "the first model of your gateway", ("xidao/b",), door="xidao"
    )


@pytest.mark.parametrize("installed", [[], ["a"]])
def test_cloud_never_falls_back_to_this_machine(installed: list[str]) -> None:
    with pytest.raises(NotAvailable, match="No gateway"):
        choose_simply(mode=Mode.CLOUD, wanted=None, installed=installed)
