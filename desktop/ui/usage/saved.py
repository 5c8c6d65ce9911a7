"""What the answers of this machine would have cost at a gateway, with the arithmetic."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from desktop.storage.usage_values import Saved, Totals
from desktop.ui.choice import Choice
from desktop.ui.labels import plain_label
from models.money import exact
from models.offer import per_million
from models.pricing import Price


class SavedCard(QFrame):
    """A choice of the model to compare with; the first has the highest price of those that are known."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("saved")
        self.setProperty("card", True)
        self._prices: Mapping[str, Price] = {}
        self._local = Totals()
        title = plain_label(self, "strong")
        title.setText("What this machine’s answers would have cost")
        self.choice = Choice(self)
        self.choice.setObjectName("saved-model")
        self.choice.setAccessibleName("The model to compare with")
        self.choice.setMinimumContentsLength(16)
        self.choice.activated.connect(lambda _index: self._show())
        self._cost = plain_label(self, "subtitle")
        self._cost.setObjectName("saved-cost")
        self._words = plain_label(self, "muted")
        self._words.setObjectName("saved-arithmetic")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 14)
        column.setSpacing(8)
        for widget in (title, self.choice, self._cost, self._words):
            column.addWidget(widget)

    def show_local(self, local: Totals, prices: Mapping[str, Price], names: Mapping[str, str]) -> None:
        """The totals of local rows, and the prices to choose from, by the models’ names where they are known.
        The choice stays where it can."""
        self._local = local
        if prices != self._prices:
            current = self.choice.currentData()
            self._prices = prices
            self.choice.clear()
            self.choice.add_named({one: names.get(one, one) for one in prices})
            self.choice.setCurrentIndex(max(self.choice.findData(current), 0))
        self.setVisible(bool(prices) and bool(local.attempts))
        self._show()

    def _show(self) -> None:
        price = self._prices.get(self.choice.currentData())
        if price is not None:
            saved = Saved.of(self._local, price)
            self._cost.setText(exact(saved.cost))
            self._words.setText(arithmetic_words(saved))


def arithmetic_words(saved: Saved) -> str:
    """The sum in words, then in whole numbers, then what it leaves out."""
    price = saved.price
    source = ", ".join(part for part in (price.source, price.as_of) if part)
    lines = [
        f"{saved.prompt_tokens:,} tokens read at {per_million(price.currency, price.input_nano)} a million, "
        f"and {saved.completion_tokens:,} written at {per_million(price.currency, price.output_nano)} "
        f"a million{f' ({source})' if source else ''}:",
        f"{saved.arithmetic()}.",
        "Each answer counts as a request of its own, with nothing from a cache.",
    ]
    if saved.unknown_count:
        lines.append(f"Not in it: {saved.unknown_count:,} requests whose tokens aren’t known.")
    return "\n".join(lines)
