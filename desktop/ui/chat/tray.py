"""The pictures that will be sent with what is being written, and what is to be said of them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QWidget

from desktop.storage.values import DraftPicture
from desktop.ui.chat.thumbnail import Thumbnail, size_words
from desktop.ui.labels import plain_label
from desktop.ui.theme import Appearance

_SIDE, _CORNER, _GAP = 64, 20, 12
_OVER = _CORNER // 3  # how far the remove button stands out of its picture's corner


class TrayItem(QWidget):
    """One picture with the button that takes it away; Delete and Backspace on it do, too."""

    removed = Signal()
    opened = Signal()

    def __init__(self, look: Appearance, picture: DraftPicture, parent: QWidget) -> None:
        super().__init__(parent)
        self.picture = picture
        image = picture.image
        words = f"{picture.name}, {size_words(image.width, image.height)}"
        self.setFixedSize(_SIDE + _OVER, _SIDE + _OVER)
        self.thumbnail = Thumbnail(look, words, self)
        self.thumbnail.setGeometry(0, _OVER, _SIDE, _SIDE)
        self.thumbnail.clicked.connect(self.opened)
        self.thumbnail.installEventFilter(self)
        self.remove = QToolButton(self)
        self.remove.setObjectName("remove-picture")
        self.remove.setAccessibleName(f"Remove {picture.name}")
        self.remove.setToolTip("Remove the picture")
        self.remove.setIcon(look.icon("x", "text"))
        self.remove.setIconSize(QSize(12, 12))
        self.remove.setGeometry(_SIDE + _OVER - _CORNER, 0, _CORNER, _CORNER)
        self.remove.clicked.connect(self.removed)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        keys = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() in keys:
            self.removed.emit()
            return True
        return False


class Tray(QWidget):
    """`removed(picture)` and `opened(picture)` carry a DraftPicture. Hidden while it is empty.

    The keyboard comes to it from the widget `before` it.
    """

    removed = Signal(object)
    opened = Signal(object)

    def __init__(self, look: Appearance, before: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self._look, self._before = look, before
        self._items: list[TrayItem] = []
        self.setObjectName("pictures")
        self.setAccessibleName("Pictures of this message")
        self.hide()

    def pictures(self) -> list[DraftPicture]:
        """What is in it, in order."""
        return [item.picture for item in self._items]

    def items(self) -> list[TrayItem]:
        """Their widgets."""
        return list(self._items)

    def add(self, picture: DraftPicture) -> TrayItem:
        """A picture at the end."""
        item = TrayItem(self._look, picture, self)
        item.removed.connect(lambda: self._remove(item))
        item.opened.connect(lambda: self.opened.emit(picture))
        QWidget.setTabOrder(self._items[-1].remove if self._items else self._before, item.thumbnail)
        QWidget.setTabOrder(item.thumbnail, item.remove)
        self._items.append(item)
        item.show()
        self._arrange()
        return item

    def clear(self) -> None:
        """Empty it, without a word."""
        while self._items:
            self._drop(self._items[0])
        self._arrange()

    def show_picture(self, item: TrayItem, drawn: QImage) -> None:
        """What one of them looks like."""
        if item in self._items:
            item.thumbnail.show_picture(drawn)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _remove(self, item: TrayItem) -> None:
        index = self._items.index(item)
        self._drop(item)
        self._arrange()
        if self._items:
            self._items[min(index, len(self._items) - 1)].thumbnail.setFocus()
        self.removed.emit(item.picture)

    def _drop(self, item: TrayItem) -> None:
        self._items.remove(item)
        item.hide()
        item.deleteLater()

    def _arrange(self) -> None:
        """In rows, from the left; the height follows."""
        step = _SIDE + _GAP
        columns = max((self.width() + _GAP) // step, 1)
        for index, item in enumerate(self._items):
            item.move(index % columns * step, index // columns * step)
        rows = -(-len(self._items) // columns)
        self.setFixedHeight(max(rows * step - _GAP + _OVER, 0))
        self.setVisible(bool(self._items))


class PictureLine(QWidget):
    """One plain line beside the composer, with a way on where there is one; `followed` when it was taken."""

    followed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("picture-line")
        self._words = plain_label(self, "meta")
        self._way = QPushButton("Choose a model", self)
        self._way.setObjectName("choose-seeing-model")
        self._way.setProperty("link", True)
        self._way.clicked.connect(self.followed)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._words, 1)
        row.addWidget(self._way)
        self.hide()

    @property
    def words(self) -> str:
        """What is said; "" while nothing is."""
        return self._words.text()

    def say(self, words: str, *, wrong: bool = True, way: bool = False) -> None:
        """Say something, or nothing; what is `wrong` stands out."""
        self._words.setText(words)
        self._words.setProperty("role", "problem" if wrong else "meta")
        self._words.style().unpolish(self._words)
        self._words.style().polish(self._words)
        self._way.setVisible(way)
        self.setVisible(bool(words))
