"""Text that can be selected but loads nothing: the body of every message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QMimeData, QPointF, QRectF, QSize, Qt, QUrl, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetricsF,
    QGuiApplication,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QTextBlock,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextBrowser, QToolButton, QWidget

from desktop.ui.chat.document import (
    BREAK,
    CODE_HEADER,
    CODE_PADDING,
    LINE_ENDS,
    QUOTE_INDENT,
    BlockWriter,
)
from desktop.ui.chat.markdown import Block, Kind, Span
from desktop.ui.theme import META, Appearance, Theme, code_font

TABBED = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
_SCROLL_KEYS = {
    Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
}


class MessageText(QTextBrowser):
    """Shows blocks at its full height; scrolling is left to whoever holds it.

    Nothing is ever loaded: neither images nor links. A click on a link only emits `link_activated`.
    `reached(True)` when Tab has led here, `reached(False)` when the keyboard’s focus leaves.
    """

    link_activated = Signal(str)
    reached = Signal(bool)

    def __init__(self, look: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._writer = BlockWriter(self.document(), look.theme)
        self._copy_buttons: list[QToolButton] = []
        self._code: list[tuple[Block, QRectF]] = []
        self._quotes: list[QRectF] = []
        self._rules: list[QRectF] = []
        self.setLineWrapMode(QTextBrowser.LineWrapMode.FixedPixelWidth)
        self.setOpenLinks(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.viewport().setAutoFillBackground(False)
        self.setTabStopDistance(4 * QFontMetricsF(code_font(look.theme)).horizontalAdvance(" "))
        self.anchorClicked.connect(lambda url: self.link_activated.emit(url.toString()))
        look.changed.connect(self._set_theme)

    # -- what it shows

    def show_blocks(self, blocks: Sequence[Block]) -> None:
        """Show these; only what differs from before is laid out again."""
        self._writer.write(blocks)

    def show_plain(self, text: str) -> None:
        """Show a text as it was typed."""
        self._writer.write([Block(Kind.PARAGRAPH, (Span(text),))] if text else [])

    def height_for(self, width: int) -> int:
        """The height in pixels that the text takes at this width; lays it out."""
        # A fixed width: by its own one, which counts only once it is shown, the browser lays out anew.
        if width != self.lineWrapColumnOrWidth():
            self.setLineWrapColumnOrWidth(width)
        document = self.document()
        document.setTextWidth(width)
        self._measure()
        blocks = self._writer.blocks
        below = CODE_PADDING if blocks and blocks[-1].kind is Kind.CODE else 0
        return round(document.size().height() + 0.5) + below

    # -- Qt

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        return None

    def sizeHint(self) -> QSize:
        return QSize(0, 0)

    def createMimeDataFromSelection(self) -> QMimeData:
        data = QMimeData()
        text = self.textCursor().selection().toRawText().translate(LINE_ENDS)
        data.setText(text.replace(BREAK, "") if self._writer.broke else text)
        return data

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in TABBED:
            self.reached.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.reached.emit(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        selecting = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if event.key() in _SCROLL_KEYS and not selecting:
            event.ignore()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._paint_beneath(event)
        super().paintEvent(event)

    # -- inside

    def _set_theme(self, theme: Theme) -> None:
        self._writer.set_theme(theme)
        self.height_for(self.lineWrapColumnOrWidth())

    def _measure(self) -> None:
        """Where code, quotations and rules are; the layout has to be done."""
        code: list[tuple[Block, QRectF]] = []
        self._quotes, self._rules = [], []
        for block, first, last in self._writer.placed():
            if block.kind is Kind.CODE:
                code.append((block, self._code_rect(first, last)))
            elif block.kind is Kind.RULE:
                self._rules.append(self._span_rect(first, last))
            if block.quote:
                self._quotes.append(self._span_rect(first, last))
        self._code = code
        self._place_buttons()

    def _span_rect(self, first: QTextBlock, last: QTextBlock) -> QRectF:
        layout = self.document().documentLayout()
        top, bottom = layout.blockBoundingRect(first).top(), layout.blockBoundingRect(last).bottom()
        left = first.blockFormat().leftMargin()
        return QRectF(left, top, self.document().textWidth() - left, bottom - top)

    def _code_rect(self, first: QTextBlock, last: QTextBlock) -> QRectF:
        return self._span_rect(first, last).adjusted(-CODE_PADDING, -CODE_HEADER, 0, CODE_PADDING)

    def _place_buttons(self) -> None:
        while len(self._copy_buttons) < len(self._code):
            self._copy_buttons.append(self._copy_button(len(self._copy_buttons)))
        for index, button in enumerate(self._copy_buttons):
            button.setVisible(index < len(self._code))
            if index < len(self._code):
                rect = self._code[index][1]
                button.move(int(rect.right()) - button.width() - 4, int(rect.top()) + 3)

    def _copy_button(self, index: int) -> QToolButton:
        button = QToolButton(self.viewport())
        button.setObjectName("copy-code")
        button.setIcon(self._look.icon("copy"))
        button.setToolTip("Copy the code")
        button.setAccessibleName("Copy the code")
        button.setCursor(Qt.CursorShape.ArrowCursor)
        button.setFixedSize(28, 28)
        button.clicked.connect(lambda: self._copy_code(index))
        return button

    def _copy_code(self, index: int) -> None:
        QGuiApplication.clipboard().setText(self._code[index][0].text)
        button = self._copy_buttons[index]
        button.setIcon(self._look.icon("check", "ok"))
        button.setToolTip("Copied")

    def _paint_beneath(self, event: QPaintEvent) -> None:
        if not (self._code or self._quotes or self._rules):
            return
        theme = self._look.theme
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for block, rect in self._code:
            if rect.intersects(QRectF(event.rect())):
                self._paint_code(painter, theme, block, rect)
        painter.setPen(QPen(theme.colour("hairline"), 1))
        for rect in self._rules:
            middle = rect.center().y()
            painter.drawLine(QPointF(rect.left(), middle), QPointF(rect.right(), middle))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("outline"))
        for rect in self._quotes:
            painter.drawRect(QRectF(rect.left() - QUOTE_INDENT + 2, rect.top(), 2, rect.height()))
        painter.end()

    def _paint_code(self, painter: QPainter, theme: Theme, block: Block, rect: QRectF) -> None:
        painter.setPen(QPen(theme.colour("hairline"), 1))
        painter.setBrush(theme.colour("sunken"))
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 10, 10)
        font = self.font()
        font.setPixelSize(theme.px(META))
        painter.setFont(font)
        painter.setPen(theme.colour("muted"))
        label = QRectF(rect.left() + CODE_PADDING, rect.top(), rect.width() - 60, CODE_HEADER)
        painter.drawText(label, Qt.AlignmentFlag.AlignVCenter, block.language or "text")
