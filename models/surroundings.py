"""Everything about this machine that is worth telling, looked up in one go."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models import hardware, nvidia, processor
from models.nvidia import NvidiaCard
from models.power import Power, power


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk that a folder is on, or will be."""

    free_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """One look at the machine. `limit_bytes` is the control groups' limit where it is below the memory.

    `instructions` are those that models are computed with; () is unknown, as None is for the disk.
    """

    system: str
    processor: str
    instructions: tuple[str, ...]
    cores: int
    threads: int
    memory_bytes: int
    limit_bytes: int | None
    available_bytes: int
    disk: Disk | None
    power: Power
    nvidia: tuple[NvidiaCard, ...] = ()

    def notes(self, used: Sequence[str]) -> list[str]:
        """What one should know beside the numbers; `used` names the devices that the engine computes on."""
        notes = []
        if cards := nvidia.idle(self.nvidia, used):
            notes.append(" ".join(nvidia.idle_words(cards)))
        if self.power.note:
            notes.append(self.power.note)
        return notes


def look_around(models: Path) -> Surroundings:
    """Look at everything; `models` is the folder of models. Never raises, but may take seconds."""
    return Surroundings(
        system=system_name(),
        processor=processor.name(),
        instructions=processor.instructions(),
        cores=hardware.physical_cores(),
        threads=hardware.usable_threads(),
        memory_bytes=hardware.machine_memory_bytes(),
        limit_bytes=hardware.memory_limit_bytes(),
        available_bytes=hardware.memory_available_bytes(),
        disk=disk(models),
        power=power(),
        nvidia=nvidia.cards(),
    )


async def look_around_aside(models: Path) -> Surroundings:
    """The same in a thread, for a loop that must not wait."""
    import asyncio

    return await asyncio.to_thread(look_around, models)


def disk(folder: Path) -> Disk | None:
    """The disk of a folder that may not be there yet; None where it can't be asked."""
    place = next((place for place in (folder, *folder.parents) if place.is_dir()), folder)
    try:
        usage = shutil.disk_usage(place)
    except OSError:
        return None
    return Disk(usage.free, usage.total)


def system_name() -> str:
    """The system's name and version, as its maker writes it."""
    if sys.platform.startswith("linux"):
        try:
            return platform.freedesktop_os_release()["PRETTY_NAME"]
        except (OSError, KeyError):
            return platform.platform()
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    return platform.platform()
