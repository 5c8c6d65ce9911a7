"""The conversation as a long list of which only the part near the window exists as widgets."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QImage, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolButton, QWidget

from desktop.services.history import Memory
from desktop.storage.conversations import StoredMessage
from desktop.ui.chat.answer import AnswerView
from desktop.ui.chat.memory_line import MEMORY_LINE_HEIGHT, MemoryLine
from desktop.ui.chat.message import ACTION_HEIGHT, MessageView, QuestionView
from desktop.ui.chat.pictures import ONE_HEIGHT
from desktop.ui.chat.ring import Ring
from desktop.ui.chat.text import TABBED, MessageText
from desktop.ui.theme import MEASURE, Appearance
from models.chat import Progress, Role

_MARGIN = 24
_SPACING = 10
_FRAME_MS = 16
_REST = 3  # after a repaint that took long, leave this many times as long for everything else


@dataclass(slots=True)
class _Item:
    """A message with its height in pixels: measured at `width` once it had a view, guessed before.

    `width` 0 means that the view has to be laid out again. `lead` pixels above it are for a line.
    """

    message: StoredMessage
    height: int
    view: MessageView | None = None
    width: int = 0
    lead: int = 0


Latest = Callable[[StoredMessage], tuple[StoredMessage, Progress | None]]


class Transcript(QAbstractScrollArea):
    """Shows messages; only those near the viewport are laid out.

    The reader's place holds while things above change their height. At the end the view follows what is
    written; scrolling up stops that, scrolling back to the end (or `jump_to_end`) begins it again.
    `latest` is asked for the newest state of a message whenever it is drawn. `focus_freed` when the button
    that had the keyboard went, so that somebody else can have it.
    """

    edit_requested = Signal(object)
    regenerate_requested = Signal(object)
    resume_requested = Signal(object)
    version_requested = Signal(int)
    pin_requested = Signal(object, bool)
    step_requested = Signal(str, object)
    sent_requested = Signal(object)
    way_chosen = Signal(object, object)
    take_over_requested = Signal(object, bool)
    link_activated = Signal(str)
    answer_now_requested = Signal()
    picture_wanted = Signal(object)
    picture_opened = Signal(object, int)
    picture_copied = Signal(object)
    focus_freed = Signal()

    def __init__(self, look: Appearance, latest: Latest, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transcript")
        self.setAccessibleName("Conversation")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setSingleStep(40)
        self._look = look
        self._latest = latest
        self._items: list[_Item] = []
        self._tops: list[int] = [0]
        self._following = True
        self._placing = False
        self._dirty: set[int] = set()
        self._frame = QTimer(self, singleShot=True, interval=_FRAME_MS)
        self._frame.timeout.connect(self._repaint_dirty)
        self._memory = MemoryLine(look, self.viewport())
        self._end = self._end_button()
        self._ring = Ring(look, self.viewport())
        self._reached: QWidget | None = None  # by Tab
        self.verticalScrollBar().valueChanged.connect(self._on_scroll)
        look.changed.connect(self._lay_out_anew)

    # -- what it shows

    def show_thread(self, messages: Sequence[StoredMessage], *, keep_place: bool = False) -> None:
        """Show a conversation from its end, or from where the reader was if `keep_place`."""
        anchor, offset = self._anchor()
        self._drop_all()
        width = self._measure_width()
        self._items = [_Item(message, _guess(message, width)) for message in messages]
        self._following = self._following or not keep_place
        self._retop()
        if not self._following:
            self._scroll_to(anchor, offset)
        self._place()

    def show_memory(self, memory: Memory | None) -> None:
        """Draw the line at which the model's memory begins, or none; whoever reads keeps the place."""
        anchor, offset = self._anchor()
        first = memory.first_id if memory is not None else None
        for item in self._items:
            item.lead = MEMORY_LINE_HEIGHT + _SPACING if item.message.id == first else 0
        if memory is not None:
            self._memory.show_memory(memory)
        self._retop()
        self._scroll_to(anchor, offset)
        self._place()

    def add(self, message: StoredMessage) -> None:
        """A message at the end; the view goes there."""
        self._items.append(_Item(message, _guess(message, self._measure_width())))
        self._following = True
        self._relayout()

    def refresh(self, message_id: int) -> None:
        """The message has changed: draw it anew with the next frame, if it is shown here."""
        if all(item.message.id != message_id for item in reversed(self._items)):
            return
        self._dirty.add(message_id)
        if not self._frame.isActive():
            self._frame.start()

    def replace(self, message: StoredMessage) -> None:
        """Another state of a message, drawn at once."""
        for item in self._items:
            if item.message.id == message.id:
                item.message = message
                self._dirty.add(message.id)
                self._repaint_dirty()

    def show_picture(self, image_id: int, drawn: QImage) -> None:
        """What a picture looks like that was wanted; nothing moves."""
        for view in self.views():
            if isinstance(view, QuestionView):
                view.show_picture(image_id, drawn)

    def messages(self) -> list[StoredMessage]:
        """What is shown, oldest first."""
        return [item.message for item in self._items]

    def views(self) -> list[MessageView]:
        """The messages that exist as widgets now, oldest first."""
        return [item.view for item in self._items if item.view is not None]

    @property
    def following(self) -> bool:
        """Whether the view keeps to the end."""
        return self._following

    def go_to(self, message_id: int) -> None:
        """Show a message from its beginning, as far as what follows it allows."""
        index = next((at for at, item in enumerate(self._items) if item.message.id == message_id), None)
        if index is None:
            return
        self._following, self._placing = False, True
        try:
            for _ in range(4):
                self._scroll_to(index, -_SPACING)
                if not self._lay_out_visible():
                    break
            self._move_views()
        finally:
            self._placing = False

    def jump_to_end(self) -> None:
        """Go to the end and follow from there."""
        self._following = True
        self._place()

    # -- Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._relayout()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._reach(self.viewport() if event.reason() in TABBED else None)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._reach(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        bar = self.verticalScrollBar()
        if event.key() == Qt.Key.Key_End:
            self.jump_to_end()
        elif event.key() == Qt.Key.Key_Home:
            bar.setValue(0)
        else:
            super().keyPressEvent(event)

    # -- placing

    def _measure_width(self) -> int:
        return max(min(MEASURE, self.viewport().width() - 2 * _MARGIN), 120)

    def _relayout(self) -> None:
        self._retop()
        self._place()

    def _lay_out_anew(self) -> None:
        for item in self._items:
            item.width = 0
        self._relayout()

    def _retop(self) -> None:
        sizes = (item.lead + item.height + _SPACING for item in self._items)
        self._tops = list(accumulate(sizes, initial=_MARGIN))

    def _place(self) -> None:
        """Bring widgets, heights and the scroll bar into agreement."""
        if self._placing:
            return
        self._placing = True
        try:
            anchor, offset = self._anchor()
            for _ in range(4):
                self._scroll_to(anchor, offset)
                if not self._lay_out_visible():
                    break
            self._move_views()
        finally:
            self._placing = False

    def _anchor(self) -> tuple[int, int]:
        """The first message in sight, and how far its top (below its lead) lies above the viewport's."""
        value = self.verticalScrollBar().value()
        index = max(bisect_right(self._tops, value) - 1, 0)
        return index, value - self._top(index)

    def _top(self, index: int) -> int:
        """Where a message begins, below its lead; the end of all for the index after the last."""
        lead = self._items[index].lead if index < len(self._items) else 0
        return self._tops[index] + lead

    def _scroll_to(self, anchor: int, offset: int) -> None:
        bar = self.verticalScrollBar()
        height = self.viewport().height()
        content = self._tops[-1] + _MARGIN
        bar.setPageStep(height)
        bar.setRange(0, max(content - height, 0))
        target = bar.maximum() if self._following else self._top(min(anchor, len(self._items))) + offset
        bar.setValue(target)

    def _visible(self, overscan: int) -> range:
        value = self.verticalScrollBar().value()
        first = max(bisect_right(self._tops, value - overscan) - 1, 0)
        last = bisect_right(self._tops, value + self.viewport().height() + overscan)
        return range(first, min(last, len(self._items)))

    def _lay_out_visible(self) -> bool:
        """Measure what is in sight; whether any height differed from what was thought."""
        width = self._measure_width()
        changed = False
        for index in self._visible(200):
            item = self._items[index]
            if item.view is not None and item.width == width:
                continue
            height = (item.view or self._make_view(item)).arrange(width)
            changed |= height != item.height
            item.height, item.width = height, width
        if changed:
            self._retop()
        return changed

    def _move_views(self) -> None:
        width = self._measure_width()
        left = max((self.width() - width) // 2, _MARGIN)
        scroll = self.verticalScrollBar().value()
        kept = self._visible(2 * self.viewport().height())
        self._move_memory(kept, left, width)
        for index, item in enumerate(self._items):
            if item.view is None:
                continue
            if index not in kept and not item.view.isAncestorOf(self.focusWidget() or self):
                self._drop(item)
                continue
            item.view.setGeometry(left, self._top(index) - scroll, width, item.height)
            item.view.set_last(index == len(self._items) - 1)
            item.view.show()
        self._ring.surround(self._reached)
        self._place_end_button()

    def _move_memory(self, kept: range, left: int, width: int) -> None:
        index = next((index for index in kept if self._items[index].lead), None)
        if index is not None:
            self._memory.arrange(left, self._tops[index] - self.verticalScrollBar().value(), width)
        self._memory.setVisible(index is not None)

    def _on_scroll(self, _value: int) -> None:
        if self._placing:
            return
        self._note_end()
        self._place()

    def _note_end(self) -> None:
        bar = self.verticalScrollBar()
        self._following = bar.value() >= bar.maximum() - 4

    # -- views

    def _make_view(self, item: _Item) -> MessageView:
        message, progress = self._latest(item.message)
        item.message = message
        kind = QuestionView if message.role is Role.USER else AnswerView
        view = kind(message, self._look, self.viewport())
        if isinstance(view, AnswerView):
            view.show_message(message, progress)
            view.grown.connect(lambda: self._relayout_item(item))
            view.answer_now_requested.connect(self.answer_now_requested)
        view.edit_requested.connect(self.edit_requested)
        view.regenerate_requested.connect(self.regenerate_requested)
        view.resume_requested.connect(self.resume_requested)
        view.version_requested.connect(self.version_requested)
        view.pin_requested.connect(self.pin_requested)
        view.step_requested.connect(self.step_requested)
        view.sent_requested.connect(self.sent_requested)
        view.way_chosen.connect(self.way_chosen)
        view.take_over_requested.connect(self.take_over_requested)
        view.link_activated.connect(self.link_activated)
        view.picture_wanted.connect(self.picture_wanted)
        view.picture_opened.connect(self.picture_opened)
        view.picture_copied.connect(self.picture_copied)
        for text in view.findChildren(MessageText):
            home = text.parentWidget()
            ringed = home if home is not None and home.property("bubble") else text
            text.reached.connect(lambda here, ringed=ringed: self._reach(ringed if here else None))
        item.view = view
        return view

    def _reach(self, widget: QWidget | None) -> None:
        self._reached = widget
        self._ring.surround(widget)

    def _relayout_item(self, item: _Item) -> None:
        """A view has grown or shrunk by itself (something was unfolded, or folded)."""
        self._following = False
        item.width = 0
        self._relayout()
        self._note_end()
        self._place_end_button()

    def _repaint_dirty(self) -> None:
        begun = time.perf_counter()
        width = self._measure_width()
        dirty, self._dirty = self._dirty, set()
        for item in self._items:
            if item.message.id in dirty:
                self._update_item(item, width)
        self._relayout()
        took_ms = int((time.perf_counter() - begun) * 1000)
        self._frame.setInterval(max(_FRAME_MS, _REST * took_ms))

    def _update_item(self, item: _Item, width: int) -> None:
        message, progress = self._latest(item.message)
        item.message = message
        if item.view is None:
            item.height = _guess(message, width)
            return
        focused = self.focusWidget()
        inside = focused is not None and focused.hasFocus() and item.view.isAncestorOf(focused)
        item.view.show_message(message, progress)
        if inside and focused is not None and not focused.isVisible():
            self.focus_freed.emit()
        item.height, item.width = item.view.arrange(width), width

    def _drop(self, item: _Item) -> None:
        if item.view is not None:
            focused = self.focusWidget()
            if focused is not None and focused.hasFocus() and item.view.isAncestorOf(focused):
                self.setFocus(Qt.FocusReason.OtherFocusReason)  # else it is handed on as if by Tab
            item.view.hide()
            item.view.deleteLater()
            item.view = None
            item.width = 0

    def _drop_all(self) -> None:
        self._reach(None)
        for item in self._items:
            self._drop(item)
        self._items = []
        self._dirty.clear()

    # -- the way back to the end

    def _end_button(self) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("jump-to-end")
        button.setAccessibleName("Go to the end of the conversation")
        button.setToolTip("Go to the end")
        button.setIcon(self._look.icon("arrow-down", "text"))
        button.setProperty("floating", True)
        button.setFixedSize(36, 36)
        button.clicked.connect(self.jump_to_end)
        button.hide()
        return button

    def _place_end_button(self) -> None:
        self._end.move((self.width() - self._end.width()) // 2, self.height() - self._end.height() - 12)
        self._end.setVisible(not self._following and bool(self._items))
        self._end.raise_()


def _guess(message: StoredMessage, width: int) -> int:
    """A height for a message that was never laid out, from its length alone."""
    columns = max(width // 8, 10)
    lines = len(message.text) // columns + message.text.count("\n") + 1
    return lines * 24 + ACTION_HEIGHT + 20 + (ONE_HEIGHT if message.images else 0)
