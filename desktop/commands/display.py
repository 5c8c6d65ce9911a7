"""What a window would be shown on, and whether Qt can do it here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from desktop.commands.checks import Complaint, Finding

_VARIABLES = (
    "XDG_SESSION_TYPE",
    "XDG_CURRENT_DESKTOP",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "QT_QPA_PLATFORM",
    "QT_IM_MODULE",
    "QT_SCALE_FACTOR",
)
_LDD_S = 5.0


def display(environment: Mapping[str, str]) -> Finding:
    """The desktop's facts. Qt itself is not loaded: it would end the process where it finds no display."""
    facts: dict[str, object] = {name: environment[name] for name in _VARIABLES if environment.get(name)}
    if not sys.platform.startswith("linux"):
        return Finding("display", facts)
    complaints = []
    if not facts.keys() & {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}:
        advice = "Start it from a desktop; the command line works without."
        complaints.append(Complaint("There is no display, so no window can open.", advice))
    missing = missing_libraries(_xcb_plugin())
    if missing:
        advice = "Install them; on Debian or Ubuntu: sudo apt-get install " + " ".join(
            map(debian_name, missing)
        )
        complaints.append(Complaint(f"Qt needs libraries that are not here: {', '.join(missing)}.", advice))
    return Finding("display", facts, tuple(complaints))


def missing_libraries(plugin: Path | None) -> list[str]:
    """Names of the shared libraries that this one needs and the system lacks; none where it can't be told."""
    if plugin is None or not plugin.is_file():
        return []
    try:
        done = subprocess.run(["ldd", plugin], capture_output=True, timeout=_LDD_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    return sorted({line.split()[0] for line in lines if line.endswith("not found")})


def debian_name(library: str) -> str:
    """The package of a shared library by Debian's rule: libxcb-cursor.so.0 is in libxcb-cursor0."""
    name, _, version = library.partition(".so.")
    return f"{name}{'-' if name[-1:].isdigit() else ''}{version}"


def _xcb_plugin() -> Path | None:
    spec = find_spec("PySide6")  # finds, doesn't import
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "Qt/plugins/platforms/libqxcb.so"
