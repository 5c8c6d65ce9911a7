"""Conversations are trees of messages, and one path of each is shown."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import apsw
import pytest

from desktop.storage.conversations import ConversationStore, Status, StoredMessage
from desktop.storage.database import open_database
from models.chat import Role
from models.errors import StorageFailed

HARD_TEXT = "天气很好 👩‍👩‍👧‍👦 é\u0301 \r\n\ttab 'quote' \x00 after nul"


def texts(store: ConversationStore, conversation_id: int) -> list[str]:
    return [message.text for message in store.thread(conversation_id)]


def turn(
    store: ConversationStore, conversation_id: int, parent_id: int | None, ask: str, reply: str
) -> tuple[StoredMessage, StoredMessage]:
    asked, answer = store.add_turn(conversation_id, parent_id=parent_id, text=ask, model=None)
    settled = store.settle(answer.id, text=reply, reasoning="", status=Status.COMPLETE)
    return asked, settled


def test_conversations_are_listed_by_their_last_change(store: ConversationStore) -> None:
    first, second = store.create("first"), store.create("second")
    assert store.conversations() == [second, first]
    store.add_turn(first.id, parent_id=None, text="hello", model=None)
    assert [each.id for each in store.conversations()] == [first.id, second.id]


def test_a_rename_keeps_the_order(store: ConversationStore) -> None:
    first, second = store.create("first"), store.create("second")
    store.rename(first.id, "Über 天气")
    assert [each.title for each in store.conversations()] == [second.title, "Über 天气"]


def test_what_a_conversation_has_of_its_own_is_kept_and_moves_nothing(store: ConversationStore) -> None:
    first, second = store.create("first"), store.create("second")
    assert (first.private, first.options) == (False, {})
    store.set_private(first.id, True)
    store.set_options(first.id, {"temperature": 0.5, "stop": ["天"]})
    assert [each.id for each in store.conversations()] == [second.id, first.id]
    kept = store.get(first.id)
    assert (kept.private, kept.options) == (True, {"temperature": 0.5, "stop": ["天"]})
    assert store.private_ids() == [first.id]
    store.set_private(first.id, False)
    assert store.private_ids() == []


def test_a_new_conversation_begins_as_it_was_set_up(store: ConversationStore) -> None:
    asked, _answer = store.begin("Go", "Go", private=True, options={"seed": 3})
    begun = store.get(asked.conversation_id)
    assert (begun.private, begun.options) == (True, {"seed": 3})


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000])
def test_options_that_can_t_be_read_are_none(
    store: ConversationStore, connection: apsw.Connection, text: str
) -> None:
    one = store.create("one")
    connection.execute("UPDATE conversation SET options = ?", (text,))
    assert store.get(one.id).options == {}


def test_delete_hides_and_restore_brings_back(store: ConversationStore) -> None:
    one = store.create("one", model="starter")
    store.delete(one.id)
    assert store.conversations() == []
    assert store.get(one.id) == one
    store.restore(one.id)
    assert store.conversations() == [one]


def test_an_unknown_id_is_the_callers_mistake(store: ConversationStore) -> None:
    for action in (
        lambda: store.get(7),
        lambda: store.rename(7, "x"),
        lambda: store.delete(7),
        lambda: store.set_private(7, True),
        lambda: store.set_options(7, {}),
        lambda: store.message(7),
        lambda: store.select_version(7),
        lambda: store.set_pinned(7, True),
        lambda: store.reopen(7),
        lambda: store.settle(7, text="", reasoning="", status=Status.COMPLETE),
    ):
        with pytest.raises(KeyError):
            action()
    assert store.thread(7) == []


def test_a_turn_is_a_question_and_a_running_answer(store: ConversationStore) -> None:
    conversation = store.create("c")
    asked, answer = store.add_turn(conversation.id, parent_id=None, text=HARD_TEXT, model="starter")
    assert (asked.role, asked.text, asked.status) == (Role.USER, HARD_TEXT, Status.COMPLETE)
    assert (answer.role, answer.parent_id, answer.status) == (Role.ASSISTANT, asked.id, Status.RUNNING)
    assert answer.model == "starter"
    assert store.thread(conversation.id) == [asked, answer]


def test_a_turn_is_stored_whole_or_not_at_all(store: ConversationStore, connection: apsw.Connection) -> None:
    conversation = store.create("c")
    connection.execute(
        "CREATE TEMP TRIGGER fault BEFORE INSERT ON message WHEN new.role = 'assistant' "
        "BEGIN SELECT raise(ABORT, 'fault'); END"
    )
    with pytest.raises(apsw.ConstraintError):
        store.add_turn(conversation.id, parent_id=None, text="half", model=None)
    assert store.thread(conversation.id) == []
    assert not connection.in_transaction


def test_settle_keeps_everything_known(store: ConversationStore) -> None:
    conversation = store.create("c")
    _, answer = store.add_turn(conversation.id, parent_id=None, text="q", model="old")
    receipt = {"usage": {"prompt_tokens": 3, "cached_tokens": None}, "timings": {"ttft_s": 0.25}}
    error = {"title": "It stopped.", "cause": "天", "hint": "", "details": "", "next_step": "retry"}
    settled = store.settle(
        answer.id,
        text=HARD_TEXT,
        reasoning="hm",
        status=Status.FAILED,
        model="new",
        receipt=receipt,
        error=error,
    )
    assert settled == store.message(answer.id) == store.thread(conversation.id)[-1]
    assert (settled.text, settled.reasoning, settled.status) == (HARD_TEXT, "hm", Status.FAILED)
    assert (settled.model, settled.receipt, settled.error) == ("new", receipt, error)


def test_settle_without_a_model_keeps_the_stored_one(store: ConversationStore) -> None:
    conversation = store.create("c")
    _, answer = store.add_turn(conversation.id, parent_id=None, text="q", model="starter")
    assert store.settle(answer.id, text="", reasoning="", status=Status.STOPPED).model == "starter"


def test_a_partial_is_kept_only_while_the_answer_runs(store: ConversationStore) -> None:
    conversation = store.create("c")
    _, answer = store.add_turn(conversation.id, parent_id=None, text="q", model=None)
    store.save_partial(answer.id, "half an ans", "thought")
    kept = store.message(answer.id)
    assert (kept.text, kept.reasoning, kept.status) == ("half an ans", "thought", Status.RUNNING)
    store.settle(answer.id, text="whole answer", reasoning="", status=Status.COMPLETE)
    store.save_partial(answer.id, "late", "late")
    assert store.message(answer.id).text == "whole answer"


def test_a_broken_off_answer_is_reopened_with_its_text(store: ConversationStore) -> None:
    conversation = store.create("c")
    _, answer = store.add_turn(conversation.id, parent_id=None, text="q", model="starter")
    store.settle(answer.id, text="so far", reasoning="r", status=Status.STOPPED, error={"title": "t"})
    opened = store.reopen(answer.id)
    assert (opened.text, opened.reasoning, opened.status) == ("so far", "r", Status.RUNNING)
    assert opened.error is None
    assert opened.model == "starter"


def test_regenerating_makes_a_version_beside_the_old_one(store: ConversationStore) -> None:
    conversation = store.create("c")
    asked, first = turn(store, conversation.id, None, "q", "one")
    second = store.add_message(
        conversation.id, parent_id=asked.id, role=Role.ASSISTANT, text="two", status=Status.COMPLETE
    )
    assert texts(store, conversation.id) == ["q", "two"]
    assert store.message(first.id).versions == second.versions == (first.id, second.id)
    assert [m.versions for m in store.thread(conversation.id)] == [(asked.id,), (first.id, second.id)]


def test_editing_the_first_message_makes_a_version_at_the_root(store: ConversationStore) -> None:
    conversation, other = store.create("c"), store.create("other")
    turn(store, other.id, None, "elsewhere", "x")
    first, _ = turn(store, conversation.id, None, "asked badly", "?")
    second, _ = turn(store, conversation.id, None, "asked well", "!")
    assert store.thread(conversation.id)[0].versions == (first.id, second.id)


def test_a_selected_version_is_shown_with_the_newest_that_followed_it(store: ConversationStore) -> None:
    conversation = store.create("c")
    asked, one = turn(store, conversation.id, None, "q", "one")
    turn(store, conversation.id, one.id, "q2", "older end")
    turn(store, conversation.id, one.id, "q2 edited", "newer end")
    two = store.add_message(
        conversation.id, parent_id=asked.id, role=Role.ASSISTANT, text="two", status=Status.COMPLETE
    )
    assert texts(store, conversation.id) == ["q", "two"]
    store.select_version(one.id)
    assert texts(store, conversation.id) == ["q", "one", "q2 edited", "newer end"]
    store.select_version(two.id)
    assert texts(store, conversation.id) == ["q", "two"]


def test_a_pin_stays_until_it_is_taken_off(store: ConversationStore) -> None:
    conversation = store.create("pins")
    asked, answer = turn(store, conversation.id, None, "keep this", "yes")
    assert not asked.pinned
    store.set_pinned(asked.id, True)
    store.settle(answer.id, text="yes, indeed", reasoning="", status=Status.COMPLETE)
    assert [message.pinned for message in store.thread(conversation.id)] == [True, False]
    store.set_pinned(asked.id, False)
    assert not store.message(asked.id).pinned


def test_only_running_answers_are_interrupted(store: ConversationStore) -> None:
    conversation = store.create("c")
    _, done = turn(store, conversation.id, None, "q", "done")
    _, running = store.add_turn(conversation.id, parent_id=done.id, text="q2", model=None)
    store.save_partial(running.id, "so f", "")
    assert store.interrupt_running() == 1
    assert store.interrupt_running() == 0
    assert [(m.text, m.status) for m in store.thread(conversation.id)][1::2] == [
        ("done", Status.COMPLETE),
        ("so f", Status.INTERRUPTED),
    ]


def test_drafts_are_kept_per_conversation(store: ConversationStore) -> None:
    conversation = store.create("c")
    store.set_draft(None, "new 天")
    store.set_draft(conversation.id, "old")
    store.set_draft(conversation.id, "reply\n")
    assert (store.draft(None), store.draft(conversation.id)) == ("new 天", "reply\n")
    store.set_draft(None, "")
    assert (store.draft(None), store.draft(conversation.id)) == ("", "reply\n")


def test_purging_erases_only_what_was_deleted_before(store: ConversationStore) -> None:
    kept, recent, old = store.create("kept"), store.create("recent"), store.create("old")
    for conversation in (kept, recent, old):
        turn(store, conversation.id, None, "question", "answer")
        store.set_draft(conversation.id, "draft")
    store.delete(old.id)
    moment = store.create("marks the time").created_at
    store.delete(recent.id)
    assert store.purge_deleted(moment) == [old.id]
    assert store.purge_deleted(moment) == []
    with pytest.raises(KeyError):
        store.get(old.id)
    assert (store.thread(old.id), store.draft(old.id)) == ([], "")
    store.restore(recent.id)
    assert texts(store, recent.id) == texts(store, kept.id) == ["question", "answer"]


def test_purged_words_are_gone_from_the_file(store: ConversationStore, tmp_path: Path) -> None:
    conversation = store.create("xylophone title")
    turn(store, conversation.id, None, "quokka question", "wombat answer")
    store.delete(conversation.id)
    store.purge_deleted(float("inf"))
    store._connection.close()
    content = (tmp_path / "inshore.db").read_bytes()
    for word in (b"xylophone", b"quokka", b"wombat", b"xyl", b"kka", b"mba"):
        assert word not in content


def test_half_a_surrogate_pair_does_not_stop_a_message(store: ConversationStore) -> None:
    conversation = store.create("broken \ud83d title")
    asked, _ = store.add_turn(conversation.id, parent_id=None, text="a\ud83dz \ud83d\ude00", model=None)
    assert asked.text == "a\ufffdz 😀"
    assert [hit.message_id for hit in store.search("\ud83d 😀")] == [asked.id]


def test_all_of_it_is_there_after_a_new_start(store: ConversationStore, tmp_path: Path) -> None:
    conversation = store.create("c")
    turn(store, conversation.id, None, HARD_TEXT, "answer")
    before = store.conversations(), store.thread(conversation.id)
    store._connection.close()
    again = open_database(tmp_path / "inshore.db")
    assert (
        ConversationStore(again).conversations(),
        ConversationStore(again).thread(conversation.id),
    ) == before
    again.close()


def test_f44_a_thread_of_two_thousand_messages_opens_at_once(
    store: ConversationStore, connection: apsw.Connection
) -> None:
    conversation = store.create("long")
    with connection:
        connection.executemany(
            "INSERT INTO message (conversation_id, parent_id, role, text, status, created_at, receipt) "
            "VALUES (?, nullif(?, 0), ?, ?, 'complete', 1.0, '{\"usage\": {\"prompt_tokens\": 1}}')",
            [
                (conversation.id, number, ("user", "assistant")[number % 2], f"text {number} " * 20)
                for number in range(2_000)
            ],
        )
        connection.execute("UPDATE conversation SET leaf_id = 2000")
    durations = []
    for _ in range(5):
        start = time.perf_counter()
        thread = store.thread(conversation.id)
        durations.append(time.perf_counter() - start)
    assert [message.id for message in thread] == list(range(1, 2_001))
    assert min(durations) < 0.1  # a quarter of this here; the benchmark holds the tight budget


def test_f08_a_full_disk_changes_nothing_and_is_said(
    store: ConversationStore, connection: apsw.Connection
) -> None:
    conversation = store.create("c")
    _, answer = store.add_turn(conversation.id, parent_id=None, text="q", model=None)
    store.save_partial(answer.id, "stored", "")
    connection.pragma("max_page_count", connection.pragma("page_count"))
    with pytest.raises(StorageFailed) as caught:
        store.save_partial(answer.id, "x" * 500_000, "")
    assert caught.value.cause.startswith("The disk is full.")
    assert store.message(answer.id).text == "stored"
    connection.pragma("max_page_count", 1_000_000)
    store.save_partial(answer.id, "x" * 500_000, "")
    assert len(store.message(answer.id).text) == 500_000


def test_the_store_needs_no_qt_and_no_loop() -> None:
    import subprocess

    script = (
        "import sys, desktop.storage.conversations, desktop.storage.database;"
        "print(sorted({'asyncio', 'logging', 'shutil', 'PySide6'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
