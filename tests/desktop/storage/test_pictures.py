"""Pictures in the conversations' file: kept with their message, waiting in drafts, erased with both."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from desktop.storage.conversations import ConversationStore, Status
from desktop.storage.database import open_database
from desktop.storage.migrations import MIGRATIONS
from models.chat import Image, Role

RED = Image("image/png", b"red-picture-content" * 50, 40, 20)
BLUE = Image("image/jpeg", b"blue-picture-content" * 50, 30, 30)


def test_pictures_come_with_their_message_in_order_and_are_read_by_their_id(store: ConversationStore) -> None:
    question, answer = store.begin("Red", "What?", images=(RED, BLUE))
    assert [(i.media_type, i.width, i.height, i.size_bytes) for i in question.images] == [
        ("image/png", 40, 20, len(RED.data)),
        ("image/jpeg", 30, 30, len(BLUE.data)),
    ]
    assert answer.images == ()
    assert store.thread(question.conversation_id)[0] == question
    assert [store.pictures.read(image.id) for image in question.images] == [RED, BLUE]
    with pytest.raises(KeyError):
        store.pictures.read(99)


def test_a_turn_and_a_version_have_pictures_of_their_own(store: ConversationStore) -> None:
    first, answer = store.begin("Red", "What?", images=(RED,))
    store.add_turn(first.conversation_id, parent_id=answer.id, text="And?", model=None, images=(BLUE,))
    assert [len(message.images) for message in store.thread(first.conversation_id)] == [1, 0, 1, 0]
    other = store.add_message(
        first.conversation_id,
        parent_id=None,
        role=Role.USER,
        text="?",
        status=Status.COMPLETE,
        images=(BLUE,),
    )
    assert store.pictures.read(other.images[0].id) == BLUE
    assert len(store.message(first.id).images) == 1


def test_f08_a_message_is_stored_with_all_its_pictures_or_not_at_all(
    store: ConversationStore, connection: apsw.Connection
) -> None:
    broken = Image("image/png", b"x", 0, 0)  # the table refuses a picture without a size
    with pytest.raises(apsw.ConstraintError):
        store.begin("Red", "What?", images=(RED, broken))
    assert store.conversations() == []
    assert connection.execute("SELECT count(*) FROM message_image").get == 0


def test_pictures_wait_in_the_draft_of_their_conversation(store: ConversationStore) -> None:
    begun = store.create("Red").id
    kept = store.pictures.add_drafted(begun, "red.png", RED)
    store.pictures.add_drafted(None, "blue.jpg", BLUE)
    second = store.pictures.add_drafted(begun, "blue.jpg", BLUE)
    assert store.pictures.drafted(begun) == [kept, second]
    assert [picture.name for picture in store.pictures.drafted(None)] == ["blue.jpg"]
    store.pictures.drop_drafted([kept.id or 0, 99])
    assert store.pictures.drafted(begun) == [second]


def test_pictures_are_there_in_a_draft_or_in_the_versions_that_are_shown(store: ConversationStore) -> None:
    question, _answer = store.begin("Red", "What?", images=(RED,))
    here = question.conversation_id
    assert (store.pictures.there(here), store.pictures.there(None)) == (True, False)
    store.add_message(here, parent_id=None, role=Role.USER, text="?", status=Status.COMPLETE)
    assert not store.pictures.there(here)
    waiting = [store.pictures.add_drafted(place, "red.png", RED) for place in (here, None)]
    assert store.pictures.there(here)
    assert store.pictures.there(None)
    store.pictures.drop_drafted([picture.id or 0 for picture in waiting])
    store.select_version(question.id)
    assert (store.pictures.there(here), store.pictures.there(None)) == (True, False)


def test_purged_pictures_are_gone_from_the_file(store: ConversationStore, tmp_path: Path) -> None:
    question, _ = store.begin("Red", "What?", images=(RED,))
    store.pictures.add_drafted(question.conversation_id, "blue.jpg", BLUE)
    kept, _ = store.begin("Other", "What?", images=(Image("image/png", b"kept-content", 1, 1),))
    store.delete(question.conversation_id)
    assert store.purge_deleted(1e12) == [question.conversation_id]
    store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = (tmp_path / "inshore.db").read_bytes()
    assert b"red-picture-content" not in content
    assert b"blue-picture-content" not in content
    assert store.pictures.read(kept.images[0].id).data == b"kept-content"


def test_a_file_of_the_version_before_keeps_its_messages_and_takes_pictures(tmp_path: Path) -> None:
    path = tmp_path / "inshore.db"
    step = next(step for step in MIGRATIONS if step.__name__ == "_pictures")
    with closing(open_database(path, migrations=MIGRATIONS[: MIGRATIONS.index(step)])) as connection:
        connection.execute("INSERT INTO conversation VALUES (1, 'Old', NULL, 1, 1, NULL, NULL, 0, '{}')")
        connection.execute(
            "INSERT INTO message (id, conversation_id, role, text, status, created_at) "
            "VALUES (1, 1, 'user', 'Before', 'complete', 1)"
        )
        connection.execute("UPDATE conversation SET leaf_id = 1")
    with closing(open_database(path)) as connection:
        store = ConversationStore(connection)
        (old,) = store.thread(1)
        assert (old.text, old.images) == ("Before", ())
        question, _ = store.add_turn(1, parent_id=1, text="", model=None, images=(RED,))
        assert store.pictures.read(question.images[0].id) == RED
