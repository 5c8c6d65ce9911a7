"""The library behind a request: it is there, whatever met it half imported."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

from models.gateway import wire


def test_an_import_that_was_looked_into_half_way_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    library, real, failures = wire.load(), builtins.__import__, ["once"]

    def half_way(name: str, *more: Any, **named: Any) -> Any:
        if name == "openai" and failures:
            failures.pop()
            raise ImportError("cannot import name 'x' from partially initialized module 'y'")
        return real(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", half_way)
    assert wire.load() is library
    assert failures == []


def test_a_library_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *more: Any, **named: Any) -> Any:
        if name == "openai":
            raise ImportError("no such module")
        return real(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImportError):
        wire.load()
