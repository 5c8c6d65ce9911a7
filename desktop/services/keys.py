"""Keys while the program runs: what is known of them, without the window ever waiting for the keyring."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from desktop.background import Background, Outcome
from desktop.system.key import Key
from models.errors import AppError, KeyringError

if TYPE_CHECKING:
    import asyncio  # not needed before the first key is

    from desktop.system.keys import Held, Keys


class Known(StrEnum):
    """What is known of a provider's keys. LOOKING while the keyring is asked, RUN kept for this run only."""

    NOT_YET = "not yet"
    LOOKING = "looking"
    STORED = "stored"
    RUN = "run"
    ABSENT = "absent"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class KeyState:
    """`endings` are the keys as they may be shown; `why` says why they are not in the keyring or unknown.

    `asked` is true while the keyring has a question for the user.
    """

    known: Known = Known.NOT_YET
    endings: tuple[str, ...] = ()
    keyring: str = ""
    why: KeyringError | None = None
    asked: bool = False


class KeyService(QObject):
    """Keys by the name of what they open: a provider's id, or the hub's name.

    Asks the keyring on the background's thread, one thing at a time in the order it was wanted, and not
    before `look` or a key is wanted. `changed(name)` after what is known of its keys did; `failed` carries
    an AppError.
    """

    changed = Signal(str)
    failed = Signal(object)
    _asked = Signal()

    def __init__(
        self,
        make: Callable[[Callable[[], None]], Keys],
        background: Background,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._make, self._background = make, background
        self._states: dict[str, KeyState] = {}
        self._removed: dict[str, list[Key]] = {}
        self._asked.connect(self._on_asked)

    def state(self, name: str) -> KeyState:
        """What is known of its keys now."""
        return self._states.get(name, KeyState())

    def look(self, name: str) -> None:
        """Ask the keyring for its keys, unless that was done."""
        if self.state(name).known is Known.NOT_YET:
            self._run(name, lambda: self._keys.get(name), self._on_held)

    def look_again(self) -> None:
        """Ask the keyring once more where it could not be used; keys held for this run go into it then."""
        for name, state in list(self._states.items()):
            if state.known in (Known.UNREADABLE, Known.RUN):
                self._retry(name)

    def add(self, name: str, text: str) -> None:
        """Keep what was typed or pasted as one more key of it; raises BadKey at once."""
        key = Key.parse(text)
        self._run(name, lambda: self._keys.add(name, key), self._on_held)

    def replace(self, name: str, text: str) -> None:
        """Keep what was typed or pasted as its only key; raises BadKey at once."""
        key = Key.parse(text)
        self._run(name, lambda: self._keys.replace(name, (key,)), self._on_held)

    def remove(self, name: str) -> None:
        """Forget its keys; `restore` brings them back while Inshore runs."""
        removed: list[Key] = []
        self._removed[name] = removed
        self._run(name, lambda: self._take(name, removed), self._on_forgotten)

    def restore(self, name: str) -> None:
        """Undo `remove`; what was entered since stays."""
        removed = self._removed.pop(name, None)
        if removed is not None:
            self._run(name, lambda: self._put_back(name, removed), self._on_held)

    async def held(self, name: str) -> Held:
        """The keys themselves, after all that was wanted before. On the background's thread."""
        async with self._order:
            return await self._keys.get(name)

    def learn(self, name: str, held: Held) -> None:
        """Take note of what `held` gave."""
        from desktop.system.keys import Place

        places = {Place.KEYRING: Known.STORED, Place.RUN: Known.RUN}
        known = places.get(held.place, Known.UNREADABLE if held.why else Known.ABSENT)
        endings = tuple(key.ending for key in held.keys)
        self._set(name, KeyState(known, endings, held.keyring, held.why))

    # -- on the background's thread

    @cached_property
    def _keys(self) -> Keys:
        return self._make(self._asked.emit)

    @cached_property
    def _order(self) -> asyncio.Lock:
        import asyncio

        return asyncio.Lock()

    async def _take(self, name: str, removed: list[Key]) -> Held:
        removed += (await self._keys.get(name)).keys
        return await self._keys.replace(name, ())

    async def _put_back(self, name: str, removed: list[Key]) -> Held:
        held = await self._keys.get(name)
        for key in removed:
            if key not in held.keys:
                held = await self._keys.add(name, key)
        return held

    # -- on the window's thread

    def _run(
        self,
        name: str,
        work: Callable[[], Coroutine[Any, Any, Held]],
        then: Callable[[str, Outcome], None],
    ) -> None:
        async def ordered() -> Held:
            async with self._order:
                return await work()

        self._set(name, replace(self.state(name), known=Known.LOOKING, asked=False))
        self._background.run(ordered(), lambda outcome: then(name, outcome))

    def _retry(self, name: str) -> None:
        self._run(name, lambda: self._keys.retry(name), self._on_held)

    def _on_held(self, name: str, outcome: Outcome) -> None:
        if outcome.value is not None:
            self.learn(name, outcome.value)
            return
        self._states.pop(name, None)
        self.changed.emit(name)
        if isinstance(outcome.error, AppError):
            self.failed.emit(outcome.error)
            self.look(name)  # those that were there are there still
        elif outcome.error is not None:
            raise outcome.error

    def _on_forgotten(self, name: str, outcome: Outcome) -> None:
        if isinstance(outcome.error, KeyringError):
            known = Known.ABSENT if self._removed.get(name) else Known.UNREADABLE
            self._set(name, KeyState(known, why=outcome.error))
        else:
            self._on_held(name, outcome)

    def _set(self, name: str, state: KeyState) -> None:
        if state != self.state(name):
            self._states[name] = state
            self.changed.emit(name)

    def _on_asked(self) -> None:
        for name, state in list(self._states.items()):
            if state.known is Known.LOOKING:
                self._set(name, replace(state, asked=True))
