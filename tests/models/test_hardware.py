"""Memory and processors, within the limits of control groups; other machines are folders of files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from models import hardware

GB = 1 << 30
UNLIMITED_V1 = "9223372036854771712"
DOCKER_V1 = "9:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """16 GB, 10 of them available; 8 cores with 2 threads each."""
    memory = SimpleNamespace(total=16 * GB, available=10 * GB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(psutil, "cpu_count", lambda logical=True: 16 if logical else 8)
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(16)), raising=False)


def _root(path: Path, groups: str, files: Mapping[str, str]) -> Path:
    files = {f"sys/fs/cgroup/{name}": text for name, text in files.items()}
    return _files(path, {**files, "proc/self/cgroup": groups})


def _files(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_without_control_groups_the_machine_counts(tmp_path: Path) -> None:
    assert hardware.memory_total_bytes(tmp_path) == 16 * GB
    assert hardware.memory_available_bytes(tmp_path) == 10 * GB
    assert hardware.usable_threads(tmp_path) == 8


def test_version_2_limits_memory(tmp_path: Path) -> None:
    root = _root(
        tmp_path,
        "0::/app.slice/inshore.scope\n",
        {
            "app.slice/inshore.scope/memory.max": "max\n",
            "app.slice/memory.max": f"{4 * GB}\n",
            "app.slice/memory.current": f"{3 * GB}\n",
            "app.slice/memory.stat": f"anon 1\ninactive_file {GB}\nactive_file 5\n",
        },
    )
    assert hardware.memory_total_bytes(root) == 4 * GB
    assert hardware.memory_available_bytes(root) == 2 * GB


def test_the_lowest_limit_on_the_way_up_counts(tmp_path: Path) -> None:
    root = _root(
        tmp_path,
        "0::/a/b\n",
        {
            "a/b/memory.max": f"{8 * GB}",
            "a/b/memory.current": "0",
            "a/memory.high": f"{6 * GB}",
            "a/memory.current": f"{5 * GB}",
        },
    )
    assert hardware.memory_total_bytes(root) == 6 * GB
    assert hardware.memory_available_bytes(root) == GB


def test_a_container_sees_only_its_own_root(tmp_path: Path) -> None:
    root = _root(tmp_path, "0::/../../elsewhere\n", {"memory.max": f"{2 * GB}", "memory.current": f"{GB}"})
    assert hardware.memory_total_bytes(root) == 2 * GB
    assert hardware.memory_available_bytes(root) == GB


def test_version_1_limits_memory(tmp_path: Path) -> None:
    root = _root(
        tmp_path,
        DOCKER_V1,
        {
            "memory/memory.limit_in_bytes": UNLIMITED_V1,
            "memory/docker/abc/memory.limit_in_bytes": f"{2 * GB}",
            "memory/docker/abc/memory.usage_in_bytes": f"{2 * GB}",
            "memory/docker/abc/memory.stat": f"inactive_file 3\ntotal_inactive_file {GB // 2}\n",
        },
    )
    assert hardware.memory_total_bytes(root) == 2 * GB
    assert hardware.memory_available_bytes(root) == GB // 2


def test_both_versions_side_by_side(tmp_path: Path) -> None:
    root = _root(
        tmp_path,
        "4:memory:/x\n0::/x\n",
        {"memory/x/memory.limit_in_bytes": f"{5 * GB}", "unified/x/memory.max": f"{3 * GB}"},
    )
    assert hardware.memory_total_bytes(root) == 3 * GB


def test_an_overdrawn_limit_leaves_nothing(tmp_path: Path) -> None:
    root = _root(tmp_path, "0::/\n", {"memory.max": f"{GB}", "memory.current": f"{2 * GB}"})
    assert hardware.memory_available_bytes(root) == 0


def test_a_high_limit_changes_nothing(tmp_path: Path) -> None:
    root = _root(tmp_path, "0::/\n", {"memory.max": f"{64 * GB}", "memory.current": "0"})
    assert hardware.memory_total_bytes(root) == 16 * GB
    assert hardware.memory_available_bytes(root) == 10 * GB


@pytest.mark.parametrize(
    "groups", ["", "garbage", "0::", "a:b\n::\n\n", "0::/\udcff".encode("utf-8", "replace").decode()]
)
def test_unusual_group_files_do_no_harm(tmp_path: Path, groups: str) -> None:
    root = _root(tmp_path, groups, {"memory.max": "what\n", "cpu.max": "max\n", "memory.stat": "\n\nx\n"})
    assert hardware.memory_total_bytes(root) == 16 * GB
    assert hardware.usable_threads(root) == 8


@pytest.mark.parametrize(
    ("quota", "threads"),
    [
        ("max 100000", 8),
        ("300000 100000", 3),
        ("350000 100000", 3),
        ("50000 100000", 1),
        ("9900000 100000", 8),
        ("100000 0", 8),
    ],
)
def test_version_2_limits_threads(tmp_path: Path, quota: str, threads: int) -> None:
    root = _root(tmp_path, "0::/a/b\n", {"a/cpu.max": quota})
    assert hardware.usable_threads(root) == threads


@pytest.mark.parametrize(("quota", "threads"), [("-1", 8), ("250000", 2)])
def test_version_1_limits_threads(tmp_path: Path, quota: str, threads: int) -> None:
    folder = "cpu,cpuacct/docker/abc"
    root = _root(
        tmp_path, DOCKER_V1, {f"{folder}/cpu.cfs_quota_us": quota, f"{folder}/cpu.cfs_period_us": "100000"}
    )
    assert hardware.usable_threads(root) == threads


def test_affinity_counts_cores_not_hyper_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cpus = "sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    root = _files(tmp_path, {cpus.format(cpu): f"{cpu % 8},{cpu % 8 + 8}\n" for cpu in range(16)})
    assert hardware.usable_threads(root) == 8

    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 8, 1})
    assert hardware.usable_threads(root) == 2


def test_a_system_without_affinity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    assert hardware.usable_threads(tmp_path) == 8


def test_a_system_that_knows_no_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "cpu_count", lambda logical=True: None)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert hardware.physical_cores() == 1
    assert hardware.usable_threads(tmp_path) == 1


def test_a_limit_is_told_where_it_is_below_the_machines_memory(tmp_path: Path) -> None:
    assert hardware.memory_limit_bytes(tmp_path) is None
    root = _root(tmp_path, "0::/\n", {"memory.max": f"{64 * GB}"})
    assert hardware.memory_limit_bytes(root) is None
    (root / "sys/fs/cgroup/memory.max").write_text(f"{4 * GB}")
    assert hardware.memory_limit_bytes(root) == 4 * GB
    assert hardware.machine_memory_bytes() == 16 * GB
