"""Tables as CSV for others: unknown is empty, and no cell can become a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """Lines of a table, its headings first.

    Amounts for each currency become one cell, such as "CNY 4200000; USD 1".
    """
    for number, values in enumerate(rows):
        if number == 0:
            yield csv_line(values)
        yield csv_line(values.values())


def csv_line(cells: Iterable[object]) -> str:
    """One line, with its end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([_cell(cell) for cell in cells])
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return "; ".join(f"{currency} {nano}" for currency, nano in value.items())
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text
