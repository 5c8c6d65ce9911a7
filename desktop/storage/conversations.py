"""Keeps conversations: trees of messages in which one path is shown."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import apsw

from desktop.storage import pictures as picturing
from desktop.storage import search as searching
from desktop.storage.pictures import PictureStore
from desktop.storage.search import SearchHit
from desktop.storage.sqlite import transaction, translated
from desktop.storage.titles import title_from
from desktop.storage.values import Conversation, Status, StoredImage, StoredMessage
from models.chat import Image, Role

__all__ = ["Conversation", "ConversationStore", "SearchHit", "Status", "StoredMessage", "title_from"]

_NEW_CHAT = 0  # the draft of the conversation that does not exist yet


class ConversationStore:
    """Conversations in one SQLite file. One thread only; each change is on the disk when its method returns.

    Every method raises StorageError for what the disk or the file did, and then nothing has changed.
    An id that is not in the file is the caller's mistake: KeyError.
    """

    def __init__(self, connection: apsw.Connection, now: Callable[[], float] = time.time) -> None:
        self._connection = connection
        self._now = now
        self.pictures = PictureStore(connection)

    # -- conversations

    def conversations(self) -> list[Conversation]:
        """All that aren't deleted, the last changed first."""
        return [_conversation(row) for row in self._rows(_LIST)]

    def create(self, title: str, model: str | None = None) -> Conversation:
        """Begin a conversation without messages."""
        with self._changing() as now:
            return self._create(title, model, now)

    def begin(
        self,
        title: str,
        text: str,
        *,
        private: bool = False,
        options: Mapping[str, object] | None = None,
        images: Sequence[Image] = (),
        to: str | None = None,
    ) -> tuple[StoredMessage, StoredMessage]:
        """Begin a conversation with a user's message and its RUNNING answer: all of it, or nothing.

        `to` is the model that the message names, kept as the message's own.
        """
        with self._changing() as now:
            begun = self._create(title, None, now).id
            self._connection.execute(_SET_UP, (private, _dumped(options or {}), begun))
            asked, answer = self._ask(begun, None, text, images, None, now, to)
            return self.message(asked), self.message(answer)  # what can't be read again is not stored

    def get(self, conversation_id: int) -> Conversation:
        """One conversation, a deleted one too."""
        with translated():
            return _conversation(self._row(_CONVERSATION, (conversation_id,)))

    def rename(self, conversation_id: int, title: str) -> None:
        """Give another title; the order of the list stays."""
        self._change("UPDATE conversation SET title = ? WHERE id = ?", (_storable(title), conversation_id))

    def set_private(self, conversation_id: int, private: bool) -> None:
        """Whether traces of a conversation may be kept elsewhere on disk; the order of the list stays."""
        self._change("UPDATE conversation SET private = ? WHERE id = ?", (private, conversation_id))

    def set_options(self, conversation_id: int, options: Mapping[str, object]) -> None:
        """Keep what a conversation has of its own, in place of what it had; JSON values."""
        self._change("UPDATE conversation SET options = ? WHERE id = ?", (_dumped(options), conversation_id))

    def private_ids(self) -> list[int]:
        """All private conversations, deleted ones too."""
        return [row[0] for row in self._rows("SELECT id FROM conversation WHERE private ORDER BY id")]

    def delete(self, conversation_id: int) -> None:
        """Hide a conversation until `restore` or `purge_deleted`."""
        self._change("UPDATE conversation SET deleted_at = ? WHERE id = ?", (self._now(), conversation_id))

    def restore(self, conversation_id: int) -> None:
        """Undo `delete`."""
        self._change("UPDATE conversation SET deleted_at = NULL WHERE id = ?", (conversation_id,))

    def purge_deleted(self, before: float) -> list[int]:
        """Erase what was deleted before a moment (unix seconds); the ids of these conversations.

        The words are gone from the file and its index afterwards. Rewriting the index takes about a
        second for 20,000 messages, so this is not for a moment when someone waits.
        """
        with self._changing():
            erased: list[int] = [row[0] for row in self._connection.execute(_DELETED, (before,))]
            doomed = json.dumps(erased)
            for statement in _ERASE:
                self._connection.execute(statement, (doomed,))
        if erased:
            self._forget_erased_words()
        return erased

    # -- messages

    def thread(self, conversation_id: int) -> list[StoredMessage]:
        """The path that is shown, from the first message to the leaf."""
        return self._path(conversation_id, self._rows(_THREAD, (conversation_id,)))

    def before(self, message: StoredMessage) -> list[StoredMessage]:
        """What a message answers, from the first message on, whichever path is shown."""
        return self._path(message.conversation_id, self._rows(_BEFORE, (message.parent_id,)))

    def _path(self, conversation_id: int, rows: Sequence[Any]) -> list[StoredMessage]:
        versions = self._versions(conversation_id)
        images = self.pictures.of([row[0] for row in rows])
        return [_message(row, versions[row[2], row[3]], images.get(row[0], ())) for row in rows]

    def message(self, message_id: int) -> StoredMessage:
        """One message, on the shown path or not."""
        with translated():
            row = self._row(_MESSAGE, (message_id,))
            siblings = self._rows(_SIBLINGS, (row[1], row[2], row[3]))
            images = self.pictures.of([message_id]).get(message_id, ())
        return _message(row, [sibling for (sibling,) in siblings], images)

    def add_message(
        self,
        conversation_id: int,
        *,
        parent_id: int | None,
        role: Role,
        text: str = "",
        status: Status,
        model: str | None = None,
        images: Sequence[Image] = (),
    ) -> StoredMessage:
        """Add a message under its parent; it becomes the leaf. A second child is a version of the first."""
        with self._changing() as now:
            added = self._insert(conversation_id, parent_id, role, text, status, model, now)
            self.pictures.insert(added, images)
            self._touch(conversation_id, now, leaf=added)
            return self.message(added)

    def add_turn(
        self,
        conversation_id: int,
        *,
        parent_id: int | None,
        text: str,
        model: str | None,
        images: Sequence[Image] = (),
        to: str | None = None,
    ) -> tuple[StoredMessage, StoredMessage]:
        """Add the user's message and its RUNNING answer, or neither; the answer becomes the leaf.

        `to` is the model that the message names, `model` the answer's.
        """
        with self._changing() as now:
            asked, answer = self._ask(conversation_id, parent_id, text, images, model, now, to)
            return self.message(asked), self.message(answer)

    def save_partial(self, message_id: int, text: str, reasoning: str) -> None:
        """Keep what a RUNNING answer has so far; one that has ended is left alone."""
        with self._changing():
            self._connection.execute(
                "UPDATE message SET text = ?, reasoning = ? WHERE id = ? AND status = 'running'",
                (_storable(text), _storable(reasoning), message_id),
            )

    def settle(
        self,
        message_id: int,
        *,
        text: str,
        reasoning: str,
        status: Status,
        model: str | None = None,
        receipt: Mapping[str, object] | None = None,
        error: Mapping[str, str] | None = None,
    ) -> StoredMessage:
        """End an answer with all that is known of it; without a model the stored one stays. Repeatable."""
        values = (
            _storable(text),
            _storable(reasoning),
            status.value,
            model,
            _dumped(receipt),
            _dumped(error),
        )
        with self._changing() as now:
            self._touch(self._row(_SETTLE, (*values, message_id))[0], now)
            return self.message(message_id)

    def reopen(self, message_id: int) -> StoredMessage:
        """Make an ended answer RUNNING again, with its text, so that it can be continued."""
        with self._changing() as now:
            self._touch(self._row(_REOPEN, (message_id,))[0], now)
            return self.message(message_id)

    def set_error(self, message_id: int, error: Mapping[str, str]) -> StoredMessage:
        """Say something else of why an answer ended."""
        self._change("UPDATE message SET error = ? WHERE id = ?", (_dumped(error), message_id))
        return self.message(message_id)

    def set_pinned(self, message_id: int, pinned: bool) -> None:
        """Mark a message as one that stays in the model's memory, or take the mark off."""
        self._change("UPDATE message SET pinned = ? WHERE id = ?", (pinned, message_id))

    def select_version(self, message_id: int) -> int:
        """Show the path through this message, to the newest message below it; the conversation's id."""
        with self._changing():
            leaf, conversation_id = self._row(_NEWEST_BELOW, (message_id,))
            self._connection.execute(
                "UPDATE conversation SET leaf_id = ? WHERE id = ?", (leaf, conversation_id)
            )
            return int(conversation_id)

    def interrupt_running(self) -> int:
        """Mark what a crash left RUNNING as INTERRUPTED, its text kept; how many answers those were."""
        with self._changing():
            self._connection.execute("UPDATE message SET status = 'interrupted' WHERE status = 'running'")
            return self._connection.changes()

    # -- drafts and search

    def draft(self, conversation_id: int | None) -> str:
        """What was typed and not sent; None is the conversation that does not exist yet."""
        sql = "SELECT text FROM draft WHERE conversation_id = ?"
        return next((text for (text,) in self._rows(sql, (conversation_id or _NEW_CHAT,))), "")

    def set_draft(self, conversation_id: int | None, text: str) -> None:
        """Keep what was typed; an empty text leaves nothing behind."""
        place = conversation_id or _NEW_CHAT
        if text:
            self._change("INSERT OR REPLACE INTO draft VALUES (?, ?)", (place, _storable(text)), needed=False)
        else:
            self._change("DELETE FROM draft WHERE conversation_id = ?", (place,), needed=False)

    def search(self, query: str, limit: int = 50) -> list[SearchHit]:
        """Titles, then messages that contain every word of the query, the newest first."""
        with translated():
            return searching.find(self._connection, _storable(query), limit)

    # -- inside

    @contextmanager
    def _changing(self) -> Iterator[float]:
        """One transaction, at one moment of the clock."""
        with translated(), transaction(self._connection):
            yield self._now()

    def _change(self, sql: str, values: tuple[Any, ...], *, needed: bool = True) -> None:
        with self._changing():
            self._connection.execute(sql, values)
            if needed and not self._connection.changes():
                raise KeyError(values[-1])

    def _rows(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with translated():
            rows: list[tuple[Any, ...]] = self._connection.execute(sql, values).fetchall()
        return rows

    def _row(self, sql: str, values: tuple[Any, ...]) -> Any:
        """The only row; all of a RETURNING statement is done when this returns."""
        rows = self._connection.execute(sql, values).fetchall()
        if not rows:
            raise KeyError(values[-1])
        return rows[0]

    def _create(self, title: str, model: str | None, now: float) -> Conversation:
        return _conversation(self._row(_CREATE, (_storable(title), model, now, now)))

    def _ask(
        self,
        conversation_id: int,
        parent_id: int | None,
        text: str,
        images: Sequence[Image],
        model: str | None,
        now: float,
        to: str | None = None,
    ) -> tuple[int, int]:
        asked = self._insert(conversation_id, parent_id, Role.USER, text, Status.COMPLETE, to, now)
        self.pictures.insert(asked, images)
        answer = self._insert(conversation_id, asked, Role.ASSISTANT, "", Status.RUNNING, model, now)
        self._touch(conversation_id, now, leaf=answer)
        return asked, answer

    def _insert(
        self,
        conversation_id: int,
        parent_id: int | None,
        role: Role,
        text: str,
        status: Status,
        model: str | None,
        now: float,
    ) -> int:
        values = (conversation_id, parent_id, role.value, _storable(text), status.value, model, now)
        added: int = self._row(_INSERT, values)[0]
        return added

    def _touch(self, conversation_id: int, now: float, leaf: int | None = None) -> None:
        self._connection.execute(
            "UPDATE conversation SET updated_at = ?, leaf_id = coalesce(?, leaf_id) WHERE id = ?",
            (now, leaf, conversation_id),
        )

    def _versions(self, conversation_id: int) -> defaultdict[tuple[int | None, str], list[int]]:
        """Who shares a place in the tree: ids by parent and role, oldest first."""
        places: defaultdict[tuple[int | None, str], list[int]] = defaultdict(list)
        for number, parent_id, role in self._rows(_PLACES, (conversation_id,)):
            places[parent_id, role].append(number)
        return places

    def _forget_erased_words(self) -> None:
        """The index only marks what was deleted until it is merged."""
        with translated():
            self._connection.execute("INSERT INTO message_index (message_index) VALUES ('optimize')")
            self._connection.execute("INSERT INTO title_index (title_index) VALUES ('optimize')")


def _conversation(row: Any) -> Conversation:
    number, title, created, updated, model, private, options = row
    return Conversation(number, title, created, updated, model, bool(private), _options(options))


def _options(text: str) -> Mapping[str, object]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _message(row: Any, versions: Iterable[int], images: tuple[StoredImage, ...]) -> StoredMessage:
    number, conversation, parent, role, text, reasoning, status, model, created, receipt, error, pinned = row
    return StoredMessage(
        number,
        conversation,
        parent,
        Role(role),
        text,
        reasoning,
        Status(status),
        model,
        created,
        json.loads(receipt) if receipt else None,
        json.loads(error) if error else None,
        tuple(versions),
        bool(pinned),
        images,
    )


def _dumped(values: Mapping[str, object] | None) -> str | None:
    return None if values is None else json.dumps(dict(values))


def _storable(text: str) -> str:
    """Half a surrogate pair, which a paste can contain, is not text to SQLite: it becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


_LIST = """
SELECT id, title, created_at, updated_at, model, private, options
FROM conversation WHERE deleted_at IS NULL ORDER BY updated_at DESC, id DESC
"""

_CONVERSATION = """
SELECT id, title, created_at, updated_at, model, private, options FROM conversation WHERE id = ?
"""

_CREATE = """
INSERT INTO conversation (title, model, created_at, updated_at) VALUES (?, ?, ?, ?)
RETURNING id, title, created_at, updated_at, model, private, options
"""

_SET_UP = "UPDATE conversation SET private = ?, options = ? WHERE id = ?"

_MESSAGE = """
SELECT id, conversation_id, parent_id, role, text, reasoning, status, model, created_at, receipt, error,
    pinned
FROM message WHERE id = ?
"""

# A parent's id is below its child's, so the order of ids is the order of the path.
_THREAD = """
WITH RECURSIVE path (id) AS (
    SELECT leaf_id FROM conversation WHERE id = ?
    UNION ALL
    SELECT parent_id FROM path JOIN message USING (id)
)
SELECT id, conversation_id, parent_id, role, text, reasoning, status, model, created_at, receipt, error,
    pinned
FROM path JOIN message USING (id) ORDER BY id
"""
_BEFORE = _THREAD.replace("SELECT leaf_id FROM conversation WHERE id = ?", "SELECT ?")

_PLACES = "SELECT id, parent_id, role FROM message WHERE conversation_id = ? ORDER BY id"

_SIBLINGS = "SELECT id FROM message WHERE conversation_id = ? AND parent_id IS ? AND role = ? ORDER BY id"

_NEWEST_BELOW = """
WITH RECURSIVE below (id) AS (
    VALUES (?1)
    UNION ALL
    SELECT message.id FROM below JOIN message ON message.parent_id = below.id
)
SELECT max(below.id), conversation_id FROM below JOIN message USING (id) GROUP BY conversation_id
"""

_INSERT = """
INSERT INTO message (conversation_id, parent_id, role, text, status, model, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id
"""

_SETTLE = """
UPDATE message SET text = ?, reasoning = ?, status = ?, model = coalesce(?, model), receipt = ?, error = ?
WHERE id = ? RETURNING conversation_id
"""

_REOPEN = """
UPDATE message SET status = 'running', receipt = NULL, error = NULL WHERE id = ? RETURNING conversation_id
"""

_DELETED = "SELECT id FROM conversation WHERE deleted_at < ?"

_ERASE = (
    *picturing.ERASE,
    "UPDATE conversation SET leaf_id = NULL WHERE id IN (SELECT value FROM json_each(?))",
    "DELETE FROM message WHERE conversation_id IN (SELECT value FROM json_each(?))",
    "DELETE FROM draft WHERE conversation_id IN (SELECT value FROM json_each(?))",
    "DELETE FROM sent_content WHERE conversation_id IN (SELECT value FROM json_each(?))",
    "DELETE FROM conversation WHERE id IN (SELECT value FROM json_each(?))",
)
