"""The shape of the conversations' file, as a list of steps that only ever grows.

A released step is never edited: a file that went through it must equal one that goes through it now.
Each step runs in a transaction of its own, with foreign keys checked at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import apsw

from desktop.storage import attempt_tables, ledger_tables, outbound_tables, picture_tables

Migration = Callable[[apsw.Connection], None]


def _first(connection: apsw.Connection) -> None:
    connection.execute(_TABLES)
    connection.execute(_INDEX)


def _second(connection: apsw.Connection) -> None:
    """Pinned messages, private conversations, and what a conversation has of its own (JSON)."""
    connection.execute("ALTER TABLE message ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0")
    connection.execute("ALTER TABLE conversation ADD COLUMN private INTEGER NOT NULL DEFAULT 0")
    connection.execute("ALTER TABLE conversation ADD COLUMN options TEXT NOT NULL DEFAULT '{}'")


def _third(connection: apsw.Connection) -> None:
    """Which licences were accepted for which models."""
    connection.execute(_ACCEPTANCES)


def _outbound_record(connection: apsw.Connection) -> None:
    """What left the machine."""
    outbound_tables.create(connection)


def _usage_ledger(connection: apsw.Connection) -> None:
    """What was used and what it cost."""
    ledger_tables.create(connection)


def _pictures(connection: apsw.Connection) -> None:
    """Pictures in messages and drafts."""
    picture_tables.create(connection)


def _attempts(connection: apsw.Connection) -> None:
    """Who was asked for each answer."""
    attempt_tables.create(connection)


def _sent_content(connection: apsw.Connection) -> None:
    """Under which mode something left, and what exactly it was."""
    outbound_tables.add_content(connection)


# A message's parent is always older than it (no cycles), and conversations are deleted in one statement
# (a cascade along a thread of thousands would pass SQLite's recursion limit).
_TABLES = """
CREATE TABLE conversation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    model TEXT,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    deleted_at REAL,
    leaf_id INTEGER REFERENCES message (id) ON DELETE SET NULL
) STRICT;
CREATE INDEX conversation_updated ON conversation (updated_at) WHERE deleted_at IS NULL;
CREATE INDEX conversation_leaf ON conversation (leaf_id);

CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id INTEGER NOT NULL REFERENCES conversation (id),
    parent_id INTEGER REFERENCES message (id) CHECK (parent_id < id),
    role TEXT NOT NULL,
    text TEXT NOT NULL,
    reasoning TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL,
    model TEXT,
    created_at REAL NOT NULL,
    receipt TEXT,
    error TEXT
) STRICT;
CREATE INDEX message_versions ON message (conversation_id, parent_id, role);
CREATE INDEX message_parent ON message (parent_id);
CREATE INDEX message_running ON message (id) WHERE status = 'running';

CREATE TABLE draft (
    conversation_id INTEGER PRIMARY KEY,
    text TEXT NOT NULL
) STRICT;
"""

# The triggers keep one promise: a message is in the index exactly while it isn't running. So partial
# saves cost nothing, and the text an index entry was made from is always at hand to take it out.
_INDEX = """
CREATE VIEW settled_message AS SELECT id, text FROM message WHERE status <> 'running';
CREATE VIRTUAL TABLE message_index USING fts5 (
    text, content = 'settled_message', content_rowid = 'id', tokenize = 'trigram remove_diacritics 1'
);
CREATE TRIGGER message_added AFTER INSERT ON message WHEN new.status <> 'running' BEGIN
    INSERT INTO message_index (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER message_changed AFTER UPDATE OF text, status ON message
WHEN old.status <> 'running' OR new.status <> 'running' BEGIN
    INSERT INTO message_index (message_index, rowid, text)
        SELECT 'delete', old.id, old.text WHERE old.status <> 'running';
    INSERT INTO message_index (rowid, text)
        SELECT new.id, new.text WHERE new.status <> 'running';
END;
CREATE TRIGGER message_removed AFTER DELETE ON message WHEN old.status <> 'running' BEGIN
    INSERT INTO message_index (message_index, rowid, text) VALUES ('delete', old.id, old.text);
END;

CREATE VIRTUAL TABLE title_index USING fts5 (
    title, content = 'conversation', content_rowid = 'id', tokenize = 'trigram remove_diacritics 1'
);
CREATE TRIGGER title_added AFTER INSERT ON conversation BEGIN
    INSERT INTO title_index (rowid, title) VALUES (new.id, new.title);
END;
CREATE TRIGGER title_changed AFTER UPDATE OF title ON conversation BEGIN
    INSERT INTO title_index (title_index, rowid, title) VALUES ('delete', old.id, old.title);
    INSERT INTO title_index (rowid, title) VALUES (new.id, new.title);
END;
CREATE TRIGGER title_removed AFTER DELETE ON conversation BEGIN
    INSERT INTO title_index (title_index, rowid, title) VALUES ('delete', old.id, old.title);
END;
"""

# What was accepted stays as it was: a later acceptance is another row.
_ACCEPTANCES = """
CREATE TABLE acceptance (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    licence TEXT NOT NULL,
    version TEXT NOT NULL,
    model TEXT NOT NULL,
    text_hash TEXT NOT NULL CHECK (length(text_hash) = 64),
    intended_use TEXT NOT NULL,
    accepted_at REAL NOT NULL
) STRICT;
CREATE TRIGGER acceptance_kept BEFORE UPDATE ON acceptance BEGIN
    SELECT RAISE(ABORT, 'acceptances are not changed');
END;
CREATE TRIGGER acceptance_not_deleted BEFORE DELETE ON acceptance BEGIN
    SELECT RAISE(ABORT, 'acceptances are not deleted');
END;
"""

MIGRATIONS: Sequence[Migration] = (
    _first,
    _second,
    _third,
    _outbound_record,
    _usage_ledger,
    _pictures,
    _attempts,
    _sent_content,
)
