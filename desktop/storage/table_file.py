"""A table as a file for others, CSV or JSON, written a piece at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from desktop.storage.csv_lines import as_csv
from desktop.storage.whole_file import WholeFile


class Table(StrEnum):
    """The forms of an export; the value is the file's suffix."""

    CSV = "csv"
    JSON = "json"


class TableFile:
    """A WholeFile of rows. CSV has one line for each row, JSON the `head` and "rows"."""

    def __init__(
        self, path: Path, form: Table, failed: str, head: Mapping[str, object] = MappingProxyType({})
    ) -> None:
        self._form, self._count = form, 0
        self._file = WholeFile(path, failed)
        if form is Table.JSON:
            self._file.write(json.dumps(dict(head), ensure_ascii=False)[:-1] + ', "rows": [')

    def add(self, rows: Iterable[Mapping[str, object]]) -> None:
        """The next rows as their values; all have the same names."""
        values = list(rows)
        if self._form is Table.JSON:
            lines = (json.dumps(one, ensure_ascii=False) for one in values)
            text = "".join(f"{',' if self._count + n else ''}\n{line}" for n, line in enumerate(lines))
        else:
            table = as_csv(values)
            text = "".join(line for n, line in enumerate(table) if n or not self._count)
        self._count += len(values)
        self._file.write(text)

    def finish(self) -> int:
        """Make it the file; how many rows it has."""
        if self._form is Table.JSON:
            self._file.write("\n]}\n")
        self._file.finish()
        return self._count

    def drop(self) -> None:
        """Leave nothing half written behind. Never raises."""
        self._file.drop()
