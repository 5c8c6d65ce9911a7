"""How answers are made: what a model, a conversation or the settings may set, checked and merged."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType

from models.chat import Sampling

_LONGEST_FORM = 100_000  # characters of a schema or a grammar
_MOST_STOPS, _LONGEST_STOP = 16, 200


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers that an option may be, both ends included."""

    low: float
    high: float
    whole: bool = False

    def checked(self, value: object) -> float:
        """The number of a JSON value; ValueError, with a sentence, for whatever can't be used."""
        usable = isinstance(value, int if self.whole else int | float) and not isinstance(value, bool)
        if not usable or not self.low <= value <= self.high:  # type: ignore[operator]  # NaN fails, too
            raise ValueError(self.words())
        return value if self.whole else float(value)  # type: ignore[return-value, arg-type]

    def parsed(self, text: str) -> float:
        """The number that was typed, “4,096” and “0,7” too; ValueError with a sentence."""
        plain = re.sub(r"[\s,]", "", text) if self.whole else text.strip().replace(",", ".")
        try:
            return self.checked(int(plain) if self.whole else float(plain))
        except ValueError:
            raise ValueError(self.words()) from None

    def words(self) -> str:
        """What to give instead, as a sentence."""
        kind = "a whole number" if self.whole else "a number"
        return f"Give {kind} from {self.low:,g} to {self.high:,.0f}."


NUMBERS: Mapping[str, Range] = MappingProxyType(
    {
        "temperature": Range(0, 5),
        "top_k": Range(0, 100_000, whole=True),
        "top_p": Range(0, 1),
        "min_p": Range(0, 1),
        "repeat_penalty": Range(0.1, 5),
        "frequency_penalty": Range(-2, 2),
        "presence_penalty": Range(-2, 2),
        "seed": Range(0, 2**32 - 1, whole=True),
        "max_tokens": Range(1, 1_000_000, whole=True),
        "thinking_budget": Range(0, 1_000_000, whole=True),
        "context": Range(256, 16_777_216, whole=True),
    }
)


@dataclass(frozen=True, slots=True)
class Options:
    """What was set for one model or one conversation; None leaves a thing as it is without that.

    The fields are those of `models.chat.Sampling` and `ChatRequest`; `context` (tokens) is a model's
    only. At most one of `json_schema` and `grammar` is set. `unknown` are a newer Inshore's entries.
    """

    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] | None = None
    grammar: str | None = None
    json_schema: str | None = None
    thinking_budget: int | None = None
    context: int | None = None
    unknown: Mapping[str, object] = field(default_factory=dict, repr=False)

    def over(self, below: Options) -> Options:
        """These, and what they leave open as `below` has it; the form of the answer counts as one thing."""
        if self.grammar is not None or self.json_schema is not None:
            below = replace(below, grammar=None, json_schema=None)
        return replace(below, **_set(self))  # type: ignore[arg-type]  # by name, of the same type

    def sampling(self) -> Sampling:
        """The part that goes into a request's sampling."""
        names = {f.name for f in fields(Sampling)}
        return Sampling(**{name: value for name, value in _set(self).items() if name in names})  # type: ignore[arg-type]


def read(values: object) -> tuple[Options, list[str]]:
    """Options from JSON, and the name of each entry that can't be used and is left out; never raises."""
    if not isinstance(values, dict):
        return Options(), [] if values is None else ["options"]
    good: dict[str, object] = {}
    bad: list[str] = []
    for name, value in values.items():
        if name in _READERS and value is not None:
            try:
                good[name] = _READERS[name](value)
            except ValueError:
                bad.append(name)
    if "grammar" in good and "json_schema" in good:
        bad.append("grammar")
        del good["grammar"]
    unknown = {name: value for name, value in values.items() if name not in _READERS}
    return Options(**good, unknown=unknown), bad  # type: ignore[arg-type]  # checked above


def written(options: Options) -> dict[str, object]:
    """What `read` takes: only what is set."""
    values = _set(options)
    if options.stop is not None:
        values["stop"] = list(options.stop)
    return {**options.unknown, **values}


def stop_strings(text: str) -> tuple[str, ...]:
    """Stop strings as typed, one on each line; ValueError with a sentence."""
    return _stop([line for line in text.splitlines() if line])


def schema(text: str) -> str:
    """A JSON schema as typed; ValueError with a sentence."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"Not JSON yet: line {error.lineno}, column {error.colno}.") from None
    except (RecursionError, ValueError):  # nested too deeply, or a number of thousands of digits
        raise ValueError("This is more than can be read.") from None
    if not isinstance(value, dict):
        raise ValueError("A schema is a JSON object: { … }.")  # noqa: TRY004 - of a text, not of a type
    return _short(text)


def gbnf(text: str) -> str:
    """A grammar as typed; only its root is looked for. ValueError with a sentence."""
    if not re.search(r"^\s*root\s*::=", text, re.MULTILINE):
        raise ValueError("A grammar has a rule named “root”: root ::= …")
    return _short(text)


def _set(options: Options) -> dict[str, object]:
    known = {f.name: getattr(options, f.name) for f in fields(options) if f.name != "unknown"}
    return {name: value for name, value in known.items() if value is not None}


def _short(text: str) -> str:
    if len(text) > _LONGEST_FORM:
        raise ValueError(f"This is longer than {_LONGEST_FORM:,} characters.")
    return text


def _stop(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise ValueError("Give texts, one on each line.")
    if len(value) > _MOST_STOPS:
        raise ValueError(f"Give at most {_MOST_STOPS} of them.")
    if any(len(each) > _LONGEST_STOP for each in value):
        raise ValueError(f"Each may have at most {_LONGEST_STOP} characters.")
    return tuple(value)


def _text(check: Callable[[str], str]) -> Callable[[object], object]:
    def read(value: object) -> object:
        if not isinstance(value, str):
            raise ValueError  # noqa: TRY004 - told as every value that can't be used
        return check(value)

    return read


_READERS: Mapping[str, Callable[[object], object]] = {
    **{name: numbers.checked for name, numbers in NUMBERS.items()},
    "stop": _stop,
    "grammar": _text(gbnf),
    "json_schema": _text(schema),
}
