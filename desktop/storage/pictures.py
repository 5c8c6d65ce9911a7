"""The pictures of messages and drafts, in the conversations' file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import apsw

from desktop.storage.sqlite import transaction, translated
from desktop.storage.values import DraftPicture, StoredImage
from models.chat import Image

_NEW_CHAT = 0  # as for the texts of drafts

ERASE = (
    "DELETE FROM message_image WHERE message_id IN "
    "(SELECT id FROM message WHERE conversation_id IN (SELECT value FROM json_each(?)))",
    "DELETE FROM draft_image WHERE conversation_id IN (SELECT value FROM json_each(?))",
)
"""Run with the ids of conversations as JSON, before their messages are deleted."""


class PictureStore:
    """On the connection that the conversations are read with, and under its rules."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def insert(self, message_id: int, images: Iterable[Image]) -> None:
        """Keep a message's pictures, within the caller's transaction."""
        for image in images:
            self._connection.execute(
                _INSERT, (message_id, image.media_type, image.width, image.height, image.data)
            )

    def of(self, message_ids: Sequence[int]) -> Mapping[int, tuple[StoredImage, ...]]:
        """What is known of the pictures of messages, in their order, by the message's id."""
        found: dict[int, tuple[StoredImage, ...]] = {}
        for message_id, *values in self._rows(_OF, (json.dumps(message_ids),)):
            found[message_id] = (*found.get(message_id, ()), StoredImage(*values))
        return found

    def read(self, image_id: int) -> Image:
        """One picture with its content. KeyError if there is none of this id."""
        rows = self._rows(_READ, (image_id,))
        if not rows:
            raise KeyError(image_id)
        return Image(*rows[0])

    def drafted(self, conversation_id: int | None) -> list[DraftPicture]:
        """The pictures that wait to be sent, in the order in which they were added; None is the new chat."""
        rows = self._rows(_DRAFTED, (conversation_id or _NEW_CHAT,))
        return [DraftPicture(Image(*values), name, number) for number, name, *values in rows]

    def there(self, conversation_id: int | None) -> bool:
        """Whether any wait to be sent there, or are in the shown versions of its messages."""
        return bool(self._rows(_THERE, (conversation_id or _NEW_CHAT,) * 2))

    def add_drafted(self, conversation_id: int | None, name: str, image: Image) -> DraftPicture:
        """Keep one that waits to be sent."""
        values = (conversation_id or _NEW_CHAT, name, image.media_type, image.width, image.height, image.data)
        with translated(), transaction(self._connection):
            ((number,),) = self._rows(_ADD_DRAFTED, values)
        return DraftPicture(image, name, number)

    def drop_drafted(self, ids: Sequence[int]) -> None:
        """Erase some that wait; those that are gone already are no mistake."""
        with translated(), transaction(self._connection):
            self._connection.execute(_DROP_DRAFTED, (json.dumps(ids),))

    def _rows(self, sql: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with translated():
            rows: list[tuple[Any, ...]] = self._connection.execute(sql, values).fetchall()
        return rows


_INSERT = """
INSERT INTO message_image (message_id, media_type, width, height, content) VALUES (?, ?, ?, ?, ?)
"""

_OF = """
SELECT message_id, id, media_type, width, height, length(content) FROM message_image
WHERE message_id IN (SELECT value FROM json_each(?)) ORDER BY id
"""

_READ = "SELECT media_type, content, width, height FROM message_image WHERE id = ?"

_DRAFTED = """
SELECT id, name, media_type, content, width, height FROM draft_image WHERE conversation_id = ? ORDER BY id
"""

_THERE = """
WITH RECURSIVE path (id) AS (
    SELECT leaf_id FROM conversation WHERE id = ?
    UNION ALL
    SELECT parent_id FROM path JOIN message USING (id)
)
SELECT 1 FROM draft_image WHERE conversation_id = ?
UNION ALL
SELECT 1 FROM path JOIN message_image ON message_id = path.id LIMIT 1
"""

_ADD_DRAFTED = """
INSERT INTO draft_image (conversation_id, name, media_type, width, height, content)
VALUES (?, ?, ?, ?, ?, ?) RETURNING id
"""

_DROP_DRAFTED = "DELETE FROM draft_image WHERE id IN (SELECT value FROM json_each(?))"
