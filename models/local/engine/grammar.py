"""Forms that an answer must keep to: a grammar, or a JSON schema, which is made into one."""

from __future__ import annotations

import llama_cpp.llama_cpp as llama
from llama_cpp.llama_grammar import json_schema_to_gbnf

from models.chat import Sampling
from models.errors import BadInput
from models.local import schema_limits
from models.local.engine.model import Model

_ROOT = b"root"
_LONGEST = 256 << 10


def grammar_sampler(model: Model, sampling: Sampling) -> object | None:
    """llama.cpp's sampler for the request's form; None if it has none. Raises BadInput."""
    if sampling.grammar is not None and sampling.json_schema is not None:
        raise BadInput("An answer can keep to a grammar or to a JSON schema, not to both.", "Leave one out.")
    text = sampling.grammar
    if sampling.json_schema is not None:
        text = _from_schema(sampling.json_schema)
    if text is None:
        return None
    data = text.encode("utf-8", "replace")
    if not data.strip() or len(data) > _LONGEST or b"\0" in data:  # llama.cpp takes nothing for no grammar
        raise _unusable(sampling)
    sampler: object | None = llama.llama_sampler_init_grammar(model.vocabulary, data, _ROOT)
    if not sampler:
        raise _unusable(sampling)
    return sampler


def _from_schema(schema: str) -> str:
    if len(schema) > _LONGEST:
        raise BadInput("The JSON schema is longer than 256 kB.", "Make it simpler.")
    schema_limits.check(schema)
    try:
        return str(json_schema_to_gbnf(schema))
    except (Exception, RecursionError) as error:  # a foreign converter, which asserts what it can't do
        raise BadInput(
            "The JSON schema can’t be used.",
            "It must be JSON, and may only refer to itself.",
            details=f"{type(error).__name__}: {error}"[:2000],
        ) from error


def _unusable(sampling: Sampling) -> BadInput:
    if sampling.json_schema is not None:
        return BadInput("The JSON schema can’t be made into a grammar.", "Make it simpler.")
    return BadInput("The grammar has a mistake.", "It must be GBNF, and its first rule must be named root.")
