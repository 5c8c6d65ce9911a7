"""Pictures are made to fit whoever answers, and left alone where they do."""

from __future__ import annotations

import asyncio

import pytest
from PySide6.QtGui import QImage

from desktop.services.fitting import FittingBackend
from desktop.services.images import image_of
from models.chat import ChatRequest, Image, Message, Role
from models.errors import BadImage
from models.fake import FakeBackend, says
from tests.fixtures.pictures import halves, png, written

LARGE = image_of(written(halves().scaled(400, 200), "JPEG"))
SMALL = image_of(png())


def asked(limits: tuple[int, int]) -> tuple[Image, ...]:
    """The pictures that the backend is given of a large and a small one."""

    async def ask() -> None:
        messages = (Message(Role.USER, "?", images=(LARGE, SMALL)),)
        async for _event in FittingBackend(backend, lambda _model: limits).stream(ChatRequest("m", messages)):
            pass

    backend = FakeBackend(says("A."))
    asyncio.run(ask())
    return backend.requests[0].messages[0].images


def test_what_fits_is_sent_as_it_is() -> None:
    assert asked((2048, 5 << 20)) == (LARGE, SMALL)


def test_what_is_too_large_is_scaled_and_the_others_are_not_touched() -> None:
    scaled, other = asked((100, 5 << 20))
    assert (scaled.width, scaled.height) == (100, 50)
    assert QImage.fromData(scaled.data).width() == 100
    assert other == SMALL


def test_what_stays_too_large_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(BadImage):
        asked((100, 50))
