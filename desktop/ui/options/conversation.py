"""The way to a conversation's own options: a button, a sign where it is private, and the sheet."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from desktop.services.setup import SetupService
from desktop.system.options import Options
from desktop.ui.theme import Appearance

if TYPE_CHECKING:
    from desktop.ui.options.sheet import OptionsSheet


class ConversationOptions(QObject):
    """Shows and changes the set-up of one conversation at a time; None is the new one.

    `button` and `sign` are for the page's header. `keep_typed` before the conversation changes.
    """

    def __init__(self, setup: SetupService, look: Appearance, page: QWidget) -> None:
        super().__init__(page)
        self._setup, self._look, self._page = setup, look, page
        self._conversation: int | None = None
        self.button = QToolButton(page)
        self.button.setObjectName("conversation-options")
        self.button.setAccessibleName("Options of this conversation")
        self.button.setToolTip("Options of this conversation")
        self.button.setCheckable(True)
        self.button.setIcon(look.icon("sliders-horizontal"))
        self.button.setIconSize(QSize(18, 18))
        self.button.setFixedSize(32, 32)
        self.sign = QPushButton("Private", page)
        self.sign.setObjectName("private-sign")
        self.sign.setAccessibleName("This conversation is private")
        self.sign.setToolTip("What the model has read here is not kept on disk")
        self.sign.setProperty("quiet", True)
        self.sign.setIcon(look.icon("lock-simple"))
        self.sign.setIconSize(QSize(14, 14))
        self.button.clicked.connect(self._toggle)
        self.sign.clicked.connect(self._open)
        self._fill()

    @cached_property
    def sheet(self) -> OptionsSheet:
        """Built when first needed: a form of a dozen fields would delay the window."""
        from desktop.ui.options.sheet import OptionsSheet

        sheet = OptionsSheet(self._look, self._page)
        sheet.shown.connect(self._fill)
        sheet.closed.connect(self._on_closed)
        sheet.options_changed.connect(self._keep_options)
        sheet.private_chosen.connect(self._keep_private)
        return sheet

    def show_conversation(self, conversation_id: int | None) -> None:
        """Show another conversation's."""
        self._conversation = conversation_id
        self._fill()

    def keep_typed(self) -> None:
        """Take what was typed into the sheet and not yet taken."""
        if self._is_built:
            self.sheet.form.flush()

    def refresh(self) -> None:
        """Another model may answer now: show what it has."""
        self.keep_typed()
        self._fill()

    def _fill(self) -> None:
        private, own = self._setup.of(self._conversation)
        self.sign.setVisible(private)
        if self._is_built:
            self.sheet.show_values(private, own, self._setup.inherited())

    @property
    def _is_built(self) -> bool:
        return "sheet" in self.__dict__

    def _keep_options(self, options: Options) -> None:
        self._setup.set_options(self._conversation, options)

    def _keep_private(self, private: bool) -> None:
        self._setup.set_private(self._conversation, private)
        self._fill()

    def _toggle(self) -> None:
        if self.sheet.isHidden():
            self._open()
        else:
            self.sheet.close_sheet()

    def _open(self) -> None:
        self.button.setChecked(True)
        self.sheet.open()

    def _on_closed(self) -> None:
        self.button.setChecked(False)
        self.button.setFocus(Qt.FocusReason.OtherFocusReason)
