"""What is kept with an answer of how it came about."""

from __future__ import annotations

from dataclasses import replace

from desktop.services.running import Running
from desktop.services.turns import LiveTurn, receipt
from models.chat import Finished, FinishReason, Role, Timings, Usage
from tests.desktop.services.talking import talk


def test_a_receipt_keeps_where_memory_began_and_what_was_said() -> None:
    asked = talk("a", "b", "c")
    turn = LiveTurn(replace(asked[0], id=4, role=Role.ASSISTANT), earlier=asked)
    turn.note("The context was shortened.")
    turn.note("The context was shortened.")
    turn.finished = Finished(FinishReason.STOP, Usage(), Timings(left_out_messages=2))
    kept = receipt(turn)
    assert kept["memory"] == {"first_id": 3, "left_out": 2}
    assert kept["notices"] == ["The context was shortened."]


def test_what_turns_out_to_be_reasoning_is_shown_and_counted_as_such() -> None:
    turn = LiveTurn(talk("a")[0], running=Running(clock=lambda: 1.0))
    turn.write("Two and two. " * 20)
    written, turn.saved = turn.running.tokens, turn.length
    turn.rethink()
    assert turn.saved != turn.length  # so that it is stored
    assert (turn.reasoning, turn.text) == (["Two and two. " * 20], [])
    turn.write("Four.")
    assert turn.running.values()["thinking"] == turn.thought_tokens == written
    assert turn.thought_s > 0
    assert "thought_s" in receipt(turn)


def test_a_receipt_says_nothing_of_memory_that_is_whole() -> None:
    turn = LiveTurn(talk("a")[0], earlier=talk("a"))
    turn.finished = Finished(FinishReason.STOP, Usage(), Timings())
    assert "memory" not in receipt(turn)
    assert "notices" not in receipt(turn)
