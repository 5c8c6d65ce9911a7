"""Keys under names: several, in their order, kept in the keyring where there is one."""

from __future__ import annotations

import pytest

from desktop.system.key import Key
from desktop.system.keys import Keys, Place
from models.errors import BadInput, KeyringSilent, KeyringUnfaithful, NoKeyring
from tests.fakes import run
from tests.fixtures.keyrings import Clinging, FailingOnce, MemoryHolder, Sleeping, keyring_of, no_keyring

ONE, TWO, THREE = (Key.parse(f"sk-number-{name}-0000") for name in ("one", "two", "three"))


def test_a_key_is_kept_and_read_by_the_next_run() -> None:
    holder = MemoryHolder()

    async def work() -> None:
        held = await Keys(keyring_of(holder)).add("xidao", ONE)
        assert (held.keys, held.place, held.why, held.keyring) == (
            (ONE,),
            Place.KEYRING,
            None,
            "the test’s keyring",
        )
        assert (await Keys(keyring_of(holder)).get("xidao")).keys == (ONE,)
        assert (await Keys(keyring_of(holder)).get("other")).place is Place.NONE

    run(work())
    assert holder.entries == {"xidao": ONE.reveal()}


def test_several_keys_keep_their_order_and_leave_no_gap() -> None:
    holder = MemoryHolder()

    async def work() -> None:
        keys = Keys(keyring_of(holder))
        for key in (ONE, TWO, THREE, ONE):
            await keys.add("a", key)
        assert (await Keys(keyring_of(holder)).get("a")).keys == (ONE, TWO, THREE)
        await keys.replace("a", (ONE, THREE))
        assert (await Keys(keyring_of(holder)).get("a")).keys == (ONE, THREE)
        await keys.replace("a", ())

    run(work())
    assert holder.entries == {}


def test_nine_keys_are_too_many() -> None:
    async def work() -> None:
        keys = Keys(keyring_of(MemoryHolder()))
        for number in range(8):
            await keys.add("a", Key.parse(f"sk-number-{number}"))
        with pytest.raises(BadInput):
            await keys.add("a", ONE)
        assert len((await keys.get("a")).keys) == 8

    run(work())


def test_the_keyring_is_asked_once_and_not_before_it_is_needed() -> None:
    holder = MemoryHolder()

    async def work() -> None:
        keys = Keys(keyring_of(holder))
        assert holder.calls == 0
        await keys.get("a")
        calls = holder.calls
        await keys.get("a")
        assert holder.calls == calls

    run(work())


def test_f38_without_a_keyring_a_key_is_kept_for_this_run_and_it_is_known_why() -> None:
    async def work() -> None:
        keys = Keys(no_keyring())
        assert isinstance((await keys.get("a")).why, NoKeyring)
        assert (await keys.add("a", ONE)).place is Place.RUN
        held = await keys.add("a", TWO)
        assert (held.keys, held.place) == ((ONE, TWO), Place.RUN)
        assert isinstance(held.why, NoKeyring)
        assert await keys.get("a") == held
        with pytest.raises(NoKeyring):
            await keys.replace("a", ())
        assert (await keys.get("a")).keys == ()

    run(work())


def test_f38_a_key_that_could_not_be_read_is_never_overwritten() -> None:
    holder = Sleeping()
    holder.entries["a"] = ONE.reveal()

    async def work() -> None:
        keyring = keyring_of(holder, deadline_s=0.1)
        keys = Keys(keyring)
        held = await keys.add("a", TWO)
        assert (held.keys, held.place) == ((TWO,), Place.RUN)
        assert isinstance(held.why, KeyringSilent)
        holder.wake.set()
        assert keyring._stuck is not None
        keyring._stuck.join(10)
        keyring._deadline_s = 10
        assert (await keys.add("a", THREE)).keys == (ONE, TWO, THREE)

    run(work())
    assert holder.entries == {"a": ONE.reveal(), "a/2": TWO.reveal(), "a/3": THREE.reveal()}


def test_f38_what_could_not_be_read_is_not_written_over_in_the_same_breath() -> None:
    holder = FailingOnce()
    holder.entries["a"] = ONE.reveal()

    async def work() -> None:
        keys = Keys(keyring_of(holder))
        assert (await keys.add("a", TWO)).place is Place.RUN
        assert holder.entries == {"a": ONE.reveal()}
        assert (await keys.retry("a")).keys == (ONE, TWO)

    run(work())
    assert holder.entries == {"a": ONE.reveal(), "a/2": TWO.reveal()}


def test_a_key_that_stays_in_the_keyring_is_said() -> None:
    async def work() -> None:
        keys = Keys(keyring_of(Clinging()))
        await keys.add("a", ONE)
        with pytest.raises(KeyringUnfaithful, match="still holds"):
            await keys.replace("a", ())

    run(work())
