"""Which JSON schemas the converter into grammars must not get: it would take all memory, or never end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from models.errors import BadInput

MOST_TIMES = 10_000
"""How often something may be repeated: the converter writes each repetition out."""

_COUNTS = ("minItems", "maxItems", "minLength", "maxLength")
_VALUES = ("const", "default", "enum", "examples")
_ESCAPED, _CLASS = r"\\.", r"\[(?:\\.|[^\]\\])*\]"
_QUANTIFIER = re.compile(r"\{([^}]*)\}")
_WHOLE = re.compile(rf"{_ESCAPED}|{_CLASS}", re.DOTALL)


def check(schema: str) -> None:
    """Raise BadInput for a schema that repeats too often, or has a pattern with a bracket too many.

    What is no JSON passes: the converter says so itself.
    """
    try:
        parts = [*_parts(json.loads(schema))]
    except (ValueError, RecursionError):
        return
    for part in parts:
        pattern = part.get("pattern")
        text = _WHOLE.sub("", pattern) if isinstance(pattern, str) else ""
        if "]" in text or "}" in _QUANTIFIER.sub("", text):
            raise BadInput(
                "A pattern in the JSON schema has a closing bracket without an opening one.",
                "Put a backslash before it, or leave it out.",
            )
        if any(number > MOST_TIMES for number in (*_counts(part), *_times(text))):
            raise BadInput(
                f"The JSON schema repeats something more than {MOST_TIMES:,} times.",
                "Choose smaller numbers, or leave them out.",
            )


def _parts(schema: object) -> Iterator[dict[str, object]]:
    """A schema and all those in it."""
    if isinstance(schema, dict):
        yield schema
        for name, value in schema.items():
            if name not in _VALUES:
                yield from _parts(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _parts(item)


def _counts(part: dict[str, object]) -> Iterator[float]:
    for name in _COUNTS:
        count = part.get(name)
        if isinstance(count, int | float):
            yield count


def _times(pattern: str) -> Iterator[float]:
    for quantifier in _QUANTIFIER.findall(pattern):
        yield from (float(number) for number in re.findall(r"\d+", quantifier))
