"""The table of who was asked for each answer, as its migration made it; never edited after a release."""

from __future__ import annotations

import apsw

# `key` is what makes a try one that is sent once. `series` is the number of the try that the user asked for
# by hand, which those that followed by themselves go with. `error` is the kind of it, '' where the try ended
# well, and NULL until it has ended, which a crash leaves.
_TABLES = """
CREATE TABLE attempt (
    key TEXT PRIMARY KEY CHECK (length(key) = 32),
    turn_id INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    number INTEGER NOT NULL CHECK (number >= 1),
    series INTEGER NOT NULL CHECK (series BETWEEN 1 AND number),
    door TEXT NOT NULL,
    model TEXT NOT NULL,
    begun_at REAL NOT NULL,
    begins_at INTEGER NOT NULL CHECK (begins_at >= 0),
    error TEXT,
    UNIQUE (turn_id, number)
) STRICT;
"""


def create(connection: apsw.Connection) -> None:
    """Make the table."""
    connection.execute(_TABLES)
