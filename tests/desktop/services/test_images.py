"""Pictures for a model that sees: upright, small enough, and without what the camera wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QColorSpace, QImage, QImageReader

from desktop.services.images import encoded, image_of, preview, read_image
from models.errors import BadImage
from tests.fixtures.pictures import CANARY, halves, huge_png, jpeg, png, written


@pytest.mark.parametrize("content", [jpeg(), png()])
def test_s29_nothing_of_the_metadata_is_left(content: bytes) -> None:
    image = image_of(content)
    assert CANARY not in image.data
    assert b"Exif" not in image.data
    assert (image.width, image.height) == (40, 20)


def test_colours_become_those_that_everybody_assumes() -> None:
    """Without its profile a red of a wide screen would be read as a paler one."""
    wide = QImage(40, 20, QImage.Format.Format_RGB32)
    wide.fill(QColor(200, 60, 60))
    wide.setColorSpace(QColorSpace(QColorSpace.NamedColorSpace.DisplayP3))
    picture = QImage.fromData(image_of(written(wide, "PNG")).data)
    assert picture.pixelColor(9, 9).red() > 210
    assert b"iCCP" not in image_of(written(wide, "PNG")).data


def test_a_photograph_is_turned_upright() -> None:
    image = image_of(jpeg(6))  # its left side is the top
    assert (image.width, image.height) == (20, 40)
    picture = QImage.fromData(image.data)
    assert _is(picture.pixelColor(10, 5), "red")
    assert _is(picture.pixelColor(10, 35), "blue")


@pytest.mark.parametrize("side", [10, 64, 300])
def test_a_large_picture_is_scaled_in_its_shape(side: int) -> None:
    image = image_of(written(halves().scaled(1600, 800), "JPEG"), side=side)
    assert (image.width, image.height) == (side, side // 2)
    assert QImage.fromData(image.data).size().toTuple() == (side, side // 2)


def test_a_small_one_is_not_blown_up() -> None:
    assert image_of(png(), side=2048).width == 40


def test_what_is_transparent_stays_so_or_becomes_white() -> None:
    clear = QImage(300, 300, QImage.Format.Format_ARGB32)
    for x in range(300):
        for y in range(300):
            clear.setPixel(x, y, (x * 7919 + y * 104729) * 2654435761 & 0x00FFFFFF)
    whole = encoded(clear)
    assert whole.media_type == "image/png"
    assert QImage.fromData(whole.data).pixelColor(9, 9).alpha() == 0
    less = encoded(clear, most_bytes=len(whole.data) - 1)
    assert less.media_type == "image/jpeg"
    assert _is(QImage.fromData(less.data).pixelColor(9, 9), "white")


def test_a_picture_of_noise_is_written_until_it_fits() -> None:
    noise = QImage(400, 400, QImage.Format.Format_RGB32)
    for x in range(400):
        for y in range(400):
            noise.setPixel(x, y, (x * 7919 + y * 104729) * 2654435761 & 0xFFFFFF)
    whole = encoded(noise)
    less = encoded(noise, most_bytes=len(whole.data) - 1)
    assert len(less.data) < len(whole.data)
    with pytest.raises(BadImage, match="too large"):
        encoded(noise, most_bytes=100)


@pytest.mark.parametrize("side", [12_000, 65_000])
def test_f31_a_bomb_is_not_unpacked(side: int) -> None:
    with pytest.raises(BadImage):
        image_of(huge_png(side))


@pytest.mark.parametrize("content", [b"", b"no picture", png()[:120]])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(BadImage):
        image_of(content)


def test_s36_a_drawing_is_refused_as_it_can_name_other_files() -> None:
    drawing = (
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="/etc/passwd"/></svg>'
    )
    with pytest.raises(BadImage, match="no picture that Inshore can read"):
        image_of(drawing)


def test_what_qt_would_not_unpack_is_called_too_large_not_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QImageReader, "allocationLimit", lambda: 1)
    with pytest.raises(BadImage, match="700 × 700"):
        image_of(written(halves().scaled(700, 700), "PNG"))
    assert image_of(written(halves().scaled(700, 700), "JPEG")).width == 700


def test_a_preview_is_small_in_the_shape_of_its_picture() -> None:
    image = image_of(written(halves().scaled(400, 100), "JPEG"))
    assert preview(image, 40).size().toTuple() == (40, 10)
    assert preview(image, 4000).size().toTuple() == (400, 100)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadImage, match="can’t be read"):
        read_image(tmp_path / "none.png")


def _is(colour: QColor, name: str) -> bool:
    wanted = QColor(name)
    parts = zip(colour.getRgb()[:3], wanted.getRgb()[:3], strict=True)  # type: ignore[index]
    return all(abs(one - other) < 40 for one, other in parts)
