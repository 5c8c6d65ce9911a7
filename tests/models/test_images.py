"""Pictures as they are sent: all of the picture, and nothing but the picture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QImage

from models.errors import BadImage
from models.images import without_metadata
from tests.fixtures.pictures import CANARY, halves, jpeg, png


@pytest.mark.parametrize(("content", "kind"), [(jpeg(), "image/jpeg"), (png(), "image/png")])
def test_s29_a_picture_leaves_without_its_metadata(content: bytes, kind: str) -> None:
    assert content.count(CANARY) >= 4
    image = without_metadata(content)
    assert CANARY not in image.data
    assert (image.media_type, image.width, image.height) == (kind, 40, 20)
    assert QImage.fromData(image.data) == QImage.fromData(content)


@pytest.mark.parametrize("turned", range(1, 9))
def test_a_turned_photograph_stays_upright(turned: int) -> None:
    image = without_metadata(jpeg(turned))
    assert CANARY not in image.data
    assert (image.width, image.height) == ((40, 20) if turned < 5 else (20, 40))
    assert (b"Exif" in image.data) == (turned != 1)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"%PDF-1.7", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(BadImage):
        without_metadata(content)


@given(st.data())
def test_a_damaged_picture_is_refused_or_taken_but_never_a_crash(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from([jpeg(6), png(halves(4, 4))])))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    try:
        without_metadata(bytes(content[:cut]))
    except BadImage:
        return
