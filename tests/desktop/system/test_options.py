"""Options are values: read leniently, checked, merged from the nearest down."""

from __future__ import annotations

import json

import pytest

from desktop.system.options import NUMBERS, Options, gbnf, read, schema, stop_strings, written
from desktop.system.settings import Settings
from models.chat import Sampling

ALL = Options(
    temperature=0.7,
    top_k=0,
    top_p=0.9,
    min_p=0.0,
    repeat_penalty=1.1,
    frequency_penalty=-0.5,
    presence_penalty=0.5,
    seed=7,
    max_tokens=256,
    stop=("\t天", "END"),
    json_schema='{"type": "object"}',
    thinking_budget=0,
    context=8192,
)


def test_what_is_written_is_read() -> None:
    assert read(json.loads(json.dumps(written(ALL)))) == (ALL, [])
    assert read(written(Options())) == (Options(), [])
    assert written(Options()) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 5.1),
        ("temperature", float("nan")),
        ("temperature", True),
        ("temperature", "warm"),
        ("top_k", -1),
        ("top_k", 4.0),
        ("top_p", 1.01),
        ("min_p", 10**400),
        ("seed", 2**32),
        ("max_tokens", 0),
        ("stop", "END"),
        ("stop", ["END", ""]),
        ("stop", ["x"] * 17),
        ("stop", ["x" * 201]),
        ("json_schema", "{"),
        ("json_schema", "[]"),
        ("json_schema", {"type": "object"}),
        ("json_schema", "[" * 100_000),
        ("json_schema", '{"const": ' + "9" * 5_000 + "}"),
        ("json_schema", json.dumps({"x": "x" * 100_000})),
        ("grammar", "answer ::= 'yes'"),
        ("grammar", 5),
        ("context", 255),
        ("thinking_budget", -1),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_wrong_value_costs_only_itself(name: str, value: object) -> None:
    kept = {"top_k": 20, "top_p": 0.5}
    options, bad = read({**kept, name: value})
    assert bad == [name]
    assert getattr(options, name) is None
    assert {other: getattr(options, other) for other in kept.keys() - {name}} == {
        other: kept[other] for other in kept.keys() - {name}
    }


@pytest.mark.parametrize("value", [[], "x", 5, True])
def test_what_is_no_object_is_none_at_all(value: object) -> None:
    assert read(value) == (Options(), ["options"])


def test_entries_of_a_newer_version_survive() -> None:
    values = {"top_k": 4, "from the future": {"deep": [None]}}
    options, bad = read(values)
    assert bad == []
    assert written(options) == values


def test_of_a_schema_and_a_grammar_the_schema_stays() -> None:
    options, bad = read({"json_schema": "{}", "grammar": 'root ::= "x"'})
    assert (options.json_schema, options.grammar, bad) == ("{}", None, ["grammar"])


def test_the_nearest_wins_and_zero_is_a_value() -> None:
    merged = Options(temperature=0.0, thinking_budget=0).over(Options(temperature=1.0, top_k=5))
    assert merged == Options(temperature=0.0, thinking_budget=0, top_k=5)


def test_the_form_of_an_answer_counts_as_one_thing() -> None:
    merged = Options(json_schema="{}").over(Options(grammar='root ::= "x"', seed=1))
    assert merged == Options(json_schema="{}", seed=1)
    assert Options(seed=2).over(Options(grammar='root ::= "x"')).grammar == 'root ::= "x"'


def test_the_sampling_has_all_but_what_a_request_says_itself() -> None:
    sampling = ALL.sampling()
    assert sampling.stop == ("\t天", "END")
    assert (sampling.top_k, sampling.seed, sampling.json_schema) == (0, 7, '{"type": "object"}')
    assert Options().sampling() == Sampling()


def test_a_model_stands_over_the_settings() -> None:
    settings = Settings(temperature=0.5, max_tokens=10, models={"m": Options(temperature=0.1, context=4096)})
    assert settings.options_for("m") == Options(temperature=0.1, max_tokens=10, context=4096)
    assert settings.options_for("other") == Options(temperature=0.5, max_tokens=10)
    assert (settings.context_for("m"), settings.context_for("other")) == (4096, None)


def test_a_model_with_nothing_set_has_no_entry() -> None:
    settings = Settings(models={"m": Options(top_k=1)})
    assert settings.with_model("m", Options()) == {}
    assert settings.with_model("n", Options(top_k=2)) == {"m": Options(top_k=1), "n": Options(top_k=2)}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("max_tokens", "4,096", 4096),
        ("max_tokens", " 4 096 ", 4096),
        ("temperature", "0,7", 0.7),
        ("temperature", " 1 ", 1.0),
        ("seed", "0", 0),
    ],
)
def test_numbers_are_read_as_people_type_them(name: str, text: str, value: float) -> None:
    assert NUMBERS[name].parsed(text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [("max_tokens", "0.5"), ("max_tokens", ""), ("top_p", "2"), ("top_p", "nan"), ("seed", "9" * 5_000)],
)
def test_numbers_out_of_range_say_what_to_give(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"Give a (whole )?number from [0-9]+ to [0-9,]+\."):
        NUMBERS[name].parsed(text)


def test_typed_texts_say_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="line 2, column 1"):
        schema('{"type":\n}')
    with pytest.raises(ValueError, match="root"):
        gbnf("x ::= y")
    assert stop_strings("END\n\n###\n") == ("END", "###")
    assert stop_strings("") == ()
