"""Takes files that are dropped anywhere on the window, and shows that it would while they hover."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, QRectF, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.ui.labels import Picture, plain_label
from desktop.ui.theme import Appearance

PICTURES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".jfif",
    ".webp",
    ".gif",
    ".bmp",
    ".heic",
    ".heif",
    ".avif",
    ".tif",
    ".tiff",
)
"""What files of pictures end in, also of those that can't be read here: they are refused with the reason."""
_DENSE = 246  # of 255: what lies below shows through a little
_MARGIN, _RADIUS = 16, 14


class DropTarget(QWidget):
    """Lies over the window while files are dragged over it. `dropped(paths)`, `pictures_dropped(paths)`.

    Files are only named to others, and the sender is told of a copy: one that was offered to be moved stays.
    `own` is a widget that takes drops itself: it keeps files that can be neither models nor pictures.
    """

    dropped = Signal(list)
    pictures_dropped = Signal(list)

    def __init__(self, window: QWidget, look: Appearance, own: QWidget) -> None:
        super().__init__(window)
        self._window, self._look, self._own = window, look, own
        self.setObjectName("drop-target")
        self.setAcceptDrops(True)
        window.setAcceptDrops(True)
        window.installEventFilter(self)
        own.installEventFilter(self)
        self._build()
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind is QEvent.Type.Resize and watched is self._window:
            self.setGeometry(self._window.rect())
        elif isinstance(event, QDragEnterEvent) and self._wants(event.mimeData(), watched):
            self._welcome(event)
            return True
        elif watched is self._window and kind is QEvent.Type.DragLeave:
            self.hide()
        elif watched is self._window and isinstance(event, QDropEvent) and kind is QEvent.Type.Drop:
            self._take(event)
            return True
        return False

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _paths(event.mimeData()):
            self._welcome(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        _accept(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.hide()
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self._take(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._look.theme
        ground = theme.colour("bg")
        ground.setAlpha(_DENSE)
        painter = QPainter(self)
        painter.fillRect(self.rect(), ground)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour("shore"), 2, Qt.PenStyle.DashLine))
        frame = QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        painter.drawRoundedRect(frame, _RADIUS, _RADIUS)
        painter.end()

    def _wants(self, data: QMimeData, entered: QObject) -> bool:
        paths = _paths(data)
        return bool(paths) and (entered is not self._own or any(map(_is_known, paths)))

    def _welcome(self, event: QDragEnterEvent) -> None:
        _accept(event)
        pictures = bool(pictures_among(event.mimeData()))
        self._words.setText("Drop to add to your message" if pictures else "Drop to add a model")
        self._hint.setText("Pictures" if pictures else "GGUF files, or a folder that holds some")
        self.setGeometry(self._window.rect())
        self.show()
        self.raise_()

    def _take(self, event: QDropEvent) -> None:
        self.hide()
        if pictures := pictures_among(event.mimeData()):
            _accept(event)
            self.pictures_dropped.emit(pictures)
        elif paths := _paths(event.mimeData()):
            _accept(event)
            self.dropped.emit(paths)

    def _build(self) -> None:
        self._words = plain_label(self, "subtitle")
        self._hint = plain_label(self, "muted")
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addStretch(1)
        column.addWidget(Picture(self._look, "download-simple", 48, self), 0, Qt.AlignmentFlag.AlignHCenter)
        for label in (self._words, self._hint):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(label)
        column.addStretch(1)


def _accept(event: QDropEvent) -> None:
    """As a copy: whoever offers to move a file would delete it."""
    event.setDropAction(Qt.DropAction.CopyAction)
    event.accept()


def _paths(data: QMimeData) -> list[Path]:
    """The files on this machine; nothing of what only has an address."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile() and url.toLocalFile()]


def pictures_among(data: QMimeData) -> list[Path]:
    """The files on this machine, if there is a picture and no model among them."""
    paths = _paths(data)
    if any(map(_may_be_model, paths)) or not any(map(_may_be_picture, paths)):
        return []
    return paths


def _may_be_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURES


def _is_known(path: Path) -> bool:
    return _may_be_model(path) or _may_be_picture(path)


def _may_be_model(path: Path) -> bool:
    return path.suffix.lower() == ".gguf" or path.is_dir()
