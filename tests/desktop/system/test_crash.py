"""A crash is written down without what was said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from desktop.system.crash import redacted, report_of

ROOT = Path(__file__).parents[3]
CANARY = "the-secret-prompt"


def raised(function: object) -> BaseException:
    try:
        function()  # type: ignore[operator]
    except BaseException as exc:  # noqa: BLE001 - any is wanted
        return exc
    raise AssertionError


def run(path: Path, script: str) -> subprocess.CompletedProcess[str]:
    prologue = f"""
import sys, threading
from pathlib import Path
from desktop.system import crash
crash.install(Path(sys.argv[1]), lambda words: print("TOLD", words, flush=True))
prompt = {CANARY!r}
"""
    return subprocess.run(
        [sys.executable, "-c", prologue + script, path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_report_says_where_and_what_kind() -> None:
    report = report_of(raised(lambda: int(CANARY)))
    assert "test_crash.py" in report
    assert "ValueError" in report
    assert CANARY not in report.replace(Path(__file__).read_text(), "")


def test_words_made_from_code_are_kept() -> None:
    assert "has no attribute 'nonsense'" in report_of(raised(lambda: object().nonsense))  # type: ignore[attr-defined]


def test_an_os_error_keeps_its_number_and_not_its_file() -> None:
    report = report_of(FileNotFoundError(2, "No such file or directory", CANARY))
    assert report.strip() == "FileNotFoundError: [Errno 2] No such file or directory".replace(
        "[Errno 2]", "[2]"
    )


def test_causes_and_groups_are_shown_and_loops_end() -> None:
    first, second = KeyError(CANARY), RuntimeError(CANARY)
    second.__cause__ = first
    first.__context__ = second
    report = report_of(ExceptionGroup(CANARY, [second, OSError(28, "No space left")]))
    assert [line for line in report.splitlines() if line not in ("then", "together")] == [
        "KeyError",
        "RuntimeError",
        "OSError: [28] No space left",
        "ExceptionGroup",
    ]


def test_a_long_report_keeps_its_end() -> None:
    def deep(left: int) -> None:
        if not left:
            raise ValueError
        deep(left - 1)

    report = report_of(raised(lambda: deep(500)))
    assert len(report) <= 16 << 10
    assert report.rstrip().endswith("ValueError")


@pytest.mark.parametrize(
    "secret",
    [
        "sk-abcdef0123456789",
        "sk-proj-AB_cd-1234567890",
        "hf_AbCdEfGhIjKl",
        "Bearer abc.def.ghi",
        "bearer  xyz12345==",
    ],
)
def test_s20_what_looks_like_a_key_is_removed(secret: str) -> None:
    text = redacted(f'header "{secret}", then')
    assert "[removed]" in text
    assert secret[-6:] not in text
    assert text.endswith('", then')


def test_s20_other_words_stay() -> None:
    text = "a task-force asked; bearer of news; sk-8; hf_; the bearer"
    assert redacted(text) == text


def test_s20_a_key_in_an_error_is_not_logged(tmp_path: Path) -> None:
    log = tmp_path / "crash.log"
    done = run(log, 'getattr(object(), "sk-abcdefghijklmnop0123456789")')
    assert "AttributeError" in log.read_text()
    for text in (log.read_text(), done.stdout, done.stderr):
        assert "0123456789" not in text


def test_f43_uncaught_errors_are_logged_and_told_once_each(tmp_path: Path) -> None:
    log = tmp_path / "crash.log"
    done = run(
        log,
        """
def fail():
    raise ValueError(prompt)
for _ in range(100):
    threads = [threading.Thread(target=fail)]
    for thread in threads:
        thread.start()
        thread.join()
class Bad:
    def __del__(self):
        raise KeyError(prompt)
Bad()
raise RuntimeError(prompt)
""",
    )
    assert done.returncode == 1
    assert done.stdout.splitlines() == ["TOLD ValueError", "TOLD RuntimeError"]
    text = log.read_text()
    assert text.count("ValueError") == 1
    assert "KeyError" in text
    assert CANARY not in text + done.stdout + done.stderr


def test_f43_a_teller_that_fails_is_not_called_by_its_own_failure(tmp_path: Path) -> None:
    log = tmp_path / "crash.log"
    done = run(
        log,
        """
def bad_teller(words):
    raise LookupError(prompt)
crash.install(Path(sys.argv[1]), bad_teller)
raise ValueError
""",
    )
    assert done.returncode == 1
    assert "ValueError" in log.read_text()
    assert "LookupError" in log.read_text()


def test_ctrl_c_is_not_a_crash(tmp_path: Path) -> None:
    log = tmp_path / "crash.log"
    done = run(log, "raise KeyboardInterrupt")
    assert log.read_text() == done.stdout == ""
    assert "KeyboardInterrupt" in done.stderr


def test_the_log_is_bounded(tmp_path: Path) -> None:
    log = tmp_path / "crash.log"
    log.write_bytes(b"old" * 200_000)
    run(
        log,
        """
for number in range(200):
    try:
        exec(compile("x\\n" * number + "1/0", f"f{number}", "exec"), {"x": 1})
    except ArithmeticError as exc:
        sys.excepthook(type(exc), exc, exc.__traceback__)
""",
    )
    assert log.with_name("crash.log.old").stat().st_size == 600_000
    assert 10 < log.read_text().count("ZeroDivisionError") <= 50


def test_f10_a_log_that_cannot_be_opened_leaves_stderr(tmp_path: Path) -> None:
    done = run(tmp_path / "absent" / "crash.log", "1/0")
    assert done.stdout.startswith("TOLD ZeroDivisionError")
    assert done.stderr.count("ZeroDivisionError") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_f10_a_full_disk_is_not_a_second_crash(tmp_path: Path) -> None:
    log = tmp_path / "crash.log"
    log.symlink_to("/dev/full")
    assert run(log, "1/0").stdout.startswith("TOLD ZeroDivisionError")
