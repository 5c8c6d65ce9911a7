"""A picture over the whole window; Esc or a click beside it leads back, the arrows to the others."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QRect, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QToolButton, QWidget

from desktop.services.pictures import PictureService
from desktop.storage.values import StoredImage
from desktop.ui.chat.thumbnail import size_words
from desktop.ui.theme import Appearance
from models.chat import Image

_MARGIN = 24
_LARGE = 2048


class PictureViewer(QDialog):
    """`wanted(index)` asks for what one of the pictures looks like."""

    wanted = Signal(int)

    def __init__(
        self, sizes: Sequence[tuple[int, int]], index: int, look: Appearance, parent: QWidget
    ) -> None:
        super().__init__(parent, Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self._sizes, self._look = sizes, look
        self._index = index
        self._picture = QImage()
        self.setObjectName("picture-viewer")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.close_button = self._button("close-picture", "x", "Close (Esc)")
        self.close_button.clicked.connect(self.reject)
        self.back = self._button("picture-before", "caret-left", "The picture before")
        self.back.clicked.connect(lambda: self.go(-1))
        self.forward = self._button("picture-after", "caret-right", "The next picture")
        self.forward.clicked.connect(lambda: self.go(1))
        window = parent.window()
        self.setGeometry(QRect(window.mapToGlobal(window.rect().topLeft()), window.size()))
        self._place()

    @property
    def index(self) -> int:
        """Which one is shown."""
        return self._index

    def go(self, step: int) -> None:
        """To another one; not beyond the first and the last."""
        index = min(max(self._index + step, 0), len(self._sizes) - 1)
        if index != self._index:
            self._index, self._picture = index, QImage()
            self._place()
            self.update()
            self.wanted.emit(index)

    def show_picture(self, index: int, picture: QImage) -> None:
        """What was wanted; what was wanted before that comes too late."""
        if index == self._index:
            self._picture = picture
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if step:
            self.go(step)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._frame().contains(event.position().toPoint()):
            self.reject()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._look.theme.colour("bg"))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._picture.isNull():
            painter.fillRect(self._frame(), self._look.theme.colour("sunken"))
        else:
            painter.drawImage(self._frame(), self._picture)
        painter.end()

    def _frame(self) -> QRect:
        """Where the picture lies: never larger than it is."""
        room = self.rect().adjusted(_MARGIN + 40, _MARGIN + 24, -_MARGIN - 40, -_MARGIN)
        size = QSize(*self._sizes[self._index])
        if size.width() > room.width() or size.height() > room.height():
            size.scale(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
        frame = QRect(0, 0, size.width(), size.height())
        frame.moveCenter(room.center())
        return frame

    def _place(self) -> None:
        count = len(self._sizes)
        which = f"Picture {self._index + 1} of {count}" if count > 1 else "Picture"
        words = f"{which}, {size_words(*self._sizes[self._index])}"
        self.setWindowTitle(words)
        self.setAccessibleName(words)
        middle = self.height() // 2 - 18
        self.close_button.move(self.width() - 36 - 12, 12)
        self.back.move(12, middle)
        self.forward.move(self.width() - 36 - 12, middle)
        self.back.setVisible(self._index > 0)
        self.forward.setVisible(self._index + 1 < count)

    def _button(self, name: str, icon: str, words: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setIcon(self._look.icon(icon, "text"))
        button.setIconSize(QSize(18, 18))
        button.setFixedSize(36, 36)
        button.setAccessibleName(words)
        button.setToolTip(words)
        return button


class Viewing(QObject):
    """Opens pictures large, and copies one."""

    def __init__(self, pictures: PictureService, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self._pictures, self._look, self._widget = pictures, look, parent
        self._viewer: PictureViewer | None = None
        self._opened = 0
        self._images: Sequence[Image | StoredImage] = ()
        pictures.drawn.connect(self._on_drawn)

    def open(self, images: Sequence[Image | StoredImage], index: int = 0) -> None:
        """Show one of them, from where the others can be reached."""
        sizes = [(image.width, image.height) for image in images]
        self._images = images
        self._opened += 1
        self._viewer = viewer = PictureViewer(sizes, index, self._look, self._widget)
        viewer.wanted.connect(self._want)
        viewer.finished.connect(self._forget)
        viewer.open()
        self._want(index)

    def copy(self, image: StoredImage) -> None:
        """Put it into the clipboard."""
        self._pictures.draw(("copy", 0), image, _LARGE)

    def _want(self, index: int) -> None:
        self._pictures.draw(("view", self._opened, index), self._images[index], _LARGE)

    def _forget(self) -> None:
        self._viewer = None

    def _on_drawn(self, key: object, drawn: QImage) -> None:
        match key:
            case ("copy", _):
                QGuiApplication.clipboard().setImage(drawn)
            case ("view", self._opened, int(index)) if self._viewer is not None:
                self._viewer.show_picture(index, drawn)
