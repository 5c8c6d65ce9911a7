"""The pictures of a message in the transcript. Their places are known before the pictures are."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QImage, QShowEvent
from PySide6.QtWidgets import QWidget

from desktop.storage.values import StoredImage
from desktop.ui.chat.thumbnail import Thumbnail, size_words
from desktop.ui.theme import Appearance

ONE_HEIGHT = 200
_ONE_WIDTH, _SMALLEST = 320, 56
_ROW_HEIGHT, _NARROWEST, _WIDEST, _GAP = 120, 80, 200, 8


class MessagePictures(QWidget):
    """`wanted(StoredImage)` when one comes into sight that isn't there yet, `opened(index)` on a click."""

    wanted = Signal(object)
    opened = Signal(int)

    def __init__(self, images: Sequence[StoredImage], look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._images = images
        self._thumbnails = [self._thumbnail(index, look) for index in range(len(images))]
        self.setVisible(bool(images))

    def arrange(self, width: int, most: int) -> int:
        """Place them at the right, in rows of at most `most` pixels; the height of all."""
        if not self._images:
            return 0
        rows = _rows([_size(image, len(self._images), most) for image in self._images], most)
        left, top, index = 0, 0, 0
        for row in rows:
            left = width - sum(size.width() for size in row) - _GAP * (len(row) - 1)
            for size in row:
                self._thumbnails[index].setGeometry(left, top, size.width(), size.height())
                left, index = left + size.width() + _GAP, index + 1
            top += max(size.height() for size in row) + _GAP
        self.setGeometry(0, 0, width, top - _GAP)
        return top - _GAP

    def show_picture(self, image_id: int, drawn: QImage) -> None:
        """What one of them looks like; another's is none of ours."""
        for image, thumbnail in zip(self._images, self._thumbnails, strict=True):
            if image.id == image_id:
                thumbnail.show_picture(drawn)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        for image, thumbnail in zip(self._images, self._thumbnails, strict=True):
            if not thumbnail.drawn:
                self.wanted.emit(image)

    def _thumbnail(self, index: int, look: Appearance) -> Thumbnail:
        image = self._images[index]
        words = f"{_which(index, len(self._images))}, {size_words(image.width, image.height)}"
        thumbnail = Thumbnail(look, words, self)
        thumbnail.clicked.connect(lambda: self.opened.emit(index))
        return thumbnail


def _which(index: int, count: int) -> str:
    return "Picture" if count == 1 else f"Picture {index + 1} of {count}"


def _size(image: StoredImage, count: int, most: int) -> QSize:
    """One alone is shown whole, as large as there is room; several have one height and lie in rows."""
    if count > 1:
        width = image.width * _ROW_HEIGHT // image.height
        return QSize(min(max(width, _NARROWEST), _WIDEST, most), _ROW_HEIGHT)
    scale = min(min(_ONE_WIDTH, most) / image.width, ONE_HEIGHT / image.height, 1.0)
    return QSize(max(round(image.width * scale), _SMALLEST), max(round(image.height * scale), _SMALLEST))


def _rows(sizes: Sequence[QSize], most: int) -> list[list[QSize]]:
    rows: list[list[QSize]] = [[]]
    used = 0
    for size in sizes:
        if rows[-1] and used + _GAP + size.width() > most:
            rows.append([])
            used = 0
        used += size.width() + (_GAP if rows[-1] else 0)
        rows[-1].append(size)
    return rows
