"""The window: conversations at the left, one page at the right."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.chat.page import ChatPage
from desktop.ui.labels import plain_label
from desktop.ui.notice import Notice
from desktop.ui.sidebar import Sidebar
from desktop.ui.theme import Appearance

_NARROW = 720


class Window(QWidget):
    """Holds the sidebar and the pages; knows no service. `closed` once, when the user closes it.

    Below 720 pixels the sidebar lies over the page and is hidden until it is asked for.
    """

    closed = Signal()

    def __init__(self, sidebar: Sidebar, chat: ChatPage, look: Appearance) -> None:
        super().__init__()
        self.setObjectName("window")
        self.setWindowTitle("Inshore")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumSize(400, 400)
        self.resize(1180, 780)
        self.sidebar, self.chat = sidebar, chat
        self.pages = QStackedWidget(self)
        self.pages.addWidget(chat)
        self.toggle = self._make_toggle(look)
        self.banner = self._make_banner()
        self._wanted = True
        self._narrow = False
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self._row.addWidget(sidebar)
        self._right = QVBoxLayout()
        self._right.setSpacing(0)
        self._right.addWidget(self.banner)
        self._right.addWidget(self.pages, 1)
        self._row.addLayout(self._right, 1)
        self.notice = Notice(self.pages)
        self._seat_notice()
        self.pages.currentChanged.connect(self._seat_notice)
        self.pages.installEventFilter(self)
        self._shortcuts()

    def show_page(self, page: QWidget) -> None:
        """Show one of the pages."""
        if self.pages.indexOf(page) < 0:
            self.pages.addWidget(page)
        self.pages.setCurrentWidget(page)
        self.toggle.raise_()
        if self._narrow:
            self.sidebar.hide()

    def warn(self, words: str) -> None:
        """A line above everything that stays until it is closed."""
        self._banner_words.setText(words)
        self.banner.show()

    def toggle_sidebar(self) -> None:
        """Show or hide the conversations."""
        shown = self.sidebar.isHidden()
        if not self._narrow:
            self._wanted = shown
        self.sidebar.setVisible(shown)
        self._lay_over()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        if narrow != self._narrow:
            self._narrow = narrow
            if narrow:
                self._row.removeWidget(self.sidebar)
            else:
                self._row.insertWidget(0, self.sidebar)
            self.sidebar.setVisible(self._wanted and not narrow)
            self._seat_notice()
        self._lay_over()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize:
            self._lay_over()
        return False

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.closed.emit()

    def destroy_now(self) -> None:
        """Take the window and all in it apart while Qt still lives; nothing of it may be used afterwards.

        Left to the interpreter's end, widgets and the application go in any order, which can crash.
        """
        shiboken6.delete(self)

    def place(self) -> tuple[int, int, int, int]:
        """Left, top, width and height when not maximised, in pixels."""
        rect = self.normalGeometry() if self.isMaximized() else self.geometry()
        return rect.x(), rect.y(), rect.width(), rect.height()

    def restore(self, place: tuple[int, int, int, int]) -> None:
        """Take size and place of the last time, moved into a screen that exists now."""
        rect = QRect(*place)
        screen = QGuiApplication.screenAt(rect.center()) or QGuiApplication.primaryScreen()
        room = screen.availableGeometry()
        rect.setSize(rect.size().boundedTo(room.size()))
        rect.moveLeft(min(max(rect.left(), room.left()), room.right() - rect.width() + 1))
        rect.moveTop(min(max(rect.top(), room.top()), room.bottom() - rect.height() + 1))
        self.setGeometry(rect)

    def _go_to_search(self) -> None:
        if self.sidebar.isHidden():
            self.toggle_sidebar()
        self.sidebar.search.setFocus()

    def _go_to_composer(self) -> None:
        self.show_page(self.chat)
        self.sidebar.show_page("")
        self.chat.composer.edit.setFocus()

    def _lay_over(self) -> None:
        if self._narrow and not self.sidebar.isHidden():
            top = self.toggle.mapTo(self, self.toggle.rect().bottomLeft()).y() + 8
            bottom = self.pages.mapTo(self, self.pages.rect().bottomLeft()).y() + 1
            self.sidebar.setGeometry(0, top, self.sidebar.width(), bottom - top)
            self.sidebar.raise_()

    def _seat_notice(self) -> None:
        """Above the composer, which then stays where it is; below other pages, and below a narrow window's
        sidebar."""
        in_chat = self.pages.currentWidget() is self.chat and not self._narrow
        (self.chat.notice_seat if in_chat else self._right).addWidget(self.notice)

    def _make_toggle(self, look: Appearance) -> QToolButton:
        button = QToolButton(self.pages)
        button.setObjectName("toggle-sidebar")
        button.setIcon(look.icon("list"))
        button.setToolTip("Show or hide the conversations (Ctrl+B)")
        button.setAccessibleName("Show or hide the conversations")
        button.setFixedSize(32, 32)
        button.move(12, 12)
        button.clicked.connect(self.toggle_sidebar)
        button.raise_()
        return button

    def _make_banner(self) -> QFrame:
        banner = QFrame(self)
        banner.setObjectName("banner")
        self._banner_words = plain_label(banner)
        close = QPushButton("Close", banner)
        close.setObjectName("close-banner")
        close.setProperty("link", True)
        close.clicked.connect(banner.hide)
        row = QHBoxLayout(banner)
        row.setContentsMargins(16, 8, 12, 8)
        row.addWidget(self._banner_words, 1)
        row.addWidget(close)
        banner.hide()
        return banner

    def _shortcuts(self) -> None:
        keys = (
            (QKeySequence.StandardKey.New, self.sidebar.new_chat_requested.emit),
            (QKeySequence.StandardKey.Find, self._go_to_search),
            (QKeySequence("Ctrl+B"), self.toggle_sidebar),
            (QKeySequence("Ctrl+L"), self._go_to_composer),
            (QKeySequence.StandardKey.Quit, self.close),
        )
        for key, action in keys:
            QShortcut(QKeySequence(key), self, action)
