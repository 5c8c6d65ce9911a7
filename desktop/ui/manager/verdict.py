"""A verdict on one line: a sign and words that differ without colour, then the one reason."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.ui.labels import Picture, plain_label
from desktop.ui.theme import Appearance
from models.fit import Verdict

_SIGNS = {
    Verdict.WELL: ("check-circle", "ok"),
    Verdict.SLOWLY: ("clock", "warn"),
    Verdict.LESS_CONTEXT: ("arrows-in-line-horizontal", "warn"),
    Verdict.NEEDS_GPU: ("x-circle", "muted"),
    Verdict.GATEWAY: ("x-circle", "muted"),
}


def sign_of(verdict: Verdict | None) -> tuple[str, str]:
    """The icon of a verdict and the token of its colour."""
    return _SIGNS[verdict] if verdict is not None else ("question", "muted")


class VerdictLine(QWidget):
    """Says a verdict and its reason."""

    def __init__(
        self, verdict: Verdict | None, words: str, reason: str, look: Appearance, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("verdict")
        said = f"{words[:1].upper()}{words[1:]}. {reason}"
        self.setAccessibleName(said)
        name, colour = sign_of(verdict)
        label = plain_label(self, "muted")
        label.setText(said)
        label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(Picture(look, name, 16, self, colour), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(label, 1)
