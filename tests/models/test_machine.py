"""This machine, made of what its engine says computes on it."""

from __future__ import annotations

from models import hardware
from models.machine import USUAL_BANDWIDTH, Device, this_machine
from tests.fakes import STARTER, local, run

CPU = Device("CPU", "A processor", "cpu", 1 << 34, 1 << 34)
RTX = Device("CUDA0", "NVIDIA GeForce RTX 4090", "gpu", 23 << 30, 24 << 30)
M4 = Device("MTL0", "Apple M4", "gpu", 17 << 30, 17 << 30)
BUILT_IN = Device("Vulkan0", "AMD Radeon 780M Graphics", "igpu", 13 << 30, 14 << 30)


def test_a_card_with_memory_of_its_own_adds_room() -> None:
    machine = this_machine(50e9, [RTX, BUILT_IN, CPU])
    assert [card.name for card in machine.cards] == ["NVIDIA GeForce RTX 4090"]
    assert not machine.shared
    assert machine.card_bytes > 22 << 30
    assert machine.bandwidth == 50e9
    assert machine.memory_bytes == hardware.memory_total_bytes()


def test_cards_that_share_the_memory_add_none() -> None:
    for card in (M4, BUILT_IN):
        machine = this_machine(100e9, [card, CPU])
        assert machine.shared
        assert machine.card_bytes == 0


def test_a_machine_that_was_not_measured_is_an_ordinary_one() -> None:
    machine = this_machine(None, [CPU])
    assert machine.bandwidth == USUAL_BANDWIDTH
    assert machine.cards == ()


def test_the_worker_measures_how_fast_memory_is_read() -> None:
    async def case() -> float:
        backend = local(STARTER)
        try:
            return (await backend.gauge()).bandwidth
        finally:
            await backend.aclose()

    assert 1e8 < run(case()) < 1e13
