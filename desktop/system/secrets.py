"""The keyring at arm's length: one call at a time, each with a deadline, its errors in our words."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from desktop.system.crash import redacted
from desktop.system.vaults import Ready, Vault, usual
from models.errors import (
    AppError,
    KeyringDismissed,
    KeyringError,
    KeyringLocked,
    KeyringSilent,
    KeyringUnfaithful,
)

SERVICE = "Inshore"
DEADLINE_S, PROMPT_S = 5.0, 120.0
_SLOTS = 64  # no more are read, whatever a keyring says
_LOOK_FOR_WINDOW = "It may be asking for a password in a window of its own. Answer there, then try again."

T = TypeVar("T")


class SystemKeyring:
    """Texts under names in the system's keyring, several under each; for one asyncio loop.

    Every call runs in a thread that nobody has to wait for. It may take `deadline_s`, or `prompt_s` where
    the keyring has to ask the user first; `asked` is then called, on the loop. A keyring that hangs is not
    asked again until it has answered. Raises KeyringError. Nothing is imported or opened before the first
    call. A name is of small letters, digits and hyphens.
    """

    def __init__(
        self,
        find: Callable[[], Vault] = usual,
        *,
        deadline_s: float = DEADLINE_S,
        prompt_s: float = PROMPT_S,
        asked: Callable[[], None] = lambda: None,
    ) -> None:
        self._find = find
        self._deadline_s, self._prompt_s, self._asked = deadline_s, prompt_s, asked
        self._vault: Vault | None = None
        self._turn = asyncio.Lock()
        self._stuck: threading.Thread | None = None

    @property
    def name(self) -> str:
        """Which keyring it is, as in “kept in …”; "" before one was found."""
        return self._vault.name if self._vault is not None else ""

    async def read(self, name: str) -> tuple[str, ...]:
        """What is kept under a name, in the order it was written."""
        async with self._turn:
            vault, ready = await self._open()
            if ready is Ready.EMPTY:
                return ()
            return await self._call(lambda: _read(vault, name), ready)

    async def write(self, name: str, texts: tuple[str, ...]) -> None:
        """Keep exactly these, and see that they are there: each is read back. None is forgetting the name."""
        async with self._turn:
            vault, ready = await self._open()
            if ready is Ready.EMPTY and not texts:
                return
            await self._call(lambda: _write(vault, name, texts), ready)

    async def _open(self) -> tuple[Vault, Ready]:
        """A keyring may appear or be locked at any time, so it is looked at before each use."""
        vault = self._vault if self._vault is not None else await self._call(self._find, Ready.OPEN)
        ready = await self._call(vault.ready, Ready.OPEN)
        self._vault = vault
        return vault, ready

    async def _call(self, work: Callable[[], T], ready: Ready) -> T:
        if self._stuck is not None and self._stuck.is_alive():
            raise KeyringSilent("It has not answered an earlier question yet.", _LOOK_FOR_WINDOW)
        limit_s = self._deadline_s
        if ready is not Ready.OPEN:
            limit_s = self._prompt_s
            if ready is not Ready.UNSURE:
                self._asked()
        future: Future[T] = Future()
        # A daemon: a keyring that never answers must not keep the program from ending.
        thread = threading.Thread(target=_run, args=(work, future), name="keyring", daemon=True)
        thread.start()
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), limit_s)
        except TimeoutError as error:
            self._stuck = thread
            raise KeyringSilent(f"It said nothing for {limit_s:g} seconds.", _LOOK_FOR_WINDOW) from error
        except asyncio.CancelledError:
            self._stuck = thread
            raise
        except AppError:
            raise
        except Exception as error:
            self._vault = None  # it may have gone: look for it anew
            raise _translated(error) from error


def _run(work: Callable[[], T], future: Future[T]) -> None:
    future.set_running_or_notify_cancel()
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - it is raised again where the result is waited for
        future.set_exception(error)
    else:
        future.set_result(result)


def _read(vault: Vault, name: str) -> tuple[str, ...]:
    return tuple(_entries(vault, name, 0))


def _write(vault: Vault, name: str, texts: tuple[str, ...]) -> None:
    holder = vault.holder
    if vault.most is not None and max(map(len, texts), default=0) > vault.most:
        raise KeyringUnfaithful(f"One entry of {vault.name} holds at most {vault.most:,} characters.")
    for slot, text in enumerate(texts):
        user = _user(name, slot)
        if holder.get_password(SERVICE, user) != text:
            holder.set_password(SERVICE, user, text)
        if holder.get_password(SERVICE, user) != text:
            raise KeyringUnfaithful("What it gave back is not what was given to it.")
    surplus = len(_entries(vault, name, len(texts)))
    for slot in reversed(range(len(texts), len(texts) + surplus)):  # so that no gap hides one
        holder.delete_password(SERVICE, _user(name, slot))
    if _entries(vault, name, len(texts)):
        raise KeyringUnfaithful("It still holds a key that it was told to forget.", "Remove it there.")


def _entries(vault: Vault, name: str, first: int) -> list[str]:
    """The texts from this slot on, up to the first that is missing."""
    found: list[str] = []
    while len(found) < _SLOTS:
        text = vault.holder.get_password(SERVICE, _user(name, first + len(found)))
        if not text:
            break
        found.append(text)
    return found


def _user(name: str, slot: int) -> str:
    """Entries are numbered from the second on, without gaps: xidao, xidao/2, xidao/3."""
    return name if slot == 0 else f"{name}/{slot + 1}"


def _translated(error: Exception) -> KeyringError:
    kinds = {kind.__name__ for one in (error, error.__cause__) for kind in type(one).__mro__}
    details = redacted(f"{type(error).__name__}: {error}")
    if "PromptDismissedException" in kinds or "Cancelled" in str(error):
        return KeyringDismissed(
            "Its question was closed without a password, or can’t be shown here.",
            "Try again and answer it.",
            details=details,
        )
    if kinds & {"KeyringLocked", "LockedException"}:
        return KeyringLocked("It was not unlocked.", "Unlock it, then try again.", details=details)
    return KeyringError("It answered with an error.", "Try again.", details=details)
