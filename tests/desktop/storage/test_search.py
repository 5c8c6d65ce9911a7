"""Search finds what was settled and titled, and nothing that was deleted."""

from __future__ import annotations

from typing import Literal
from unicodedata import normalize

import apsw
import pytest

from desktop.storage.conversations import ConversationStore, Status
from desktop.storage.search import snippet_of


def said(store: ConversationStore, title: str, text: str) -> tuple[int, int]:
    """A conversation with one settled answer; their ids."""
    conversation = store.create(title)
    _, answer = store.add_turn(conversation.id, parent_id=None, text="?", model=None)
    store.settle(answer.id, text=text, reasoning="", status=Status.COMPLETE)
    return conversation.id, answer.id


def found(store: ConversationStore, query: str) -> list[int | None]:
    return [hit.message_id for hit in store.search(query)]


@pytest.mark.parametrize(
    "query",
    [
        "weather",
        "WEATHER fine",
        "cafe",
        "天气很好",
        "天气",
        "天",
        "ПРИВЕТ",
        "👩‍👩‍👧",
        "C++",
        "100%",
        "wea ne",
        "a_b",
        'say "hi',
        "back\\slash",
        "OR",
    ],
)
def test_a_message_is_found_by_what_it_contains(store: ConversationStore, query: str) -> None:
    text = (
        "The weather is fine at the Café; 今天天气很好. привет 👩‍👩‍👧\n"
        'C++ is 100% a_b, he would say "hi" or back\\slash'
    )
    conversation, answer = said(store, "untitled", text)
    said(store, "other", "Nothing of the kind, aXb, 100 per cent")
    hits = store.search(query)
    assert [(hit.conversation_id, hit.message_id, hit.title) for hit in hits] == [
        (conversation, answer, "untitled")
    ]
    assert "\n" not in hits[0].snippet


@pytest.mark.parametrize(
    "query", ["", "  ", "zebra", "%", "_", "NEAR(", '"', "*", "\x00", "a AND", "text:x", "-"]
)
def test_no_query_is_an_error(store: ConversationStore, query: str) -> None:
    said(store, "title", "plain words")
    assert store.search(query) == []


def test_every_word_must_be_there(store: ConversationStore) -> None:
    _, both = said(store, "t", "apples and oranges")
    said(store, "t", "apples only")
    assert found(store, "oranges app") == [both]
    assert found(store, "apples or") == [both]


def test_titles_come_first_and_newer_before_older(store: ConversationStore) -> None:
    titled, _ = said(store, "Sailing trip", "x")
    _, older = said(store, "a", "about sailing")
    _, newer = said(store, "b", "more sailing")
    hits = store.search("sailing")
    assert [(hit.conversation_id, hit.message_id) for hit in hits[:1]] == [(titled, None)]
    assert [hit.message_id for hit in hits[1:]] == [newer, older]
    assert len(store.search("sailing", limit=2)) == 2


def test_the_index_follows_rename_delete_and_restore(store: ConversationStore) -> None:
    conversation, answer = said(store, "before", "harbour")
    store.rename(conversation, "afterwards")
    assert found(store, "before") == []
    assert found(store, "afterwards") == [None]
    store.delete(conversation)
    assert found(store, "harbour") == found(store, "afterwards") == found(store, "ha") == []
    store.restore(conversation)
    assert found(store, "harbour") == [answer]


def test_a_running_answer_is_not_found_until_it_ends(
    store: ConversationStore, connection: apsw.Connection
) -> None:
    conversation = store.create("t")
    _, answer = store.add_turn(conversation.id, parent_id=None, text="q", model=None)
    before = connection.execute("SELECT count(*) FROM message_index_data").get
    store.save_partial(answer.id, "anchor", "")
    assert connection.execute("SELECT count(*) FROM message_index_data").get == before
    assert found(store, "anchor") == found(store, "an") == []
    store.interrupt_running()
    assert found(store, "anchor") == [answer.id]
    store.reopen(answer.id)
    assert found(store, "anchor") == []
    for text in ("compass", "compass rose", "sextant"):  # settled again and again: nothing old is left
        store.settle(answer.id, text=text, reasoning="", status=Status.COMPLETE)
    assert (found(store, "compass"), found(store, "sextant")) == ([], [answer.id])
    connection.execute("INSERT INTO message_index (message_index, rank) VALUES ('integrity-check', 1)")
    connection.execute("INSERT INTO title_index (title_index, rank) VALUES ('integrity-check', 1)")


def test_reasoning_is_not_searched(store: ConversationStore) -> None:
    conversation = store.create("t")
    _, answer = store.add_turn(conversation.id, parent_id=None, text="q", model=None)
    store.settle(answer.id, text="answer", reasoning="secretly", status=Status.COMPLETE)
    assert found(store, "secretly") == []


def test_a_snippet_is_one_line_around_the_place() -> None:
    text = "intro " * 50 + "the\nplace we want " + "outro " * 50
    snippet = snippet_of(text, ["Place"])
    assert snippet.startswith("…")
    assert snippet.endswith("…")
    assert "the place we want" in snippet
    assert len(snippet) <= 122


def test_a_snippet_of_a_short_text_is_all_of_it() -> None:
    assert snippet_of("short\n text", ["absent"]) == "short text"


@pytest.mark.parametrize("query", ["ии", "ИИ", "Ии", "né", "ne\u0301", "né ии", "50 %_", "ии модел", "É"])
def test_a_short_word_is_found_in_any_case_and_however_its_accents_are_written(
    store: ConversationStore, query: str
) -> None:
    begun, _answer = store.begin("ИИ Né 50 %_ модель e\u0301", "Про ИИ: Né, 50 %_ модель e\u0301")
    store.begin("другое", "другое 50 ab")
    hits = store.search(query)
    assert {hit.conversation_id for hit in hits} == {begun.conversation_id}
    assert [hit.message_id for hit in hits] == [None, begun.id]


@pytest.mark.parametrize("written", ["NFC", "NFD"])
@pytest.mark.parametrize("asked", ["NFC", "NFD"])
def test_a_word_is_found_however_its_letters_are_composed(
    store: ConversationStore, written: Literal["NFC", "NFD"], asked: Literal["NFC", "NFD"]
) -> None:
    begun, _answer = store.begin("x", normalize(written, "한국어 학교 Müller"))
    for query in ("한국어", "국어", "한국어 müller", "학교 한"):
        assert [hit.message_id for hit in store.search(normalize(asked, query))] == [begun.id]
