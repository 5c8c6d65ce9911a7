"""Pictures on their way into messages, and out of them onto the screen, beside the window's thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from desktop.background import Background, Outcome
from desktop.storage.pictures import PictureStore
from desktop.storage.values import DraftPicture, StoredImage, StoredMessage
from models.chat import Image
from models.errors import AppError, StorageError
from models.plain import plain

T = TypeVar("T")
MOST, MOST_BYTES = 10, 20 << 20
"""How many pictures one message may have, and the bytes of all of them."""
PREVIEW = 480
"""Pixels on a preview's longest side: enough for a screen of two pixels to the point."""
_KEPT = 32

Source = Path | QImage
Place = object
"""Whose draft: a conversation's id, None for the new one, or anything else where nothing is kept."""


class PictureService(QObject):
    """GUI thread only. Files are read and pictures unpacked one at a time, in the background.

    For each source that was given, in order, either `taken(place, DraftPicture)` or `refused(place, words)`,
    and after the last `settled(place)`. `drawn(key, QImage)` answers `draw`; nothing comes of what is
    damaged. What is drawn under a number, a stored picture's id, is kept for the next time. `limits` gives
    the longest side in pixels and the most bytes of a picture for whoever answers.
    """

    taken = Signal(object, object)
    refused = Signal(object, str)
    settled = Signal(object)
    drawn = Signal(object, object)
    failed = Signal(object)

    def __init__(self, store: PictureStore, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store, self._background = store, background
        self.limits: Callable[[], tuple[int, int]] = _usual_limits
        self._reading: list[Place] = []
        self._previews: OrderedDict[object, QImage] = OrderedDict()

    # -- into a draft

    def take(self, place: Place, sources: Sequence[Source], room: int = MOST_BYTES) -> None:
        """Read pictures for the message that is being written there; together of at most `room` bytes."""
        self._reading.append(place)
        self._background.start(
            _read(sources, self.limits(), room),
            lambda result: self._on_read(place, *result),
            lambda outcome: self._on_end(place, outcome),
        )

    def reading(self, place: Place) -> bool:
        """Whether some are still being read for it."""
        return place in self._reading

    def drafted(self, place: Place) -> list[DraftPicture]:
        """Those that wait there."""
        if not _is_kept(place):
            return []
        try:
            return self._store.drafted(place)  # type: ignore[arg-type]
        except StorageError as error:
            self.failed.emit(error)
            return []

    def there(self, conversation_id: int | None) -> bool:
        """Whether any wait there, or are in the shown versions of its messages. Raises StorageError."""
        return self._store.there(conversation_id)

    def keep(self, place: Place, pictures: Sequence[DraftPicture]) -> None:
        """Add to those that wait there some that are kept nowhere."""
        for picture in pictures:
            self._kept(place, picture)

    def drop(self, pictures: Sequence[DraftPicture]) -> None:
        """They don't wait any more: sent, or removed."""
        ids = [picture.id for picture in pictures if picture.id is not None]
        try:
            self._store.drop_drafted(ids)
        except StorageError as error:
            self.failed.emit(error)

    # -- out of messages

    def read(self, image: StoredImage) -> Image | None:
        """A message's picture; None if it can't be read."""
        try:
            return self._store.read(image.id)
        except StorageError as error:
            self.failed.emit(error)
        except KeyError:
            pass  # erased meanwhile
        return None

    def contents(self, messages: Sequence[StoredMessage]) -> dict[int, bytes]:
        """The contents of all pictures of messages, by the picture's id; without those that can't be read."""
        found = ((image.id, self.read(image)) for message in messages for image in message.images)
        return {number: image.data for number, image in found if image is not None}

    def draw(self, key: object, image: Image | StoredImage, side: int = PREVIEW) -> None:
        """Have a picture drawn small; what was drawn lately under this key comes at once."""
        if key in self._previews:
            self._previews.move_to_end(key)
            self.drawn.emit(key, self._previews[key])
            return
        content = self.read(image) if isinstance(image, StoredImage) else image
        if content is not None:
            self._background.run(
                _in_thread(partial(_preview, content, side)),
                lambda outcome: self._on_drawn(key, outcome),
            )

    # -- inside

    def _on_read(self, place: Place, name: str, result: Image | AppError) -> None:
        if isinstance(result, Image):
            self.taken.emit(place, self._kept(place, DraftPicture(result, name)))
        else:
            self.refused.emit(place, f"“{_shortened(name)}” can’t be added. {result.cause} {result.hint}")

    def _kept(self, place: Place, picture: DraftPicture) -> DraftPicture:
        if not _is_kept(place):
            return picture
        try:
            return self._store.add_drafted(place, picture.name, picture.image)  # type: ignore[arg-type]
        except StorageError as error:
            self.failed.emit(error)
            return picture

    def _on_end(self, place: Place, outcome: Outcome) -> None:
        self._reading.remove(place)
        self.settled.emit(place)
        if outcome.error is not None:
            raise outcome.error

    def _on_drawn(self, key: object, outcome: Outcome) -> None:
        if isinstance(outcome.error, AppError) or outcome.cancelled:
            return
        if outcome.error is not None:
            raise outcome.error
        if isinstance(key, int):
            self._previews[key] = outcome.value
        while len(self._previews) > _KEPT:
            self._previews.popitem(last=False)
        self.drawn.emit(key, outcome.value)


async def _read(
    sources: Sequence[Source], limits: tuple[int, int], room: int
) -> AsyncGenerator[tuple[str, Image | AppError], None]:
    """Each with the name that it is told by. One after the other: an unpacked picture is large."""
    side, most_bytes = limits
    for source in sources:
        try:
            image = await _in_thread(partial(_made, source, side, most_bytes))
            room -= len(image.data)
            if room < 0:
                raise _too_many()
        except AppError as error:
            yield _name(source), error
        else:
            yield _name(source), image


async def _in_thread(work: Callable[[], T]) -> T:
    import asyncio  # a window need not wait for it

    return await asyncio.to_thread(work)


def _usual_limits() -> tuple[int, int]:
    from desktop.services.images import MOST_BYTES, SIDE

    return SIDE, MOST_BYTES


def _preview(image: Image, side: int) -> QImage:
    from desktop.services.images import preview

    return preview(image, side)


def _made(source: Source, side: int, most_bytes: int) -> Image:
    from desktop.services import images

    if isinstance(source, QImage):
        return images.encoded(source, side=side, most_bytes=most_bytes)
    return images.read_image(source, side=side, most_bytes=most_bytes)


def _too_many() -> AppError:
    return AppError(
        f"The pictures of one message may have {MOST_BYTES >> 20} MiB together.",
        "Send it with another message.",
    )


def _name(source: Source) -> str:
    return "Pasted picture" if isinstance(source, QImage) else plain(_text(source.name))


def _text(name: str) -> str:
    """A file's name need not be text on every system."""
    return name.encode("utf-8", "replace").decode("utf-8")


def _shortened(name: str) -> str:
    return name if len(name) <= 40 else f"{name[:24]}…{name[-12:]}"


def _is_kept(place: Place) -> bool:
    return place is None or isinstance(place, int)
