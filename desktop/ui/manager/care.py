"""A model's menu of what can be done with its files, and the line that tells of a verification."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QProgressBar, QPushButton, QToolButton, QWidget

from desktop.services.care import CareService
from desktop.ui.labels import plain_label
from desktop.ui.theme import Appearance
from models.library import LocalModel


class CareMenu(QToolButton):
    """A button with a menu; each deed is a signal."""

    verify_requested = Signal()
    reveal_requested = Signal()
    remove_requested = Signal()
    trash_requested = Signal()

    def __init__(self, model: LocalModel, look: Appearance, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(f"more-{model.id}")
        self.setAccessibleName(f"More about {model.name}’s files")
        self.setToolTip("More")
        self.setIcon(look.icon("dots-three"))
        self.setIconSize(QSize(18, 18))
        self.setFixedSize(28, 28)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        self._add(
            menu,
            f"verify-{model.id}",
            "Verify the file" + ("s" if _several(model) else ""),
            "verify_requested",
        )
        self._add(menu, f"reveal-{model.id}", "Show in its folder", "reveal_requested")
        if model.source != "starter":
            menu.addSeparator()
            self._add(menu, f"remove-{model.id}", "Remove from the list", "remove_requested")
        if model.origin is not None:
            self._add(menu, f"trash-{model.id}", "Move to the trash", "trash_requested")
        self.setMenu(menu)

    def _add(self, menu: QMenu, name: str, words: str, signal: str) -> None:
        action = QAction(words, menu)
        action.setObjectName(name)
        action.triggered.connect(lambda: getattr(self, signal).emit())
        menu.addAction(action)


class CareLine(QWidget):
    """What a verification of one model says: a bar while it runs, then words. Hidden where there is none."""

    def __init__(self, model_id: str, care: CareService, parent: QWidget) -> None:
        super().__init__(parent)
        self._id, self._care = model_id, care
        self._bar = QProgressBar(self)
        self._bar.setObjectName(f"verifying-{model_id}")
        self._bar.setAccessibleName("How much is verified")
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(4)
        self._bar.setRange(0, 1000)
        self._words = plain_label(self, "meta")
        self._words.setObjectName(f"verified-{model_id}")
        self._stop = self._button("Cancel", f"stop-verifying-{model_id}", lambda: care.cancel(model_id))
        self._close = self._button("Close", f"close-verified-{model_id}", lambda: care.forget(model_id))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 4, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._words, 1)
        row.addWidget(self._bar, 1)
        row.addWidget(self._stop)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        care.checked.connect(self._refresh)
        self._refresh(model_id)

    def _refresh(self, model_id: str) -> None:
        if model_id != self._id:
            return
        check = self._care.check(self._id)
        self.setVisible(check is not None)
        if check is None:
            return
        self._bar.setVisible(check.running)
        self._stop.setVisible(check.running)
        self._close.setVisible(not check.running)
        self._bar.setValue(check.permille)
        self._words.setText("Verifying: reading all of it again" if check.running else check.words)
        self._words.setProperty("role", "meta-warn" if check.good is False else "meta")
        self._words.style().unpolish(self._words)
        self._words.style().polish(self._words)

    def _button(self, words: str, name: str, then: object) -> QPushButton:
        button = QPushButton(words, self)
        button.setObjectName(name)
        button.setProperty("link", True)
        button.clicked.connect(then)
        return button


def _several(model: LocalModel) -> bool:
    return model.origin is not None and len(model.origin.files) > 1
