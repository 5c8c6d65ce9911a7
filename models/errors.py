"""What can go wrong in the world, in words for the person who uses the program.

    AppError
    ├── ModelError               a model that can't be used
    │   ├── NoModel              none is installed
    │   ├── ModelNotFound        the name is not in the library
    │   ├── ModelFileMissing     the file is gone or may not be read
    │   ├── NotAModel            the file is something else
    │   ├── DamagedModel         truncated or corrupt
    │   ├── UnsupportedModel     newer than this engine, or of another kind
    │   └── ModelTooLarge        does not fit into memory
    ├── EngineError              the process that runs llama.cpp
    │   ├── EngineMissing        it can't be started at all
    │   ├── EngineCrashed        it died; the next message starts a new one
    │   │   └── EngineOutOfMemory    the system ended it because memory ran out
    │   ├── EngineUnresponsive   it was silent for too long and was ended
    │   └── EngineCrashLoop      it died too often; not started again for now
    ├── PromptError              a question that can't be asked this way
    │   ├── PromptTooLong        longer than the model's context
    │   └── TemplateFailed       the model's own chat template does not work
    ├── NotAllowed               it would leave the machine, and nobody agreed to that yet
    ├── NotAvailable             asked for something this set-up does not have
    ├── NothingFits              no model can answer this, and may
    ├── StorageError             the conversations' file
    │   ├── StorageTooNew        written by a newer Inshore
    │   ├── StorageDamaged       not a database, or corrupt
    │   ├── StorageBusy          held by another program
    │   └── StorageFailed        disk full, read-only, input/output error
    ├── NetworkError             something on the way to a server, or the server
    │   ├── Offline              no connection at all
    │   ├── Unreachable          this server does not answer, or stopped answering
    │   │   ├── NotConnected     no connection came about, so nothing was asked
    │   │   └── FellSilent       it was reached, and may be at work on what it was asked
    │   ├── NotSecure            its certificate is not to be trusted
    │   ├── Refused              Inshore itself refused to connect
    │   ├── SignInPage           the network answers with a page of its own
    │   ├── ProxyFailed          the proxy on the way does not let us through
    │   └── ServerFailed         an answer that says no: busy, broken
    ├── GatewayError             a gateway that was reached, and did not answer the question
    │   ├── KeyMissing           there is no key to ask it with
    │   ├── KeyRefused           it does not accept the key
    │   ├── NoCredit             nothing is left to pay with
    │   ├── NotPermitted         this key may not do that
    │   ├── NoSuchRemoteModel    it does not offer the model
    │   ├── RequestRefused       it does not accept a part of the request
    │   ├── GatewayBusy          too many requests for now
    │   ├── GatewayFailed        it is broken at the moment
    │   ├── BadReply             what it said can't be understood
    │   │   └── EndlessReply     far more of it than any answer has
    │   └── Interrupted          the answer broke off; what came of it is kept
    ├── HubError                 a hub of models said something that can't be used
    │   ├── NotOnHub             it has no such repository or file
    │   ├── Gated                its terms must be accepted first
    │   └── BadName              a file's name that could do harm
    ├── DownloadError            a file that could not be brought here
    │   ├── NoSpace              the disk is full, or nearly
    │   ├── WrongBytes           what came is not what was announced
    │   └── DownloadBusy         another Inshore is bringing it
    ├── OverBudget               it could cost more than a budget has left
    ├── ImportFailed             a file on this machine that could not be brought in
    ├── NotAccepted              a licence with conditions that nobody accepted yet
    ├── KeyringError             the system's keyring, where keys are kept
    │   ├── NoKeyring            there is none that may be used
    │   ├── KeyringLocked        it is locked and was not unlocked
    │   │   └── KeyringDismissed     the user said no to its question
    │   ├── KeyringSilent        it does not answer
    │   └── KeyringUnfaithful    what it gives back is not what was given to it
    └── BadInput                 a value that can't be used
        └── BadKey               a text that can't be a key

An `AppError` is the world's fault and is shown. Any other exception is ours and goes to the crash
handler. Foreign exceptions are translated once, where they enter, with `from exc`.
"""

from __future__ import annotations

from enum import StrEnum


class NextStep(StrEnum):
    """The one sensible thing to offer beside an error."""

    RETRY = "retry"
    CHOOSE_MODEL = "choose_model"
    ADD_MODEL = "add_model"
    NEW_CHAT = "new_chat"
    SHORTEN = "shorten"
    LARGER_CONTEXT = "larger_context"
    CHECK_KEY = "check_key"
    CONTINUE = "continue"
    ALLOW = "allow"
    RAISE = "raise"
    ACCEPT = "accept"
    SEND = "send"
    NONE = "none"


class AppError(Exception):
    """A failure that is shown: a title, one plain cause, what to do, and details to unfold.

    `title`, `cause` and `hint` are whole sentences without markup; `details` may be long and technical.
    """

    title = "Something did not work."
    next_step = NextStep.NONE

    def __init__(
        self,
        cause: str,
        hint: str = "",
        *,
        title: str | None = None,
        details: str = "",
        next_step: NextStep | None = None,
    ) -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint
        self.details = details
        if title is not None:
            self.title = title
        if next_step is not None:
            self.next_step = next_step

    def one_line(self) -> str:
        """Title, cause and hint in one line, for a terminal."""
        return " ".join(" ".join(part.split()) for part in (self.title, self.cause, self.hint) if part)


class ModelError(AppError):
    title = "This model can’t be used."
    next_step = NextStep.CHOOSE_MODEL


class NoModel(ModelError):
    title = "No model is installed yet."
    next_step = NextStep.ADD_MODEL


class ModelNotFound(ModelError):
    title = "There is no such model."


class ModelFileMissing(ModelError):
    title = "The model’s file can’t be read."


class NotAModel(ModelError):
    title = "This file is not a model."


class DamagedModel(ModelError):
    title = "The model’s file is damaged."


class UnsupportedModel(ModelError):
    title = "This engine can’t run the model."


class ModelTooLarge(ModelError):
    title = "The model does not fit into memory."


class EngineError(AppError):
    title = "The local engine failed."
    next_step = NextStep.RETRY


class EngineMissing(EngineError):
    title = "The local engine can’t be started."


class EngineCrashed(EngineError):
    title = "The local engine stopped unexpectedly."


class EngineOutOfMemory(EngineCrashed):
    title = "Memory ran out."


class EngineUnresponsive(EngineError):
    title = "The local engine did not respond."


class EngineCrashLoop(EngineError):
    title = "The local engine keeps stopping."


class PromptError(AppError):
    title = "This can’t be asked of the model."


class PromptTooLong(PromptError):
    title = "The message is too long for this model."


class TemplateFailed(PromptError):
    title = "The model’s chat template does not work."
    next_step = NextStep.CHOOSE_MODEL


class NotAvailable(AppError):
    title = "That is not available here."


class NothingFits(AppError):
    """`reasons` say for each model why it can't, `choices` what the user could change; both are sentences."""

    title = "No model can answer this."
    next_step = NextStep.CHOOSE_MODEL

    def __init__(
        self, cause: str, hint: str = "", *, reasons: tuple[str, ...] = (), choices: tuple[str, ...] = ()
    ) -> None:
        super().__init__(cause, hint)
        self.reasons, self.choices = reasons, choices


class NotAllowed(AppError):
    title = "This would leave your machine."


class CannotSee(NotAvailable):
    title = "This model can’t see pictures."
    next_step = NextStep.CHOOSE_MODEL


class StorageError(AppError):
    title = "Your conversations can’t be stored."


class StorageTooNew(StorageError):
    title = "Your conversations were written by a newer Inshore."


class StorageDamaged(StorageError):
    title = "The conversations’ file is damaged."


class StorageBusy(StorageError):
    title = "Another program is using your conversations."


class StorageFailed(StorageError):
    pass


class NetworkError(AppError):
    title = "The network did not work."
    next_step = NextStep.RETRY


class Offline(NetworkError):
    title = "You are offline."


class Unreachable(NetworkError):
    title = "The server can’t be reached."


class NotConnected(Unreachable):
    """Nothing was sent."""


class FellSilent(Unreachable):
    title = "The server fell silent."


class NotSecure(NetworkError):
    title = "The connection is not secure."
    next_step = NextStep.NONE


class Refused(NetworkError):
    title = "Inshore did not connect."
    next_step = NextStep.NONE


class SignInPage(NetworkError):
    title = "The network asks you to sign in."


class ProxyFailed(NetworkError):
    title = "The proxy does not let Inshore through."


class ServerFailed(NetworkError):
    """`status` is the HTTP status, `retry_after_s` what the server asked for, if it did."""

    title = "The server could not answer."

    def __init__(
        self, cause: str, hint: str = "", *, status: int, retry_after_s: float | None = None
    ) -> None:
        super().__init__(cause, hint, details=f"HTTP status {status}")
        self.status = status
        self.retry_after_s = retry_after_s


class GatewayError(AppError):
    """`status` is the HTTP status where there was one; `request_id` is what the gateway calls the request."""

    title = "The gateway did not answer."
    next_step = NextStep.RETRY

    def __init__(
        self,
        cause: str,
        hint: str = "",
        *,
        title: str | None = None,
        details: str = "",
        next_step: NextStep | None = None,
        status: int | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(cause, hint, title=title, details=details, next_step=next_step)
        self.status = status
        self.request_id = request_id


class KeyMissing(GatewayError):
    title = "A key is needed."
    next_step = NextStep.CHECK_KEY


class KeyRefused(GatewayError):
    title = "The key was refused."
    next_step = NextStep.CHECK_KEY


class NoCredit(GatewayError):
    title = "Your credit is used up."
    next_step = NextStep.NONE


class NotPermitted(GatewayError):
    title = "Your key does not allow this."
    next_step = NextStep.CHECK_KEY


class NoSuchRemoteModel(GatewayError):
    """`nearest` are names that the gateway does offer, the most similar first."""

    title = "The gateway does not offer this model."
    next_step = NextStep.CHOOSE_MODEL
    nearest: tuple[str, ...] = ()


class RequestRefused(GatewayError):
    title = "The gateway did not accept the request."
    next_step = NextStep.NONE


class GatewayBusy(GatewayError):
    """`retry_after_s` is how long the gateway asks to be left alone, if it said so."""

    title = "The gateway is busy."
    retry_after_s: float | None = None


class GatewayFailed(GatewayError):
    """`retry_after_s` is how long the gateway asks to be left alone, if it said so."""

    title = "The gateway has a problem."
    retry_after_s: float | None = None


class BadReply(GatewayError):
    title = "The gateway’s reply can’t be understood."


class EndlessReply(BadReply):
    title = "The gateway sent far more than an answer."
    next_step = NextStep.NONE


class Interrupted(GatewayError):
    """The answer broke off after it began; asking with `answer_so_far` goes on with it."""

    title = "The answer broke off."
    next_step = NextStep.CONTINUE


class HubError(AppError):
    title = "The hub’s answer can’t be used."


class NotOnHub(HubError):
    title = "The hub has no such model."


class Gated(HubError):
    """`link` is the page on which the terms are accepted."""

    title = "This model’s terms must be accepted first."

    def __init__(self, cause: str, hint: str, *, link: str) -> None:
        super().__init__(cause, hint)
        self.link = link


class BadName(HubError):
    title = "A file’s name is not safe."


class DownloadError(AppError):
    title = "The download did not work."
    next_step = NextStep.RETRY


class NoSpace(DownloadError):
    """`needed_bytes` is what has to be freed at least."""

    title = "There is not enough space on the disk."

    def __init__(self, cause: str, hint: str, *, needed_bytes: int) -> None:
        super().__init__(cause, hint)
        self.needed_bytes = needed_bytes


class WrongBytes(DownloadError):
    title = "What was downloaded is not what was announced."


class DownloadBusy(DownloadError):
    title = "This model is being downloaded already."


class OverBudget(AppError):
    """Nothing was sent. Amounts are nano-units of `currency`; `fits_tokens` is the longest answer that fits.

    None is not known, as where the model's price isn't.
    """

    title = "The message was not sent."
    next_step = NextStep.RAISE

    def __init__(
        self,
        cause: str,
        hint: str,
        *,
        currency: str,
        left_nano: int | None = None,
        wanted_nano: int | None = None,
        fits_tokens: int = 0,
    ) -> None:
        super().__init__(cause, hint)
        self.currency = currency
        self.left_nano, self.wanted_nano, self.fits_tokens = left_nano, wanted_nano, fits_tokens


class ImportFailed(AppError):
    title = "The model could not be brought in."


class NotAccepted(AppError):
    title = "The model’s licence must be accepted first."
    next_step = NextStep.ACCEPT


class KeyringError(AppError):
    title = "The system’s keyring can’t be used."


class NoKeyring(KeyringError):
    title = "This system has no keyring."


class KeyringLocked(KeyringError):
    title = "Your keyring is locked."


class KeyringDismissed(KeyringLocked):
    title = "Your keyring was not opened."


class KeyringSilent(KeyringError):
    title = "Your keyring does not answer."


class KeyringUnfaithful(KeyringError):
    title = "Your keyring did not keep the key."


class BadInput(AppError):
    title = "That can’t be used."


class BadKey(BadInput):
    title = "This can’t be a key."


class BadImage(BadInput):
    title = "This picture can’t be sent."
