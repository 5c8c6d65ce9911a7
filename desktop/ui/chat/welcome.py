"""The page before the first message: what Inshore is, and three ways to begin."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from desktop.ui.labels import Picture, plain_label
from desktop.ui.theme import MEASURE, Appearance

EXAMPLES = (
    ("lightbulb", "Explain", "Explain why the sky is blue, in three short sentences."),
    ("envelope-simple", "Write", "Write a short, friendly note that moves a meeting to Friday at 10."),
    ("code", "Code", "Write a Python function that tells whether a word is a palindrome."),
)


class ExampleCard(QPushButton):
    """A button as high as the words in it need at its width."""

    def __init__(self, look: Appearance, icon: str, kind: str, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.setObjectName(f"example-{kind.lower()}")
        self.setAccessibleName(f"{kind}: {text}")
        name, words = plain_label(self, "strong"), plain_label(self, "muted")
        name.setText(kind)
        words.setText(text)
        picture = Picture(look, icon, 20, self)
        for part in (picture, name, words):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(name)
        texts.addWidget(words)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(16, 12, 16, 12)
        self._row.setSpacing(14)
        self._row.addWidget(picture)
        self._row.addLayout(texts, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setFixedHeight(self._row.totalHeightForWidth(self.width()))
        self._row.invalidate()  # else its rows stay as high as they were before: nothing
        self._row.activate()


class Welcome(QScrollArea):
    """Says `example_chosen(text)`.

    Where no model is installed, `find_model_requested` or, with a file at hand, `add_model_requested`.
    """

    example_chosen = Signal(str)
    add_model_requested = Signal()
    find_model_requested = Signal()

    def __init__(self, look: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self.setObjectName("welcome")
        self.setAccessibleName("Welcome")
        self.setWidgetResizable(True)
        self.setFrameShape(self.Shape.NoFrame)
        self._page = QWidget()
        self.setWidget(self._page)
        self._examples: list[QPushButton] = []
        self._build()

    def show_models(self, installed: bool) -> None:
        """Offer the examples, or first of all a model."""
        self._missing.setVisible(not installed)
        for card in self._examples:
            card.setVisible(installed)

    def _build(self) -> None:
        middle = QWidget(self._page)
        middle.setMaximumWidth(MEASURE)
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 24, 0, 24)
        column.setSpacing(8)
        for widget in self._words(middle):
            column.addWidget(widget)
        column.addSpacing(16)
        row = QVBoxLayout()
        row.setSpacing(8)
        for icon, kind, text in EXAMPLES:
            card = ExampleCard(self._look, icon, kind, text, middle)
            card.clicked.connect(lambda _checked, text=text: self.example_chosen.emit(text))
            self._examples.append(card)
            row.addWidget(card)
        column.addLayout(row)
        self._missing = self._missing_model(middle)
        column.addWidget(self._missing)
        outer = QHBoxLayout(self._page)
        outer.setContentsMargins(24, 0, 24, 0)
        outer.addStretch(1)
        centre = QVBoxLayout()
        centre.addStretch(2)
        centre.addWidget(middle)
        centre.addStretch(3)
        outer.addLayout(centre, 200)
        outer.addStretch(1)

    def _words(self, parent: QWidget) -> list[QLabel]:
        title = plain_label(parent, "title")
        title.setText("An assistant that answers on your machine first")
        words = plain_label(parent, "muted")
        words.setText(
            "Inshore answers with a small open model that runs right here, and stores what you write on this "
            "machine. Nothing is sent anywhere unless you let a gateway answer."
        )
        return [title, words]

    def _missing_model(self, parent: QWidget) -> QWidget:
        box = QWidget(parent)
        box.setObjectName("no-model")
        words = plain_label(box)
        words.setText(
            "No model is installed yet. Find one in the catalogue, which says what runs well on this "
            "machine, or add a model file (GGUF) that you have."
        )
        find = QPushButton("Find a model", box)
        find.setObjectName("find-model-first")
        find.setProperty("primary", True)
        find.clicked.connect(self.find_model_requested)
        add = QPushButton("Add a model file…", box)
        add.setObjectName("add-model-first")
        add.clicked.connect(self.add_model_requested)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(find)
        row.addWidget(add)
        row.addStretch(1)
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(words)
        column.addLayout(row)
        return box
