"""What this machine has for us: memory and processors, within the limits of a container or a service.

`root` stands for "/" in every function, so that a test can show another machine's files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path("/")


def memory_total_bytes(root: Path = _ROOT) -> int:
    """The memory this process may ever have: the machine's, or the control group's limit if that is lower."""
    import psutil

    return min([int(psutil.virtual_memory().total), *_limits(root)])


def machine_memory_bytes() -> int:
    """All memory of the machine, whatever this process may have of it."""
    import psutil

    return int(psutil.virtual_memory().total)


def memory_limit_bytes(root: Path = _ROOT) -> int | None:
    """The lowest limit of the control groups around this process; None where none is below the machine's."""
    limit = min(_limits(root), default=None)
    return limit if limit is not None and limit < machine_memory_bytes() else None


def memory_available_bytes(root: Path = _ROOT) -> int:
    """What can be taken now without swapping, on the machine and within every limit above this process."""
    import psutil

    return max(0, min([int(psutil.virtual_memory().available), *_rooms(root)]))


def process_bytes() -> int:
    """The memory of this process that is in use now, pages of mapped files counted."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def out_of_memory_kills(root: Path = _ROOT) -> int | None:
    """How often the system has ended a process because memory ran out; None where it doesn't say."""
    for line in _read(root / "proc/vmstat").splitlines():
        name, _, count = line.partition(" ")
        if name == "oom_kill" and count.isdigit():
            return int(count)
    return None


def physical_cores() -> int:
    """Cores of the whole machine, hyper-threads not counted."""
    import psutil

    return psutil.cpu_count(logical=False) or os.cpu_count() or 1


def usable_threads(root: Path = _ROOT) -> int:
    """How many threads compute best: one a core, on the cores and in the time this process is allowed."""
    allowed = _allowed_cpus()
    cores = min(physical_cores(), _cores_of(allowed, root))
    return max(1, min([cores, *_quotas(root)]))


def _allowed_cpus() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def _cores_of(cpus: set[int], root: Path) -> int:
    """Distinct cores among these processors: hyper-threads of one core share a list of siblings."""
    topology = root / "sys/devices/system/cpu"
    siblings = (_read(topology / f"cpu{cpu}/topology/thread_siblings_list") or str(cpu) for cpu in cpus)
    return len({text.strip() for text in siblings})


# Control groups: a limit counts wherever it stands between our own group and the root, and a container
# often sees only the root of its own.


def _limits(root: Path) -> Iterator[int]:
    for folder in _groups(root, "memory"):
        for name in ("memory.max", "memory.high", "memory.limit_in_bytes"):
            yield from _number(folder / name)


def _rooms(root: Path) -> Iterator[int]:
    """For every limit what is left of it; pages that can be dropped at once count as free."""
    for folder in _groups(root, "memory"):
        limits = [*_number(folder / "memory.max"), *_number(folder / "memory.high")]
        limits += _number(folder / "memory.limit_in_bytes")
        used = [*_number(folder / "memory.current"), *_number(folder / "memory.usage_in_bytes")]
        if limits and used:
            yield min(limits) - max(0, used[0] - _droppable(folder))


def _droppable(folder: Path) -> int:
    counts = dict(line.split(" ", 1) for line in _read(folder / "memory.stat").splitlines() if " " in line)
    text = counts.get("total_inactive_file") or counts.get("inactive_file") or "0"
    return int(text) if text.isdigit() else 0


def _quotas(root: Path) -> Iterator[int]:
    """Whole processors' worth of time, rounded down, at least one."""
    for folder in _groups(root, "cpu"):
        quota, period = [*_read(folder / "cpu.max").split(), "", ""][:2]
        if not quota:
            quota = _read(folder / "cpu.cfs_quota_us").strip()
            period = _read(folder / "cpu.cfs_period_us").strip()
        if quota.isdigit() and period.isdigit() and int(period):
            yield max(1, int(quota) // int(period))


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders that may limit this process, innermost first."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        number, controllers, path = [*line.split(":", 2), "", "", ""][:3]
        for mount in _mounts(root / "sys/fs/cgroup", number, controllers.split(","), controller):
            yield from _upwards(mount, path)


def _mounts(base: Path, number: str, controllers: list[str], wanted: str) -> Iterator[Path]:
    if number == "0" and controllers == [""]:
        yield from (base, base / "unified")
    elif wanted in controllers:
        yield from (base / wanted, base / ",".join(controllers))


def _upwards(mount: Path, path: str) -> Iterator[Path]:
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    for depth in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:depth])


def _number(path: Path) -> Iterator[int]:
    """The number in a file; nothing for a missing file, "max", or version 1's way to say "no limit"."""
    text = _read(path).strip()
    if text.isdigit() and int(text) < 1 << 62:
        yield int(text)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
