"""`doctor`: what it looks at, what it complains about, and when it says that Inshore can't be used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest

from desktop import cli
from desktop.commands import checks, display, doctor, machine
from desktop.commands.checks import Finding
from desktop.commands.services import Services
from desktop.storage.database import open_database
from desktop.system.paths import Paths
from models import surroundings
from models.errors import AppError, EngineMissing
from models.library import Library
from models.local.measures import MachineSpeed
from models.local.protocol import EngineInfo
from models.machine import Device
from models.nvidia import NvidiaCard
from models.power import Power, Source
from models.surroundings import Disk, Surroundings
from tests.fakes import FakeBackend
from tests.fixtures.gguf_writer import Gguf

CPU = Device("CPU", "Some processor", "cpu", 8 << 30, 8 << 30)
INFO = EngineInfo("b1", "0.3.36", "0.25", ("AVX2 = 1", "FMA = 1"), (CPU,), gpu_offload=False)
SEEN = Surroundings("Linux", "Some processor", ("AVX2",), 8, 8, 16 << 30, None, 9 << 30, None, Power())
TOPICS = [
    "engine",
    "processor",
    "memory",
    "graphics",
    "power",
    "folders",
    "conversations",
    "models",
    "python",
    "keyring",
    "display",
]


class Engine(FakeBackend):
    """Describes itself, or says why it can't."""

    def __init__(self, said: EngineInfo | AppError = INFO) -> None:
        super().__init__()
        self._said = said

    async def gauge(self) -> MachineSpeed:
        return MachineSpeed(20e9, ())

    async def describe(self) -> EngineInfo:
        if isinstance(self._said, AppError):
            raise self._said
        return self._said


def _services(home: Path, said: EngineInfo | AppError = INFO) -> Services:
    paths = Paths.find({"INSHORE_HOME": str(home / "home")})
    return Services(paths, Library(paths.models, home / "starter"), lambda: Engine(said))


def _problems(finding: Finding) -> str:
    return " ".join(complaint.problem for complaint in finding.complaints)


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own keyring is left alone."""
    monkeypatch.setattr(checks, "_keyrings", lambda: ["keyring.backends.SecretService.Keyring"])


def test_a_healthy_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "starter").mkdir()
    Gguf().write(tmp_path / "starter" / "SmolLM2-135M-Instruct.Q4_1.gguf")

    assert cli.main(["doctor"], _services(tmp_path)) == 0

    out = capsys.readouterr().out
    for words in (*TOPICS, "AVX2", "Some processor", "llama-cpp-python", "smollm2-135m", "8.59 GB"):
        assert words.lower() in out.lower()
    assert out.endswith("Inshore can be used.\n")
    assert not (tmp_path / "home").exists()  # looking makes nothing


def test_json_is_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--json"], _services(tmp_path)) == 0

    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert report["usable"] is True
    assert [finding["topic"] for finding in report["findings"]] == TOPICS
    for finding in report["findings"]:
        for complaint in finding["complaints"]:
            assert complaint["problem"]
            assert complaint["advice"]
    by_topic = {finding["topic"]: finding for finding in report["findings"]}
    assert "No model is installed" in by_topic["models"]["complaints"][0]["problem"]
    assert by_topic["power"]["facts"]["source"] in ("mains", "battery", "unknown")
    assert by_topic["folders"]["facts"]["disk_total_bytes"] > by_topic["folders"]["facts"]["free_bytes"]


def test_without_an_engine_it_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = EngineMissing("Its file is gone.", "Install Inshore again.")
    assert cli.main(["doctor"], _services(tmp_path, error)) == 1
    out = capsys.readouterr().out
    assert "✗ The local engine can’t be started. Its file is gone. Install Inshore again." in out
    assert out.endswith("Inshore can’t be used like this.\n")


def test_a_data_folder_that_cannot_be_written_is_fatal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "data").write_text("a file")
    assert cli.main(["doctor"], _services(tmp_path)) == 1
    assert "data" in capsys.readouterr().out


def _with_conversations(home: Path) -> Paths:
    paths = _services(home).paths
    paths.create()
    open_database(paths.database).close()
    return paths


def test_the_conversations_file_is_looked_at_and_left_as_it_is(tmp_path: Path) -> None:
    paths = _with_conversations(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in paths.data.rglob("*")}
    finding = checks.conversations(paths)
    assert finding.complaints == ()
    assert finding.facts["size_bytes"]
    assert {path: path.stat().st_mtime_ns for path in paths.data.rglob("*")} == before
    with closing(open_database(paths.database)) as window:
        assert window.execute("PRAGMA user_version").get
        assert checks.conversations(paths).complaints == ()


@pytest.mark.parametrize("how", ["garbage", "a folder", "emptied", "newer"])
def test_a_damaged_conversations_file_is_a_complaint(how: str, tmp_path: Path) -> None:
    paths = _with_conversations(tmp_path)
    if how == "newer":
        with closing(apsw.Connection(str(paths.database))) as connection:
            connection.pragma("user_version", 10_000)
    else:
        paths.database.unlink()
    if how == "garbage":
        paths.database.write_bytes(b"garbage" * 1000)
    if how == "a folder":
        paths.database.mkdir()
    if how == "emptied":
        paths.database.touch()
        paths.backups.mkdir(exist_ok=True)
        (paths.backups / "a.db").touch()
    (complaint,) = checks.conversations(paths).complaints
    assert complaint.advice
    assert str(paths.database) in complaint.problem


def test_an_own_entry_that_can_t_be_used_is_a_complaint(tmp_path: Path) -> None:
    services = _services(tmp_path)
    services.paths.create()
    services.paths.own_catalogue.write_text("[[model]]\nid = 5\n", encoding="utf-8")
    (finding,) = (finding for finding in doctor.findings(services) if finding.topic == "models")
    assert "One of your own models" in _problems(finding)


def test_another_folder_is_only_a_complaint(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "c", tmp_path / "d", tmp_path / "x" / "cache", tmp_path / "m")
    (tmp_path / "x").write_text("a file")

    finding = checks.folders(paths)

    (complaint,) = finding.complaints
    assert "cache" in complaint.problem
    assert not complaint.fatal
    assert finding.facts["cache_writable"] is False
    assert finding.facts["data_writable"] is True
    assert finding.facts["free_bytes"]


def test_a_full_disk_shows_in_the_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    monkeypatch.setattr(surroundings, "disk", lambda _path: Disk(5, 10))
    finding = checks.folders(Paths(tmp_path, tmp_path, tmp_path, tmp_path))
    assert "No space left" in _problems(finding)
    assert "Little space" in _problems(finding)


def test_files_that_were_set_aside_are_named(tmp_path: Path) -> None:
    (tmp_path / "settings.bad-1.json").touch()
    (tmp_path / "library.bad-2.json").touch()
    finding = checks.folders(Paths(tmp_path, tmp_path, tmp_path, tmp_path))
    assert "settings.bad-1.json" in _problems(finding)
    assert "library.bad-2.json" in _problems(finding)


def test_models_with_a_problem_are_named(tmp_path: Path) -> None:
    (tmp_path / "starter").mkdir()
    (tmp_path / "starter" / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"GGUF")
    finding = checks.library(Library(tmp_path, tmp_path / "starter"))
    assert finding.facts == {"installed": 1, "usable": 0, "default": None}
    assert "smollm2-135m-instruct-q4_1: The model’s file is damaged." in _problems(finding)


def test_a_card_that_the_engine_cannot_use() -> None:
    seen = replace(SEEN, nvidia=(NvidiaCard("NVIDIA GeForce RTX 4060", 8188 << 20, "580.1"),))
    finding = machine.graphics(seen, INFO)
    assert "An NVIDIA card is here (RTX 4060, 8 GB), but this build can’t use it." in _problems(finding)
    assert "built for CUDA" in finding.complaints[0].advice
    assert finding.facts["nvidia_driver"] == "580.1"

    card = Device("CUDA0", "GeForce", "gpu", 1, 2)
    with_card = EngineInfo("b1", "1", "1", (), (CPU, card), gpu_offload=True)
    finding = machine.graphics(seen, with_card)
    assert finding.complaints == ()
    assert finding.facts["in_use"] == "CUDA0 GeForce"
    assert checks.engine(with_card).facts["device_1"] == "CUDA0 (gpu): GeForce"


def test_without_an_engine_no_card_is_called_unused() -> None:
    seen = replace(SEEN, nvidia=(NvidiaCard("NVIDIA GeForce RTX 4060"),))
    assert machine.graphics(seen, EngineMissing("Its file is gone.")).complaints == ()


def test_limits_and_little_memory_are_complaints() -> None:
    seen = replace(SEEN, cores=8, threads=2, available_bytes=500 << 20, limit_bytes=1 << 30)
    assert "2 of 8 cores" in _problems(machine.processor(seen))
    finding = machine.memory(seen)
    assert "Little memory" in _problems(finding)
    assert finding.facts["total_bytes"] == 1 << 30
    assert finding.facts["machine_total_bytes"] == SEEN.memory_bytes


def test_a_battery_is_a_reason_for_slow_answers() -> None:
    assert machine.power(SEEN) == Finding("power", {"source": "unknown", "saving": False})
    finding = machine.power(replace(SEEN, power=Power(Source.BATTERY, 40)))
    assert "runs on its battery" in _problems(finding)
    assert finding.facts["charge"] == "40 %"


def test_a_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.python().complaints == ()
    monkeypatch.setattr(checks, "_PACKAGES", ("surely-not-installed",))
    assert "surely-not-installed" in _problems(checks.python())


def test_f38_a_keyring_that_hangs_is_left_behind() -> None:
    forever = threading.Event()

    def hang() -> list[str]:
        forever.wait(60)
        return []

    finding = checks.keyring(hang, deadline_s=0.05)
    forever.set()
    assert "did not answer" in _problems(finding)
    assert not any(complaint.fatal for complaint in finding.complaints)


@pytest.mark.parametrize(
    ("backends", "safe"),
    [
        (["keyring.backends.SecretService.Keyring"], True),
        (["keyring.backends.kwallet.DBusKeyring"], True),
        (["keyring.backends.macOS.Keyring"], True),
        (["keyring.backends.Windows.WinVaultKeyring"], True),
        (["keyring.backends.fail.Keyring"], False),
        (["keyring.backends.null.Keyring"], False),
        (["keyrings.alt.file.PlaintextKeyring"], False),
    ],
)
def test_f38_only_known_keyrings_are_called_safe(backends: list[str], safe: bool) -> None:
    assert (checks.keyring(lambda: backends).complaints == ()) is safe


def test_f38_a_keyring_that_breaks_is_not_safe() -> None:
    def fail() -> list[str]:
        raise RuntimeError("no bus")

    finding = checks.keyring(fail)
    assert finding.facts == {"backend": "none (RuntimeError)"}
    assert "no safe place" in _problems(finding)


def test_f38_the_real_keyring_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert checks.keyring(deadline_s=30).facts["backend"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays are Linux's question")
def test_the_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "missing_libraries", lambda _plugin: [])
    assert "no display" in _problems(display.display({}))
    finding = display.display({"DISPLAY": ":0", "XDG_SESSION_TYPE": "x11", "HOME": "/x"})
    assert finding == Finding("display", {"XDG_SESSION_TYPE": "x11", "DISPLAY": ":0"})

    monkeypatch.setattr(display, "missing_libraries", lambda _plugin: ["libxcb-cursor.so.0", "libX.so.6"])
    (complaint,) = display.display({"DISPLAY": ":0"}).complaints
    assert complaint.advice.endswith("apt-get install libxcb-cursor0 libX6")


def test_libraries_are_named_as_debian_names_them() -> None:
    assert display.debian_name("libxcb-icccm.so.4") == "libxcb-icccm4"
    assert display.debian_name("libxkbcommon-x11.so.0") == "libxkbcommon-x11-0"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ldd")
def test_libraries_that_are_missing_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ldd = tmp_path / "ldd"
    ldd.write_text("#!/bin/sh\necho ' libb.so.1 => not found'\necho ' liba.so.2 => /lib/liba.so.2 (0x1)'\n")
    ldd.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert display.missing_libraries(ldd) == ["libb.so.1"]
    assert display.missing_libraries(tmp_path / "none") == []
    ldd.unlink()
    assert display.missing_libraries(Path(__file__)) == []


@pytest.mark.model
def test_the_real_engine_describes_itself(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, root / "main.py", "doctor", "--json"],
        env={"PATH": os.environ["PATH"], "INSHORE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    engine = json.loads(run.stdout)["findings"][0]
    assert engine["facts"]["llama_cpp"]
    assert "SSE3" in engine["facts"]["features"] or "NEON" in engine["facts"]["features"]
    assert engine["facts"]["device_0"].startswith("CPU")
