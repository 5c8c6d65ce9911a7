"""Who is offered where a message does not fit into a budget: only who can answer it, and may."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from desktop.services.answering import Answerer
from desktop.services.ways_on import ways_for
from models.chat import ChatRequest, Image, Message, Role
from models.errors import NotAllowed, OverBudget
from models.pricing import Cost, Price
from models.route import Route
from models.ways_on import Kind, Priced

WORDS = ChatRequest("x/dear", (Message(Role.USER, "word " * 100),))
PICTURE = ChatRequest("x/dear", (Message(Role.USER, "?", images=(Image("image/png", b"", 40, 20),)),))
BARRED = "x/barred"


def offered(request: ChatRequest, *there: Priced, sees: bool = True, left: int = 2_000) -> dict[Kind, str]:
    """The models by the way they are offered for."""

    def check(route: Route) -> None:
        if route.model == BARRED:
            raise NotAllowed("Not agreed to.")

    def most(_route: Route, _request: ChatRequest, _conversation: int, price: Price) -> Cost | None:
        return Cost(price.input_nano, "CNY") if price.input_nano <= left else None

    answering: Any = SimpleNamespace(
        local=lambda: [Answerer("small", "Small", sees=sees)],
        remote=lambda: [Answerer(one.model, one.name, "via X", "x", sees=sees) for one in there],
        priced=lambda: there,
        check=check,
    )
    books: Any = SimpleNamespace(most=most)
    refused = OverBudget("", "", currency="CNY", left_nano=left, wanted_nano=left + 1)
    return {way.kind: way.model for way in ways_for(refused, request, 1, books, answering)}


def priced(name: str, nano: int = 1_000, context: int | None = None) -> Priced:
    return Priced(f"x/{name}", name, Price(nano, nano, None, "CNY", "", ""), context)


@pytest.mark.parametrize(
    ("there", "offer"),
    [
        ((priced("dear"), priced("a"), priced("b", 2_000)), "x/b"),  # never the one that was refused
        ((priced("a"), priced("short", 2_000, context=50)), "x/a"),
        ((priced("a"), priced("long", 2_000, context=5_000)), "x/long"),
        ((priced("a"), priced("barred", 2_000)), "x/a"),
        ((priced("a"), priced("dearer", 3_000)), "x/a"),
    ],
)
def test_the_dearest_that_fits_holds_it_and_may_be_asked_is_offered(
    there: tuple[Priced, ...], offer: str
) -> None:
    assert offered(WORDS, *there)[Kind.CHEAPER] == offer


def test_who_sees_no_pictures_is_not_offered_for_them() -> None:
    assert offered(PICTURE, priced("a"), sees=True).keys() >= {Kind.CHEAPER, Kind.LOCAL}
    assert offered(PICTURE, priced("a"), sees=False).keys() == {Kind.RAISE}
    assert offered(WORDS, priced("a"), sees=False).keys() >= {Kind.CHEAPER, Kind.LOCAL}
