"""How many layers go to graphics cards, on device lists as ggml prints them."""

from __future__ import annotations

import random

import pytest

from models.local.offload import Shape, cards, layers_that_fit
from models.machine import Device

GB = 1 << 30
CPU = Device("CPU", "AMD Ryzen 9 7950X", "cpu", 32 * GB, 32 * GB)
RTX_4090 = Device("CUDA0", "NVIDIA GeForce RTX 4090", "gpu", 23 * GB, 24 * GB)
RTX_3060 = Device("CUDA0", "NVIDIA GeForce RTX 3060", "gpu", 11 * GB, 12 * GB)
BUSY_3060 = Device("CUDA0", "NVIDIA GeForce RTX 3060", "gpu", 600 << 20, 12 * GB)
A100S = [Device(f"CUDA{i}", "NVIDIA A100-SXM4-80GB", "gpu", 79 * GB, 80 * GB) for i in range(2)]
M4 = Device("MTL0", "Apple M4", "gpu", 17 * GB, 17 * GB)
BLAS = Device("BLAS", "Accelerate", "accelerator", 0, 0)
RADEON_780M = Device("Vulkan0", "AMD Radeon 780M Graphics (RADV PHOENIX)", "igpu", 13 * GB, 14 * GB)
SAME_BY_VULKAN = Device("Vulkan0", "NVIDIA GeForce RTX 4090", "gpu", 23 * GB, 24 * GB)
SILENT = Device("Vulkan0", "llvmpipe", "gpu", 0, 0)

EIGHT_B = Shape(
    layers=36, layer_bytes=115 << 20, cache_bytes=32 << 20, output_bytes=400 << 20, compute_bytes=300 << 20
)
"""Qwen3 8B Q4_K_M with a context of 8,192."""
SEVENTY_B = Shape(
    layers=80, layer_bytes=500 << 20, cache_bytes=32 << 20, output_bytes=800 << 20, compute_bytes=500 << 20
)


@pytest.mark.parametrize(
    ("devices", "shape", "layers"),
    [
        ([CPU], EIGHT_B, 0),
        ([RTX_4090, CPU], EIGHT_B, 37),
        ([RTX_3060, CPU], EIGHT_B, 37),
        ([BUSY_3060, CPU], EIGHT_B, 0),
        ([M4, BLAS, CPU], EIGHT_B, 37),
        ([RTX_4090, CPU], SEVENTY_B, 41),
        ([*A100S, CPU], SEVENTY_B, 81),
        ([RADEON_780M, CPU], EIGHT_B, 37),
        ([SILENT, CPU], EIGHT_B, 0),
    ],
)
def test_all_that_fits_is_given(devices: list[Device], shape: Shape, layers: int) -> None:
    assert layers_that_fit(devices, shape) == layers


def test_a_card_of_its_own_goes_before_one_that_shares_the_machines_memory() -> None:
    assert cards([RADEON_780M, RTX_4090, CPU]) == [RTX_4090]
    assert cards([RADEON_780M, CPU]) == [RADEON_780M]
    assert cards([CPU, BLAS]) == []


def test_a_card_seen_through_two_drivers_counts_once() -> None:
    assert cards([RTX_4090, SAME_BY_VULKAN, CPU]) == [RTX_4090]
    assert cards([*A100S, CPU]) == A100S


@pytest.mark.parametrize("seed", range(200))
def test_never_more_than_there_is_room_for(seed: int) -> None:
    some = random.Random(seed)
    frees = [some.randrange(100 * GB) for _ in range(some.randrange(5))]
    parts = [some.randrange(4 * GB) >> some.randrange(8) for _ in range(4)]
    shape = Shape(some.randrange(1, 200), *parts)
    devices = [Device(f"CUDA{i}", "card", "gpu", free, free) for i, free in enumerate(frees)]
    layers = layers_that_fit(devices, shape)
    assert 0 <= layers <= shape.layers + 1
    whole = layers > shape.layers
    taken = min(layers, shape.layers) * (shape.layer_bytes + shape.cache_bytes) + whole * shape.output_bytes
    assert taken <= sum(frees)
