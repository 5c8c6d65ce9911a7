"""The whole window with a gateway that answers: chosen, allowed, asked, stopped, recorded."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QMenu, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.app import Program
from desktop.services.answering import Answerer
from desktop.storage.conversations import Status, StoredMessage
from desktop.storage.ledger_values import Outcome, State
from desktop.storage.usage import UsageReports
from desktop.storage.usage_values import UsageFilter
from desktop.system.options import Options
from desktop.system.providers import Provider
from models.budget import Budget, Period
from models.chat import TextDelta, Thinking
from models.errors import NextStep, PromptTooLong
from models.fake import FakeBackend
from models.fake import Hold as HoldHere
from models.gateway.retrying import Patience
from models.library import LocalModel
from models.pricing import FREE, Cost, worst_case
from models.route import Privacy
from models.routing import Mode
from models.thinking import ThinkingKind
from models.ways_on import Kind, Way, read
from tests.desktop.ui.programs import (
    CODE,
    Here,
    ask_there,
    ended,
    last,
    pick,
    press,
    reply,
    send,
    shown,
)
from tests.fixtures.keyrings import CANARY, MemoryHolder
from tests.gateway_server import GatewayServer
from tests.gateway_server.scripts import FAULTS, answer, error, text, thought
from tests.gateway_server.scripts import respond as usual
from tests.gateway_server.server import Hold, Pause, Received, Reply


def test_nothing_is_sent_before_the_gateway_is_allowed(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    pick(program, "xidao/qwen3-235b")
    assert program.page.composer.mode.text() == "Cloud"
    send(program, "Hello?")
    error = ended(program, qtbot).error
    assert error is not None
    assert error["title"] == "Send this to XiDao?"
    assert "127.0.0.1" in error["cause"]
    assert gateway.received == []
    press(program, "next-step")
    assert ended(program, qtbot).text == "Hello there."
    assert len(gateway.chats) == 1


def test_what_left_is_recorded_under_its_conversation(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    ask_there(program, qtbot)
    program.record.flush()
    (line,) = program.record._log.of(program.page.conversation or 0)
    assert (line.host, line.method, line.status) == ("127.0.0.1", "POST", 200)
    assert line.bytes_out == len(gateway.chats[0].body)


def test_the_answer_says_where_it_is_from(program: Program, qtbot: QtBot) -> None:
    message = ask_there(program, qtbot)
    assert message.model == "xidao/qwen3-235b"
    assert (message.receipt or {})["place"] == "via XiDao"
    shown = program.window.findChildren(QWidget, "status-line")[-1]
    assert shown.property("text").startswith("Via XiDao")
    assert "free" not in shown.property("text")


def test_thinking_is_asked_for_and_kept_apart(program: Program, qtbot: QtBot, gateway: GatewayServer) -> None:
    program.settings.update(thinking=Thinking.ON)
    message = ask_there(program, qtbot)
    assert gateway.chats[-1].json["enable_thinking"] is True
    assert message.reasoning.strip() == "Let me think."
    assert "Let me think" not in message.text


def test_a_stopped_answer_goes_on(program: Program, qtbot: QtBot, gateway: GatewayServer) -> None:
    reply(gateway, Reply([text("Half an "), text("answer"), Hold()]))
    pick(program, "xidao/qwen3-235b")
    program.chat.answering.allow("xidao")
    send(program, "Hello?")
    qtbot.waitUntil(lambda: last(program).text == "Half an answer")
    program.page.stop()
    assert last(program).status is Status.STOPPED
    assert gateway.chats[0].gone.wait(5)
    reply(gateway, answer(" that is whole now."))
    press(program, "continue")
    assert ended(program, qtbot).text == "Half an answer that is whole now."
    assert any(each.get("content") == "Half an answer" for each in gateway.chats[1].json["messages"])


def test_an_answer_that_breaks_off_is_kept_and_goes_on(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    reply(gateway, Reply([text("Half an "), text("answer")]))
    program.chat.answering.allow("xidao")
    pick(program, "xidao/qwen3-235b")
    send(program, "Hello?")
    message = ended(program, qtbot)
    assert (message.status, message.text) == (Status.INTERRUPTED, "Half an answer")
    assert message.error is not None
    assert message.error["next_step"] == "continue"
    reply(gateway, answer(" that is whole now."))
    press(program, "next-step")
    assert ended(program, qtbot).text == "Half an answer that is whole now."
    assert last(program).error is None


def test_f29_a_wait_is_counted_down_and_stopped(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    reply(gateway, error(429, retry_after="30"))
    program.chat.answering.allow("xidao")
    pick(program, "xidao/qwen3-235b")
    send(program, "Hello?")
    qtbot.waitUntil(lambda: shown(program).startswith("Trying again in 3"), timeout=5000)
    assert program.page.composer.stop.isVisible()
    program.page.composer.stop.click()
    assert last(program).status is Status.STOPPED
    qtbot.waitUntil(lambda: shown(program).startswith("Stopped"))
    assert len(gateway.chats) == 1


def test_f28_a_model_that_is_gone_leads_to_the_others(
    program: Program, qtbot: QtBot, gateway: GatewayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[QMenu] = []  # where there are no windows, Qt warns of menus that open
    monkeypatch.setattr(QMenu, "popup", lambda menu, _where: opened.append(menu))
    reply(gateway, error(404, "The model does not exist."))
    message = ask_there(program, qtbot)
    assert message.error is not None
    assert message.error["next_step"] == "choose_model"
    press(program, "next-step")
    assert opened == [program.page.picker.menu()]


def test_what_a_gateway_does_not_understand_stays_known_when_another_is_set_up(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    def strict(request: Received) -> Reply:
        return (
            error(400, "Unknown: enable_thinking") if b"enable_thinking" in request.body else usual(request)
        )

    gateway.respond = strict
    program.settings.update(thinking=Thinking.ON)
    assert ask_there(program, qtbot).text == "Hello there."
    program.gateway.providers.add("other", "http://10.0.0.9:8000/v1", allowed=True)
    send(program, "And now?")
    assert ended(program, qtbot).text == "Hello there."
    assert ["enable_thinking" in chat.json for chat in gateway.chats] == [True, False, False]


def test_a_model_that_the_gateway_does_not_list_says_so(program: Program, qtbot: QtBot) -> None:
    with qtbot.waitSignal(program.remote.changed, timeout=10_000):
        program.remote.models.refresh("xidao")
    notes = {one.id: one.note for one in program.remote.answerers()}
    assert notes["xidao/phi-4-14b"].startswith("not in its list now")
    assert notes["xidao/qwen3-235b"].endswith(" per million tokens")
    assert "list" not in notes["xidao/qwen3-235b"]


def test_a_gateway_that_moved_asks_again(program: Program, qtbot: QtBot, gateway: GatewayServer) -> None:
    ask_there(program, qtbot)
    with GatewayServer() as elsewhere:
        program.gateway.providers.change("xidao", "", elsewhere.url)
        send(program, "And there?")
        question = ended(program, qtbot).error
    assert question is not None
    assert question["next_step"] == "allow"
    assert elsewhere.received == []


def test_models_change_in_mid_conversation_by_name_only(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    ask_there(program, qtbot)
    pick(program, "xidao/deepseek-v3")
    send(program, "And now?")
    assert ended(program, qtbot).model == "xidao/deepseek-v3"
    pick(program, "small")
    send(program, "And here?")
    assert ended(program, qtbot).text == "From here."
    assert [chat.json["model"] for chat in gateway.chats] == ["xidao/qwen3-235b", "xidao/deepseek-v3"]
    assert [each["content"] for each in gateway.chats[1].json["messages"]][-1] == "And now?"
    assert program.page.composer.mode.text() == "Local"


def test_every_attempt_is_in_the_ledger_with_its_cost(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    message = ask_there(program, qtbot)
    cost = 12 * 1_500 + 4 * 4_500
    assert (message.receipt or {})["cost"] == {"nano": cost, "currency": "CNY", "estimated": False}
    (row,) = UsageReports(program._connection).rows(UsageFilter(), limit=10)
    assert (row.state, row.outcome, row.cost) == (State.SETTLED, Outcome.FINISHED, Cost(cost, "CNY"))
    assert row.attempt.conversation_id == program.page.conversation
    assert row.attempt.turn_id == message.id
    line = program.window.findChildren(QWidget, "status-line")[-1].property("text")
    assert "¥0.000036" in line


def test_how_a_model_did_is_in_the_picker_and_with_the_router(program: Program, qtbot: QtBot) -> None:
    ask_there(program, qtbot)
    menu = program.page.picker.menu()
    menu.aboutToShow.emit()
    (words,) = [a.text() for a in menu.actions() if a.objectName() == "answerer-xidao/qwen3-235b"]
    assert " s" in words.split("\t")[0].rpartition("out")[2]
    assert words.endswith("\tApache-2.0 · fully open")
    one = next(one for one in program.remote.candidates() if one.model == "xidao/qwen3-235b")
    assert one.ttft_s is not None
    assert one.success is None  # of one attempt no share is told


def test_the_router_and_the_picker_reckon_with_the_user_s_own_price(program: Program) -> None:
    program._paths.own_prices.write_text(
        '[[price]]\nmodel = "xidao/qwen3-235b"\ncurrency = "USD"\ninput = "7"\noutput = "9"\n',
        encoding="utf-8",
    )
    one = next(one for one in program.remote.candidates() if one.model == "xidao/qwen3-235b")
    assert one.price is not None
    assert (one.price.currency, one.price.input_nano, one.price.output_nano) == ("USD", 7_000, 9_000)
    menu = program.page.picker.menu()
    menu.aboutToShow.emit()
    (words,) = [a.text() for a in menu.actions() if a.objectName() == "answerer-xidao/qwen3-235b"]
    assert "$7 in, $9 out" in words


def test_a_stopped_answer_s_cost_is_known_afterwards(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    reply(gateway, Reply([text("Half an "), Pause(0.1), text("answer"), Hold()]))
    program.chat.answering.allow("xidao")
    pick(program, "xidao/qwen3-235b")
    send(program, "Hello?")
    qtbot.waitUntil(lambda: last(program).text == "Half an answer")
    qtbot.waitUntil(lambda: shown(program).startswith("Writing · ≈ 4 tokens · ≈ ¥0.000"))
    program.page.stop()
    qtbot.waitUntil(lambda: "'estimated': True" in str(last(program).receipt))
    (row,) = UsageReports(program._connection).rows(UsageFilter(), limit=10)
    assert (row.outcome, row.estimated) == (Outcome.STOPPED, True)


def test_a_local_answer_that_is_stopped_is_counted_as_an_estimate(program: Program, qtbot: QtBot) -> None:
    program.__dict__["local"] = Here([TextDelta("From "), TextDelta("here", tokens=7), HoldHere()])
    send(program, "Hello?")
    qtbot.waitUntil(lambda: last(program).text == "From here", timeout=10_000)
    program.page.stop()
    rows = UsageReports(program._connection)
    qtbot.waitUntil(lambda: rows.rows(UsageFilter(), limit=1)[0].outcome is Outcome.STOPPED, timeout=10_000)
    (row,) = rows.rows(UsageFilter(), limit=10)
    assert (row.usage.completion_tokens, row.estimated, row.cost) == (7, True, FREE)
    assert row.usage.prompt_tokens
    assert row.duration_ms is not None


def over_budget(program: Program, qtbot: QtBot, nano: int, model: str = "xidao/qwen3-235b") -> StoredMessage:
    """The answer to a message that does not fit into a budget of so much."""
    program.chat.answering.allow("xidao")
    program.settings.update(budgets=(Budget(Period.DAY, Cost(nano, "CNY")),))
    pick(program, model)
    send(program, "Hello?")
    return ended(program, qtbot)


def within_budget(program: Program) -> None:
    """A message with a budget that is large enough."""
    program.chat.answering.allow("xidao")
    program.settings.update(budgets=(Budget(Period.DAY, Cost(10**12, "CNY")),))
    pick(program, "xidao/qwen3-235b")
    send(program, "Hello?")


def ways(message: StoredMessage) -> dict[Kind, Way]:
    return {way.kind: way for way in read((message.receipt or {})["ways"])}


def test_over_budget_nothing_is_sent_until_it_is_raised_once(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    message = over_budget(program, qtbot, 1_000)
    assert message.error is not None
    assert message.error["next_step"] == "raise"
    assert gateway.chats == []
    assert set(ways(message)) == {Kind.LOCAL, Kind.RAISE}
    worst = (6 + 16) * 1_500 + 8_192 * 4_500
    assert ways(message)[Kind.RAISE].nano == worst - 1_000
    press(program, "way-raise")
    assert ended(program, qtbot).text == "Hello there."
    assert gateway.chats[0].json["max_tokens"] == 8_192
    send(program, "And once more?")
    assert ended(program, qtbot).error is not None
    assert len(gateway.chats) == 1


def test_what_is_raised_is_raised_for_the_model_that_it_was_said_of(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    cheap = over_budget(program, qtbot, 1, "xidao/phi-4-14b")
    program.chat.answering.choose(cheap.conversation_id, "xidao/qwen3-235b")
    press(program, "way-raise")
    dear = ended(program, qtbot)
    assert gateway.chats == []
    assert (ways(dear)[Kind.RAISE].nano or 0) > (ways(cheap)[Kind.RAISE].nano or 0)
    press(program, "way-raise")
    assert ended(program, qtbot).text == "Hello there."


def test_over_budget_a_shorter_answer_that_fits_is_asked_for(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    message = over_budget(program, qtbot, 22 * 1_500 + 700 * 4_500 + 4_499)
    assert ways(message)[Kind.SHORTEN].tokens == 700
    press(program, "way-shorten")
    assert ended(program, qtbot).text == "Hello there."
    assert gateway.chats[0].json["max_tokens"] == 700
    assert gateway.chats[0].json["messages"][-1]["content"] == "Hello?"


def test_over_budget_the_nearest_cheaper_model_that_fits_is_asked_once(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    message = over_budget(program, qtbot, 22 * 1_500 + 8_192 * 4_500 - 1)
    way = ways(message)[Kind.CHEAPER]
    prices = {one.model: one.price for one in program.remote.priced()}
    most = {model: worst_case(22, 8_192, price).nano for model, price in prices.items()}
    fitting = {model: nano for model, nano in most.items() if nano < most["xidao/qwen3-235b"]}
    assert (way.model, way.nano) == max(fitting.items(), key=lambda one: one[1])
    program._open(None)
    program._open(message.conversation_id)  # it waits there
    press(program, "way-cheaper")
    answer = ended(program, qtbot)
    assert (answer.text, answer.model) == ("Hello there.", way.model)
    assert program.chat.answering.chosen(program.page.conversation).id == "xidao/qwen3-235b"  # type: ignore[union-attr]


def test_over_budget_nobody_is_offered_who_was_not_agreed_to(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    other = Provider("another", "xidao", "Another", (gateway.url,))
    program.settings.update(providers=(*program.settings.values.providers, other))
    assert any(one.model.startswith("another/") for one in program.remote.priced())
    message = over_budget(program, qtbot, 22 * 1_500 + 8_192 * 4_500 - 1)
    assert ways(message)[Kind.CHEAPER].model.startswith("xidao/")


def test_a_message_that_uses_most_of_a_budget_warns(program: Program, qtbot: QtBot) -> None:
    over_budget(program, qtbot, (22 * 1_500 + 8_192 * 4_500) * 10 // 9)
    assert last(program).text == "Hello there."
    words = [label.text() for label in program.window.notice.findChildren(QLabel)]
    assert any("up to ¥0.037 of ¥0.041 are used: today’s budget." in one for one in words)


def test_over_budget_this_machine_answers_the_same_message(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    over_budget(program, qtbot, 1_000)
    press(program, "way-local")
    answer = ended(program, qtbot)
    assert (answer.text, answer.model, answer.error) == ("From here.", "small", None)
    assert gateway.chats == []
    assert len(program.chat.messages(answer.conversation_id)) == 2


def test_over_budget_this_machine_is_not_offered_before_its_licence_is_accepted(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = LocalModel("small", "My Gemma", Path("small"), 1, "added", licence="gemma")
    monkeypatch.setattr(program.models, "models", lambda: [mine])
    assert set(ways(over_budget(program, qtbot, 1_000))) == {Kind.RAISE}


def test_another_attempt_that_does_not_fit_any_more_is_not_sent(
    program: Program, qtbot: QtBot, gateway: GatewayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first may have been charged: its connection broke before anything came."""
    monkeypatch.setattr(Patience, "wait_s", lambda *_: 0.0)
    reply(gateway, FAULTS["dropped"]())
    message = over_budget(program, qtbot, (22 * 1_500 + 8_192 * 4_500) * 3 // 2)
    assert Kind.SHORTEN in ways(message)
    assert len(gateway.chats) == 1
    press(program, "way-local")
    assert ended(program, qtbot).text == "From here."


def test_each_attempt_is_written_before_it_is_sent(
    program: Program, qtbot: QtBot, gateway: GatewayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Patience, "wait_s", lambda *_: 0.0)
    reply(gateway, error(429), Reply([text("Half an "), Hold()]))
    within_budget(program)
    qtbot.waitUntil(lambda: last(program).text == "Half an ", timeout=10_000)
    second, first = UsageReports(program._connection).rows(UsageFilter(), limit=10)
    assert (first.state, first.counts.nano, first.attempt.number) == (State.SETTLED, 0, 1)
    assert (second.state, second.counts, second.attempt.number) == (State.SENT, second.reserved, 2)
    program.page.stop()


def note(program: Program) -> str:
    """The quiet line below what is typed."""
    found = program.window.findChild(QWidget, "composer-note")
    assert found is not None
    return str(found.toolTip())


def test_the_price_of_a_draft_is_shown_while_typing(program: Program, qtbot: QtBot) -> None:
    pick(program, "xidao/qwen3-235b")
    program.page.composer.edit.setPlainText("How far is the moon?")
    assert re.fullmatch(r"about 5 tokens · [≈≤] ¥[0-9.–]+", note(program))
    pick(program, "small")
    assert note(program) == "Free on this machine"


def test_a_draft_is_counted_with_what_it_would_be_added_to(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    question = ask_there(program, qtbot).parent_id
    edit = program.page.composer.edit
    edit.setPlainText("And back?")
    with_history = note(program)
    [asked, _answer] = program.chat.messages(program.page.conversation or 0)
    assert asked.id == question
    program.page._edit(asked)
    edit.setPlainText("And back?")
    assert "about 3 tokens" in note(program)
    assert "about 3 tokens" not in with_history


def test_a_draft_is_priced_for_the_model_that_it_names(program: Program, qtbot: QtBot) -> None:
    program.chat.answering.allow("xidao")
    pick(program, "xidao/qwen3-235b")
    program.page.composer.mode.chosen.emit(Mode.HYBRID)
    edit = program.page.composer.edit
    edit.setPlainText("@small How far?")
    assert note(program) == "Free on this machine"
    edit.setPlainText("@xidao/qwen3-235b How far?")
    assert note(program).startswith("about 2 tokens · ")


def test_in_hybrid_a_draft_is_priced_for_the_router_s_pick(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    program.chat.answering.allow("xidao")
    program.page.composer.mode.chosen.emit(Mode.HYBRID)
    edit = program.page.composer.edit
    edit.setPlainText("Hi!")
    qtbot.waitUntil(lambda: note(program) == "Free on this machine", timeout=10_000)
    edit.setPlainText(CODE)
    qtbot.waitUntil(lambda: " tokens · " in note(program) and "¥" in note(program), timeout=10_000)
    assert not note(program).startswith("about")  # the model's name is first
    assert gateway.chats == []


def test_a_missing_key_leads_to_the_gateways(program: Program, qtbot: QtBot, holder: MemoryHolder) -> None:
    del holder.entries["xidao"]
    message = ask_there(program, qtbot)
    assert message.error is not None
    assert message.error["next_step"] == "check_key"
    press(program, "next-step")
    qtbot.waitUntil(
        lambda: any(b.isVisible() for b in program.window.findChildren(QPushButton, "enter-key-xidao"))
    )


def test_a_refused_key_is_said_and_not_repeated(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    reply(gateway)
    message = ask_there(program, qtbot)
    assert message.status is Status.COMPLETE

    def refuse(_request: Received) -> Reply:
        from tests.gateway_server.scripts import error

        return error(401, f"Incorrect API key provided: {CANARY}")

    gateway.respond = refuse
    send(program, "Again?")
    failed = ended(program, qtbot)
    assert failed.error is not None
    assert failed.error["next_step"] == "check_key"
    assert CANARY not in str(failed.error)
    assert len(gateway.chats) == 2


def test_a_local_conversation_stays_local_when_the_default_changes(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    send(program, "Hello?")
    ended(program, qtbot)
    here = program.page.conversation
    program._open(None)
    pick(program, "xidao/qwen3-235b")
    assert program.chat.answering.mode(None) is Mode.CLOUD
    program._open(here)
    assert program.page.composer.mode.text() == "Local"
    send(program, "Still here?")
    assert ended(program, qtbot).text == "From here."
    assert gateway.received == []


def test_the_local_mode_refuses_no_local_model_and_sends_nothing(
    program: Program, qtbot: QtBot, gateway: GatewayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program.models, "models", list)
    send(program, "Hello?")
    error = ended(program, qtbot).error
    assert error is not None
    assert error["next_step"] == "add_model"
    assert gateway.received == []


def test_hybrid_asks_the_gateway_for_what_it_does_better_and_says_why(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    program.chat.answering.allow("xidao")
    program.page.composer.mode.chosen.emit(Mode.HYBRID)
    assert program.page.picker.text().startswith("Automatic")
    send(program, "Hi!")
    assert ended(program, qtbot).text == "From here."
    send(program, CODE)
    message = ended(program, qtbot)
    assert message.text == "Hello there."
    route = (message.receipt or {})["route"]
    assert isinstance(route, dict)
    assert route["backend"] == "gateway"
    assert "code" in route["reason"]
    assert route["trace"]
    assert len(gateway.chats) == 1


@pytest.mark.parametrize("provider", ["", "xidao"])
def test_hybrid_at_the_cap_is_local_only_and_says_so(
    program: Program, qtbot: QtBot, gateway: GatewayServer, provider: str
) -> None:
    """The router knows what is left for all gateways; a budget of one is met when it is booked."""
    program.chat.answering.allow("xidao")
    program.settings.update(budgets=(Budget(Period.DAY, Cost(1_000, "CNY"), provider),))
    program.page.composer.mode.chosen.emit(Mode.HYBRID)
    send(program, CODE)
    message = ended(program, qtbot)
    assert (message.text, message.error) == ("From here.", None)
    receipt: Any = message.receipt
    assert receipt["route"]["reason"] == "at the cap: local only"
    assert "budget" in " ".join(receipt["route"]["trace"])
    assert ("answered on this machine" in str(receipt.get("notices"))) == bool(provider)
    assert gateway.chats == []


def test_hybrid_asks_no_gateway_that_was_not_agreed_to(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    program.page.composer.mode.chosen.emit(Mode.HYBRID)
    send(program, CODE)
    assert ended(program, qtbot).text == "From here."
    assert gateway.received == []


def test_the_receipt_of_an_answer_can_be_copied(program: Program, qtbot: QtBot) -> None:
    ask_there(program, qtbot)
    program.window.findChildren(QToolButton, "copy-receipt")[-1].click()
    receipt = json.loads(QApplication.clipboard().text())
    assert receipt["model_id"] == "xidao/qwen3-235b"
    assert receipt["usage"]["completion_tokens"] == 4
    assert receipt["cost"]["nano"] == 12 * 1_500 + 4 * 4_500
    assert receipt["thinking"] == "auto"
    assert receipt["route"]["reason"]


def test_options_of_a_conversation_leave_alone_who_answers_it(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    ask_there(program, qtbot)
    here = program.page.conversation
    program.chat.setup.set_options(here, Options(temperature=0.5))
    assert program.chat.answering.mode(here) is Mode.CLOUD
    send(program, "Again?")
    assert ended(program, qtbot).model == "xidao/qwen3-235b"
    assert gateway.chats[-1].json["temperature"] == 0.5


MISTRAL = "xidao/mistral-large-3"


def wait_for_licence(program: Program, qtbot: QtBot) -> None:
    """Ask Mistral's model; the gateway is allowed, and then its licence is asked for."""
    ask_there(program, qtbot, MISTRAL)
    assert (last(program).error or {})["next_step"] == "accept"
    press(program, "next-step")


def test_a_licence_is_asked_for_before_a_gateway_s_model_answers_first(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    wait_for_licence(program, qtbot)
    card = next(w for w in program.window.findChildren(QWidget, "acceptance-card") if w.isVisible())
    assert "Mistral Large 3 at XiDao" in card.accessibleName()
    assert not gateway.chats
    card.findChildren(QLineEdit, "intended-use")[0].setText("a tool for my team")
    press(program, "accept-licence")
    done = ended(program, qtbot)
    assert (done.status, len(gateway.chats)) == (Status.COMPLETE, 1)
    assert program.page.isVisible()
    assert program.chat.messages(done.conversation_id)[0].text == "Hello?"
    send(program, "And now?")  # it is asked once
    assert ended(program, qtbot).status is Status.COMPLETE


def test_a_licence_that_is_not_accepted_leaves_all_as_it_was(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    wait_for_licence(program, qtbot)
    press(program, "refuse-licence")
    assert program.page.isVisible()
    assert (last(program).error or {})["next_step"] == "accept"
    assert not gateway.chats


def test_the_router_leaves_out_what_was_not_accepted(program: Program, qtbot: QtBot) -> None:
    program.settings.update(allowed=("xidao",))
    found = {one.model for one in program.chat.answering.decide.__self__.facts([]).candidates}  # type: ignore[union-attr]
    assert "xidao/qwen3-235b" in found
    assert MISTRAL not in found
    mistral = program.remote.terms(MISTRAL)
    assert mistral.passport is not None
    program.manager.downloads.acceptances.accept(mistral.passport, mistral.ids[0], "a test")
    found = {one.model for one in program.chat.answering.decide.__self__.facts([]).candidates}  # type: ignore[union-attr]
    assert MISTRAL in found


def test_the_router_asks_where_nothing_else_can_answer(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, gateway: GatewayServer
) -> None:
    monkeypatch.setattr(program.models, "models", list)
    mistral = [one for one in program.remote.models.models() if one.id == MISTRAL]
    monkeypatch.setattr(program.remote.models, "models", lambda: mistral)
    program.settings.update(allowed=("xidao",))
    program.remote._forget()
    program.chat.answering.set_mode(None, Mode.HYBRID)
    send(program, "Hello?")
    qtbot.waitUntil(lambda: last(program).error is not None)
    assert (last(program).error or {})["next_step"] == "accept"
    assert not gateway.chats


def thinking_there(program: Program, qtbot: QtBot, gateway: GatewayServer) -> StoredMessage:
    """An answer of the gateway that goes on thinking until it is stopped."""
    reply(gateway, Reply([*thought("Let me see. ", "reasoning_content"), Hold()]))
    program.chat.answering.allow("xidao")
    pick(program, "xidao/qwen3-235b")
    program.settings.update(thinking=Thinking.ON)
    send(program, "Hello?")
    qtbot.waitUntil(lambda: bool(last(program).reasoning), timeout=10_000)
    return last(program)


def test_answer_now_has_a_gateway_asked_again_without_thinking(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    engine = program.local
    assert isinstance(engine, FakeBackend)
    first = thinking_there(program, qtbot, gateway)
    buttons = program.window.findChildren(QPushButton, "answer-now")
    qtbot.waitUntil(lambda: any(button.isVisible() for button in buttons), timeout=10_000)
    press(program, "answer-now")
    assert gateway.chats[0].gone.wait(10)
    answered = ended(program, qtbot)
    assert (answered.text, answered.reasoning, len(answered.versions)) == ("Hello there.", "", 2)
    assert gateway.chats[1].json["enable_thinking"] is False
    kept = program.chat._store.message(first.id)
    assert (kept.status, kept.reasoning) == (Status.STOPPED, "Let me see. ")
    assert engine.hurried == 0
    send(program, "And now?")
    assert ended(program, qtbot).reasoning  # the setting holds for what comes next


def test_answer_now_without_thinking_holds_where_one_is_asked_first(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    first = thinking_there(program, qtbot, gateway)
    program.chat.answering.privacy.choose(program.page.conversation, Privacy.ASK)
    program.chat.answer_at_once(first)
    asked = ended(program, qtbot)
    assert (asked.error or {})["next_step"] == NextStep.SEND
    assert program.chat.would_send(asked)[1].thinking is Thinking.OFF
    program.page._take_step(NextStep.SEND, asked)
    qtbot.waitUntil(lambda: last(program).text == "Hello there.", timeout=10_000)
    assert gateway.chats[-1].json["enable_thinking"] is False


def test_answer_now_says_where_a_gateway_has_no_switch(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    program.settings.update(providers=(Provider("xidao", "other", "Mine", (gateway.url,)),))
    assert (support := program.remote.thinking("xidao/qwen3-235b")) is not None
    assert support.kind is ThinkingKind.NONE
    assert program.page.composer.thinking.isEnabled()
    program.remote._answerers = [Answerer("xidao/m", "m", "via Mine", "xidao")]
    pick(program, "xidao/m")
    assert not program.page.composer.thinking.isEnabled()
    assert "Mine" in program.page.composer.thinking.toolTip()


def test_what_is_too_long_here_may_go_where_the_router_can_ask_a_gateway(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    program.chat.answering.allow("xidao")
    long = f"{CODE} {'# and so on ' * 4_000}"
    program.page.composer.edit.setPlainText(long)
    qtbot.waitUntil(lambda: program.page.room.refuses(long), timeout=10_000)
    program.page.composer.mode.chosen.emit(Mode.HYBRID)
    qtbot.waitUntil(lambda: not program.page.room.refuses(long), timeout=10_000)
    assert program.page.room.card.isHidden()


def test_a_draft_is_measured_for_the_model_that_it_names(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    program.page.composer.mode.chosen.emit(Mode.HYBRID)
    pick(program, "small")
    assert program.page.picker.text().startswith("Small")
    long = "word " * 8_000
    program.page.composer.edit.setPlainText(long)
    qtbot.waitUntil(lambda: program.page.room.refuses(long), timeout=10_000)
    named = f"@qwen3-235b {long}"
    program.page.composer.edit.setPlainText(named)
    qtbot.waitUntil(lambda: program.page.room._text == named, timeout=10_000)
    assert not program.page.room.refuses(named)
    assert program.page.room.card.isHidden()
    note = program.window.findChild(QWidget, "composer-note")
    assert note is not None
    assert "¥" in note.property("text")  # what the one that is named would cost


def test_a_question_too_long_for_this_machine_goes_to_the_gateway_chosen_since(
    program: Program, qtbot: QtBot, gateway: GatewayServer
) -> None:
    engine = program.local
    assert isinstance(engine, FakeBackend)
    engine._scripts.insert(0, [PromptTooLong("Too long.", next_step=NextStep.LARGER_CONTEXT)])
    program.chat.answering.allow("xidao")
    send(program, "A long one.")
    assert ended(program, qtbot).error is not None
    pick(program, "xidao/qwen3-235b")
    program.page._take_step(NextStep.LARGER_CONTEXT, last(program))
    qtbot.waitUntil(lambda: last(program).text == "Hello there.", timeout=10_000)
    assert len(gateway.chats) == 1
