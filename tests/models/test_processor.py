"""The processor's name and instructions, from recorded files of other machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from models import processor

LAPTOP = """\
processor\t: 0
model name\t: Some  CPU @ 3GHz
flags\t\t: fpu sse2 avx f16c fma bmi2 avx2 avx_vnni sse4_2
"""
PI_5 = """\
processor\t: 0
Features\t: fp asimd evtstrm aes crc32 atomics fphp asimdhp asimddp

Model\t\t: Raspberry Pi 5 Model B Rev 1.0
"""
SERVER = "model name : Xeon\nflags : avx avx2 fma f16c bmi2 avx512f avx512_vnni avx512_bf16 amx_int8\n"


def _root(path: Path, text: str) -> Path:
    (path / "proc").mkdir()
    (path / "proc/cpuinfo").write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "name", "instructions"),
    [
        (LAPTOP, "Some CPU @ 3GHz", ("AVX", "AVX2", "FMA", "F16C", "BMI2", "AVX-VNNI")),
        (PI_5, "Raspberry Pi 5 Model B Rev 1.0", ("NEON", "DOTPROD")),
        (
            SERVER,
            "Xeon",
            ("AVX", "AVX2", "FMA", "F16C", "BMI2", "AVX-512", "AVX-512 VNNI", "AVX-512 BF16", "AMX"),
        ),
    ],
)
def test_recorded_processors(tmp_path: Path, text: str, name: str, instructions: tuple[str, ...]) -> None:
    root = _root(tmp_path, text)
    assert processor.name(root) == name
    assert processor.instructions(root) == instructions


def test_a_system_that_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "_said", lambda *_command: "")
    assert processor.name(tmp_path)
    assert processor.instructions(tmp_path) == ()


def test_apples_instructions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "hw.optional.arm.FEAT_DotProd: 1\nhw.optional.arm.FEAT_I8MM: 1\nhw.optional.arm.FEAT_SME: 0"
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr(processor, "_said", lambda *_command: said)
    assert processor.instructions(tmp_path) == ("NEON", "DOTPROD", "I8MM")
