"""One message in the transcript: what all of them share, and the user's."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QEnterEvent, QFontMetricsF, QGuiApplication, QImage
from PySide6.QtWidgets import QFrame, QLabel, QWidget

from desktop.storage.conversations import StoredMessage
from desktop.ui.chat.actions import ActionRow
from desktop.ui.chat.pictures import MessagePictures
from desktop.ui.chat.text import MessageText
from desktop.ui.labels import plain_label
from desktop.ui.theme import MESSAGE, Appearance
from models.chat import Progress

ACTION_HEIGHT = 32
_BUBBLE_PADDING = 12
_BUBBLE_SHARE = 0.85
PICTURE_GAP = 8
_LONG_LINE = 400  # characters; wider than any bubble


class MessageView(QWidget):
    """What all messages share. `arrange` lays the parts out and gives the height."""

    copy_requested = Signal()
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
    picture_wanted = Signal(object)
    picture_opened = Signal(object, int)
    picture_copied = Signal(object)

    def __init__(self, message: StoredMessage, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self.message = message
        self.look = look
        self.action_row = ActionRow(look, self)

    def arrange(self, width: int) -> int:
        """Place everything in this width; the height in pixels."""
        raise NotImplementedError

    def show_message(self, message: StoredMessage, progress: Progress | None = None) -> None:
        """Show another state of the same message."""
        raise NotImplementedError

    def set_last(self, last: bool) -> None:
        """The actions of the last message are always in sight."""
        self.action_row.set_always(last)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.action_row.show_buttons(True)

    def leaveEvent(self, event: QEvent) -> None:
        focused = self.focusWidget()
        self.action_row.show_buttons(focused is not None and self.action_row.isAncestorOf(focused))

    def _add_versions(self) -> None:
        versions = self.message.versions
        if len(versions) < 2:
            return
        here = versions.index(self.message.id)
        back = self.action_row.add("caret-left", "version-before", "Earlier version")
        label = QLabel(f"{here + 1} / {len(versions)}", self.action_row)
        label.setProperty("role", "meta")
        self.action_row.add_widget(label)
        forward = self.action_row.add("caret-right", "version-after", "Later version")
        back.setEnabled(here > 0)
        forward.setEnabled(here + 1 < len(versions))
        back.clicked.connect(lambda: self.version_requested.emit(versions[here - 1]))
        forward.clicked.connect(lambda: self.version_requested.emit(versions[here + 1]))

    def _add_copy(self) -> None:
        copy = self.action_row.add("copy", "copy-message", "Copy the message")
        copy.clicked.connect(self._copy)

    def _copy(self) -> None:
        """The words; the picture where there are none."""
        if self.message.text or not self.message.images:
            QGuiApplication.clipboard().setText(self.message.text)
        else:
            self.picture_copied.emit(self.message.images[0])

    def _add_pin(self) -> None:
        """The pin is both the action and the sign that a message is pinned."""
        self._pin = self.action_row.add("push-pin", "pin-message", "Keep in memory")
        self._pin.clicked.connect(lambda: self.pin_requested.emit(self.message, not self.message.pinned))
        self._pin_drawn = False
        self._show_pin()

    def _show_pin(self) -> None:
        pinned = self.message.pinned
        if pinned is self._pin_drawn:
            return
        self._pin_drawn = pinned
        words = "Don’t keep in memory any more" if pinned else "Keep in memory"
        self.action_row.mark(self._pin, "push-pin-fill" if pinned else "push-pin", kept=pinned)
        self._pin.setToolTip(words)
        self._pin.setAccessibleName(words)


class QuestionView(MessageView):
    """What the user said, on a soft surface at the right edge; shown as it was typed."""

    def __init__(self, message: StoredMessage, look: Appearance, parent: QWidget) -> None:
        super().__init__(message, look, parent)
        self.setObjectName("question")
        self._bubble = QFrame(self)
        self._bubble.setProperty("bubble", True)
        self._text = MessageText(look, self._bubble)
        self._text.setAccessibleName("You said")
        self._pictures = MessagePictures(message.images, look, self)
        self._pictures.wanted.connect(self.picture_wanted)
        self._pictures.opened.connect(lambda index: self.picture_opened.emit(self.message.images, index))
        self._natural_width = self._measured(message.text)
        self._to = plain_label(self._bubble, "meta")
        self._to.setObjectName("addressed-to")
        self._to.setText(f"To {message.model}" if message.model else "")
        self._to.setVisible(bool(message.model))
        self._text.link_activated.connect(self.link_activated)
        self._add_versions()
        self._add_copy()
        edit = self.action_row.add("pencil-simple", "edit-message", "Ask differently")
        edit.clicked.connect(lambda: self.edit_requested.emit(self.message))
        self._add_pin()

    def show_message(self, message: StoredMessage, progress: Progress | None = None) -> None:
        if message.text != self.message.text:
            self._natural_width = self._measured(message.text)
        self.message = message
        self._show_pin()

    def show_picture(self, image_id: int, drawn: QImage) -> None:
        """What one of its pictures looks like."""
        self._pictures.show_picture(image_id, drawn)

    def _measured(self, text: str) -> int:
        """Show a text; the pixels of its longest line, as far as that can matter.

        The document can't be asked: while it is not shown, its browser squeezes it into 100 pixels.
        """
        self._text.show_plain(text)
        font = self._text.font()
        font.setPixelSize(self.look.theme.px(MESSAGE))
        metrics = QFontMetricsF(font)
        return int(max(metrics.horizontalAdvance(line[:_LONG_LINE]) for line in text.split("\n"))) + 6

    def arrange(self, width: int) -> int:
        top = self._pictures.arrange(width, int(width * _BUBBLE_SHARE))
        bubble_height = self._arrange_bubble(width, top)
        wanted = self.action_row.sizeHint().width()
        bottom = top + bubble_height
        self.action_row.setGeometry(width - wanted, bottom + 2, wanted, ACTION_HEIGHT - 4)
        return bottom + ACTION_HEIGHT

    def _arrange_bubble(self, width: int, top: int) -> int:
        """The words below the pictures; nothing where there are none."""
        wordless = bool(self.message.images) and not self.message.text
        self._bubble.setVisible(not wordless)
        if wordless:
            return 0
        top += PICTURE_GAP if top else 0
        most = int(width * _BUBBLE_SHARE) - 2 * _BUBBLE_PADDING
        text_width = min(max(self._natural_width, self._to_width(), 24), most)
        above = self._arrange_to(text_width)
        height = self._text.height_for(text_width)
        self._text.setGeometry(
            _BUBBLE_PADDING, _BUBBLE_PADDING + 1 + above, text_width, height
        )  # lines have their space below
        height += above
        bubble_width = text_width + 2 * _BUBBLE_PADDING
        bubble_height = height + 2 * _BUBBLE_PADDING - 8
        self._bubble.setGeometry(width - bubble_width, top, bubble_width, bubble_height)
        return bubble_height + (PICTURE_GAP if self.message.images else 0)

    def _to_width(self) -> int:
        """Pixels of the line that says whom the message names; 0 without one."""
        words = self._to.text()
        return self._to.fontMetrics().horizontalAdvance(words) + 4 if words else 0

    def _arrange_to(self, width: int) -> int:
        """Place that line; the pixels that it takes."""
        if not self.message.model:
            return 0
        height = self._to.heightForWidth(width)
        self._to.setGeometry(_BUBBLE_PADDING, _BUBBLE_PADDING - 2, width, height)
        return height + 4
