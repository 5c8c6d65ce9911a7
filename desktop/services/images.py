"""Pictures made ready for a model that sees: read with limits, turned upright, scaled, and encoded anew.

What is encoded anew has no metadata: no place, no time, no camera, no preview of what was cut away.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QColorSpace, QImage, QImageReader, QImageWriter

from models.chat import Image
from models.errors import BadImage

SIDE, MOST_BYTES, LARGEST_FILE = 2048, 5 << 20, 64 << 20
"""The longest side in pixels where a model's limit isn't known; the bytes of a picture that is sent, and of a
file that is opened."""

_MOST_PIXELS = 120_000_000
"""A picture that would be larger when unpacked is not unpacked; the largest cameras have fewer."""
_KINDS = (b"png", b"jpeg", b"webp", b"gif", b"bmp")
"""Others can name further files or are programs, such as SVG, or can't be read on every system."""
_QUALITIES = (90, 80, 65, 50)


def read_image(path: Path, *, side: int = SIDE, most_bytes: int = MOST_BYTES) -> Image:
    """The picture in a file, as it is to be sent. May take a second; any thread. Raises BadImage."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise BadImage(f"The file can’t be read: {error.strerror}.", "Choose another one.") from error
    return image_of(content, side=side, most_bytes=most_bytes)


def image_of(content: bytes, *, side: int = SIDE, most_bytes: int = MOST_BYTES) -> Image:
    """As `read_image`, from a file's content, such as one that was pasted."""
    if len(content) > LARGEST_FILE:
        raise BadImage(f"The file is larger than {LARGEST_FILE >> 20} MiB.", "Choose a smaller one.")
    return encoded(_decoded(content, side), side=side, most_bytes=most_bytes)


def encoded(picture: QImage, *, side: int = SIDE, most_bytes: int = MOST_BYTES) -> Image:
    """A picture that Qt has already, such as one from the clipboard. Any thread. Raises BadImage.

    One with transparency, or of few colours, stays a PNG where that is small enough.
    """
    if picture.isNull():
        raise BadImage("There is no picture in it.", "Choose another one.")
    picture = _plain(picture)
    if max(picture.width(), picture.height()) > side:
        picture = picture.scaled(
            QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
    if picture.hasAlphaChannel() or picture.colorCount():
        data = _written(picture, b"png", -1)
        if len(data) <= most_bytes:
            return Image("image/png", data, picture.width(), picture.height())
    for quality in _QUALITIES:
        data = _written(_opaque(picture), b"jpeg", quality)
        if len(data) <= most_bytes:
            return Image("image/jpeg", data, picture.width(), picture.height())
    raise BadImage("It stays too large, however it is written.", "Choose a smaller one.")


def preview(image: Image, side: int) -> QImage:
    """A picture small enough to be shown, in pixels at most `side` on its longest side. Any thread.

    Raises BadImage.
    """
    picture = _decoded(image.data, side)
    if max(picture.width(), picture.height()) <= side:
        return picture
    return picture.scaled(
        QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )


def _decoded(content: bytes, side: int) -> QImage:
    buffer = QBuffer()
    buffer.setData(QByteArray(content))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setAutoTransform(True)
    if not reader.canRead() or bytes(reader.format().data()) not in _KINDS:  # before anything of it is read
        raise BadImage("It is no picture that Inshore can read.", "Use a PNG or JPEG file.")
    size = reader.size()
    if not size.isValid():
        raise BadImage("The file is damaged, or not complete.", "Choose another one.")
    if size.width() * size.height() > _MOST_PIXELS or not _can_be_unpacked(reader):
        raise BadImage(f"It has {size.width():,} × {size.height():,} pixels.", "Make it smaller first.")
    if max(size.width(), size.height()) > 2 * side:  # a JPEG is then unpacked at a fraction of its size
        reader.setScaledSize(size.scaled(2 * side, 2 * side, Qt.AspectRatioMode.KeepAspectRatio))
    picture = reader.read()
    if picture.isNull():
        raise BadImage("The file is damaged, or not complete.", "Choose another one.")
    return picture


def _can_be_unpacked(reader: QImageReader) -> bool:
    """Qt refuses what takes more memory than its limit, and does not say why. A JPEG is scaled on the way."""
    if bytes(reader.format().data()) == b"jpeg":
        return True
    pixel = QImage.toPixelFormat(reader.imageFormat()).bitsPerPixel() or 32
    size = reader.size()
    return size.width() * size.height() * pixel // 8 <= QImageReader.allocationLimit() << 20


def _plain(picture: QImage) -> QImage:
    """Its pixels alone: no texts, and in the colours that everybody assumes."""
    picture = QImage(picture)
    if picture.colorSpace().isValid():
        picture.convertToColorSpace(QColorSpace(QColorSpace.NamedColorSpace.SRgb))
        picture.setColorSpace(QColorSpace())
    for key in picture.textKeys():
        picture.setText(key, "")
    return picture


def _opaque(picture: QImage) -> QImage:
    """On white, as a JPEG has no transparency and would show black."""
    if not picture.hasAlphaChannel():
        return picture.convertToFormat(QImage.Format.Format_RGB32)
    from PySide6.QtGui import QPainter

    white = QImage(picture.size(), QImage.Format.Format_RGB32)
    white.fill(Qt.GlobalColor.white)
    painter = QPainter(white)
    painter.drawImage(0, 0, picture)
    painter.end()
    return white


def _written(picture: QImage, kind: bytes, quality: int) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(kind))
    writer.setQuality(quality)
    if not writer.write(picture):
        raise BadImage("It can’t be written anew.", "Choose another one.")
    return bytes(buffer.data().data())
