"""`key`: a key goes from the terminal or a pipe into the keyring, and shows four characters at most."""

from __future__ import annotations

import getpass
import io
import json
from pathlib import Path

import pytest

from desktop import cli
from desktop.commands.services import Services
from desktop.system.paths import Paths
from models.library import Library
from tests.fakes import FakeBackend
from tests.fixtures.keyrings import CANARY, MemoryHolder, keyring_of, no_keyring


@pytest.fixture
def holder() -> MemoryHolder:
    return MemoryHolder()


@pytest.fixture
def services(tmp_path: Path, holder: MemoryHolder) -> Services:
    paths = Paths.find({"INSHORE_HOME": str(tmp_path / "home")})
    return Services(
        paths,
        Library(paths.models, tmp_path),
        FakeBackend,  # type: ignore[arg-type]  # no engine is needed
        keyring=lambda _asked: keyring_of(holder),
        gateway_names=lambda: {"deepseek": "DeepSeek"},
    )


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def pipe(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_a_piped_key_is_kept_and_its_end_shown(
    services: Services,
    holder: MemoryHolder,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pipe(monkeypatch, f"  Bearer {CANARY}\r\n".encode())
    assert cli.main(["key", "set", "xidao"], services) == 0
    assert holder.entries == {"xidao": CANARY}
    assert capsys.readouterr() == ("xidao: key …wxyz, kept in the test’s keyring\n", "")


def test_on_a_terminal_it_is_asked_for_without_echo(
    services: Services, holder: MemoryHolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(words: str) -> str:
        asked.append(words)
        return CANARY

    monkeypatch.setattr("sys.stdin", Terminal(CANARY))
    monkeypatch.setattr(getpass, "getpass", answer)
    assert cli.main(["key", "set", "deepseek"], services) == 0
    assert holder.entries == {"deepseek": CANARY}
    assert "DeepSeek" in asked[0]


def test_nothing_typed_is_said(
    services: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def end(_words: str) -> str:
        raise EOFError

    monkeypatch.setattr("sys.stdin", Terminal(""))
    monkeypatch.setattr(getpass, "getpass", end)
    assert cli.main(["key", "set", "xidao"], services) == 1
    assert "no key" in capsys.readouterr().err


def test_a_second_set_replaces_and_add_adds(
    services: Services, holder: MemoryHolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments, key in ((["set"], CANARY), (["set"], "sk-second"), (["set", "--add"], "sk-third1")):
        pipe(monkeypatch, key.encode())
        assert cli.main(["key", *arguments, "xidao"], services) == 0
    assert holder.entries == {"xidao": "sk-second", "xidao/2": "sk-third1"}
    assert cli.main(["key", "clear", "xidao"], services) == 0
    assert holder.entries == {}


def test_the_status_of_all_is_told_for_people_and_programs(
    services: Services, holder: MemoryHolder, capsys: pytest.CaptureFixture[str]
) -> None:
    holder.entries["xidao"] = CANARY
    assert cli.main(["key", "status"], services) == 0
    two = "xidao: key …wxyz, kept in the test’s keyring\nhuggingface-hub: no key\n"
    assert capsys.readouterr().out == two
    holder.entries["deepseek"] = "sk-before-it-is-set-up"
    assert cli.main(["key", "status"], services) == 0
    assert capsys.readouterr().out == f"{two}deepseek: key …t-up, kept in the test’s keyring\n"
    assert cli.main(["key", "status", "xidao", "--json"], services) == 0
    assert json.loads(capsys.readouterr().out) == {
        "provider": "xidao",
        "present": True,
        "keys": ["…wxyz"],
        "keyring": "the test’s keyring",
    }


@pytest.mark.parametrize("word", ["set", "status", "clear"])
def test_an_unknown_provider_gets_the_list_and_is_not_repeated(
    services: Services, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["key", word, CANARY], services) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "xidao, huggingface-hub, deepseek" in err
    assert "canary" not in err


def test_s19_a_key_as_an_argument_is_refused_and_not_repeated(
    services: Services, holder: MemoryHolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["key", "set", "xidao", CANARY], services) == 2
    out, err = capsys.readouterr()
    assert "can’t be given as an argument" in err
    assert "canary" not in out + err
    assert holder.calls == 0


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"two words here", b"https://x.example/"])
def test_what_can_t_be_a_key_is_not_kept(
    services: Services,
    holder: MemoryHolder,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: bytes,
) -> None:
    pipe(monkeypatch, content)
    assert cli.main(["key", "set", "xidao"], services) == 1
    assert "can’t be a key" in capsys.readouterr().err
    assert holder.calls == 0


@pytest.mark.parametrize("arguments", [["set", "xidao"], ["status"], ["clear", "xidao"]])
def test_f38_without_a_keyring_nothing_is_claimed_to_be_kept(
    services: Services,
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    without = Services(services.paths, services.library, services.engine, keyring=lambda _asked: no_keyring())
    pipe(monkeypatch, CANARY.encode())
    assert cli.main(["key", *arguments], without) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "There is none. Install one." in err
    assert err.count("\n") == 1


def test_what_is_missing_is_named_as_the_help_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["key", "set"])
    assert capsys.readouterr().err.endswith("required: PROVIDER\n")
