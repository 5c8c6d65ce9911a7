"""Whether what models have read of conversations is kept on the disk, and how much of it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.system.settings import Settings
from desktop.ui.check import CheckBox
from desktop.ui.choice import Choice
from desktop.ui.labels import plain_label

_OFFERED = (1, 2, 5, 10, 20)


class Keeping(QWidget):
    """A switch and a limit, which need not be one of those offered; `changed(name, value)` names it."""

    changed = Signal(str, object)

    def __init__(self, values: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self._keep = CheckBox("Go on sooner after a restart", self)
        self._keep.setObjectName("keep-states")
        self._keep.clicked.connect(lambda on: self.changed.emit("keep_states", on))
        self._limit = Choice(self)
        self._limit.setObjectName("states-gb")
        self._limit.setAccessibleName("The most that this may take on the disk")
        self._limit.setMinimumWidth(130)
        self._limit.activated.connect(
            lambda _index: self.changed.emit("states_gb", int(self._limit.currentData()))
        )
        words = plain_label(self, "muted")
        words.setText(
            "What a model has read of a conversation is kept on this machine, instead of being read again. "
            "What was not used for longest goes first; switched off, all of it is removed."
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._keep, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(words)
        column.addWidget(self._limit, 0, Qt.AlignmentFlag.AlignLeft)
        self.show_values(values)

    def show_values(self, values: Settings) -> None:
        """What is set."""
        self._keep.setChecked(values.keep_states)
        self._limit.clear()
        for size in sorted({*_OFFERED, values.states_gb}):
            self._limit.addItem(f"At most {size} GiB", size)
        self._limit.setCurrentIndex(self._limit.findData(values.states_gb))
        self._limit.setEnabled(values.keep_states)
