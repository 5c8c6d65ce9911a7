"""Reads a gateway's statement from a CSV file that may have any encoding, separator and damage."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path

from models.errors import AppError, BadInput
from models.plain import plain, shown
from models.statement import (
    Column,
    Line,
    Mapped,
    Statement,
    Unread,
    check,
    currency_in,
    decimal_comma,
    guess,
    read_line,
)

LARGEST_BYTES = 128 << 20
MOST_ROWS = 1_000_000
_MOST_COLUMNS = 500
_HEADER_WITHIN = 20  # lines; some write a title above their table
_NO_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b")


class _Unfit(BadInput):
    title = "The statement can’t be read."


@dataclass(frozen=True, slots=True)
class Table:
    """A file's headings, and its lines with their numbers from 1, those of the file."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, Sequence[str]], ...]

    def guessed(self) -> Mapped:
        """Which column is what, as far as the headings tell; the first amounts may tell their currency."""
        mapped = guess(self.header)
        at = mapped.columns.get(Column.COST)
        if mapped.currency or at is None:
            return mapped
        named = (currency_in(cells[at]) for _number, cells in self.rows[:50] if at < len(cells))
        return replace(mapped, currency=next(filter(None, named), ""))


def read_table(path: Path) -> Table:
    """Any thread; a large file takes seconds. Raises AppError."""
    text = _decoded(_content(path))
    separator = _separator(text)
    try:
        rows = tuple(_rows(text, separator))
    except csv.Error as error:
        raise _Unfit(f"It is no table: {error}.", "Export it again as CSV.", details=repr(error)) from error
    if len(rows) < 2:
        raise _Unfit("It has no lines below its headings.", "Export the requests of a longer time.")
    at = _header_at(rows)
    header = tuple(plain(cell, 80) or f"Column {n}" for n, cell in enumerate(rows[at][1], 1))
    if len(header) < 2:
        raise _Unfit("It has one column only.", "Export it as CSV, with a comma between the columns.")
    return Table(plain(path.name, 120), header, rows[at + 1 :])


def read_statement(table: Table, mapped: Mapped, zone: tzinfo | None = None) -> Statement:
    """All lines by these columns; those that can't be used are told. Raises BadInput. Any thread."""
    check(mapped, len(table.header))
    lines: list[Line] = []
    unread: list[Unread] = []
    at = mapped.columns.get(Column.COST)
    comma = at is not None and decimal_comma(cells[at] for _n, cells in table.rows if at < len(cells))
    for number, cells in table.rows:
        one = read_line(number, cells, mapped, zone, comma=comma)
        if isinstance(one, Line):
            lines.append(one)
        else:
            unread.append(one)
    return Statement(tuple(lines), tuple(unread))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise AppError(
            f"“{shown(path)}” can’t be opened: {error.strerror or error}.",
            "Check that it is still there and may be read.",
            title=_Unfit.title,
            details=repr(error),
        ) from error
    if len(content) > LARGEST_BYTES:
        raise _Unfit("It is larger than 128 MiB.", "Export a shorter time.")
    if content.startswith(_NO_TEXT):
        raise _Unfit("It is no CSV file, but a spreadsheet or an archive.", "Save it as CSV first.")
    if not content.strip():
        raise _Unfit("It is empty.", "Export it again.")
    return content


def _decoded(content: bytes) -> str:
    """UTF-8, UTF-16 with its mark, or what spreadsheets in China write."""
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _Unfit("Its characters can’t be made out.", "Save it as CSV with UTF-8 as its encoding.")


def _separator(text: str) -> str:
    """Whichever the first lines have the most of."""
    first = text[:20_000]
    return max(",;\t|", key=first.count)


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    count = 0
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        count += 1
        if count > MOST_ROWS:
            raise _Unfit(f"It has more than {MOST_ROWS:,} lines.", "Export a shorter time.")
        if len(cells) > _MOST_COLUMNS:
            raise _Unfit(f"A line has more than {_MOST_COLUMNS} columns.", "Export it again as CSV.")
        yield reader.line_num, cells


def _header_at(rows: Sequence[tuple[int, Sequence[str]]]) -> int:
    """The first line of which several headings are known, else the first."""
    known = (at for at, (_n, cells) in enumerate(rows[:_HEADER_WITHIN]) if len(guess(cells).columns) > 2)
    return min(next(known, 0), len(rows) - 2)
