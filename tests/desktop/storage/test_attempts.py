"""The tries of an answer: claimed once, whatever happens afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from desktop.storage.attempts import AttemptStore, Partial, Tried
from desktop.storage.conversations import ConversationStore, Status
from desktop.storage.database import open_database

KEY, OTHER = "a" * 32, "b" * 32


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[apsw.Connection]:
    connection = open_database(tmp_path / "inshore.db")
    yield connection
    connection.close()


def answer_in(connection: apsw.Connection) -> int:
    return ConversationStore(connection).begin("A title", "Hello?")[1].id


def test_a_try_is_claimed_once(connection: apsw.Connection) -> None:
    turn, store = answer_in(connection), AttemptStore(connection)
    assert store.claim(turn, KEY, Tried(1, 1, "local", "small"), Partial())
    assert not store.claim(turn, KEY, Tried(2, 2, "local", "small"), Partial("changed"))
    assert not store.claim(turn, OTHER, Tried(1, 1, "xidao", "q"), Partial("changed"))
    assert ConversationStore(connection).message(turn).text == ""
    assert store.tries(turn) == [Tried(1, 1, "local", "small")]


def test_the_claim_and_the_answer_s_new_state_are_one_step(connection: apsw.Connection) -> None:
    turn, store, chats = answer_in(connection), AttemptStore(connection), ConversationStore(connection)
    chats.settle(turn, text="Half", reasoning="", status=Status.FAILED, error={"title": "Died."})
    assert store.claim(turn, KEY, Tried(1, 1, "xidao", "q", 4), Partial("Half", "hm", {"place": "here"}))
    answer = chats.message(turn)
    assert (answer.status, answer.text, answer.reasoning) == (Status.RUNNING, "Half", "hm")
    assert (answer.error, answer.receipt) == (None, {"place": "here"})


def test_after_a_crash_in_between_the_same_try_is_not_sent_again(tmp_path: Path) -> None:
    connection = open_database(tmp_path / "inshore.db")
    turn = answer_in(connection)
    AttemptStore(connection).claim(turn, KEY, Tried(1, 1, "xidao", "q", 4), Partial("Half"))
    connection.close()  # the crash: claimed, and nothing more was written
    again = open_database(tmp_path / "inshore.db")
    try:
        ConversationStore(again).interrupt_running()
        answer = ConversationStore(again).message(turn)
        assert (answer.status, answer.text) == (Status.INTERRUPTED, "Half")
        assert not AttemptStore(again).claim(turn, KEY, Tried(1, 1, "xidao", "q", 4), Partial("Half"))
        assert AttemptStore(again).tries(turn)[0].error is None
    finally:
        again.close()


def test_how_a_try_ended_is_written_once(connection: apsw.Connection) -> None:
    turn, store = answer_in(connection), AttemptStore(connection)
    store.claim(turn, KEY, Tried(1, 1, "local", "small"), Partial())
    store.ended(turn, 1, "EngineCrashed")
    store.ended(turn, 1, "")
    assert [one.error for one in store.tries(turn)] == ["EngineCrashed"]


def test_the_tries_of_an_erased_conversation_go_with_it(connection: apsw.Connection) -> None:
    turn, store, chats = answer_in(connection), AttemptStore(connection), ConversationStore(connection)
    store.claim(turn, KEY, Tried(1, 1, "local", "small"), Partial())
    chats.delete(chats.message(turn).conversation_id)
    chats.purge_deleted(1e12)
    assert store.tries(turn) == []
