"""The table of what left the machine, as its migration made it; never edited after a release."""

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


def create(connection: apsw.Connection) -> None:
    """Make the table."""
    connection.execute(_TABLES)
