"""The tables of pictures: those that messages were sent with, and those that wait in a draft."""

from __future__ import annotations

import apsw


def create(connection: apsw.Connection) -> None:
    """The picture itself comes last in its row, so that what is known of it is read without it."""
    connection.execute(_TABLES)


_TABLES = """
CREATE TABLE message_image (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id INTEGER NOT NULL REFERENCES message (id),
    media_type TEXT NOT NULL,
    width INTEGER NOT NULL CHECK (width > 0),
    height INTEGER NOT NULL CHECK (height > 0),
    content BLOB NOT NULL
) STRICT;
CREATE INDEX message_image_of ON message_image (message_id);

CREATE TABLE draft_image (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    width INTEGER NOT NULL CHECK (width > 0),
    height INTEGER NOT NULL CHECK (height > 0),
    name TEXT NOT NULL,
    content BLOB NOT NULL
) STRICT;
CREATE INDEX draft_image_of ON draft_image (conversation_id);
"""
