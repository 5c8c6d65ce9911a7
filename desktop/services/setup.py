"""What conversations have of their own: whether they are private, and how their answers are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from desktop.services.models import ModelService
from desktop.services.settings import SettingsService
from desktop.storage.conversations import ConversationStore
from desktop.system import answering
from desktop.system import options as values
from desktop.system.answering import Answering, TakeOver
from desktop.system.options import Options
from models.errors import StorageError
from models.route import Mode


class SetupService(QObject):
    """Reads and keeps the set-up of conversations; None is the one that does not exist yet.

    `changed` after each change that is stored. `erased` carries the cache keys of what must not be on
    disk any longer. `failed` carries an AppError; then nothing has changed.
    """

    changed = Signal()
    erased = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        store: ConversationStore,
        models: ModelService,
        settings: SettingsService,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._models = models
        self._settings = settings
        self._new = (False, Options())

    def of(self, conversation_id: int | None) -> tuple[bool, Options]:
        """Whether it is private (also while that can't be read), and what is set for it alone."""
        private, own = self._kept(conversation_id)
        return private, replace(own, unknown=_others(own.unknown))

    def _kept(self, conversation_id: int | None) -> tuple[bool, Options]:
        if conversation_id is None:
            return self._new
        try:
            kept = self._store.get(conversation_id)
        except StorageError as error:
            self.failed.emit(error)
            return True, Options()
        return kept.private, values.read(kept.options)[0]

    def take_new(self) -> tuple[bool, dict[str, object]]:
        """The new conversation's set-up, as it is stored; `begun` when that is done.

        Who answers it stays, also when another model is chosen for new ones later.
        """
        private, options = self._new
        return private, answering.written(self.answering(None)) | values.written(options)

    def begun(self) -> None:
        """The next new conversation starts without anything set."""
        self._new = (False, Options())

    def inherited(self) -> Options:
        """What holds where a conversation has nothing of its own."""
        usable = self._models.usable()
        return self._settings.values.options_for(usable[0].id if usable else "")

    def merged(self, conversation_id: int | None, model_id: str) -> tuple[bool, Options]:
        """Whether it is private, and all that holds for its answer by this model."""
        private, own = self.of(conversation_id)
        return private, own.over(self._settings.values.options_for(model_id))

    def longest(self, conversation_id: int | None) -> int | None:
        """Tokens at most that an answer in it may have, as far as that was set for it or for all."""
        _private, own = self.of(conversation_id)
        return own.max_tokens or self._settings.values.max_tokens

    def answering(self, conversation_id: int | None) -> Answering:
        """Who was chosen to answer it. One that says nothing stays on this machine."""
        if conversation_id is None:
            values = self._settings.values
            return Answering(values.mode, values.model, privacy=values.privacy)
        _private, own = self._kept(conversation_id)
        return answering.read(own.unknown).over(Answering(Mode.LOCAL, privacy=self._settings.values.privacy))

    def set_answering(self, conversation_id: int | None, chosen: Answering) -> None:
        """Have another model, or another mode, answer from now on; None: new conversations, too."""
        if conversation_id is None:
            privacy = chosen.privacy or self._settings.values.privacy
            self._settings.update(mode=chosen.mode, model=chosen.model, privacy=privacy)
            return
        _private, own = self._kept(conversation_id)
        unknown = _others(own.unknown) | answering.written(chosen)
        self._store_options(conversation_id, replace(own, unknown=unknown))

    def take_over(self, conversation_id: int) -> TakeOver:
        """What may happen in it without a question when an answer fails."""
        return self.answering(conversation_id).take_over or self._settings.values.take_over

    def let_take_over(self, conversation_id: int, *, remote: bool) -> None:
        """From now on let another model here, or any where `remote`, go on in it without a question."""
        before = self.answering(conversation_id)
        allowed = TakeOver.ANYWHERE if remote or before.take_over is TakeOver.ANYWHERE else TakeOver.HERE
        self.set_answering(conversation_id, replace(before, take_over=allowed))

    def set_options(self, conversation_id: int | None, options: Options) -> None:
        """Have the next answers made like this. Who makes them stays."""
        _private, before = self._kept(conversation_id)
        self._store_options(conversation_id, replace(options, unknown={**before.unknown, **options.unknown}))

    def _store_options(self, conversation_id: int | None, options: Options) -> None:
        if conversation_id is None:
            self._new = (self._new[0], options)
            return
        try:
            self._store.set_options(conversation_id, values.written(options))
        except StorageError as error:
            self.failed.emit(error)
            return
        self.changed.emit()

    def set_private(self, conversation_id: int | None, private: bool) -> None:
        """Whether what a model has read may be kept on disk; what is there of a private one goes."""
        if conversation_id is None:
            self._new = (private, self._new[1])
            return
        try:
            self._store.set_private(conversation_id, private)
        except StorageError as error:
            self.failed.emit(error)
            return
        if private:
            self.erased.emit([str(conversation_id)])
        self.changed.emit()

    def forget_private(self) -> None:
        """Have removed what a crash may have left on disk of private conversations."""
        try:
            private = self._store.private_ids()
        except StorageError as error:
            self.failed.emit(error)
            return
        if private:
            self.erased.emit([str(conversation_id) for conversation_id in private])


def _others(unknown: Mapping[str, object]) -> dict[str, object]:
    """Without who answers, which is kept among them."""
    return {name: value for name, value in unknown.items() if name not in answering.NAMES}
