"""How much of a model goes to graphics cards: as many layers as fit into what is free there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.machine import Device

_MARGIN_BYTES = 512 << 20
_MARGIN_PART = 20


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a model can go where. `layers` counts the repeating ones; the output is one more.

    `layer_bytes` are one layer's weights, `cache_bytes` its part of the context, `output_bytes` the
    weights outside of layers, `compute_bytes` the buffers that every card needs.
    """

    layers: int
    layer_bytes: int
    cache_bytes: int
    output_bytes: int
    compute_bytes: int


def cards(devices: Sequence[Device]) -> list[Device]:
    """The devices to use: graphics cards with memory of their own, else those that share the machine's.

    A build may see one card through two drivers (CUDA0 and Vulkan0); the driver that is named first counts.
    """
    for kind in ("gpu", "igpu"):
        found = [device for device in devices if device.kind == kind]
        if found:
            return [device for device in found if _driver(device) == _driver(found[0])]
    return []


def layers_that_fit(devices: Sequence[Device], shape: Shape) -> int:
    """How many layers to give to the devices, the output counted as one more; 0 is none.

    A device that does not say how much memory it has free (0) is taken at its total; one that says
    nothing has no room.
    """
    if _fits_whole(devices, shape):
        return shape.layers + 1
    return min(sum(_room(device, shape) // _each(shape) for device in cards(devices)), shape.layers)


def _fits_whole(devices: Sequence[Device], shape: Shape) -> bool:
    """Whether all layers and the output have room, the output on the roomiest card."""
    rooms = sorted(_room(device, shape) for device in cards(devices))
    if not rooms or rooms[-1] < shape.output_bytes:
        return False
    rooms[-1] -= shape.output_bytes
    return sum(room // _each(shape) for room in rooms) >= shape.layers


def _each(shape: Shape) -> int:
    return max(shape.layer_bytes + shape.cache_bytes, 1)


def _room(device: Device, shape: Shape) -> int:
    """What is left of a device for layers."""
    free = device.free_bytes or device.total_bytes
    return max(0, free - max(_MARGIN_BYTES, free // _MARGIN_PART) - shape.compute_bytes)


def _driver(device: Device) -> str:
    return device.name.rstrip("0123456789")
