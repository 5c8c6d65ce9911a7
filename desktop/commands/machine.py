"""What `doctor` says of the machine: processor, memory, graphics cards and power."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from typing import TYPE_CHECKING

from desktop.commands.checks import Complaint, Finding
from models.errors import AppError

if TYPE_CHECKING:
    from models.local.protocol import EngineInfo
    from models.surroundings import Surroundings

_LITTLE_MEMORY = 1 << 30


def findings(seen: Surroundings, info: EngineInfo | AppError) -> Iterator[Finding]:
    """All of them, in the order of their names above."""
    yield processor(seen)
    yield memory(seen)
    yield graphics(seen, info)
    yield power(seen)


def processor(seen: Surroundings) -> Finding:
    """The processor, and how much of it we may use."""
    facts = {
        "name": seen.processor,
        "machine": platform.machine(),
        "instructions": ", ".join(seen.instructions) or "unknown",
        "physical_cores": seen.cores,
        "usable_threads": seen.threads,
    }
    if seen.threads >= seen.cores:
        return Finding("processor", facts)
    problem = f"Only {seen.threads} of {seen.cores} cores may be used here."
    return Finding("processor", facts, (Complaint(problem, "Raise the container’s or the service’s limit."),))


def memory(seen: Surroundings) -> Finding:
    """Memory, and what a container or a service may have of it."""
    facts: dict[str, object] = {
        "total_bytes": seen.limit_bytes or seen.memory_bytes,
        "available_bytes": seen.available_bytes,
    }
    if seen.limit_bytes is not None:
        facts["machine_total_bytes"] = seen.memory_bytes
    if seen.available_bytes >= _LITTLE_MEMORY:
        return Finding("memory", facts)
    return Finding("memory", facts, (Complaint("Little memory is free.", "Close other programs."),))


def graphics(seen: Surroundings, info: EngineInfo | AppError) -> Finding:
    """The cards that the engine computes on, and those of NVIDIA's that it can't use."""
    from models import nvidia

    if isinstance(info, AppError):
        used: list[str] = []
    else:
        used = [f"{one.name} {one.description}" for one in info.devices if one.kind in ("gpu", "igpu")]
    facts: dict[str, object] = {"in_use": ", ".join(used)}
    for number, card in enumerate(seen.nvidia):
        facts[f"nvidia_{number}"] = card.name
        facts[f"nvidia_{number}_memory_bytes"] = card.memory_bytes or None
        facts["nvidia_driver"] = card.driver
    cards = () if isinstance(info, AppError) else nvidia.idle(seen.nvidia, used)
    complaints = (Complaint(*nvidia.idle_words(cards)),) if cards else ()
    return Finding("graphics", facts, complaints)


def power(seen: Surroundings) -> Finding:
    """Where the power comes from."""
    facts: dict[str, object] = {"source": seen.power.source.value, "saving": seen.power.saving}
    if seen.power.charge is not None:
        facts["charge"] = f"{seen.power.charge} %"
    if not seen.power.note:
        return Finding("power", facts)
    advice = "Plug it in, or choose another power mode, when speed matters."
    return Finding("power", facts, (Complaint(seen.power.note, advice),))
