"""Where a fact is from, and as of when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from models.toml_table import Table, read_table

_DATE = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?")


@dataclass(frozen=True, slots=True)
class Source:
    """A document facts were taken from. `as_of` is a month or a day, "2026-05" or "2026-11-25".

    `url` is "" where there is no address; `as_of` is "" for a user's own entries only.
    """

    id: str
    title: str
    as_of: str
    url: str = ""


YOURS = Source("yours", "your own entry", "")


def read_sources(path: Path) -> Mapping[str, Source]:
    """All sources by id; raises CatalogueError."""
    top = read_table(path)
    sources = {}
    for table in top.tables("source"):
        source = Source(table.text("id"), table.text("title"), _date(table, "as_of"), table.text("url", ""))
        if source.url and not source.url.startswith("https://"):
            table.fail("url", "an address begins with https://")
        if source.id in sources:
            table.fail("id", "this source is there twice")
        table.done()
        sources[source.id] = source
    top.done()
    return MappingProxyType(sources)


def named_source(table: Table, key: str, sources: Mapping[str, Source]) -> Source:
    """The source that a key names; raises CatalogueError where it is missing or unknown."""
    name = table.text(key)
    if name not in sources:
        table.fail(key, f"there is no source “{name}”")
    return sources[name]


def _date(table: Table, key: str) -> str:
    value = table.text(key)
    if not _DATE.fullmatch(value):
        table.fail(key, f"“{value}” is no date such as 2026-05 or 2026-05-31")
    return value
