"""Reads a TOML table strictly: every key has a type, and a key nobody asked for is a mistake."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

_MAX_BYTES = 1 << 20


class CatalogueError(ValueError):
    """A file of the catalogue says something that can't be used. `file` and `key` name the place."""

    def __init__(self, file: str, key: str, why: str) -> None:
        place = f"{file}: {key}" if key else file
        super().__init__(f"{place}: {why}")
        self.file, self.key, self.why = file, key, why


class Table:
    """One table and where it stands. Each getter raises CatalogueError for a value of another type.

    A getter with a default takes a missing key; one without raises for it. `done` refuses what is left.
    """

    def __init__(self, values: Mapping[str, Any], file: str, key: str = "") -> None:
        self._values, self.file, self._key = values, file, key
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def fail(self, key: str, why: str) -> NoReturn:
        """Raise CatalogueError about one of this table's keys."""
        raise CatalogueError(self.file, self._path(key), why)

    def text(self, key: str, default: str | None = None) -> str:
        value = self._value(key, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            self.fail(key, "a text is needed here")
        return value

    def number(self, key: str, default: int | None = None, *, least: int = 1) -> int:
        """A whole number that is at least `least`."""
        value = self._value(key, default)
        if type(value) is not int or (key in self._values and value < least):
            self.fail(key, f"a whole number from {least} is needed here")
        return value

    def maybe_number(self, key: str, *, least: int = 1) -> int | None:
        """The number, or None where the key is missing."""
        if key in self._values:
            return self.number(key, least=least)
        self._asked.add(key)
        return None

    def flag(self, key: str, default: bool = False) -> bool:
        value = self._value(key, default)
        if type(value) is not bool:
            self.fail(key, "true or false is needed here")
        return value

    def one_of(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in allowed and key in self._values:
            self.fail(key, f"“{value}” is none of {', '.join(allowed)}")
        return value

    def texts(self, key: str, allowed: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of texts, () where the key is missing; only those that are allowed, where some are named."""
        value = self._value(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            self.fail(key, "a list of texts is needed here")
        for item in value:
            if allowed and item not in allowed:
                self.fail(key, f"“{item}” is none of {', '.join(allowed)}")
        return tuple(value)

    def scores(self, key: str, count: int) -> tuple[float, ...]:
        """As many numbers as said."""
        value = self._value(key, None)
        if not isinstance(value, list) or not all(type(item) in (int, float) for item in value):
            self.fail(key, "a list of numbers is needed here")
        if len(value) != count:
            self.fail(key, f"{count} numbers are needed here, not {len(value)}")
        return tuple(float(item) for item in value)

    def table(self, key: str) -> Table | None:
        """A table within, None where the key is missing."""
        value = self._value(key, {})
        if not isinstance(value, dict):
            self.fail(key, "a table is needed here")
        return Table(value, self.file, self._path(key)) if key in self._values else None

    def tables(self, key: str) -> list[Table]:
        """A list of tables, empty where the key is missing."""
        value = self._value(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fail(key, "a list of tables is needed here")
        return [
            Table(item, self.file, f"{self._path(key)}/{item.get('id', number)}")
            for number, item in enumerate(value, start=1)
        ]

    def over(self, base: Table | None) -> Table:
        """This table with the base's values where it has none of its own; `sources` are merged key by key."""
        if base is None:
            return self
        merged = {**base._values, **self._values}
        both = (base._values.get("sources"), self._values.get("sources"))
        if all(isinstance(sources, dict) for sources in both):
            merged["sources"] = {**both[0], **both[1]}  # type: ignore[dict-item]
        return Table(merged, self.file, self._key)

    def done(self) -> None:
        """Raise CatalogueError for a key that no getter has asked for."""
        for key in self._values:
            if key not in self._asked:
                self.fail(key, "this key is not known")

    def _value(self, key: str, default: Any) -> Any:
        self._asked.add(key)
        if key not in self._values and default is None:
            self.fail(key, "this is missing")
        return self._values.get(key, default)

    def _path(self, key: str) -> str:
        return f"{self._key}/{key}" if self._key else key


def read_table(path: Path) -> Table:
    """A file's top table. Raises CatalogueError if it is no TOML, OSError if it can't be read."""
    with path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise CatalogueError(path.name, "", "the file is larger than 1 MiB")
    try:
        return Table(tomllib.loads(data.decode("utf-8")), path.name)
    except (ValueError, RecursionError) as error:  # a UnicodeDecodeError, too
        raise CatalogueError(path.name, "", f"it is not TOML: {error}") from error
