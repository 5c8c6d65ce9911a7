"""The processor: its name, and which of its instructions models are computed with.

`root` stands for "/", so that a test can show another machine's files.
"""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

_ROOT = Path("/")
_ASK_S = 2.0

# What llama.cpp has code of its own for, and how the kernel calls it.
_WANTED = {
    "avx": "AVX", "avx2": "AVX2", "fma": "FMA", "f16c": "F16C", "bmi2": "BMI2", "avx_vnni": "AVX-VNNI",
    "avx512f": "AVX-512", "avx512_vnni": "AVX-512 VNNI", "avx512_bf16": "AVX-512 BF16", "amx_int8": "AMX",
    "asimd": "NEON", "asimddp": "DOTPROD", "i8mm": "I8MM", "sve": "SVE", "bf16": "BF16",
    "FEAT_DotProd": "DOTPROD", "FEAT_I8MM": "I8MM", "FEAT_BF16": "BF16", "FEAT_SME": "SME",
}  # fmt: skip


def name(root: Path = _ROOT) -> str:
    """The processor's name, or its family where the system has no better word."""
    for line in _read(root / "proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Model", "Processor") and value.strip():
            return " ".join(value.split())
    return _system_name() or platform.processor() or platform.machine() or "unknown"


def instructions(root: Path = _ROOT) -> tuple[str, ...]:
    """The instruction sets that matter here, by their usual names; () where the system doesn't say."""
    flags: set[str] = set()
    for line in _read(root / "proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            flags.update(value.split())
            break
    if not flags and sys.platform == "darwin":
        flags = _apple_flags()
    return tuple(dict.fromkeys(words for flag, words in _WANTED.items() if flag in flags))


def _system_name() -> str:
    if sys.platform == "darwin":
        return _said("sysctl", "-n", "machdep.cpu.brand_string")
    if sys.platform == "win32":
        import winreg

        try:
            path = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
                return str(winreg.QueryValueEx(key, "ProcessorNameString")[0]).strip()
        except OSError:
            return ""
    return ""


def _apple_flags() -> set[str]:
    lines = _said("sysctl", "hw.optional.arm").splitlines()
    on = {line.rpartition(":")[0].rpartition(".")[2] for line in lines if line.endswith(" 1")}
    return {*on, "asimd"} if on else on


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, timeout=_ASK_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
