"""The installed models as cards: which one answers, what each is, and how it does here."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.services.acceptances import AcceptanceService
from desktop.services.care import CareService
from desktop.services.catalogue import CatalogueService
from desktop.services.models import ModelService
from desktop.services.settings import SettingsService
from desktop.ui.labels import plain_label
from desktop.ui.manager.care import CareLine, CareMenu
from desktop.ui.manager.licence import LicenceChip
from desktop.ui.manager.options import ModelOptions
from desktop.ui.manager.units import size_words, used_words
from desktop.ui.manager.verdict import VerdictLine
from desktop.ui.page import card
from desktop.ui.theme import Appearance
from models.library import LocalModel

if TYPE_CHECKING:
    from models.local.measures import Speed

_AT_ONCE = 12  # cards; a page that opens at once can't make hundreds


class Installed(QWidget):
    """Shows the library; `add_requested`, `remove_requested(id, name)` and the like leave the deed to others.

    `find_requested` where there is no model yet.

    `opened(catalogue id)` asks for what the catalogue knows of a model, `file_opened(id)` for what its file
    says where it knows nothing, `accept_requested(id)` for a licence that is to be accepted before a
    model's first use.
    """

    add_requested = Signal()
    find_requested = Signal()
    remove_requested = Signal(str, str)
    reveal_requested = Signal(str)
    trash_requested = Signal(str)
    opened = Signal(str)
    file_opened = Signal(str)
    accept_requested = Signal(str)

    def __init__(
        self,
        models: ModelService,
        settings: SettingsService,
        catalogue: CatalogueService,
        look: Appearance,
        parent: QWidget,
        care: CareService | None = None,
        acceptances: AcceptanceService | None = None,
    ) -> None:
        super().__init__(parent)
        self._models, self._settings, self._catalogue, self._look = models, settings, catalogue, look
        self._care, self._acceptances = care, acceptances
        self._unfolded = ""  # the model whose settings are in sight, also after the cards are made anew
        self._add = QPushButton("Add a model file…", self)
        self._add.setObjectName("add-model")
        self._add.setProperty("primary", True)
        self._add.clicked.connect(self.add_requested)
        self._cards: list[QFrame] = []
        self._judged: dict[str, tuple[int | None, Callable[[], None]]] = {}  # for which context, and again
        self._waiting: list[LocalModel] = []  # those without a card yet
        self._list = QVBoxLayout()
        self._list.setSpacing(8)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        words = plain_label(self, "muted")
        words.setText("Files that can answer. Add your own here, or drop them anywhere on the window.")
        column.addWidget(words)
        column.addLayout(self._first_row())
        column.addSpacing(4)
        column.addLayout(self._list)
        catalogue.changed.connect(self.refresh)
        settings.changed.connect(self._judge_again)
        self.refresh()

    def _first_row(self) -> QHBoxLayout:
        self._find = QPushButton("Find one in the catalogue", self)
        self._find.setObjectName("find-model")
        self._find.clicked.connect(self.find_requested)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._add)
        row.addWidget(self._find)
        row.addStretch(1)
        return row

    def put_above(self, widget: QWidget) -> None:
        """Something that stands above the models."""
        column = self.layout()
        if isinstance(column, QVBoxLayout):
            column.insertWidget(column.count() - 1, widget)

    def refresh(self) -> None:
        """Show what is installed now; of many as many cards as there were, the others by `show_more`."""
        shown = max(_AT_ONCE, len(self._cards))
        for old in self._cards:
            self._list.removeWidget(old)
            old.deleteLater()
        self._cards, self._judged = [], {}
        self._waiting = list(self._models.models())
        self._find.setVisible(not self._waiting)
        self.show_more(shown)

    def show_more(self, count: int = _AT_ONCE) -> None:
        """Make the next cards, if there are models without one."""
        usable = self._models.usable()
        first = usable[0].id if usable else None
        now, self._waiting = self._waiting[:count], self._waiting[count:]
        for model in now:
            frame = self._card(model, model.id == first)
            self._cards.append(frame)
            self._list.addWidget(frame)

    def _card(self, model: LocalModel, first: bool) -> QFrame:
        frame = card(self)
        frame.setObjectName(f"model-{model.id}")
        words = QVBoxLayout(frame)
        words.setContentsMargins(16, 12, 16, 12)
        words.setSpacing(4)
        words.addLayout(self._heading(frame, model))
        facts = plain_label(frame, "muted")
        told = (model_facts(model), speed_words(self._models.speed(model)), self._used(model))
        facts.setText(" · ".join(text for text in told if text) if model.read else "Reading the file…")
        facts.setVisible(bool(facts.text()))
        words.addWidget(facts)
        verdict = QVBoxLayout()
        words.addLayout(verdict)
        self._judge(frame, model, verdict)
        if model.problem is not None:
            problem = plain_label(frame, "warn")
            problem.setText(f"{model.problem.title} {model.problem.cause}")
            words.addWidget(problem)
        if self._care is not None:
            self._add_care(frame, model, words, self._care)
        row = QHBoxLayout()
        row.setContentsMargins(0, 8, 0, 0)
        for button in self._buttons(frame, model, first):
            row.addWidget(button)
        row.addStretch(1)
        words.addLayout(row)
        if model.problem is None:
            self._add_options(frame, model, row, words)
        return frame

    def _judge(self, frame: QFrame, model: LocalModel, place: QVBoxLayout) -> None:
        """Say how it does here with the context that is set for it."""
        while (item := place.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        context = self._settings.context_for(model.id)
        self._judged[model.id] = context, partial(self._judge, frame, model, place)
        if (fit := self._catalogue.fit_of(model, context)) is not None:
            place.addWidget(VerdictLine(fit.verdict, fit.verdict.value, fit.reason, self._look, frame))

    def _judge_again(self) -> None:
        """Where another context was set."""
        for model_id, (context, judge) in tuple(self._judged.items()):
            if context != self._settings.context_for(model_id):
                judge()

    def _heading(self, frame: QFrame, model: LocalModel) -> QHBoxLayout:
        name = plain_label(frame, "strong")
        name.setText(model.name)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(name, 1)
        if model.problem is None and model.read:
            chip = LicenceChip(self._catalogue.label_of(model), frame)
            row.addWidget(chip, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._menu(frame, model), 0, Qt.AlignmentFlag.AlignVCenter)
        return row

    def _add_options(self, frame: QFrame, model: LocalModel, row: QHBoxLayout, words: QVBoxLayout) -> None:
        options = ModelOptions(model, self._settings, self._look, frame)
        options.unfold(self._unfolded == model.id)
        options.unfolded.connect(lambda shown: self._remember(model.id if shown else ""))
        row.insertWidget(row.count() - 1, options.button)  # before the stretch
        words.addWidget(options)

    def _add_care(self, frame: QFrame, model: LocalModel, words: QVBoxLayout, care: CareService) -> None:
        if care.has_changed(model):
            changed = plain_label(frame, "warn")
            changed.setObjectName(f"changed-{model.id}")
            changed.setText("The file has changed since it last answered. Verify it if you don’t know why.")
            words.addWidget(changed)
        words.addWidget(CareLine(model.id, care, frame))

    def _used(self, model: LocalModel) -> str:
        return used_words(self._care.used_at(model), time.time()) if self._care is not None else ""

    def _menu(self, frame: QFrame, model: LocalModel) -> CareMenu:
        menu = CareMenu(model, self._look, frame)
        if self._care is not None:
            menu.verify_requested.connect(partial(self._care.verify, model.id))
        menu.reveal_requested.connect(partial(self.reveal_requested.emit, model.id))
        menu.remove_requested.connect(partial(self.remove_requested.emit, model.id, model.name))
        menu.trash_requested.connect(partial(self.trash_requested.emit, model.id))
        return menu

    def _remember(self, unfolded: str) -> None:
        self._unfolded = unfolded

    def _asks(self, model: LocalModel) -> bool:
        """Whether its licence is to be accepted before it is used."""
        terms = self._catalogue.terms_of(model)
        return self._acceptances is not None and self._acceptances.pending(terms) is not None

    def _buttons(self, frame: QFrame, model: LocalModel, first: bool) -> list[QWidget]:
        buttons: list[QWidget] = []
        if first:
            chip = plain_label(frame, "chip")
            chip.setWordWrap(False)
            chip.setText("Answers new messages")
            buttons.append(chip)
        elif model.problem is None and not self._asks(model):
            use = QPushButton("Use this one", frame)
            use.setObjectName(f"use-{model.id}")
            use.clicked.connect(lambda: self._models.choose(model.id))
            buttons.append(use)
        if model.problem is None and self._asks(model):
            read = QPushButton("Read its licence to use it…", frame)
            read.setObjectName(f"accept-{model.id}")
            read.clicked.connect(partial(self.accept_requested.emit, model.id))
            buttons.append(read)
        if model.problem is None and model.read:
            about = QPushButton("About this model", frame)
            about.setProperty("link", True)
            about.setObjectName(f"about-{model.id}")
            entry = self._catalogue.entry_of(model)
            opened, name = (self.opened, entry.id) if entry is not None else (self.file_opened, model.id)
            about.clicked.connect(partial(opened.emit, name))
            buttons.append(about)
        return buttons


def model_facts(model: LocalModel) -> str:
    """What decides, in one line; what isn't known is left out."""
    context = f"{model.context_length:,} tokens of context" if model.context_length else None
    size = size_words(model.size_bytes) if model.size_bytes else ""
    return " · ".join(part for part in (model.parameters, model.quantisation, size, context) if part)


def speed_words(speed: Speed | None) -> str:
    """How fast it is here, and how that is known."""
    if speed is None:
        return ""
    tps = f"{speed.tps:.0f}" if speed.tps >= 10 else f"{speed.tps:.1f}"
    return f"{tps} tokens/s here" if speed.measured else f"about {tps} tokens/s expected here"
