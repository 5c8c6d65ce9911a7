"""How much of what the model reads at once is used: a few figures beside Send."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from desktop.services.context import ContextUse
from models.chat import TextSize


class ContextMeter(QLabel):
    """Shows used and total tokens; warns when the next answer will be given without older messages."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("context-meter")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", "meta")
        self._figures, self._brief = "", False
        self.hide()

    def show_use(self, use: ContextUse | None, draft: TextSize | None) -> None:
        """Show the conversation and the message being typed, as far as they are known."""
        self.setVisible(use is not None or draft is not None)
        used, total = _sum(use, draft)
        self._figures = f"{short(used)} / {short(total)}"
        self.set_brief(self._brief)
        self.setToolTip(explained(use, draft))
        self.setAccessibleName(f"Context: {used:,} of {total:,} tokens")
        self.setAccessibleDescription(self.toolTip())
        self._colour("meta-warn" if _overflows(use, draft) else "meta")

    def set_brief(self, brief: bool) -> None:
        """Leave out the unit where there is little room."""
        self._brief = brief
        self.setText(self._figures if brief else f"{self._figures} tokens")

    def _colour(self, role: str) -> None:
        if self.property("role") != role:
            self.setProperty("role", role)
            self.style().unpolish(self)
            self.style().polish(self)


def short(tokens: int) -> str:
    """A number for reading: 940, 3.1k, 12k; whole thousands of 1,024 as models name them: 8k for 8,192."""
    if tokens < 1_000:
        return str(tokens)
    if tokens % 1_024 == 0:
        return f"{tokens // 1_024}k"
    thousands = tokens / 1_000
    return f"{thousands:.0f}k" if thousands >= 9.95 else f"{thousands:.1f}k"


def explained(use: ContextUse | None, draft: TextSize | None) -> str:
    """The exact figures, a line each, and what follows from them."""
    _used, total = _sum(use, draft)
    lines = [f"The model reads {total:,} tokens at once."]
    if use is not None:
        lines.append(f"This conversation: {use.tokens:,} tokens.")
    if draft is not None:
        lines.append(f"Your message: {draft.tokens:,} tokens.")
    if draft is not None and draft.tokens > draft.room_tokens:
        lines.append("Your message alone is too long.")
    elif _overflows(use, draft):
        lines.append(
            "With room for an answer that is too much: the oldest messages will be left out, but pinned ones."
        )
    return "\n".join(lines)


def _sum(use: ContextUse | None, draft: TextSize | None) -> tuple[int, int]:
    """Used and total; the draft's total is the newer one."""
    used = (use.tokens if use else 0) + (draft.tokens if draft else 0)
    total = draft.context_tokens if draft else use.context_tokens if use else 0
    return used, total


def _overflows(use: ContextUse | None, draft: TextSize | None) -> bool:
    """Whether both together leave no room for an answer: that is when older messages are left out."""
    return draft is not None and _sum(use, draft)[0] > draft.room_tokens
