"""Schemas that the converter would never end with, or take all memory for, don't reach it."""

from __future__ import annotations

import json

import pytest

from models.errors import BadInput
from models.local.schema_limits import check

ENDLESS = ("^a]$", "^a}$", "^[[:alpha:]x]+$", "^(ab})$", "^a{2}}$")
TOO_OFTEN: tuple[dict[str, object], ...] = (
    {"type": "string", "minLength": 100_000_000},
    {"type": "string", "maxLength": 1e300},
    {"type": "object", "properties": {"a": {"anyOf": [{"type": "array", "minItems": 30_000_000}]}}},
    {"type": "string", "pattern": "^a{300000000}$"},
    {"type": "string", "pattern": "^(a|b){2, 99999}$"},
)
FINE: tuple[object, ...] = (
    {"type": "string", "pattern": r"^[a-z\]}]+\]\}{2,3}$", "maxLength": 100},
    {"type": "object", "properties": {"pattern": {"type": "string"}, "minItems": {"type": "integer"}}},
    {"enum": [{"pattern": "]", "minItems": 10**9}]},
    {"type": "integer", "maximum": 10**12},
    5,
)


@pytest.mark.parametrize("pattern", ENDLESS)
def test_a_closing_bracket_that_nothing_opened_is_told(pattern: str) -> None:
    with pytest.raises(BadInput, match="closing bracket"):
        check(json.dumps({"properties": {"a": {"type": "string", "pattern": pattern}}}))


@pytest.mark.parametrize("schema", TOO_OFTEN, ids=str)
def test_what_is_repeated_too_often_is_told(schema: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="10,000"):
        check(json.dumps(schema))


@pytest.mark.parametrize("schema", FINE, ids=str)
def test_other_schemas_pass(schema: object) -> None:
    check(json.dumps(schema))


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000])
def test_what_is_no_json_is_left_to_the_converter(text: str) -> None:
    check(text)
