"""`models download`, `models verify` and `models discover`."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop import cli
from desktop.commands.download import TOKEN_VARIABLE
from desktop.commands.services import Services
from desktop.storage.database import open_database
from desktop.storage.outbound_log import OutboundLog
from desktop.storage.outbound_pending import Pending
from desktop.system.paths import Paths
from desktop.system.settings import Settings, save
from models.library import Library
from models.local.measures import MachineSpeed
from models.outbound import Sent
from models.unfinished import Unfinished
from tests.fakes import FakeBackend
from tests.fixtures.gguf_writer import Gguf
from tests.fixtures.keyrings import MemoryHolder, keyring_of
from tests.hub_server import Fault, HubServer

ROOT = Path(__file__).parents[2]
REPO = "owner/model-GGUF"
SMALL, LARGE = "model-Q4_K_M.gguf", "model-Q8_0.gguf"


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer() as made:
        made.add(REPO, {SMALL: _model(300_000), LARGE: _model(500_000), "README.md": b"# A model"})
        yield made


@pytest.fixture
def services(tmp_path: Path) -> Services:
    paths = Paths.find({"INSHORE_HOME": str(tmp_path / "home")})

    def engine() -> Any:
        return FakeBackend()

    return Services(paths, Library(paths.models, tmp_path / "starter"), engine)


def _model(size: int) -> bytes:
    head = Gguf().to_bytes()
    return head + random.Random(size).randbytes(size - len(head))


def _run(server: HubServer, services: Services, *words: str) -> int:
    return cli.main(["models", "download", *words, "--endpoint", server.url], services)


def _records(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("words", [(f"{REPO}/{SMALL}",), (REPO, "--file", "*q4_k_m*")])
def test_a_download_is_in_the_library_with_its_origin(
    server: HubServer, services: Services, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert _run(server, services, *words) == 0

    (model,) = services.library.models()
    assert capsys.readouterr().out.startswith("Downloaded model-q4_k_m")
    assert model.path == services.paths.models / REPO / SMALL
    assert model.path.read_bytes() == _model(300_000)
    assert model.source == "downloaded"
    assert model.origin is not None
    assert model.origin.repo == REPO
    assert model.origin.sha256 == (server.repositories[REPO].sha256_of(SMALL),)


@pytest.mark.parametrize(
    ("words", "repo", "name"),
    [
        (("qwen3-0.6b",), "Qwen/Qwen3-0.6B-GGUF", "Qwen3-0.6B-Q8_0.gguf"),
        (("qwen3-0.6b", "--file", "q4_k_m"), "unsloth/Qwen3-0.6B-GGUF", "Qwen3-0.6B-Q4_K_M.gguf"),
    ],
)
def test_a_model_of_the_catalogue_comes_in_the_file_that_suits_this_machine(
    server: HubServer, services: Services, words: tuple[str, ...], repo: str, name: str
) -> None:
    services.paths.create()
    services.measures.keep_machine(MachineSpeed(40e9, ()))
    server.add("Qwen/Qwen3-0.6B-GGUF", {"Qwen3-0.6B-Q8_0.gguf": _model(90_000)})
    server.add(
        "unsloth/Qwen3-0.6B-GGUF", {f"Qwen3-0.6B-{q}.gguf": _model(70_000) for q in ("Q4_K_M", "Q2_K")}
    )
    assert _run(server, services, *words) == 0
    (model,) = services.library.models()
    assert model.path == services.paths.models / repo / name


def test_a_model_without_that_file_or_without_any_is_told(
    server: HubServer, services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(server, services, "qwen3-0.6b", "--file", "Q2_K") == 1
    assert "knows Q4_K_M, Q8_0" in capsys.readouterr().err
    assert _run(server, services, "mistral-large-3") == 1
    assert "knows no file of Mistral Large 3" in capsys.readouterr().err
    assert server.requests == []


def test_without_an_address_the_hubs_of_the_settings_are_asked_in_their_order(
    server: HubServer, services: Services
) -> None:
    services.paths.create()
    with HubServer() as first:
        first.faults = [Fault(where="hub", status=503, times=9)]
        save(services.paths.settings_file, Settings(hub_endpoints=(first.url, server.url)))
        assert cli.main(["models", "download", f"{REPO}/{SMALL}"], services) == 0
    assert first.to("hub")
    assert services.library.models()[0].path.read_bytes() == _model(300_000)


def test_what_was_sent_is_on_record(server: HubServer, services: Services) -> None:
    assert _run(server, services, f"{REPO}/{SMALL}") == 0
    lines = _sent(services)
    assert {line.host for line in lines} == {"127.0.0.1"}
    assert {line.purpose for line in lines} == {"look at a model", "download a model"}
    assert sum(line.bytes_in for line in lines) >= 300_000
    assert not services.paths.outbound_pending.exists()


def test_what_was_sent_waits_while_the_window_is_open(server: HubServer, services: Services) -> None:
    services.paths.create()
    with closing(open_database(services.paths.database)) as window:
        OutboundLog(window).days()
        assert _run(server, services, f"{REPO}/{SMALL}") == 0
        assert OutboundLog(window).days() == []
        assert Pending(services.paths.outbound_pending).move_into(OutboundLog(window)) >= 2
        assert OutboundLog(window).days()[0].bytes_in >= 300_000


def test_a_record_that_can_t_be_kept_is_told_and_stops_nothing(
    server: HubServer, services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    services.paths.create()
    services.paths.outbound_pending.mkdir()
    assert _run(server, services, f"{REPO}/{SMALL}") == 0
    assert capsys.readouterr().err.count("The record of what was sent has gaps.") == 1


def _sent(services: Services) -> list[Sent]:
    with closing(open_database(services.paths.database)) as connection:
        log = OutboundLog(connection)
        return [line for day in log.days() for line in log.on(day.day)]


def test_an_address_on_the_command_line_is_asked_instead(server: HubServer, services: Services) -> None:
    services.paths.create()
    with HubServer() as other:
        save(services.paths.settings_file, Settings(hub_endpoints=(other.url,)))
        assert _run(server, services, f"{REPO}/{SMALL}") == 0
    assert other.requests == []


def test_again_changes_nothing_and_fetches_nothing(server: HubServer, services: Services) -> None:
    _run(server, services, f"{REPO}/{SMALL}")
    before = server.content_sent(), services.library.models()
    assert _run(server, services, f"{REPO}/{SMALL}") == 0
    assert (server.content_sent(), services.library.models()) == before


def test_events_are_told_to_programs(
    server: HubServer, services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(server, services, f"{REPO}/{SMALL}", "--json") == 0
    events = [record["event"] for record in _records(capsys.readouterr().out)]
    assert events[0] == "started"
    assert events[-3:] == ["progress", "done", "added"]
    assert "verified" in events


def test_several_models_are_named(
    server: HubServer, services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(server, services, REPO) == 1
    err = capsys.readouterr().err
    assert SMALL in err
    assert LARGE in err
    assert "--file" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("owner/other",), "has no “owner/other”"),
        ((REPO, "--file", "*F16*"), "no GGUF file that fits"),
        (("nothing",), "is neither a repository nor a model"),
        (("../../etc",), "is not a repository’s name"),
    ],
)
def test_what_is_not_there(
    server: HubServer,
    services: Services,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    assert _run(server, services, *words) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    [
        "../../x.gguf",
        "/abs.gguf",
        "C:\\x.gguf",
        "a\0b.gguf",
        "CON.gguf",
        "x" * 300 + ".gguf",
        "a\u202eb.gguf",
    ],
)
def test_s06_hostile_names_are_refused_and_written_nowhere(
    server: HubServer, services: Services, capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    server.add("owner/evil", {}, listed=(name,))
    assert _run(server, services, "owner/evil") == 1
    assert "not safe" in capsys.readouterr().err
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written == [services.paths.database]  # the record of what was sent
    assert server.to("cdn") == []


def test_only_this_machine_without_encryption(services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "download", REPO, "--endpoint", "http://example.com"], services) == 1
    assert "would not be encrypted" in capsys.readouterr().err


def test_the_token_goes_to_the_first_endpoint_only(
    server: HubServer, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, server.token)
    server.repositories[REPO].gated = "auto"
    assert _run(server, services, f"{REPO}/{SMALL}") == 0
    assert all("authorization" in request.headers for request in server.to("hub"))
    assert not any("authorization" in request.headers for request in server.to("cdn"))

    other = server.url.replace("127.0.0.1", "localhost")
    server.requests.clear()
    words = ["models", "download", f"{REPO}/{LARGE}", "--endpoint", "http://127.0.0.1:9", "--endpoint", other]
    assert cli.main(words, services) == 1
    assert not any("authorization" in request.headers for request in server.to("hub"))


def test_a_token_of_the_keyring_goes_to_the_hub_that_it_was_entered_for(
    server: HubServer, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = MemoryHolder()
    services = replace(services, keyring=lambda _asked: keyring_of(holder))
    services.paths.create()
    save(services.paths.settings_file, Settings(hub_endpoints=(server.url,)))
    server.repositories[REPO].gated = "auto"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(server.token.encode())))
    assert cli.main(["key", "set", "huggingface-hub"], services) == 0
    assert holder.entries == {"huggingface-hub": server.token}
    assert cli.main(["models", "download", f"{REPO}/{SMALL}"], services) == 0

    other, asked = server.url.replace("127.0.0.1", "localhost"), len(server.requests)
    assert cli.main(["models", "download", f"{REPO}/{LARGE}", "--endpoint", other], services) == 1
    assert len(server.requests) > asked
    assert not any("authorization" in request.headers for request in server.requests[asked:])

    assert cli.main(["key", "clear", "huggingface-hub"], services) == 0
    calls = holder.calls
    assert cli.main(["models", "download", f"{REPO}/{LARGE}"], services) == 1
    assert holder.calls == calls


def test_gated_says_where(server: HubServer, services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    server.repositories[REPO].gated = "manual"
    assert _run(server, services, f"{REPO}/{SMALL}") == 1
    assert f"{server.url}/{REPO}" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as a signal")
def test_ctrl_c_is_a_pause_with_a_hint(server: HubServer, services: Services, tmp_path: Path) -> None:
    server.pace_bytes_s = 50_000
    command = [sys.executable, "main.py", "models", "download", f"{REPO}/{SMALL}", "--endpoint", server.url]
    environment = {**os.environ, "INSHORE_HOME": str(tmp_path / "home")}
    with subprocess.Popen(
        [*command, "--json"],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if json.loads(line).get("done_bytes", 0) > 0:
                break
        process.send_signal(signal.SIGINT)
        error = process.stderr.read()
    assert process.returncode == 130
    assert error.strip() == "Paused. The same command goes on where it stopped."
    server.pace_bytes_s = None
    assert _run(server, services, f"{REPO}/{SMALL}") == 0
    assert services.library.models()[0].path.read_bytes() == _model(300_000)


def test_verify_says_intact_and_changed(
    server: HubServer, services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(server, services, f"{REPO}/{SMALL}")
    (model,) = services.library.models()
    capsys.readouterr()
    assert cli.main(["models", "verify", model.id], services) == 0
    assert "intact" in capsys.readouterr().out

    with model.path.open("r+b") as file:
        file.seek(200_000)
        file.write(b"x")
    assert cli.main(["models", "verify", model.id, "--json"], services) == 1
    (record,) = _records(capsys.readouterr().out)
    assert [file["intact"] for file in record["files"]] == [False]


def test_remove_deletes_what_was_downloaded_if_told_to(
    server: HubServer, services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(server, services, f"{REPO}/{SMALL}")
    (model,) = services.library.models()
    assert cli.main(["models", "remove", model.id, "--delete"], services) == 0
    assert services.library.models() == []
    assert list(services.paths.models.rglob("*.gguf")) == []
    assert "deleted 1" in capsys.readouterr().out


def test_verify_says_where_no_hash_is_known(
    services: Services, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    Gguf().write(tmp_path / "mine.gguf")
    services.library.add(tmp_path / "mine.gguf")
    assert cli.main(["models", "verify", "mine"], services) == 0
    assert "No hash is known" in capsys.readouterr().out


def test_a_download_with_wrong_bytes_is_not_offered(server: HubServer, services: Services) -> None:
    server.faults = [Fault(flip=1000, times=1000)]
    assert _run(server, services, f"{REPO}/{SMALL}") == 1
    assert services.library.models() == []


def test_discover_lists_and_add_uses_the_other_programs_name(
    services: Services,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".ollama" / "models"
    blob, digest = folder / "blobs" / f"sha256-{'ab' * 32}", f"sha256:{'ab' * 32}"
    blob.parent.mkdir(parents=True)
    Gguf().write(blob)
    manifest = folder / "manifests" / "registry.ollama.ai" / "library" / "llama3" / "8b"
    manifest.parent.mkdir(parents=True)
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": digest}
    manifest.write_text(json.dumps({"layers": [layer]}))

    assert cli.main(["models", "discover", "--json"], services) == 0
    (record,) = _records(capsys.readouterr().out)
    assert [(model["name"], model["added"]) for model in record["models"]] == [("llama3:8b", False)]
    assert cli.main(["models", "add", str(blob)], services) == 0
    assert services.library.models()[0].id == "llama3-8b"


def test_a_licence_with_conditions_is_accepted_before_the_download(
    server: HubServer, services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    server.repositories[REPO].extra = {"cardData": {"license": "gemma"}}
    assert _run(server, services, f"{REPO}/{SMALL}") == 1
    assert f"models accept {REPO} --use" in capsys.readouterr().err
    assert server.to("cdn") == []

    words = ["models", "accept", REPO, "--use", "notes at home", "--endpoint", server.url]
    assert cli.main(words, services) == 0
    assert _run(server, services, f"{REPO}/{SMALL}") == 0
    assert cli.main(["models", "licences"], services) == 0
    assert "notes at home" in capsys.readouterr().out


def test_the_catalogue_s_licence_counts_where_the_hub_states_none(
    server: HubServer, services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = "ggml-org/gemma-3-4b-it-GGUF"
    server.add(repo, {SMALL: _model(300_000)}, extra={"tags": ["gguf"]})
    assert _run(server, services, f"{repo}/{SMALL}") == 1
    assert "models accept gemma-3-4b --use" in capsys.readouterr().err
    assert cli.main(["models", "accept", "gemma-3-4b", "--use", "notes"], services) == 0
    assert _run(server, services, f"{repo}/{SMALL}") == 0


def test_what_was_interrupted_is_remembered_and_forgotten_when_it_is_done(
    server: HubServer, services: Services
) -> None:
    server.faults = [Fault(flip=1000, times=1000)]
    assert _run(server, services, f"{REPO}/{SMALL}") == 1
    (begun,) = Unfinished(services.paths.models).all()
    assert (begun.target.repo, begun.target.files[0].name) == (REPO, SMALL)
    server.faults = []
    assert _run(server, services, f"{REPO}/{SMALL}") == 0
    assert Unfinished(services.paths.models).all() == []
