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


class PrivacyCard(QFrame):
    """`chosen(Privacy)`, and `record_requested`."""

    chosen = Signal(object)
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
        self.privacy.activated.connect(lambda _index: self.chosen.emit(self.privacy.currentData()))
        record = QPushButton("Show what left this machine", self)
        record.setObjectName("open-record")
        record.clicked.connect(self.record_requested)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        for widget in (title, words):
            column.addWidget(widget)
        for button in (self.privacy, record):
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)

    def show_privacy(self, privacy: Privacy) -> None:
        """Show what holds."""
        self.privacy.setCurrentIndex(list(WORDS).index(privacy))
