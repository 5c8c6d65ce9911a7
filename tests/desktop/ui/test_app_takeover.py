"""The whole window when an answer fails, here or at a gateway: who goes on, what is asked, what is kept."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.app import Program
from desktop.services.pace import Pace
from desktop.storage.attempts import AttemptStore
from desktop.storage.conversations import Status, StoredMessage
from desktop.storage.ledger_values import LedgerRow, Outcome
from desktop.storage.usage import UsageReports
from desktop.storage.usage_values import UsageFilter
from desktop.system.answering import TakeOver
from desktop.ui.chat import wording
from desktop.ui.chat.markdown import Kind
from desktop.ui.chat.seam import whole
from models.breaker import DoorState
from models.budget import Budget, Period
from models.chat import TextDelta
from models.errors import EngineCrashed
from models.fake import Hold as FakeHold
from models.fake import Step
from models.gateway.retrying import Patience
from models.library import LocalModel
from models.pricing import Cost
from models.route import Preference
from models.routing import Mode
from models.shapes import estimated
from tests.desktop.ui.programs import CODE, HERE, Here, ended, last, reply, send, shown
from tests.gateway_server import GatewayServer
from tests.gateway_server.scripts import answer, error, text
from tests.gateway_server.server import Hold, Received, Reply


@pytest.fixture
def program(program: Program) -> Program:
    """In the hybrid mode, with the gateway allowed and asked once only."""
    program.settings.update(allowed=("xidao",), mode=Mode.HYBRID)
    program.remote.backend()._patience = Patience(tries=1)
    return program


def said(program: Program) -> str:
    return str(program.window.notice._words.text())


def test_a_message_names_who_answers_it_and_only_it(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    send(program, "@qwen3-235b Hi!")
    message = ended(program, qtbot)
    assert message.model == "xidao/qwen3-235b"
    assert gateway.chats[0].json["messages"][-1]["content"] == "Hi!"
    assert program.page.composer.text() == ""
    labels = program.window.findChildren(QLabel, "addressed-to")
    assert [label.text() for label in labels if label.isVisible()] == ["To xidao/qwen3-235b"]
    send(program, "Hi again!")
    assert ended(program, qtbot).text == "From here."


def test_an_unknown_name_sends_nothing_and_keeps_the_text(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    send(program, "@quen3-235 Hi!")
    assert program.page.conversation is None
    assert program.page.composer.text() == "@quen3-235 Hi!"
    assert "@xidao/qwen3-235b" in said(program)
    assert gateway.received == []


def test_tab_completes_a_name(program: Program) -> None:
    edit = program.page.composer.edit
    note = program.window.findChild(QLabel, "composer-note")
    assert note is not None
    QTest.keyClicks(edit, "@qwen3-2")
    assert note.text() == "Tab: @xidao/qwen3-235b"
    QTest.keyClick(edit, Qt.Key.Key_Tab)
    assert edit.toPlainText() == "@xidao/qwen3-235b "
    assert "Tab" not in note.text()
    QTest.keyClicks(edit, "hi")
    assert edit.toPlainText() == "@xidao/qwen3-235b hi"


def test_the_mode_holds_for_a_named_model(program: Program, gateway: GatewayServer) -> None:
    program.chat.answering.set_mode(None, Mode.LOCAL)
    send(program, "@qwen3-235b Hi!")
    assert program.page.conversation is None
    assert "Local only" in said(program)
    assert gateway.received == []


def test_asking_differently_shows_whom_the_message_names(program: Program, qtbot: QtBot) -> None:
    send(program, "@small Hi!")
    assert ended(program, qtbot).status is Status.COMPLETE
    question = program.chat.messages(last(program).conversation_id)[0]
    program.page._edit(question)
    assert program.page.composer.text() == "@small Hi!"


DIED = EngineCrashed("The engine ended while it wrote.", "What was written is kept.")


def locally(program: Program, *scripts: Sequence[Step]) -> Here:
    """What the engine here does with the next questions."""
    here = Here(*scripts)
    program.__dict__["local"] = here
    return here


def rows(program: Program) -> list[LedgerRow]:
    """The ledger, oldest first."""
    return list(reversed(UsageReports(program._connection).rows(UsageFilter(), limit=10)))


def offer(program: Program) -> QPushButton:
    return next(b for b in program.window.findChildren(QPushButton, "take-over") if b.isVisible())


def seams(program: Program) -> list[str]:
    """The lines in the newest answer that say who goes on."""
    view = program.page.transcript.views()[-1]
    return [
        block.text
        for block in whole(view.message.text, wording.parts(view.message))
        if block.kind is Kind.SEAM
    ]


def test_killed_in_mid_answer_it_is_finished_there_with_consent(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    locally(program, [TextDelta("Half an "), TextDelta("answer"), DIED])
    reply(gateway, answer(" that is whole now."))
    send(program, "Hi!")
    broken = ended(program, qtbot)
    assert (broken.status, broken.text) == (Status.FAILED, "Half an answer")
    assert gateway.chats == []
    assert re.fullmatch(r"Finish on .+, at most ¥0\.\d+", offer(program).text())
    offer(program).click()
    whole_now = ended(program, qtbot)
    assert (whole_now.status, whole_now.text) == (Status.COMPLETE, "Half an answer that is whole now.")
    assert whole_now.id == broken.id
    assert whole_now.error is None
    assert len(gateway.chats) == 1
    assert gateway.chats[0].json["max_tokens"] == 4_096
    assert any(each.get("content") == "Half an answer" for each in gateway.chats[0].json["messages"])
    first, second = rows(program)
    assert [(row.attempt.number, row.outcome) for row in (first, second)] == [
        (1, Outcome.FAILED),
        (2, Outcome.FINISHED),
    ]
    assert first.attempt.turn_id == second.attempt.turn_id == whole_now.id
    assert len(seams(program)) == 1
    assert seams(program)[0].startswith("From here on ")
    assert shown(program).startswith("On this machine, then via XiDao")
    assert "¥" in shown(program)


def test_a_door_that_fails_goes_on_here_without_a_question_where_that_is_allowed(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    program.settings.update(take_over=TakeOver.HERE)
    gateway.respond = lambda _request: error(503)
    finished: list[StoredMessage] = []
    program.chat.turn_finished.connect(finished.append)
    send(program, CODE)
    message = ended(program, qtbot)
    assert (message.status, message.text) == (Status.COMPLETE, "From here.")
    assert any(note.endswith("Small went on.") for note in wording.remarks(message))
    assert len(finished) == 1
    assert seams(program) == []
    assert [row.outcome for row in rows(program)][-1] is Outcome.FINISHED
    assert rows(program)[0].outcome is Outcome.FAILED


def test_who_goes_on_is_told_what_was_asked_whichever_version_is_shown_by_then(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    program.settings.update(take_over=TakeOver.HERE)
    send(program, CODE)
    ended(program, qtbot)
    first, _answer = program.chat.messages(program.page.conversation or 0)
    shown = threading.Event()

    def respond(_request: Received) -> Reply:
        shown.wait(20)
        return error(503)

    gateway.respond = respond
    finished: list[StoredMessage] = []
    program.chat.turn_finished.connect(finished.append)
    program.chat.edit(first, f"Once more: {CODE}")
    qtbot.waitUntil(lambda: len(gateway.chats) == 2)
    program.chat.select_version(first.id)
    shown.set()
    qtbot.waitUntil(lambda: bool(finished))
    assert isinstance(program.local, Here)
    assert [message.text for message in program.local.requests[-1].messages] == [f"Once more: {CODE}"]


def test_where_both_fail_it_ends_clearly_and_nobody_is_asked_twice(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    program.settings.update(take_over=TakeOver.ANYWHERE)
    here = locally(program, [DIED])
    gateway.respond = lambda _request: error(401, "no")
    send(program, CODE)
    message = ended(program, qtbot)
    assert message.status is Status.FAILED
    assert message.error is not None
    assert message.error["end"].startswith("Nobody else")
    assert "offer" not in message.error
    assert (len(gateway.chats), len(here.requests)) == (1, 1)
    cards = [card for card in program.window.findChildren(QWidget, "error-card") if card.isVisible()]
    assert len(cards) == 1


def test_in_the_cloud_mode_this_machine_is_offered_and_waits_for_a_yes(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    program.settings.update(mode=Mode.CLOUD, take_over=TakeOver.ANYWHERE)
    gateway.respond = lambda _request: error(503)
    send(program, CODE)
    message = ended(program, qtbot)
    assert message.status is Status.FAILED
    assert (message.error or {})["offer"] == "Finish on Small, on this machine"
    next(b for b in program.window.findChildren(QCheckBox, "take-over-always") if b.isVisible()).click()
    offer(program).click()
    assert ended(program, qtbot).text == "From here."
    send(program, CODE)
    assert ended(program, qtbot).text == "From here."
    assert len(gateway.chats) == 2
    assert program.chat.answering.mode(program.page.conversation) is Mode.CLOUD


def test_a_short_answer_may_fit_into_what_a_budget_leaves(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    program.settings.update(budgets=(Budget(Period.DAY, Cost(5_000_000, "CNY")),))
    send(program, CODE)
    assert ended(program, qtbot).text == "From here."
    program._open(None)
    program.settings.update(max_tokens=50)
    send(program, CODE)
    assert ended(program, qtbot).text == "Hello there."


def test_a_follow_up_stays_with_the_model_that_answered(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    send(program, CODE)
    first = ended(program, qtbot)
    send(program, "@small Hi!")
    assert ended(program, qtbot).text == "From here."
    send(program, "Now the same function in Rust, please.")
    again = ended(program, qtbot)
    assert (again.model, again.text) == (first.model, "Hello there.")
    assert "the same model as before" in str((again.receipt or {})["route"])


def test_a_model_that_does_not_fit_here_is_left_out_unless_nobody_else_can(
    program: Program, qtbot: QtBot, gateway: GatewayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = LocalModel("huge", "Huge", Path("huge"), 1 << 50, "added", shape=estimated(10**13, 10**13, 4.5))
    monkeypatch.setattr(program.models, "models", lambda: [huge])
    program.models.changed.emit()
    send(program, "Hi!")
    assert ended(program, qtbot).text == "Hello there."
    program._open(None)
    program.settings.update(allowed=())
    send(program, "Hi!")
    assert ended(program, qtbot).text == "From here."


def test_what_counts_is_as_the_settings_say(program: Program, qtbot: QtBot, gateway: GatewayServer) -> None:
    program.settings.update(preference=Preference.THRIFTY)
    send(program, CODE)
    assert ended(program, qtbot).text == "From here."
    assert gateway.chats == []
    program.settings.update(preference=Preference.BEST)
    program._open(None)
    send(program, CODE)
    assert ended(program, qtbot).text == "Hello there."


def test_only_what_was_allowed_is_spent_without_a_question(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    program.settings.update(take_over=TakeOver.ANYWHERE, take_over_nano=1_000)
    locally(program, [DIED])
    send(program, "Hi!")
    message = ended(program, qtbot)
    assert "at most ¥" in (message.error or {})["offer"]
    assert gateway.chats == []


def test_a_conversation_keeps_that_it_need_not_be_asked_again(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    locally(program, [DIED])
    send(program, "Hi!")
    ended(program, qtbot)
    box = next(b for b in program.window.findChildren(QCheckBox, "take-over-always") if b.isVisible())
    box.click()
    offer(program).click()
    assert ended(program, qtbot).text == "Hello there."
    send(program, "@small And again!")
    assert ended(program, qtbot).text == "Hello there."
    assert len(gateway.chats) == 2
    program._open(None)
    send(program, "Hi!")
    assert "offer" in (ended(program, qtbot).error or {})


def test_a_local_conversation_is_never_offered_a_gateway(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    program.settings.update(mode=Mode.LOCAL, take_over=TakeOver.ANYWHERE)
    locally(program, [TextDelta("Half"), DIED])
    send(program, "Hi!")
    message = ended(program, qtbot)
    assert message.status is Status.FAILED
    assert "offer" not in (message.error or {})
    assert gateway.received == []


def test_a_press_that_comes_twice_sends_once(program: Program, qtbot: QtBot, gateway: GatewayServer) -> None:
    locally(program, [TextDelta("Half"), DIED])
    reply(gateway, Reply([text(" of"), Hold()]))
    send(program, "Hi!")
    broken = ended(program, qtbot)
    program.chat.take_over(broken)
    program.chat.take_over(broken)
    qtbot.waitUntil(lambda: last(program).text == "Half of", timeout=10_000)
    assert len(gateway.chats) == 1
    program.page.stop()


def test_an_answer_that_is_gone_on_with_right_after_a_stop_tells_what_both_tries_cost(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    reply(gateway, Reply([text("Half"), Hold()]), answer())
    send(program, CODE)
    qtbot.waitUntil(lambda: last(program).text == "Half")
    program.chat.stop(last(program).id)
    program.chat.resume(last(program))
    message = ended(program, qtbot)
    costs = [row.cost.nano for row in rows(program) if row.cost is not None]
    assert len(costs) == 2
    assert (message.receipt or {})["cost"]["nano"] == sum(costs)  # type: ignore[index]


def test_an_offer_that_does_not_hold_any_more_is_not_taken(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    locally(program, [TextDelta("Half"), DIED])
    send(program, "Hi!")
    ended(program, qtbot)
    program.settings.update(allowed=())
    offer(program).click()
    assert "offer" not in (last(program).error or {})
    assert (last(program).error or {})["end"]
    assert gateway.chats == []


def test_too_slow_is_offered_while_it_is_written_and_the_other_goes_on(
    program: Program, qtbot: QtBot, gateway: GatewayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.services.pace._LEAST_S", 0.0)
    program.settings.update(floor_tps=1_000)
    slow: list[Step] = [*(TextDelta(f"{n} ") for n in range(12)), FakeHold(None)]
    here = locally(program, slow)
    reply(gateway, answer("and so on."))
    send(program, "Hi!")
    monkeypatch.setattr(Pace, "tps", 2.0)
    qtbot.waitUntil(lambda: "offer" in (last(program).error or {}), timeout=10_000)
    assert last(program).status is Status.RUNNING
    assert "at least 1000" in (last(program).error or {})["cause"]
    qtbot.waitUntil(lambda: last(program).text.startswith("0 1 2 3 4 5 6 7 8 9 10 11 "), timeout=10_000)
    qtbot.waitUntil(lambda: any(b.isVisible() for b in program.window.findChildren(QPushButton, "take-over")))
    offer(program).click()
    message = ended(program, qtbot)
    assert message.text == "0 1 2 3 4 5 6 7 8 9 10 11 and so on."
    qtbot.waitUntil(lambda: here.cancelled == 1, timeout=10_000)
    assert len(gateway.chats) == 1


def test_offline_at_first_then_the_network_returns(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    program.settings.update(take_over=TakeOver.HERE)
    port = gateway.url
    nowhere = replace(program.settings.values.providers[0], base_urls=("http://127.0.0.1:9",))
    program.settings.update(providers=(nowhere,))
    for _ in range(3):
        program._open(None)
        send(program, CODE)
        assert ended(program, qtbot).text == "From here."
    assert program.take_overs.breaker.state("xidao") is not DoorState.CLOSED
    program._open(None)
    send(program, CODE)
    left_alone = (ended(program, qtbot).receipt or {})["route"]
    assert isinstance(left_alone, dict)
    assert any("left alone" in line for line in left_alone["trace"])
    program.settings.update(providers=(replace(nowhere, base_urls=(port,)),))
    program.take_overs.breaker.now_s = lambda: time.monotonic() + 3_600
    program._open(None)
    send(program, CODE)
    assert ended(program, qtbot).text == "Hello there."
    assert program.take_overs.breaker.state("xidao") is DoorState.CLOSED


def test_broken_off_there_it_is_finished_here_and_both_parts_are_paid_and_told(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    program.settings.update(take_over=TakeOver.HERE)
    here = locally(program, [TextDelta(" and a half."), *HERE[1:]])
    reply(gateway, Reply([text("One "), text("half")]))
    send(program, CODE)
    message = ended(program, qtbot)
    assert (message.status, message.text) == (Status.COMPLETE, "One half and a half.")
    assert here.requests[0].answer_so_far == "One half"
    assert seams(program) == ["From here on Small, on this machine"]
    assert shown(program).startswith("Via XiDao, then on this machine")
    assert [row.attempt.number for row in rows(program)] == [1, 2]
    assert wording.is_remote(message)


def test_a_budget_that_is_used_up_offers_no_gateway(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    program.settings.update(take_over=TakeOver.ANYWHERE, budgets=(Budget(Period.DAY, Cost(1_000, "CNY")),))
    locally(program, [DIED])
    send(program, "Hi!")
    error = ended(program, qtbot).error or {}
    assert error["title"] == DIED.title
    assert "offer" not in error
    assert gateway.chats == []


def test_after_a_crash_of_ours_nothing_is_sent_by_itself(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    locally(program, [TextDelta("Half"), DIED])
    reply(gateway, Reply([text(" of"), Hold()]))
    send(program, "Hi!")
    program.chat.take_over(ended(program, qtbot))
    qtbot.waitUntil(lambda: last(program).text == "Half of", timeout=10_000)
    program.chat.close()  # as a crash leaves it, but for the status
    program.chat.mark_interrupted()
    assert last(program).status is Status.INTERRUPTED
    again = AttemptStore(program._connection)
    assert [one.number for one in again.tries(last(program).id)] == [1, 2]
    program.chat.take_over(last(program))
    assert last(program).status is Status.INTERRUPTED
    assert len(gateway.chats) == 1


def test_a_door_that_is_left_alone_is_asked_where_nobody_else_can(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    program.settings.update(allowed=())
    for _ in range(3):
        program.take_overs.breaker.failed("local")
    assert program.take_overs.breaker.problem("local")
    send(program, "Hi!")
    assert ended(program, qtbot).text == "From here."
    assert program.take_overs.breaker.state("local") is DoorState.CLOSED
