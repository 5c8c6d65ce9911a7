"""The command line: what it prints where, and its exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from desktop import cli
from desktop.commands.services import Services
from desktop.commands.terminal import Terminal
from desktop.system.options import Options
from desktop.system.paths import Paths
from desktop.system.settings import Settings, save
from models.chat import (
    ChatEvent,
    ChatRequest,
    Finished,
    FinishReason,
    Notice,
    Progress,
    ReasoningDelta,
    Role,
    Sampling,
    Stage,
    TextDelta,
    Thinking,
    Timings,
    Usage,
)
from models.errors import EngineCrashed
from models.library import Library
from models.local.ladder import Cache
from models.local.measures import MachineSpeed
from models.local.protocol import EngineInfo, Planned
from models.thinking import ThinkingKind, ThinkingSupport
from tests.fakes import FakeBackend, says
from tests.fixtures.gguf_writer import U32, Gguf, Typed, usual_metadata

ROOT = Path(__file__).parents[2]
STARTER_ID = "smollm2-135m-instruct-q4_1"
DONE = Finished(FinishReason.STOP, Usage(5, 0, 2, 3), Timings(load_s=0.5, ttft_s=0.75, decode_tps=80.0))


class Engine(FakeBackend):
    """The shipped fake, which also describes itself."""

    closed = False

    async def describe(self) -> EngineInfo:
        return EngineInfo("1", "2", "3", ("AVX2 = 1",), (), gpu_offload=False)

    async def gauge(self) -> MachineSpeed:
        return MachineSpeed(20e9, ())

    async def aclose(self) -> None:
        self.closed = True
        await super().aclose()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a starter of our own."""
    (tmp_path / "starter").mkdir()
    Gguf().write(tmp_path / "starter" / "SmolLM2-135M-Instruct.Q4_1.gguf")
    return tmp_path


def _services(home: Path, engine: Engine | None = None) -> Services:
    made = engine or Engine()
    paths = Paths.find({"INSHORE_HOME": str(home / "home")})
    return Services(paths, Library(paths.models, home / "starter"), lambda: made)


def _records(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# -- ask


def test_an_answer_goes_to_standard_output(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engine = Engine(says("It is Paris."))

    assert cli.main(["ask", "Which town?"], _services(home, engine)) == 0

    assert capsys.readouterr() == ("It is Paris.\n", "")
    (request,) = engine.requests
    assert request.model == STARTER_ID
    assert [(m.role, m.text) for m in request.messages] == [(Role.USER, "Which town?")]
    assert request.thinking is Thinking.AUTO
    assert engine.closed


def test_options_reach_the_backend(home: Path) -> None:
    engine = Engine()
    options = (
        "--max-tokens 16 --temperature 0 --seed 7 --thinking on --thinking-budget 0 --mode hybrid --model"
    )

    assert cli.main(["ask", "Hi", *options.split(), STARTER_ID], _services(home, engine)) == 0

    (request,) = engine.requests
    sampling = request.sampling
    assert (sampling.max_tokens, sampling.temperature, sampling.seed) == (16, 0.0, 7)
    assert request.thinking is Thinking.ON
    assert request.thinking_budget == 0


def test_each_option_reaches_the_backend(home: Path) -> None:
    engine = Engine()
    (home / "form.json").write_text('\ufeff{"type": "object"}', encoding="utf-8")
    flags = (
        "--top-k 5 --top-p 0.9 --min-p 0 --repeat-penalty 1.1 --frequency-penalty 0.5 --presence-penalty 1"
    )
    texts = ["--stop", "END", "--stop", "\n\n", "--json-schema", str(home / "form.json")]

    assert cli.main(["ask", "Hi", *flags.split(), *texts], _services(home, engine)) == 0

    assert engine.requests[0].sampling == Sampling(
        top_k=5,
        top_p=0.9,
        min_p=0.0,
        repeat_penalty=1.1,
        frequency_penalty=0.5,
        presence_penalty=1.0,
        stop=("END", "\n\n"),
        json_schema='{"type": "object"}',
    )


def test_the_settings_options_for_the_model_hold_and_flags_win(home: Path) -> None:
    engine = Engine()
    (home / "grammar").write_text('root ::= "yes"')
    services = _services(home, engine)
    services.paths.settings_file.parent.mkdir(parents=True)
    own = Options(temperature=0.2, top_k=3, json_schema="{}")
    save(services.paths.settings_file, Settings(thinking_budget=7, max_tokens=9, models={STARTER_ID: own}))
    flags = ["--top-k", "4", "--grammar", str(home / "grammar")]

    assert cli.main(["ask", "Hi", *flags], services) == 0

    (request,) = engine.requests
    assert request.sampling == Sampling(temperature=0.2, top_k=4, max_tokens=9, grammar='root ::= "yes"')
    assert request.thinking_budget == 7


def test_damaged_settings_are_said_and_the_answer_comes(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    services = _services(home, Engine(says("Yes.")))
    services.paths.settings_file.parent.mkdir(parents=True)
    services.paths.settings_file.write_text('{"models": {"m": {"top_k": -1}}}')
    assert cli.main(["ask", "Hi"], services) == 0
    output = capsys.readouterr()
    assert output.out == "Yes.\n"
    assert "“models/m/top_k”" in output.err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--top-p 1.5", "give a number from 0 to 1"),
        ("--top-k 0.5", "give a whole number from 0 to 100,000"),
        ("--min-p x", "give a number from 0 to 1"),
        ("--repeat-penalty nan", "give a number from 0.1 to 5"),
        ("--json-schema missing", "“missing” can’t be read: No such file or directory"),
        ("--grammar .", "“.” can’t be read: Is a directory"),
        ("--json-schema bad.json", "“bad.json”: not JSON yet: line 1, column 2"),
        ("--grammar bad.json", "“bad.json”: a grammar has a rule named “root”"),
        ("--grammar bytes", "“bytes” is not UTF-8 text"),
        ("--json-schema good.json --grammar bad.json", "argument --grammar"),
        ("--json-schema good.json --grammar good.gbnf", "not allowed with argument --json-schema"),
    ],
)
def test_an_option_that_can_t_be_used_exits_2_with_a_hint(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, flags: str, said: str
) -> None:
    monkeypatch.chdir(home)
    Path("bad.json").write_text("{")
    Path("good.json").write_text("{}")
    Path("good.gbnf").write_text('root ::= "x"')
    Path("bytes").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(SystemExit) as caught:
        cli.main(["ask", "Hi", *flags.split()], _services(home))
    assert caught.value.code == 2
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_an_empty_stop_string_exits_2(home: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["ask", "Hi", "--stop", ""], _services(home))
    assert caught.value.code == 2


def test_reasoning_goes_to_standard_error(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engine = Engine([ReasoningDelta("Hm, "), ReasoningDelta("Paris"), TextDelta("Paris.\n"), DONE])
    assert cli.main(["ask", "?"], _services(home, engine)) == 0
    assert capsys.readouterr() == ("Paris.\n", "Hm, Paris\n")


def test_a_model_that_can_t_think_is_told_of_only_where_it_was_to(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for thinking, told in (("auto", ""), ("on", "It can’t think.\n")):
        engine = Engine(says("Paris."))
        engine.thinking = ThinkingSupport(ThinkingKind.NONE, "", "It can’t think.")
        assert cli.main(["ask", "?", "--thinking", thinking], _services(home, engine)) == 0
        assert capsys.readouterr() == ("Paris.\n", told)
    engine = Engine(says("Paris."))
    assert cli.main(["ask", "?", "--thinking", "on"], _services(home, engine)) == 0
    assert capsys.readouterr().err == ""  # it could have


def test_an_answer_cut_by_its_limit_says_so(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engine = Engine(says("Once upon", FinishReason.LENGTH))
    assert cli.main(["ask", "?"], _services(home, engine)) == 0
    out, err = capsys.readouterr()
    assert out == "Once upon\n"
    assert "cut off" in err


def test_json_is_one_event_a_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loading = Progress(Stage.LOAD, 1, 4)
    engine = Engine([loading, ReasoningDelta("Hm"), TextDelta("Pa"), TextDelta("ris 巴黎\n"), DONE])

    assert cli.main(["ask", "?", "--json"], _services(home, engine)) == 0

    out, err = capsys.readouterr()
    assert err == ""
    *events, last = _records(out)
    assert events == [
        {"event": "progress", "text": "Loading the model", "stage": "load", "done": 1, "total": 4},
        {"event": "reasoning", "text": "Hm"},
        {"event": "text", "text": "Pa"},
        {"event": "text", "text": "ris 巴黎\n"},
    ]
    assert list(last) == ["event", "reason", "usage", "timings", "route", "cost"]
    assert (last["event"], last["reason"]) == ("finished", "stop")
    assert last["usage"] == {
        "prompt_tokens": 5,
        "cached_tokens": 0,
        "reasoning_tokens": 2,
        "completion_tokens": 3,
    }
    names = "load_s ttft_s prompt_tokens reused_tokens prompt_tps completion_tokens decode_tps"
    assert set(names.split()) <= set(last["timings"])
    assert last["timings"]["ttft_s"] == 0.75
    route = {name: last["route"][name] for name in ("backend", "model", "reason", "alternatives")}
    assert route == {
        "backend": "local",
        "model": STARTER_ID,
        "reason": "your default model, on this machine",
        "alternatives": [],
    }
    assert last["cost"] == {"nano": 0, "currency": "CNY"}


def test_a_dash_reads_standard_input(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("\ufeffGrüße\n世界".encode())))
    assert cli.main(["ask", "-"], _services(home, engine)) == 0
    assert engine.requests[0].messages[0].text == "Grüße\n世界"


@pytest.mark.parametrize(("data", "words"), [(b"\xff\xfe", "not UTF-8"), (b" \n", "empty"), (b"", "empty")])
def test_unusable_input_is_refused(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    data: bytes,
    words: str,
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert cli.main(["ask", "-"], _services(home)) == 1
    assert words in capsys.readouterr().err


def test_bytes_that_are_no_text_do_not_reach_the_model(home: Path) -> None:
    engine = Engine()
    assert cli.main(["ask", "a\udcffb"], _services(home, engine)) == 0
    assert engine.requests[0].messages[0].text == "a\ufffdb"


def test_a_failure_is_one_line_and_keeps_what_was_written(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crash = EngineCrashed("Its process\nended.", "Ask again.", details="long\nlog")
    engine = Engine([TextDelta("It is"), crash])

    assert cli.main(["ask", "?"], _services(home, engine)) == 1

    out, err = capsys.readouterr()
    assert out == "It is\n"
    assert err == "The local engine stopped unexpectedly. Its process ended. Ask again.\n"
    assert engine.closed


def test_what_was_decided_for_the_user_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notice = Notice("Loaded with a 4k context instead of 8k: 3.1 GB were free.")
    assert cli.main(["ask", "?"], _services(home, Engine([notice, *says("Yes.")]))) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("Yes.\n", f"{notice.text}\n")
    assert cli.main(["ask", "?", "--json"], _services(home, Engine([notice, *says("Yes.")]))) == 0
    assert {"event": "progress", "text": notice.text, "stage": "notice"} in _records(capsys.readouterr().out)


def test_an_unknown_model_lists_the_installed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ask", "?", "--model", "nope"], _services(home)) == 1
    err = capsys.readouterr().err
    assert "“nope”" in err
    assert STARTER_ID in err


def test_a_file_in_place_of_a_model_says_how_to_add_it(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Gguf().write(home / "my model.gguf")
    assert cli.main(["ask", "?", "--model", str(path)], _services(home)) == 1
    assert f"python main.py models add '{path}'" in capsys.readouterr().err


def test_without_a_model_it_says_how_to_get_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ask", "?"], _services(tmp_path)) == 1
    assert "models add FILE" in capsys.readouterr().err


def test_a_damaged_only_model_says_that(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "starter" / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"GGUF")
    for arguments in (["ask", "?"], ["ask", "?", "--model", STARTER_ID]):
        assert cli.main(arguments, _services(home)) == 1
        assert "damaged" in capsys.readouterr().err


def test_cloud_is_not_answered_here(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engine = Engine()
    services = _services(home, engine)
    services.paths.create()
    services.paths.settings_file.write_text('{"providers": []}')
    assert cli.main(["ask", "?", "--mode", "cloud"], services) == 1
    assert "No gateway" in capsys.readouterr().err
    assert engine.requests == []


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "nonsense",
        "ask",
        "ask ? --max-tokens 0",
        "ask ? --max-tokens 1000001",
        "ask ? --max-tokens 1.5",
        "ask ? --max-tokens 00000000000000000000000001",
        "ask ? --max-tokens ²",
        "ask ? --temperature -0.1",
        "ask ? --temperature 5.1",
        "ask ? --temperature nan",
        "ask ? --temperature inf",
        "ask ? --temperature hot",
        "ask ? --seed -1",
        "ask ? --seed 4294967296",
        "ask ? --thinking maybe",
        "ask ? --mode moon",
        "ask ? --unknown",
        "ask two words",
        "ask ? --max 5",
        "models list --al",
        "models remove mine --del",
        "usage --per today",
        "doctor --js",
        "models",
        "models nonsense",
        "models add",
        "models show",
        "doctor --no",
    ],
)
def test_bad_arguments_exit_2(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments.split())
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage:")


def test_an_empty_question_is_a_bad_argument() -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["ask", "  "])
    assert caught.value.code == 2


@pytest.mark.parametrize(
    "arguments",
    ["ask ? --max-tokens 1000000", "ask ? --temperature 5", "ask ? --seed 4294967295", "ask ? --seed 0"],
)
def test_the_ends_of_the_ranges_are_allowed(home: Path, arguments: str) -> None:
    assert cli.main(arguments.split(), _services(home)) == 0


@pytest.mark.parametrize("arguments", ["--help", "ask --help", "models --help", "models add --help"])
def test_help_exits_0(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments.split())
    assert caught.value.code == 0
    assert "usage:" in capsys.readouterr().out


def test_usage_prints_what_was_asked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ask", "?"], _services(home)) == 0
    assert cli.main(["ask", "?"], _services(home, Engine([DONE]))) == 0
    capsys.readouterr()

    assert cli.main(["usage", "--json", "--by", "model", "--period", "today"], _services(home)) == 0

    [figures] = _records(capsys.readouterr().out)
    assert (figures["period"], figures["by"]) == ("today", "model")
    [group] = figures["groups"]
    assert (group["provider"], group["model"]) == ("local", STARTER_ID)
    assert (group["attempts"], figures["totals"]["attempts"]) == (2, 2)
    assert figures["totals"]["costs"] == {}


def test_usage_as_csv_has_a_line_for_each_attempt(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ask", "?"], _services(home, Engine([DONE]))) == 0
    capsys.readouterr()
    assert cli.main(["usage", "--csv"], _services(home)) == 0
    [values] = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (values["state"], values["outcome"], values["place"]) == ("settled", "finished", "local")
    assert (values["prompt_tokens"], values["completion_tokens"], values["cost_nano"]) == ("5", "3", "0")


def test_looking_at_usage_makes_no_file(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["usage"], _services(home)) == 0
    assert "Nothing was asked" in capsys.readouterr().err
    assert not (home / "home").exists()


class Interrupting(Engine):
    """Ctrl-C arrives in the middle of its answer."""

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent, None]:
        async for event in super().stream(request):
            yield event
            if isinstance(event, TextDelta):
                signal.raise_signal(signal.SIGINT)


def test_ctrl_c_frees_the_model_and_exits_130(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engine = Interrupting(says("one two three four"))

    assert cli.main(["ask", "?"], _services(home, engine)) == 130

    out, err = capsys.readouterr()
    assert out == "one\n"
    assert err == ""
    assert engine.closed
    assert engine.cancelled == 1


# -- models


def test_models_are_listed_added_shown_and_removed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    services = _services(home)
    path = Gguf().write(home / "mine.gguf")

    assert cli.main(["models", "add", str(path)], services) == 0
    assert "mine" in capsys.readouterr().out
    assert cli.main(["models", "list"], services) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == [STARTER_ID, "mine"]
    assert "1M · Q4_K_M" in listed[1]
    assert "MIT · fully open" in listed[1]
    assert cli.main(["models", "show", "mine"], services) == 0
    shown = capsys.readouterr().out
    assert str(path) in shown
    assert "2,048 tokens" in shown
    assert cli.main(["models", "remove", "mine"], services) == 0
    assert str(path) in capsys.readouterr().out
    assert path.exists()
    assert cli.main(["models", "show", "mine"], services) == 1
    assert "not in your library" in capsys.readouterr().err


@pytest.mark.parametrize("way", ["copy", "move"])
def test_a_model_can_be_brought_into_inshores_folder(
    home: Path, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    services = _services(home)
    path = Gguf().write(home / "mine.gguf")

    assert cli.main(["models", "add", str(path), f"--{way}"], services) == 0

    here = services.paths.models / "imported" / "mine" / "mine.gguf"
    assert str(here) in capsys.readouterr().out
    assert here.exists()
    assert path.exists() is (way == "copy")
    cli.main(["models", "show", "mine"], services)
    assert "brought into Inshore’s folder by you" in capsys.readouterr().out
    assert cli.main(["models", "verify", "mine"], services) == 0
    assert ("intact" in capsys.readouterr().out) is (way == "copy")  # a move reads nothing
    assert cli.main(["models", "remove", "mine", "--delete"], services) == 0
    assert not here.exists()


@pytest.mark.parametrize(
    ("name", "said"), [("notes.txt", "It is not a model."), ("gone.gguf", "no such file")]
)
def test_what_is_no_model_is_not_brought(
    home: Path, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    (home / "notes.txt").write_text("x")
    assert cli.main(["models", "add", str(home / name), "--copy"], _services(home)) == 1
    assert said in capsys.readouterr().err


def test_what_a_model_took_here_is_told_with_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    services = _services(home)
    services.paths.create()
    path = Gguf().write(home / "mine.gguf")
    cli.main(["models", "add", str(path)], services)
    capsys.readouterr()
    took = Timings(decode_tps=21.4, completion_tokens=100, memory_bytes=500_000_000)
    plan = Planned(8192, Cache.F16, 0, 480_000_000)
    services.measures.record(path, plan, None, as_wanted=True, timings=took)

    assert cli.main(["models", "show", "mine"], services) == 0
    out = capsys.readouterr().out
    assert "21.4 tokens/s, measured" in out
    assert "500 MB with 8,192 tokens" in out
    assert cli.main(["models", "list", "--json"], services) == 0
    (listing,) = _records(capsys.readouterr().out)
    mine = next(model for model in listing["models"] if model["id"] == "mine")
    assert (mine["tokens_per_second"], mine["speed_is_measured"], mine["memory_bytes"]) == (
        21.4,
        True,
        500_000_000,
    )


def test_a_model_of_the_catalogue_is_shown_before_it_is_there(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["models", "show", "gemma-3-12b"], _services(home)) == 0
    out = capsys.readouterr().out
    for words in (
        "Gemma 3 12B",
        "not installed",
        "Gemma Terms of Use",
        "The article advises a 24 GB card at INT4",
    ):
        assert words in out
    assert cli.main(["models", "show", "gemma-3-12b", "--json"], _services(home)) == 0
    (record,) = _records(capsys.readouterr().out)
    assert (record["source"], record["licence_tier"]) == ("catalogue", 2)
    assert record["advice"]["hardware"][0]["card_gb"] == 24
    assert cli.main(["models", "show", "deepseek-v3", "--json"], _services(home)) == 0
    assert _records(capsys.readouterr().out)[0]["advice"] is None


def test_models_as_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    services = _services(home)
    path = Gguf().write(home / "mine.gguf")

    assert cli.main(["models", "add", str(path), "--json"], services) == 0
    (added,) = _records(capsys.readouterr().out)
    assert cli.main(["models", "show", "mine", "--json"], services) == 0
    (shown,) = _records(capsys.readouterr().out)
    added_here = ("tokens_per_second", "speed_is_measured", "memory_bytes", "fit", "advice")
    assert shown == added | dict.fromkeys(added_here)
    path.unlink()
    assert cli.main(["models", "list", "--json"], services) == 0
    (listing,) = _records(capsys.readouterr().out)
    starter, mine = listing["models"]
    assert (starter["id"], starter["licence"], starter["problem"]) == (STARTER_ID, "Apache-2.0", None)
    assert added["size_bytes"] > 0
    assert mine["problem"]["kind"] == "ModelFileMissing"
    assert cli.main(["models", "remove", "mine", "--json"], services) == 0
    assert _records(capsys.readouterr().out) == [{"removed": "mine", "path": str(path)}]


def test_all_models_are_listed_with_licence_and_fit(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    services = _services(home)
    assert cli.main(["models", "list", "--all", "--json"], services) == 0
    (listing,) = _records(capsys.readouterr().out)
    known = {model["id"]: model for model in listing["models"]}
    assert next(iter(known)) == STARTER_ID
    assert len(known) == len(listing["models"])
    assert {"qwen3-0.6b", "mistral-large-3", "llama-4-behemoth"} <= set(known)
    assert all(model["licence_label"] and model["fit"]["verdict"] for model in list(known.values())[1:])
    assert (known["gemma-3-1b"]["licence_tier"], known["gemma-3-1b"]["source"]) == (2, "catalogue")
    assert known["llama-4-maverick"]["fit"]["needed_bytes"] > 200e9
    assert cli.main(["models", "list", "--all"], services) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(known)
    (maverick,) = (line for line in lines if line.startswith("llama-4-maverick "))
    assert "not installed · at least 400 B, 17 B active · Llama 4 Community License" in maverick
    assert maverick.endswith("¥2 in, ¥6 out per million tokens")


def test_the_fit_is_for_the_context_that_is_set(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    services = _services(home)
    sizes = {"block_count": 8, "embedding_length": 512, "attention.head_count": 8, "context_length": 65_536}
    values = usual_metadata() | {f"llama.{key}": Typed(U32, value) for key, value in sizes.items()}
    path = Gguf(values).write(home / "mine.gguf")
    assert cli.main(["models", "add", str(path)], services) == 0
    for context, expected in ((None, 8_192), (32_768, 32_768)):
        save(services.paths.settings_file, Settings(models={"mine": Options(context=context)}))
        capsys.readouterr()
        assert cli.main(["models", "show", "mine", "--json"], services) == 0
        assert _records(capsys.readouterr().out)[0]["fit"]["context_tokens"] == expected


def test_an_empty_library_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "list"], _services(tmp_path)) == 0
    assert "models add FILE" in capsys.readouterr().err
    assert cli.main(["models", "list", "--json"], _services(tmp_path)) == 0
    assert _records(capsys.readouterr().out) == [{"models": []}]


@pytest.mark.parametrize("words", [(), ("--all",), ("--json",)])
def test_an_own_entry_that_can_t_be_used_is_told(
    home: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    services = _services(home)
    own = services.paths.own_catalogue
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text("[[model]]\nid = 5\n", encoding="utf-8")
    assert cli.main(["models", "list", *words], services) == 0
    assert "One of your own models" in capsys.readouterr().err


def test_a_damaged_list_is_told_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    services = _services(home)
    services.paths.create()
    (services.paths.models / "library.json").write_text("{")
    assert cli.main(["models", "list"], services) == 0
    assert "library.bad-1.json" in capsys.readouterr().err
    assert cli.main(["models", "list"], services) == 0
    assert capsys.readouterr().err == ""


def test_the_starter_cannot_be_removed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "remove", STARTER_ID], _services(home)) == 1
    assert "part of Inshore" in capsys.readouterr().err


# -- the terminal


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_model_cannot_send_commands_to_the_terminal() -> None:
    out = Screen()
    Terminal(out, io.StringIO()).write("a\x1b]0;title\x07\tb\r\x9bc\n")
    assert out.getvalue() == "a]0;title\tbc\n"


def test_a_file_gets_the_answer_as_it_is() -> None:
    out = io.StringIO()
    Terminal(out, io.StringIO()).write("a\x1b[1mb")
    assert out.getvalue() == "a\x1b[1mb"


def test_on_a_terminal_reasoning_is_dim_and_progress_goes_away() -> None:
    out, err = Screen(), Screen()
    terminal = Terminal(out, err)
    terminal.status("Loading")
    terminal.aside("Hm")
    terminal.end_lines()
    terminal.write("Yes")
    terminal.status("never in the middle of a line")
    assert err.getvalue() == "\r\x1b[K\x1b[2mLoading\x1b[0m\r\x1b[K\x1b[2mHm\x1b[0m\n"
    assert out.getvalue() == "Yes"


def test_half_a_character_ends_nothing() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Terminal(out, io.StringIO()).line("é\ud800")
    assert out.buffer.getvalue() == b"??\n"


# -- as a process


def _main(home: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "main.py", *arguments],
        env=_environment(home),
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


def _environment(home: Path, **more: str) -> Mapping[str, str]:
    return {"PATH": os.environ["PATH"], "INSHORE_HOME": str(home / "home"), **more}


def test_help_and_unknown_words_as_a_process(tmp_path: Path) -> None:
    helped = _main(tmp_path, "--help", cwd=tmp_path)
    assert (helped.returncode, helped.stderr) == (0, "")
    assert "models" in helped.stdout
    unknown = _main(tmp_path, "frobnicate")
    assert unknown.returncode == 2
    assert "usage:" in unknown.stderr
    assert "Traceback" not in unknown.stderr


@pytest.mark.skipif(os.name == "nt", reason="umask and core limits are Unix's")
def test_what_is_written_is_private(tmp_path: Path) -> None:
    path = Gguf().write(tmp_path / "mine.gguf")
    assert _main(tmp_path, "models", "add", str(path)).returncode == 0
    made = list((tmp_path / "home").rglob("*"))
    assert made
    assert all(file.stat().st_mode & 0o077 == 0 for file in made)


@pytest.mark.skipif(os.name == "nt", reason="RLIMIT_CORE is Unix's")
def test_no_core_file_is_left_of_any_door() -> None:
    code = "import main, resource; main.keep_private(); print(resource.getrlimit(resource.RLIMIT_CORE))"
    assert subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True) == "(0, 0)\n"


def test_the_window_and_its_tools_stay_behind_their_door() -> None:
    code = """
import sys, main
main.main(["models", "list"])
heavy = ("PySide6", "llama_cpp", "numpy", "openai", "jinja2", "asyncio", "keyring", "psutil")
print(sorted(name for name in heavy if name in sys.modules))
"""
    out = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True)
    assert out.splitlines()[-1] == "[]"


@pytest.mark.skipif(os.name == "nt", reason="pipes break in another way there")
def test_a_reader_that_goes_away_is_no_error(home: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as broken:
        run = subprocess.run(
            [sys.executable, ROOT / "main.py", "models", "list", "--json"],
            env=_environment(home),
            stdout=broken,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert (run.returncode, run.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_told(home: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            [sys.executable, ROOT / "main.py", "models", "list", "--json"],
            env=_environment(home),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert run.returncode == 1
    assert "No space left" in run.stderr.decode()
    assert b"Traceback" not in run.stderr
    assert run.stderr.count(b"\n") == 1


@pytest.mark.parametrize("language", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0"}, {}])
def test_any_language_will_do(home: Path, language: dict[str, str]) -> None:
    run = subprocess.run(
        [sys.executable, ROOT / "main.py", "models", "show", "no“such”模型"],
        env=_environment(home, **language),
        capture_output=True,
        timeout=60,
    )
    assert run.returncode == 1
    assert b"not in your library" in run.stderr
    assert b"Traceback" not in run.stderr


@pytest.mark.model
def test_the_starter_answers(tmp_path: Path) -> None:
    question = "What is the capital of France? One word."
    options = ("--max-tokens", "16", "--temperature", "0")

    run = _main(tmp_path, "ask", question, *options, "--json")

    assert (run.returncode, run.stderr) == (0, "")
    *events, last = _records(run.stdout)
    text = "".join(event["text"] for event in events if event["event"] == "text")
    assert "Paris" in text
    assert {event["stage"] for event in events if event["event"] == "progress"} >= {"load", "prompt"}
    assert last["route"]["model"] == STARTER_ID
    timings = last["timings"]
    assert 0 < timings["completion_tokens"] <= 16
    assert timings["prompt_tokens"] > 0
    assert timings["reused_tokens"] == 0
    for name in ("load_s", "ttft_s", "prompt_tps", "decode_tps"):
        assert timings[name] > 0
    plain = _main(tmp_path, "ask", question, *options)
    assert (plain.returncode, plain.stdout, plain.stderr) == (0, text.rstrip("\n") + "\n", "")


@pytest.mark.model
@pytest.mark.skipif(os.name == "nt", reason="signals are Unix's")
@pytest.mark.parametrize("when", ["progress", "text"])
def test_ctrl_c_ends_the_worker_too(tmp_path: Path, when: str) -> None:
    command = [sys.executable, str(ROOT / "main.py"), "ask", "Count to a thousand.", "--json"]
    with subprocess.Popen(
        command, env=_environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        _read_until(process.stdout.readline, when)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err == ""
    assert '"finished"' not in out


def _read_until(readline: Callable[[], str], event: str) -> None:
    while line := readline():
        if json.loads(line)["event"] == event:
            return
    raise AssertionError(f"ended before any {event}")
