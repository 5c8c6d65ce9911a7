"""What people do with a gateway, step by step, in the real window."""

from __future__ import annotations

import os

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit

from desktop.services.keys import Known
from desktop.storage.conversations import Status
from desktop.system.keys import Keys
from tests.e2e.driver import Hands, Scenario, say
from tests.e2e.scenarios import LONG, _answer, _ask, _shown, _worker_pid
from tests.fixtures.keyrings import CANARY, MemoryHolder, keyring_of
from tests.fixtures.pictures import halves

MODEL = "xidao/qwen3-235b"


def _click(hands: Hands, name: str) -> None:
    """Not by the mouse: a page that is still being laid out moves what it would hit."""
    hands.find(name, QAbstractButton).click()


def _pick(hands: Hands, model: str) -> None:
    menu = hands.program.page.picker.menu()
    menu.aboutToShow.emit()
    next(action for action in menu.actions() if action.objectName() == f"answerer-{model}").trigger()


def through_a_gateway(hands: Hands) -> Scenario:
    """Enter a key, test it, ask with thinking, allow it, stop, go on, and change the model by name only.

    A picture that is pasted is not for a model that reads text only.
    """
    holder = MemoryHolder()
    hands.program.gateway.keys._make = lambda _asked: Keys(keyring_of(holder))
    _click(hands, "open-settings")
    yield lambda: hands.program.gateway.keys.state("xidao").known is Known.ABSENT
    yield lambda: hands.shows("enter-key-xidao")
    _click(hands, "enter-key-xidao")
    yield lambda: hands.shows("key-xidao")
    field = hands.find("key-xidao", QLineEdit)
    QTest.keyClicks(field, CANARY)
    shown = field.displayText()
    _click(hands, "keep-key-xidao")
    yield lambda: holder.entries == {"xidao": CANARY} and hands.shows("forget-key-xidao")
    _click(hands, "test-xidao")
    yield lambda: hands.shows("gateway-reply-xidao") and hands.find("test-xidao").isEnabled()
    tested = hands.find("gateway-reply-xidao", QLabel).text()
    _click(hands, "new-chat")
    yield lambda: hands.shows("composer")
    hands.find("thinking").menu().actions()[1].trigger()
    _pick(hands, MODEL)
    _ask(hands, "Where does the tide come from?")
    yield lambda: hands.shows("next-step")
    question = dict(_answer(hands).error or {})
    _click(hands, "next-step")
    yield lambda: _answer(hands).text == "Half an answer"
    reasoning = _answer(hands).reasoning
    _click(hands, "stop")
    yield lambda: _answer(hands).status is Status.STOPPED
    yield lambda: hands.shows("continue")
    _click(hands, "continue")
    yield lambda: _answer(hands).status is Status.COMPLETE
    whole = _answer(hands).text
    line = hands.window.findChildren(QLabel, "status-line")[-1].text()
    composer = hands.program.page.composer
    QGuiApplication.clipboard().setImage(halves())
    QTest.keyClick(composer.edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    yield lambda: hands.shows("remove-picture") and not hands.program.page.attaching.reading
    _ask(hands, "And the ebb?")
    yield lambda: hands.shows("picture-line")
    refused = {"words": composer.picture_line.words, "text": composer.text()}
    _click(hands, "remove-picture")
    yield lambda: not hands.shows("pictures")
    _pick(hands, "xidao/deepseek-v3")
    QTest.keyClick(composer.edit, Qt.Key.Key_Return)
    yield lambda: _answer(hands).status is Status.COMPLETE and _answer(hands).model == "xidao/deepseek-v3"
    say(
        shown=shown,
        tested=tested,
        question=question,
        reasoning=reasoning,
        text=whole,
        status_line=line,
        refused=refused,
        worker=hands.program.local._worker.pid,
    )


def killed_and_finished_there(hands: Hands) -> Scenario:
    """The engine dies in mid-answer; with consent the gateway goes on where it broke off."""
    holder = MemoryHolder()
    holder.entries["xidao"] = CANARY
    hands.program.gateway.keys._make = lambda _asked: Keys(keyring_of(holder))
    here = hands.program.models.usable()[0].id
    _ask(hands, f"@{here} {LONG}")
    yield lambda: hands.shows("transcript") and len(_answer(hands).text) > 40
    os.kill(_worker_pid(hands), 9)
    yield lambda: _answer(hands).status is Status.FAILED
    yield lambda: hands.shows("take-over")
    before, offer = _answer(hands), hands.find("take-over", QAbstractButton).text()
    _click(hands, "take-over")
    yield lambda: _answer(hands).status is Status.COMPLETE
    line = hands.window.findChildren(QLabel, "status-line")[-1].text()
    answers = [message.id for message in _shown(hands)][1:]
    say(before=before.text, offer=offer, text=_answer(hands).text, status_line=line, answers=answers)
