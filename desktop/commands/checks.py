"""What `doctor` looks at: facts about this machine and this installation, and what is wrong with them."""

from __future__ import annotations

import os
import platform
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.system.paths import Paths
from models import surroundings
from models.errors import AppError, StorageError
from models.library import Library, LocalModel
from models.plain import shown

if TYPE_CHECKING:
    from models.local.protocol import EngineInfo

_LITTLE_DISK = 1 << 30
_KEYRING_S = 2.0
_PACKAGES = (
    "PySide6_Essentials", "llama-cpp-python", "apsw", "keyring", "markdown-it-py", "platformdirs", "psutil",
    "QtAwesome",
)  # fmt: skip
_SAFE_KEYRINGS = ("SecretService", "libsecret", "kwallet", "macOS", "Windows")


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong and what to do, one sentence each. `fatal`: Inshore can't be used like this."""

    problem: str
    advice: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """Facts on one topic. Names ending in `_bytes` are sizes."""

    topic: str
    facts: Mapping[str, object]
    complaints: tuple[Complaint, ...] = field(default=())


def engine(info: EngineInfo | AppError) -> Finding:
    """The engine's versions, build and devices, or why it can't be started."""
    if isinstance(info, AppError):
        problem = f"{info.title} {info.cause}"
        return Finding("engine", {}, (Complaint(problem, info.hint or "Install Inshore again.", fatal=True),))
    facts = asdict(info) | {"features": ", ".join(info.features)}
    devices = facts.pop("devices")
    for number, device in enumerate(devices):
        facts[f"device_{number}"] = f"{device['name']} ({device['kind']}): {device['description']}"
        facts[f"device_{number}_memory_bytes"] = device["total_bytes"]
    return Finding("engine", facts)


def folders(paths: Paths) -> Finding:
    """Each folder, whether it can be written, and the space left for models."""
    facts: dict[str, object] = {}
    complaints: list[Complaint] = []
    for name in ("config", "data", "cache", "models"):
        folder: Path = getattr(paths, name)
        reason = _why_not_writable(folder)
        facts[name] = shown(folder)
        facts[f"{name}_writable"] = reason is None
        if reason is not None:
            problem = f"The folder for {name} can’t be written: {reason}."
            advice = "Change its permissions, or set INSHORE_HOME to another folder."
            complaints.append(Complaint(problem, advice, fatal=name == "data"))
    disk = surroundings.disk(paths.models)
    facts["free_bytes"] = disk.free_bytes if disk else None
    facts["disk_total_bytes"] = disk.total_bytes if disk else None
    if disk is not None and disk.free_bytes < _LITTLE_DISK:
        complaints.append(Complaint("Little space is left on the disk.", "Models need several gigabytes."))
    return Finding("folders", facts, (*complaints, *_set_aside(paths)))


def conversations(paths: Paths) -> Finding:
    """The file with all conversations, and why it can't be opened if it can't."""
    from desktop.storage.database import check_database

    facts: dict[str, object] = {"file": shown(paths.database)}
    complaints: list[Complaint] = []
    try:
        check_database(paths.database, paths.backups)
        facts["size_bytes"] = paths.database.stat().st_size if paths.database.exists() else None
    except StorageError as error:
        complaints.append(Complaint(f"{error.title} {error.cause}", error.hint or "Check who may use it."))
    except OSError:  # the folder may not be searched, which is a complaint of its own
        facts["size_bytes"] = None
    return Finding("conversations", facts, tuple(complaints))


def library(models: Library, own_problems: Sequence[str] = ()) -> Finding:
    """The installed models; those with a problem are named, and what is wrong with the user's own entries."""
    found = models.models()
    usable = [model for model in found if model.problem is None]
    facts = {"installed": len(found), "usable": len(usable), "default": usable[0].id if usable else None}
    complaints = [_model_complaint(model, model.problem) for model in found if model.problem]
    if models.problem is not None:
        complaints.append(Complaint(f"{models.problem.title} {models.problem.cause}", models.problem.hint))
    complaints += [Complaint(problem, "Mend it there, or delete it.") for problem in own_problems]
    if not found:
        advice = "Add one with: python main.py models add FILE"
        complaints.append(Complaint("No model is installed, so nothing can be answered.", advice))
    return Finding("models", facts, tuple(complaints))


def python() -> Finding:
    """Python and the packages we need."""
    from importlib import metadata

    facts: dict[str, object] = {"python": sys.version.split()[0], "executable": sys.executable}
    facts["system"] = surroundings.system_name()
    facts["platform"] = platform.platform()
    complaints = []
    for package in _PACKAGES:
        try:
            facts[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            facts[package] = None
            complaints.append(Complaint(f"The package {package} is not installed.", "Install Inshore again."))
    return Finding("python", facts, () if getattr(sys, "frozen", False) else tuple(complaints))


def keyring(look: Callable[[], list[str]] | None = None, deadline_s: float = _KEYRING_S) -> Finding:
    """The system's safe for keys. Asking it may block, so it is asked in a thread that may be left behind."""
    found: list[list[str]] = []
    thread = threading.Thread(target=_look_into, args=(look or _keyrings, found), daemon=True)
    thread.start()
    thread.join(deadline_s)
    advice = "Keys for gateways are then kept until Inshore closes only; answers on this machine need none."
    if not found:
        complaint = Complaint(f"The keyring did not answer within {deadline_s:g} seconds.", advice)
        return Finding("keyring", {"backend": None}, (complaint,))
    facts = {"backend": ", ".join(found[0])}
    if any(safe in name for name in found[0] for safe in _SAFE_KEYRINGS):
        return Finding("keyring", facts)
    return Finding("keyring", facts, (Complaint("There is no safe place for keys.", advice),))


def _model_complaint(model: LocalModel, error: AppError) -> Complaint:
    return Complaint(f"{model.id}: {error.title} {error.cause}", error.hint)


def _why_not_writable(folder: Path) -> str | None:
    """None if files can be made there, now or after the folder is made."""
    place = _existing(folder)
    if not place.is_dir():
        return f"“{shown(place)}” is not a folder"
    if not os.access(place, os.W_OK | os.X_OK):
        return f"“{shown(place)}” may not be changed by you"
    return _failed_write(folder) if place == folder else None


def _failed_write(folder: Path) -> str | None:
    import tempfile

    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"inshore")
    except OSError as error:
        return error.strerror or str(error)
    return None


def _existing(folder: Path) -> Path:
    return next((place for place in (folder, *folder.parents) if os.path.lexists(place)), folder)


def _set_aside(paths: Paths) -> list[Complaint]:
    """Damaged files that were kept when a fresh one was begun."""
    kept = [*_matching(paths.config, "settings.bad-*"), *_matching(paths.models, "library.bad-*")]
    kept += _matching(paths.data, "*.damaged-*")
    return [
        Complaint(f"A damaged file was kept: {shown(file)}", "Delete it if nothing is missing.")
        for file in kept
    ]


def _matching(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []


def _look_into(look: Callable[[], list[str]], found: list[list[str]]) -> None:
    try:
        found.append(look())
    except Exception as error:  # noqa: BLE001 - a keyring may raise anything; it is then not a safe one
        found.append([f"none ({type(error).__name__})"])


def _keyrings() -> list[str]:
    """The class that would hold our keys: the one that `key set` and the window use."""
    from desktop.system.vaults import usual

    kind = type(usual().holder)
    return [f"{kind.__module__}.{kind.__name__}"]
