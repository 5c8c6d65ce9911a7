"""Where the machine's power comes from, and whether it saves it. What isn't known is unknown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

_ROOT = Path("/")
_SAVING = ("low-power", "quiet", "cool")


class Source(StrEnum):
    """A machine without a battery says nothing, like one that keeps it to itself."""

    MAINS = "mains"
    BATTERY = "battery"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Power:
    """`charge` is in percent, None where it isn't known; `saving`: the system was told to save power."""

    source: Source = Source.UNKNOWN
    charge: int | None = None
    saving: bool = False

    @property
    def note(self) -> str:
        """What that means for speed, "" if nothing."""
        if self.saving:
            return "The system saves power, so answers may be slower."
        if self.source is Source.BATTERY:
            return "This machine runs on its battery, so answers may be slower."
        return ""


def power(root: Path = _ROOT) -> Power:
    """As it is now. Never raises."""
    battery = _battery()
    saving = _profile(root) in _SAVING
    if battery is None:
        return Power(saving=saving)
    plugged, percent = getattr(battery, "power_plugged", None), getattr(battery, "percent", None)
    source = Source.UNKNOWN if plugged is None else Source.MAINS if plugged else Source.BATTERY
    charge = round(percent) if isinstance(percent, int | float) and 0 <= percent <= 100 else None
    return Power(source, charge, saving)


def _battery() -> Any:
    import psutil

    try:
        return psutil.sensors_battery()
    except Exception:  # noqa: BLE001 - missing on some systems; on others half a battery's files make it fail
        return None


def _profile(root: Path) -> str:
    """The profile that laptops' firmware is set to, "" where there is none."""
    try:
        return (root / "sys/firmware/acpi/platform_profile").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
