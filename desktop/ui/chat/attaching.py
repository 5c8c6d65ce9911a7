"""Keeps the composer's pictures: given, kept with the draft of each conversation, sent or refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop.services.pictures import MOST, MOST_BYTES, PictureService, Source
from desktop.storage.values import DraftPicture, StoredMessage
from desktop.ui.chat.composer import Composer
from desktop.ui.chat.tray import TrayItem
from desktop.ui.drop import PICTURES
from models.chat import Image
from models.errors import CannotSee

_PREVIEW = 160


class Attaching(QObject):
    """Serves one composer. `changed` when there are other pictures, `opened(Image)` to be shown large."""

    changed = Signal()
    opened = Signal(object)
    model_wanted = Signal()

    def __init__(self, composer: Composer, pictures: PictureService, parent: QWidget) -> None:
        super().__init__(parent)
        self._composer, self._pictures, self._widget = composer, pictures, parent
        self._tray, self._line = composer.tray, composer.picture_line
        self._place: object = None
        self._of_message: list[DraftPicture] = []
        self._waiting: dict[str, TrayItem] = {}
        self._count = 0
        self._refusals: list[str] = []
        composer.attach_requested.connect(self.ask)
        composer.edit.pictures_given.connect(self.give)
        self._tray.removed.connect(self._on_removed)
        self._tray.opened.connect(lambda picture: self.opened.emit(picture.image))
        self._line.followed.connect(self.model_wanted)
        pictures.taken.connect(self._on_taken)
        pictures.refused.connect(self._on_refused)
        pictures.settled.connect(self._on_settled)
        pictures.drawn.connect(self._on_drawn)

    def show_draft(self, conversation_id: int | None) -> None:
        """The pictures that wait in a conversation."""
        self._place, self._of_message = conversation_id, []
        self._show(self._pictures.drafted(conversation_id))

    def show_message(self, message: StoredMessage) -> None:
        """Those of a message that is being asked differently; nothing of it is kept as a draft."""
        read = [self._pictures.read(image) for image in message.images]
        self._place = ("message", message.id)
        self._of_message = [DraftPicture(image, _numbered(n)) for n, image in enumerate(read, 1) if image]
        self._show(self._of_message)

    def images(self) -> tuple[Image, ...]:
        """What will be sent, in order."""
        return tuple(picture.image for picture in self._tray.pictures())

    @property
    def reading(self) -> bool:
        """Whether some are still being read; they would be missing in the message."""
        return self._pictures.reading(self._place)

    def sent(self) -> None:
        """The message has been stored with its pictures."""
        self._pictures.drop(self._tray.pictures())
        self._show([])

    def follow(self, conversation_id: int) -> None:
        """The new conversation has begun; what waits goes with it."""
        self._place = conversation_id

    def move(self, conversation_id: int | None) -> None:
        """What waits is kept there from now on, and no longer where it was."""
        waiting = self._tray.pictures()
        self._pictures.keep(conversation_id, waiting)
        self._pictures.drop(waiting)
        self.show_draft(conversation_id)

    def keep(self, conversation_id: int | None) -> None:
        """Keep as a draft what was added to a message that isn't asked differently after all."""
        if not isinstance(self._place, tuple):
            return
        added = [picture for picture in self._tray.pictures() if picture not in self._of_message]
        self._pictures.keep(conversation_id, added)

    def refuse(self, error: CannotSee) -> None:
        """Say that nobody sees them; text and pictures stay."""
        self._line.say(f"Not sent. {error.cause} {error.hint}", way=True)

    def forgive(self) -> None:
        """Somebody else may answer now."""
        if not self.reading:
            self._line.say("")

    def ask(self) -> QFileDialog:
        """Let the user choose files."""
        names = " ".join(f"*{suffix}" for suffix in PICTURES)
        dialog = QFileDialog(self._widget, "Add pictures", str(Path.home()), f"Pictures ({names})")
        dialog.setObjectName("choose-pictures")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda chosen: self.give([Path(name) for name in chosen]))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def give(self, sources: Sequence[Source]) -> None:
        """Add pictures to what is being written."""
        there = self._tray.pictures()
        if self.reading:
            self._line.say("Wait until the other pictures are read, then add these again.")
            return
        room = MOST - len(there)
        if room <= 0:
            self._line.say(f"A message can have {MOST} pictures. Remove one first.")
            return
        self._refusals = []
        if len(sources) > room:
            self._refusals.append(
                f"A message can have {MOST} pictures: the last {len(sources) - room} were left out."
            )
        few = sources[:room]
        self._line.say(
            "Reading a picture…" if len(few) == 1 else f"Reading {len(few)} pictures…", wrong=False
        )
        used = sum(len(picture.image.data) for picture in there)
        self._pictures.take(self._place, few, MOST_BYTES - used)

    # -- what came of it

    def _on_taken(self, place: object, picture: DraftPicture) -> None:
        if place == self._place:
            self._add(picture)
            self._tell()

    def _on_refused(self, place: object, words: str) -> None:
        if place == self._place:
            self._refusals.append(words)

    def _on_settled(self, place: object) -> None:
        if place == self._place:
            self._line.say("\n".join(self._refusals))

    def _on_drawn(self, key: object, drawn: QImage) -> None:
        item = self._waiting.pop(key, None) if isinstance(key, str) else None
        if item is not None:
            self._tray.show_picture(item, drawn)

    def _on_removed(self, picture: DraftPicture) -> None:
        if isinstance(self._place, int) or self._place is None:
            self._pictures.drop([picture])
        if not self._tray.pictures():
            self._composer.edit.setFocus()
        self._line.say("")
        self._tell()

    def _show(self, pictures: Sequence[DraftPicture]) -> None:
        self._refusals = []
        self._waiting.clear()
        self._tray.clear()
        for picture in pictures:
            self._add(picture)
        self._line.say("Reading pictures…" if self.reading else "", wrong=False)
        self._tell()

    def _add(self, picture: DraftPicture) -> None:
        self._count += 1
        key = f"tray-{self._count}"
        self._waiting[key] = self._tray.add(picture)
        self._pictures.draw(key, picture.image, _PREVIEW)

    def _tell(self) -> None:
        self._composer.show_sendable()
        self.changed.emit()


def _numbered(number: int) -> str:
    return f"Picture {number}"
