"""Settings, privacy: what new conversations may do, and the way to the record of what left."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from desktop.ui.choice import Choice
from desktop.ui.labels import plain_label
from models.route import Privacy

WORDS = {
    Privacy.HERE: "Stay on this machine, whatever the mode",
    Privacy.ASK: "Ask each time before anything is sent",
    Privacy.OUT: "May go out, to gateways that you allowed",
}
_PICTURES = {
    Privacy.OUT: "As the conversation that they are in",
    Privacy.ASK: "Ask each time before they are sent",
    Privacy.HERE: "Stay on this machine",
}


class PrivacyCard(QFrame):
    """`chosen(Privacy)`, `pictures_chosen(Privacy)`, and `record_requested`."""

    chosen = Signal(object)
    pictures_chosen = Signal(object)
    record_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        title, words = plain_label(self, "strong"), plain_label(self, "muted")
        title.setText("Privacy")
        words.setText(
            "What new conversations may do, and older ones without a choice of their own. Each can be "
            "changed beside its message box."
        )
        self.privacy = Choice(self)
        self.privacy.setObjectName("default-privacy")
        self.privacy.setAccessibleName("New conversations")
        for privacy, text in WORDS.items():
            self.privacy.addItem(text, privacy)
        self.privacy.activated.connect(lambda _index: self.chosen.emit(Privacy(self.privacy.currentData())))
        pictured, meant = plain_label(self), plain_label(self, "muted")
        pictured.setText("Pictures")
        meant.setText(
            "A conversation with pictures is held at least so strictly. Models on this machine read text "
            "only so far: pictures that stay here are not answered."
        )
        self.pictures = Choice(self)
        self.pictures.setObjectName("picture-privacy")
        self.pictures.setAccessibleName("Pictures")
        pictured.setBuddy(self.pictures)
        for privacy, text in _PICTURES.items():
            self.pictures.addItem(text, privacy)
        self.pictures.activated.connect(self._on_pictures)
        record = QPushButton("Show what left this machine", self)
        record.setObjectName("open-record")
        record.clicked.connect(self.record_requested)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        left = Qt.AlignmentFlag.AlignLeft
        column.addWidget(title)
        column.addWidget(words)
        column.addWidget(self.privacy, 0, left)
        column.addSpacing(4)
        column.addWidget(pictured)
        column.addWidget(self.pictures, 0, left)
        column.addWidget(meant)
        column.addWidget(record, 0, left)

    def show_privacy(self, privacy: Privacy, pictures: Privacy) -> None:
        """Show what holds."""
        self.privacy.setCurrentIndex(list(WORDS).index(privacy))
        self.pictures.setCurrentIndex(list(_PICTURES).index(pictures))

    def _on_pictures(self, _index: int) -> None:
        self.pictures_chosen.emit(Privacy(self.pictures.currentData()))
