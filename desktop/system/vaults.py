"""The keyrings that may hold keys, found by name: nothing that a configuration or another package adds.

keyring's own choice can be turned to a plain-text file or to nothing at all (an environment variable, a
file, an installed package), so it is not asked: these four are looked for, and no others.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from models.errors import NoKeyring

_WINDOWS_MOST = 1_280  # characters that its Credential Manager keeps
_NONE = "Inshore keeps keys in the system’s keyring only, and found none that it may use."
_INSTALL = "Install or start one, such as GNOME Keyring or KWallet."


class Ready(StrEnum):
    """How a vault stands: OPEN asks nothing, LOCKED asks the user first, EMPTY has nothing in it yet.

    UNSURE can't be told without opening it.
    """

    OPEN = "open"
    LOCKED = "locked"
    EMPTY = "empty"
    UNSURE = "unsure"


class Holder(Protocol):
    """What we use of a keyring backend. Every call may block, and may ask the user something."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Vault:
    """One keyring. `name` completes “kept in …”; `most` is how many characters one entry may have."""

    name: str
    holder: Holder
    ready: Callable[[], Ready] = lambda: Ready.OPEN
    most: int | None = None


def usual() -> Vault:
    """The system's own keyring. May block; raises NoKeyring, with the reasons in its details."""
    reasons: list[str] = []
    for find in _FINDERS.get(sys.platform, (_secret_service, _kwallet)):
        try:
            return find()
        except Exception as error:  # noqa: BLE001 - each system has its own way to say that it has none
            reasons.append(f"{find.__name__.strip('_')}: {type(error).__name__}: {error}")
    raise NoKeyring(_NONE, _INSTALL if sys.platform.startswith("linux") else "", details="\n".join(reasons))


def _secret_service() -> Vault:
    from keyring.backends import SecretService  # 60 ms

    holder = _viable(SecretService.Keyring)
    return Vault("the Secret Service", holder, lambda: _service_ready(SecretService))


def _service_ready(backend: Any) -> Ready:
    """Without opening it: merely reading would otherwise ask for a password to a keyring that isn't there."""
    storage = backend.secretstorage
    with closing(storage.dbus_init()) as bus:
        try:
            collection = storage.Collection(bus, "/org/freedesktop/secrets/aliases/default")
            return Ready.LOCKED if collection.is_locked() else Ready.OPEN
        except storage.ItemNotFoundException:
            return Ready.EMPTY


def _kwallet() -> Vault:
    from keyring.backends.kwallet import DBusKeyring

    return Vault("KWallet", _viable(DBusKeyring), lambda: Ready.UNSURE)


def _keychain() -> Vault:
    from keyring.backends.macOS import Keyring

    return Vault("the macOS Keychain", _viable(Keyring), lambda: Ready.UNSURE)


def _credential_manager() -> Vault:
    from keyring.backends.Windows import WinVaultKeyring

    return Vault("the Windows Credential Manager", _viable(WinVaultKeyring), most=_WINDOWS_MOST)


def _viable(kind: Any) -> Holder:
    """One of this kind; raises whatever its own check says where it can't work here."""
    _ = kind.priority
    made: Holder = kind()
    return made


_FINDERS: dict[str, tuple[Callable[[], Vault], ...]] = {
    "darwin": (_keychain,),
    "win32": (_credential_manager,),
}
