"""Settings: few, plain, and in effect at once."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from desktop.services.settings import SettingsService
from desktop.system.settings import Theme
from desktop.ui.labels import plain_label
from desktop.ui.page import Page, card
from desktop.ui.settings.failing import WhenItFails
from desktop.ui.settings.hub import HubAddresses
from desktop.ui.settings.hub_token import HubToken
from desktop.ui.settings.keeping import Keeping
from desktop.ui.settings.preference import PreferenceCard
from desktop.ui.settings.privacy import PrivacyCard
from desktop.ui.settings.thinking import ThinkingBudget

_THEMES = ((Theme.SYSTEM, "As the system"), (Theme.LIGHT, "Light"), (Theme.DARK, "Dark"))


class SettingsPage(Page):
    """Changes go to the service; `folder_requested(path)` asks to show the data folder, and
    `hub_token_removed` to forget the token that the keyring has for a hub, `record_requested` for the
    record of what left."""

    folder_requested = Signal(str)
    hub_token_removed = Signal()
    record_requested = Signal()

    def __init__(self, settings: SettingsService, data: Path, parent: QWidget | None = None) -> None:
        super().__init__("Settings", "What you change here is in effect at once.", parent)
        self._settings = settings
        self.column.addWidget(self._appearance())
        self.column.addWidget(self._thinking())
        self.column.addWidget(self._preference())
        self.column.addWidget(self._privacy())
        self.column.addWidget(self._failing())
        self.column.addWidget(self._speed())
        self.column.addWidget(self._hubs())
        self._last = self._data(data)
        self.column.addWidget(self._last)
        self.column.addStretch(1)

    def insert_card(self, card: QWidget) -> None:
        """Show another card above “Your data”."""
        self.column.insertWidget(self.column.indexOf(self._last), card)

    def _appearance(self) -> QWidget:
        frame = card(self)
        title = plain_label(frame, "strong")
        title.setText("Appearance")
        row = QHBoxLayout()
        row.setSpacing(16)
        self._themes = QButtonGroup(frame)
        for theme, words in _THEMES:
            button = QRadioButton(words, frame)
            button.setObjectName(f"theme-{theme.value}")
            button.setAccessibleName(f"Appearance: {words}")
            button.setChecked(theme is self._settings.values.theme)
            button.clicked.connect(lambda _on, theme=theme: self._settings.update(theme=theme))
            self._themes.addButton(button)
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout(frame)
        column.setContentsMargins(16, 14, 16, 14)
        column.addWidget(title)
        column.addLayout(row)
        return frame

    def _thinking(self) -> QWidget:
        frame = card(self)
        title = plain_label(frame, "strong")
        title.setText("Thinking")
        words = plain_label(frame, "muted")
        words.setText(
            "The answer begins at the latest after so many tokens of reasoning. A model or a conversation "
            "can have another limit."
        )
        budget = ThinkingBudget(frame)
        budget.show_value(self._settings.values.thinking_budget)
        budget.chosen.connect(lambda tokens: self._settings.update(thinking_budget=tokens))
        column = QVBoxLayout(frame)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        for widget in (title, words, budget):
            column.addWidget(widget)
        return frame

    def _preference(self) -> QWidget:
        hybrid = PreferenceCard(self)
        hybrid.show_preference(self._settings.values.preference)
        hybrid.chosen.connect(lambda chosen: self._settings.update(preference=chosen))
        self._settings.changed.connect(lambda values: hybrid.show_preference(values.preference))
        return hybrid

    def _privacy(self) -> QWidget:
        privacy = PrivacyCard(self)
        values = self._settings.values
        privacy.show_privacy(values.privacy, values.picture_privacy)
        privacy.chosen.connect(lambda chosen: self._settings.update(privacy=chosen))
        privacy.record_requested.connect(self.record_requested)
        privacy.pictures_chosen.connect(lambda chosen: self._settings.update(picture_privacy=chosen))
        self._settings.changed.connect(
            lambda values: privacy.show_privacy(values.privacy, values.picture_privacy)
        )
        return privacy

    def _failing(self) -> QWidget:
        frame = card(self)
        title = plain_label(frame, "strong")
        title.setText("When something fails")
        self._when = when = WhenItFails(self._settings.values, frame)
        when.changed.connect(lambda name, value: self._settings.update(**{name: value}))
        self._settings.changed.connect(when.show_values)
        column = QVBoxLayout(frame)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        column.addWidget(title)
        column.addWidget(when)
        return frame

    def _speed(self) -> QWidget:
        frame = card(self)
        keeping = Keeping(self._settings.values, frame)
        keeping.changed.connect(lambda name, value: self._settings.update(**{name: value}))
        self._settings.changed.connect(keeping.show_values)
        column = QVBoxLayout(frame)
        column.setContentsMargins(16, 14, 16, 14)
        column.addWidget(keeping)
        return frame

    def _hubs(self) -> QWidget:
        frame = card(self)
        title = plain_label(frame, "strong")
        title.setText("Where models come from")
        words = plain_label(frame, "muted")
        words.setText(
            "Addresses of hubs, one a line. The first is asked first, the next where it fails: mirrors help "
            "where the main hub can’t be reached. An access token goes only to the hub it was entered for."
        )
        hubs = HubAddresses(frame)
        hubs.show_value(self._settings.values.hub_endpoints)
        hubs.chosen.connect(lambda addresses: self._settings.update(hub_endpoints=addresses))
        token = HubToken(frame)
        token.show_host(self._settings.values.hub_signed_in)
        token.removed.connect(self.hub_token_removed)
        self._settings.changed.connect(lambda values: token.show_host(values.hub_signed_in))
        column = QVBoxLayout(frame)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        for widget in (title, words, hubs, token):
            column.addWidget(widget)
        return frame

    def _data(self, data: Path) -> QWidget:
        frame = card(self)
        title = plain_label(frame, "strong")
        title.setText("Your data")
        words = plain_label(frame, "muted")
        words.setText("Conversations are stored in this folder on this machine, and nowhere else:")
        path = plain_label(frame)
        path.setText(str(data))
        path.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        button = QPushButton("Open the folder", frame)
        button.setObjectName("open-data-folder")
        button.clicked.connect(lambda: self.folder_requested.emit(str(data)))
        column = QVBoxLayout(frame)
        column.setContentsMargins(16, 14, 16, 14)
        for widget in (title, words, path):
            column.addWidget(widget)
        column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        return frame
