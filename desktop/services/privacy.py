"""Whether a conversation may leave this machine: its class, and the user's word where it asks each time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from desktop.services.settings import SettingsService
from desktop.services.setup import SetupService
from desktop.storage.conversations import StoredMessage
from desktop.system.settings import Settings
from models.errors import NextStep, NotAllowed, NotAvailable
from models.leave import Leave, Standing, strictest
from models.route import Mode, Privacy, Route

LOCAL = "local"
Raised = tuple[Privacy, str]
"""A class that something in a conversation asks for, and what that is, in words."""


class PrivacyService(QObject):
    """Classes of conversations; None is the new one. GUI thread only.

    `changed` when another class holds. `raised_by` gives what in a conversation, such as an attachment, asks
    for a stricter class than was chosen. `describe` says what would be sent along a route, and to whom.
    """

    changed = Signal()

    def __init__(self, setup: SetupService, settings: SettingsService, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._setup = setup
        self._set = _classes(settings.values)
        settings.changed.connect(self._on_settings)
        self.raised_by: Callable[[int | None], Sequence[Raised]] = lambda _conversation: ()
        self.describe: Callable[[Route, Sequence[StoredMessage], str], str] = lambda *_what: ""
        self._agreed: dict[int, str] = {}
        self._here: set[int] = set()

    def of(self, conversation_id: int | None) -> Privacy:
        """The class that holds."""
        raised = (privacy for privacy, _by in self.raised_by(conversation_id))
        return strictest(self.chosen(conversation_id), *raised)

    def _of(self, conversation_id: int | None, messages: Sequence[StoredMessage]) -> Privacy:
        """That of what would be sent: its pictures count, also where another version is shown by now."""
        pictures = any(message.images for message in messages)
        return strictest(self.of(conversation_id), self._set[1] if pictures else Privacy.OUT)

    def chosen(self, conversation_id: int | None) -> Privacy:
        """The class that was chosen, whatever raises it."""
        return self._setup.answering(conversation_id).privacy or Privacy.OUT

    def raised(self, conversation_id: int | None) -> str:
        """What raises the class above the chosen one, in words; "" where nothing does."""
        held = self.of(conversation_id)
        if held is self.chosen(conversation_id):
            return ""
        return next((by for privacy, by in self.raised_by(conversation_id) if privacy is held), "")

    def choose(self, conversation_id: int | None, privacy: Privacy) -> None:
        """Let it out, or keep it here, from now on; None: new conversations, too."""
        kept = self._setup.answering(conversation_id)
        self._setup.set_answering(conversation_id, replace(kept, privacy=privacy))
        self.changed.emit()

    def mode(self, conversation_id: int | None, wanted: Mode) -> Mode:
        """What a mode comes to under the class that holds."""
        return Mode.LOCAL if wanted is Mode.CLOUD and self.of(conversation_id) is Privacy.HERE else wanted

    def _on_settings(self, values: Settings) -> None:
        """Conversations without a class of their own have the settings'."""
        if _classes(values) != self._set:
            self._set = _classes(values)
            self.changed.emit()

    # -- one answer

    def agree(self, question_id: int, model_id: str) -> None:
        """The user said yes to sending what this question needs to the model's gateway, once."""
        self._here.discard(question_id)
        self._agreed[question_id] = door_of(model_id)

    def agree_instead(self, question_id: int, model_id: str) -> None:
        """Who was said yes to turned out too dear, and this model was chosen instead."""
        if question_id in self._agreed:
            self.agree(question_id, model_id)

    def asks(self, route: Route, earlier: Sequence[StoredMessage]) -> bool:
        """Whether the user is asked before any of these messages leaves along this route."""
        if route.backend == LOCAL or not earlier:
            return False
        return route.needs_consent or self._of(earlier[-1].conversation_id, earlier) is Privacy.ASK

    def _agreed_to(self, route: Route, earlier: Sequence[StoredMessage]) -> bool:
        return bool(earlier) and self._agreed.get(earlier[-1].id) == door_of(route.model)

    def keep_here(self, question_id: int) -> None:
        """The user wants the next answer to this question written on this machine."""
        self._agreed.pop(question_id, None)
        self._here.add(question_id)

    def wants_here(self, earlier: Sequence[StoredMessage]) -> bool:
        """Whether the next answer to the last of these is to be written here."""
        return bool(earlier) and earlier[-1].id in self._here

    def check(
        self,
        conversation_id: int | None,
        route: Route,
        earlier: Sequence[StoredMessage],
        so_far: str = "",
    ) -> None:
        """Raises NotAvailable where a route leads out of a conversation that stays here, and NotAllowed with
        what would be sent where the user is to be asked and has not said yes to this.

        `so_far` is of the answer that is to be gone on with.
        """
        if route.backend == LOCAL:
            return
        privacy = self._of(conversation_id, earlier)
        if privacy is Privacy.HERE:
            raise NotAvailable(
                "This conversation stays on this machine, and the model that was chosen is elsewhere.",
                "Choose a model on this machine, or let this conversation go out.",
            )
        asks = privacy is Privacy.ASK
        if (asks or route.needs_consent) and not self._agreed_to(route, earlier):
            raised = self.raised(conversation_id)
            because = f", because of {raised}" if raised else ""
            each = f"in this conversation you are asked each time{because}"
            why = each if asks else "it may cost more than usual"
            raise NotAllowed(
                self.describe(route, earlier, so_far),
                f"Nothing has been sent yet; {why}.",
                title="Send this?",
                next_step=NextStep.SEND,
            )

    def leave(self, route: Route, earlier: Sequence[StoredMessage]) -> Standing:
        """What the gate lets out for the answer that begins now; a yes is used up by it."""
        if not earlier:
            return Standing(Leave())
        question = earlier[-1]
        agreed = self._agreed_to(route, earlier)
        self._agreed.pop(question.id, None)
        self._here.discard(question.id)
        return Standing(self._leave(route, earlier, agreed=agreed))

    def review(
        self, standing: Standing, route: Route, earlier: Sequence[StoredMessage], *, asked: bool = True
    ) -> None:
        """Let the gate know what holds by now for an answer on its way; `asked` no more takes it back."""
        before = standing.now
        now = self._leave(route, earlier, agreed=before.agreed)
        standing.now = replace(now, barred=before.barred or not asked)

    def _leave(self, route: Route, earlier: Sequence[StoredMessage], *, agreed: bool) -> Leave:
        conversation_id = earlier[-1].conversation_id
        privacy = self._of(conversation_id, earlier)
        if route.backend == LOCAL:
            return Leave(Mode.LOCAL, privacy)
        wanted = self._setup.answering(conversation_id).mode or Mode.LOCAL
        return Leave(self.mode(conversation_id, wanted), privacy, agreed)


def door_of(model_id: str) -> str:
    """The gateway in a model's id."""
    return model_id.partition("/")[0]


def _classes(values: Settings) -> tuple[Privacy, Privacy]:
    return values.privacy, values.picture_privacy
