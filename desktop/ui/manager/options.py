"""A model's own options, unfolded inside its card."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from desktop.services.settings import SettingsService
from desktop.system.options import Options
from desktop.ui.labels import plain_label
from desktop.ui.options.context import context_choices
from desktop.ui.options.form import OptionsForm
from desktop.ui.theme import Appearance
from models.library import LocalModel

_WIDTH = 480  # px; wider, a name and its field stand too far apart


class ModelOptions(QWidget):
    """The form of one model, built when it is first unfolded; changes go to the settings at once.

    `button` unfolds it, `unfolded(bool)` tells; `unfold` does the same.
    """

    unfolded = Signal(bool)

    def __init__(
        self, model: LocalModel, settings: SettingsService, look: Appearance, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._model, self._settings, self._look = model, settings, look
        self._form: OptionsForm | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 12, 0, 4)
        self._column.setSpacing(12)
        self.button = QPushButton("Settings…", parent)
        self.button.setObjectName(f"options-{model.id}")
        self.button.setAccessibleName(f"Settings of {model.name}")
        self.button.setProperty("link", True)
        self.button.setIconSize(QSize(14, 14))
        self.button.clicked.connect(lambda: self.unfold(self.isHidden()))
        self.hide()

    def unfold(self, shown: bool) -> None:
        """Show the form or fold it away; what was typed is taken."""
        if shown:
            self._fill()
        elif self._form is not None:
            self._form.flush()
        self.setVisible(shown)
        self.button.setText("Close the settings" if shown else "Settings…")
        self.unfolded.emit(shown)

    def _fill(self) -> None:
        if self._form is None:
            self._form = self._build()
        values = self._settings.values
        inherited = values.options_for("")  # of no model: what holds for all of them
        self._form.show_options(values.models.get(self._model.id, Options()), inherited)

    def _build(self) -> OptionsForm:
        words = plain_label(self, "meta")
        words.setText("For every conversation with this model that has nothing else set.")
        contexts = context_choices(self._model.context_length)
        form = OptionsForm(self._look, self, contexts=contexts, prefix="model-option")
        form.setMaximumWidth(_WIDTH)
        form.changed.connect(self._keep)
        self._column.addWidget(words)
        self._column.addWidget(form)
        return form

    def _keep(self, own: Options) -> None:
        self._settings.update(models=self._settings.values.with_model(self._model.id, own))
