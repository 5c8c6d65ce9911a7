"""Keys by the name of what they open: in the keyring, or for this run only where there is none to use."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from desktop.system.key import Key
from desktop.system.secrets import SystemKeyring
from models.errors import BadInput, KeyringError

_MOST = 8


class Place(StrEnum):
    """Where a name's keys are: KEYRING, RUN (in memory until Inshore is closed), or NONE."""

    KEYRING = "keyring"
    RUN = "run"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Held:
    """A name's keys in the order they are tried. `why` says why they are not in the keyring, or unknown."""

    keys: tuple[Key, ...] = ()
    place: Place = Place.NONE
    why: KeyringError | None = None
    keyring: str = ""


class Keys:
    """What is read once is kept in memory while the program runs; for one asyncio loop.

    No method raises for a keyring that can't be used, except `replace` with nothing: what could not be
    removed is still there.
    """

    def __init__(self, keyring: SystemKeyring) -> None:
        self._keyring = keyring
        self._stored: dict[str, tuple[Key, ...]] = {}
        self._run: dict[str, Held] = {}

    async def get(self, name: str) -> Held:
        """What there is under a name; the keyring is asked until it has answered once."""
        if name in self._run:
            return self._run[name]
        return await self._read(name)

    async def add(self, name: str, key: Key) -> Held:
        """Keep one more key, the last to be tried; in the keyring if that can be used now.

        Raises BadInput where there are too many.
        """
        stored = await self._read(name)
        in_memory = self._run.get(name, Held()).keys
        keys = tuple(dict.fromkeys((*stored.keys, *in_memory, key)))
        if len(keys) > _MOST:
            raise BadInput(f"There are {_MOST} keys already.", "Remove one first.")
        if stored.why is not None:  # writing now could overwrite what could not be read
            return self._for_this_run(name, keys, stored.why)
        return await self.replace(name, keys)

    async def retry(self, name: str) -> Held:
        """As `get`, but what is kept for this run only goes into the keyring if that can be used now."""
        in_memory = self._run.get(name, Held())
        held = in_memory
        for key in in_memory.keys:
            held = await self.add(name, key)
            if held.place is Place.RUN:
                return held
        return held if in_memory.keys else await self.get(name)

    async def replace(self, name: str, keys: tuple[Key, ...]) -> Held:
        """Have exactly these keys; none removes all. Raises KeyringError if those there can't be removed."""
        self._run.pop(name, None)
        try:
            await self._keyring.write(name, tuple(key.reveal() for key in keys))
        except KeyringError as error:
            self._stored.pop(name, None)
            if not keys:
                raise
            return self._for_this_run(name, keys, error)
        self._stored[name] = keys
        return self._held(keys)

    async def _read(self, name: str) -> Held:
        if name not in self._stored:
            try:
                texts = await self._keyring.read(name)
            except KeyringError as error:
                return Held(why=error)
            self._stored[name] = tuple(Key(text) for text in texts)
        return self._held(self._stored[name])

    def _for_this_run(self, name: str, keys: tuple[Key, ...], why: KeyringError) -> Held:
        self._run[name] = Held(keys, Place.RUN, why)
        return self._run[name]

    def _held(self, keys: tuple[Key, ...]) -> Held:
        return Held(keys, Place.KEYRING if keys else Place.NONE, keyring=self._keyring.name if keys else "")
