"""What is tried instead: once for memory, twice for a graphics card, never after words were written."""

from __future__ import annotations

from models.errors import EngineCrashed, EngineOutOfMemory, ModelTooLarge
from models.local.fallback import Fallback
from models.local.ladder import Cache
from models.local.protocol import Planned

ON_CARD = Planned(8192, Cache.F16, 37, 1, rung=0)
ON_CPU = Planned(4096, Cache.F16, 0, 1, rung=2)
MEMORY, CRASH = EngineOutOfMemory("no memory"), EngineCrashed("broken")


def test_memory_goes_one_step_below_what_was_tried_and_is_tried_once() -> None:
    fallback = Fallback()
    assert "less" in (fallback.after(MEMORY, "m", ON_CPU, attempt=0, written=False) or "")
    assert fallback.rung("m") == 3
    assert fallback.after(MEMORY, "m", ON_CPU, attempt=1, written=False) is None
    assert fallback.rung("other") == 0


def test_after_words_nothing_is_tried_but_the_next_question_has_less() -> None:
    fallback = Fallback()
    assert fallback.after(MEMORY, "m", ON_CPU, attempt=0, written=True) is None
    assert fallback.rung("m") == 3


def test_a_card_has_two_chances_and_then_the_processor_computes() -> None:
    fallback = Fallback()
    assert fallback.gpu
    assert "once more" in (fallback.after(CRASH, "m", ON_CARD, attempt=0, written=False) or "")
    assert fallback.gpu
    assert "processor" in (fallback.after(CRASH, "m", ON_CARD, attempt=1, written=False) or "")
    assert not fallback.gpu
    assert fallback.after(CRASH, "m", ON_CARD, attempt=2, written=False) is None


def test_other_failures_are_final() -> None:
    fallback = Fallback()
    assert fallback.after(CRASH, "m", ON_CPU, attempt=0, written=False) is None
    assert fallback.after(CRASH, "m", None, attempt=0, written=False) is None
    assert fallback.after(ModelTooLarge("big"), "m", ON_CARD, attempt=0, written=False) is None
    assert fallback.gpu
    assert fallback.rung("m") == 0
