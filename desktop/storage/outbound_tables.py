"""The tables of what left the machine, as their migrations made them; never edited after a release."""

from __future__ import annotations

import apsw

# No reference to the conversation: what left stays on record, also when a conversation is deleted before
# or after its line is written.
_TABLES = """
CREATE TABLE outbound (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    host TEXT NOT NULL,
    purpose TEXT NOT NULL,
    method TEXT NOT NULL,
    bytes_out INTEGER NOT NULL CHECK (bytes_out >= 0),
    bytes_in INTEGER NOT NULL CHECK (bytes_in >= 0),
    status INTEGER,
    refused TEXT NOT NULL DEFAULT '',
    conversation_id INTEGER
) STRICT;
CREATE INDEX outbound_at ON outbound (at);
CREATE INDEX outbound_conversation ON outbound (conversation_id) WHERE conversation_id IS NOT NULL;
"""


# What was said goes with its conversation, so its content is kept apart from the record.
_CONTENT = """
ALTER TABLE outbound ADD COLUMN mode TEXT NOT NULL DEFAULT '';
CREATE TABLE sent_content (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    at REAL NOT NULL,
    host TEXT NOT NULL,
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    sha256 TEXT NOT NULL,
    content BLOB NOT NULL
) STRICT;
CREATE INDEX sent_content_message ON sent_content (message_id);
CREATE INDEX sent_content_conversation ON sent_content (conversation_id);
CREATE INDEX sent_content_at ON sent_content (at);
"""


def create(connection: apsw.Connection) -> None:
    """Make the table."""
    connection.execute(_TABLES)


def add_content(connection: apsw.Connection) -> None:
    """Make the mode's column, and the table of what exactly was sent."""
    connection.execute(_CONTENT)
