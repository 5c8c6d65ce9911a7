"""The installed models: which one answers, what each is, and how to add another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.services.models import ModelService
from desktop.services.settings import SettingsService
from desktop.ui.labels import plain_label
from desktop.ui.manager.options import ModelOptions
from desktop.ui.page import Page, card
from desktop.ui.theme import Appearance
from models.library import LocalModel

if TYPE_CHECKING:
    from models.local.measures import Speed


class ModelsPage(Page):
    """Shows the library; `add_requested` and `remove_requested(id, name)` leave the deed to others."""

    add_requested = Signal()
    remove_requested = Signal(str, str)

    def __init__(
        self,
        models: ModelService,
        settings: SettingsService,
        look: Appearance,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(
            "Models",
            "Files on this machine that can answer. Inshore uses a file where it lies and copies nothing.",
            parent,
        )
        self._models, self._settings, self._look = models, settings, look
        self._unfolded = ""  # the model whose settings are in sight, also after the cards are made anew
        self._add = QPushButton("Add a model file…", self)
        self._add.setObjectName("add-model")
        self._add.setProperty("primary", True)
        self._add.clicked.connect(self.add_requested)
        self._cards: list[QFrame] = []
        self._list = QVBoxLayout()
        self._list.setSpacing(8)
        self.column.addWidget(self._add, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addSpacing(8)
        self.column.addLayout(self._list)
        self.column.addStretch(1)
        models.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what is installed now."""
        for old in self._cards:
            self._list.removeWidget(old)
            old.deleteLater()
        usable = self._models.usable()
        first = usable[0].id if usable else None
        self._cards = [self._card(model, model.id == first) for model in self._models.models()]
        for new in self._cards:
            self._list.addWidget(new)

    def _card(self, model: LocalModel, first: bool) -> QFrame:
        frame = card(self)
        frame.setObjectName(f"model-{model.id}")
        name = plain_label(frame, "strong")
        name.setText(model.name)
        facts = plain_label(frame, "muted")
        facts.setText(
            " · ".join(text for text in (model_facts(model), speed_words(self._models.speed(model))) if text)
        )
        words = QVBoxLayout(frame)
        words.setSpacing(2)
        words.addWidget(name)
        words.addWidget(facts)
        if model.problem is not None:
            problem = plain_label(frame, "warn")
            problem.setText(f"{model.problem.title} {model.problem.cause}")
            words.addWidget(problem)
        row = QHBoxLayout()
        row.setContentsMargins(0, 8, 0, 0)
        for button in self._buttons(frame, model, first):
            row.addWidget(button)
        row.addStretch(1)
        words.addLayout(row)
        if model.problem is None:
            self._add_options(frame, model, row, words)
        words.setContentsMargins(16, 12, 16, 12)
        return frame

    def _add_options(self, frame: QFrame, model: LocalModel, row: QHBoxLayout, words: QVBoxLayout) -> None:
        options = ModelOptions(model, self._settings, self._look, frame)
        options.unfold(self._unfolded == model.id)
        options.unfolded.connect(lambda shown: self._remember(model.id if shown else ""))
        row.insertWidget(row.count() - 1, options.button)  # before the stretch
        words.addWidget(options)

    def _remember(self, unfolded: str) -> None:
        self._unfolded = unfolded

    def _buttons(self, frame: QFrame, model: LocalModel, first: bool) -> list[QWidget]:
        buttons: list[QWidget] = []
        if first:
            chip = plain_label(frame, "chip")
            chip.setWordWrap(False)
            chip.setText("Answers new messages")
            buttons.append(chip)
        elif model.problem is None:
            use = QPushButton("Use this one", frame)
            use.setObjectName(f"use-{model.id}")
            use.clicked.connect(lambda: self._models.choose(model.id))
            buttons.append(use)
        if model.source != "starter":
            remove = QPushButton("Remove from the list", frame)
            remove.setProperty("link", True)
            remove.setObjectName(f"remove-{model.id}")
            remove.clicked.connect(lambda: self.remove_requested.emit(model.id, model.name))
            buttons.append(remove)
        return buttons


def model_facts(model: LocalModel) -> str:
    """What decides, in one line; what isn't known is left out, an unknown licence is said."""
    context = f"{model.context_length:,} tokens of context" if model.context_length else None
    size = (
        f"{model.size_bytes / 1e9:.1f} GB" if model.size_bytes >= 1e9 else f"{model.size_bytes / 1e6:.0f} MB"
    )
    licence = f"licence {model.licence}" if model.licence else "licence unknown"
    parts = [model.parameters, model.quantisation, size, context, licence]
    return " · ".join(part for part in parts if part)


def speed_words(speed: Speed | None) -> str:
    """How fast it is here, and how that is known."""
    if speed is None:
        return ""
    tps = f"{speed.tps:.0f}" if speed.tps >= 10 else f"{speed.tps:.1f}"
    return f"{tps} tokens/s here" if speed.measured else f"about {tps} tokens/s expected here"
