"""The requests of a comparison: theirs and ours beside each other, in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from PySide6.QtWidgets import QWidget

from desktop.ui.tables import Column, Table, TableModel
from models.money import exact
from models.pricing import Cost
from models.reconciling import Pair

_COLUMNS = (
    Column("Time", 152),
    Column("Model", 120),
    Column("Cost there", 100, is_number=True),
    Column("Cost here", 100, is_number=True),
    Column("Tokens there", 118, is_number=True),
    Column("Tokens here", 118, is_number=True),
    Column("What differs", 320),
)
_DIFFERS = 6
_MOST_ROWS = 8


class PairModel(TableModel[Pair]):
    """The pairs of one group, in its order."""

    def __init__(self) -> None:
        super().__init__(_COLUMNS)
        self.names: Mapping[str, str] = {}

    def cell(self, row: Pair, column: int) -> str:
        return cell(row, column, self.names)

    def details(self, row: Pair) -> str:
        return details(row)


def cell(pair: Pair, column: int, names: Mapping[str, str]) -> str:
    """One cell's words, with models' names by their ids; a dash for what is not known or not there."""
    theirs, ours = pair.theirs, pair.ours
    match column:
        case 0:
            at = theirs.at if theirs is not None and theirs.at is not None else ours.at if ours else None
            return "–" if at is None else f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M}"
        case 1:
            ids = [one.model for one in (ours, theirs) if one is not None and one.model]
            known = next((names[one] for one in ids if one in names), "")
            return known or (ids[-1].rpartition("/")[2] or ids[-1] if ids else "–")
        case 2:
            return _money(theirs.cost if theirs else None)
        case 3:
            return _money(ours.cost if ours else None)
        case 4:
            return _tokens(theirs.prompt, theirs.completion) if theirs else "–"
        case 5:
            return _tokens(ours.prompt, ours.completion) if ours else "–"
    return "; ".join(pair.differs)


def details(pair: Pair) -> str:
    """What has no column of its own."""
    theirs, ours = pair.theirs, pair.ours
    request = (theirs and theirs.request_id) or (ours and ours.request_id)
    names = dict.fromkeys(one.model for one in (theirs, ours) if one is not None and one.model)
    parts = (
        "; ".join(pair.differs),
        " · ".join(names),
        f"Line {theirs.number} of the statement" if theirs else "",
        f"Request {request}" if request else "",
        "Counted here, as the gateway told no numbers" if ours and ours.estimated else "",
    )
    return "\n".join(filter(None, parts))


def _money(cost: Cost | None) -> str:
    return "–" if cost is None else exact(cost)


def _tokens(prompt: int | None, completion: int | None) -> str:
    return " + ".join("–" if count is None else f"{count:,}" for count in (prompt, completion))


class PairTable(Table):
    """What differs gets the width that is left."""

    def __init__(self, parent: QWidget) -> None:
        self.pairs = PairModel()
        super().__init__(self.pairs, "statement-rows", _DIFFERS, parent)
        self.setAccessibleName("Requests of the statement beside those written here")

    def show_pairs(self, pairs: Sequence[Pair], names: Mapping[str, str]) -> None:
        """Show these, as many of them at once as are few; the models by these names of ids."""
        self.pairs.names = names
        self.pairs.show(pairs)
        bar = self.horizontalScrollBar().sizeHint().height()
        self.setFixedHeight(self.height_of(min(max(len(pairs), 2), _MOST_ROWS)) + bar + 4)
