"""`ask --mode hybrid`: the window's choice without a window, and what it says of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop import cli
from desktop.commands import hybrid
from desktop.commands.remote import StandIn
from desktop.commands.services import Services
from desktop.storage.booking import LONGEST_WITHIN_BUDGET
from desktop.storage.database import open_database
from desktop.system.budgets import written as budgets_written
from desktop.system.paths import Paths
from desktop.system.providers import Provider, written
from models.budget import Budget, Period
from models.chat import Finished, FinishReason, TextDelta, Timings, Usage
from models.errors import EngineCrashed
from models.library import Library
from models.policies import POLICIES
from models.pricing import Cost
from tests.fakes import ROOT, FakeBackend
from tests.fixtures.keyrings import CANARY, MemoryHolder, keyring_of
from tests.gateway_server import GatewayServer, error
from tests.gateway_server.scripts import text
from tests.gateway_server.server import Reply

CODE = "Write a Python function that sorts a list of dictionaries by a key, with tests."


@pytest.fixture
def gateway() -> Iterator[GatewayServer]:
    with GatewayServer() as server:
        yield server


@pytest.fixture
def services(tmp_path: Path) -> Services:
    """The starter's facts with a fake engine, and a keyring that has the gateway's key."""
    holder = MemoryHolder()
    holder.entries["xidao"] = CANARY
    paths = Paths.find({"INSHORE_HOME": str(tmp_path / "home")})
    paths.create()
    library = Library(paths.models, ROOT / "resources" / "starter")
    return Services(paths, library, FakeBackend, keyring=lambda _asked: keyring_of(holder))  # type: ignore[arg-type]


Keep = Callable[..., None]


@pytest.fixture
def keep(services: Services, gateway: GatewayServer) -> Keep:
    def keep(**values: object) -> None:
        providers = written((Provider("xidao", "xidao", "XiDao", (gateway.url,)),))
        services.paths.settings_file.write_text(json.dumps({"providers": providers, **values}))

    return keep


@pytest.fixture
def ask(services: Services, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    def ask(text: str, *flags: str, by: Services = services) -> dict[str, Any]:
        assert cli.main(["ask", text, "--mode", "hybrid", "--json", *flags], by) == 0
        end: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert end["event"] == "finished"
        return dict(end["route"])

    return ask


Ask = Callable[..., dict[str, Any]]


def test_small_talk_stays_here(keep: Keep, ask: Ask, gateway: GatewayServer) -> None:
    keep(allowed=["xidao"])
    route = ask("Hi!")
    assert route["backend"] == "local"
    assert gateway.received == []
    assert any(one["backend"] == "gateway" for one in route["alternatives"])


def test_the_gateway_is_asked_for_what_it_does_better_and_the_route_says_why(
    keep: Keep, ask: Ask, gateway: GatewayServer
) -> None:
    keep(allowed=["xidao"])
    route = ask(CODE)
    assert route["backend"] == "gateway"
    assert "code" in route["reason"]
    assert route["estimated_cost"]["currency"] == "CNY"
    assert route["estimated_cost"]["high_nano"] > route["estimated_cost"]["low_nano"] > 0
    assert all(isinstance(line, str) and len(line) < 120 for line in route["trace"])
    assert len(route["trace"]) >= 2
    assert any(one["backend"] == "local" for one in route["alternatives"])
    assert [chat.json["model"] for chat in gateway.chats] == [route["model"]]


@pytest.mark.parametrize(
    ("flag", "kept", "backend"),
    [((), "thrifty", "local"), (("--prefer", "best"), "thrifty", "gateway"), ((), "balanced", "gateway")],
)
def test_what_counts_is_as_the_settings_or_the_command_line_say(
    keep: Keep, ask: Ask, gateway: GatewayServer, flag: tuple[str, ...], kept: str, backend: str
) -> None:
    keep(allowed=["xidao"], preference=kept)
    assert ask(CODE, *flag)["backend"] == backend


def test_a_model_here_is_compared_by_its_scores(
    services: Services, keep: Keep, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(allowed=["xidao"])
    mine = services.library.models()[0]
    phi = replace(mine, name="Phi 4", architecture="phi3", licence="MIT")
    monkeypatch.setattr(services.library, "models", lambda: [phi])
    route = ask("Prove by induction that the sum of the first n odd numbers is n squared.")
    assert (route["backend"], route["model"]) == ("local", phi.id)
    assert "on MATH" in " ".join(route["trace"])


def test_a_model_here_whose_licence_was_not_accepted_takes_no_part(
    services: Services, keep: Keep, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(allowed=["xidao"])
    mine = replace(services.library.models()[0], name="My Gemma", licence="gemma", source="added")
    monkeypatch.setattr(services.library, "models", lambda: [mine])
    assert ask("Hi!")["backend"] == "gateway"


def test_a_gateway_that_was_not_allowed_takes_no_part_and_the_trace_says_so(
    keep: Keep, ask: Ask, gateway: GatewayServer
) -> None:
    keep()
    route = ask(CODE)
    assert route["backend"] == "local"
    assert "XiDao takes no part: it is not allowed yet" in route["trace"]
    assert gateway.received == []


def test_what_the_environment_names_may_be_asked(
    services: Services, ask: Ask, gateway: GatewayServer
) -> None:
    here = json.dumps({"providers": written((Provider("xidao", "xidao", "XiDao", ()),))})
    services.paths.settings_file.write_text(here)
    route = ask(CODE, by=replace(services, stand_in=StandIn(gateway.url, CANARY)))
    assert route["backend"] == "gateway"


def test_without_a_key_it_is_answered_here(services: Services, keep: Keep, ask: Ask) -> None:
    keep(allowed=["xidao"])
    route = ask(CODE, by=replace(services, keyring=lambda _asked: keyring_of(MemoryHolder())))
    assert route["backend"] == "local"
    assert any("key" in line for line in route["trace"])


def test_with_the_budget_used_up_it_is_answered_here(keep: Keep, ask: Ask, gateway: GatewayServer) -> None:
    budget = Budget(Period.DAY, Cost(1_000, "CNY"))
    keep(allowed=["xidao"], budgets=budgets_written((budget,)))
    route = ask(CODE)
    assert route["backend"] == "local"
    assert any("budget" in line for line in route["trace"])
    assert gateway.chats == []


def test_a_named_model_answers_whatever_the_router_would_choose(
    keep: Keep, ask: Ask, gateway: GatewayServer
) -> None:
    keep()
    route = ask("Hi!", "--model", "xidao/qwen3-235b")
    assert (route["backend"], route["model"]) == ("gateway", "xidao/qwen3-235b")
    assert route["reason"] == "you chose this model"
    assert len(gateway.chats) == 1


@pytest.mark.parametrize("mode", ["local", "cloud"])
def test_the_other_modes_keep_to_their_side(
    mode: str,
    services: Services,
    keep: Keep,
    gateway: GatewayServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    keep(allowed=["xidao"])
    text = CODE if mode == "local" else "Hi!"
    assert cli.main(["ask", text, "--mode", mode, "--json"], services) == 0
    end = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert end["route"]["backend"] == {"local": "local", "cloud": "gateway"}[mode]
    assert len(gateway.received) == {"local": 0, "cloud": 1}[mode]


def test_a_model_at_the_start_of_the_text_answers_and_is_not_sent(
    keep: Keep, ask: Ask, gateway: GatewayServer
) -> None:
    keep(allowed=["xidao"])
    route = ask("@qwen3-235b Hi!")
    assert (route["model"], route["reason"]) == ("xidao/qwen3-235b", "you chose this model")
    assert gateway.chats[0].json["messages"][-1]["content"] == "Hi!"


@pytest.mark.parametrize(
    ("mode", "name", "words"), [("local", "qwen3-235b", "Local only"), ("cloud", "smollm2", "Cloud only")]
)
def test_the_mode_holds_for_a_name_at_the_start(
    services: Services,
    keep: Keep,
    gateway: GatewayServer,
    capsys: pytest.CaptureFixture[str],
    mode: str,
    name: str,
    words: str,
) -> None:
    keep(allowed=["xidao"])
    assert cli.main(["ask", f"@{name} Hi!", "--mode", mode], services) == 1
    assert words in capsys.readouterr().err
    assert gateway.received == []


def test_more_than_the_preference_lets_pass_is_asked_about(
    services: Services,
    keep: Keep,
    gateway: GatewayServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep(allowed=["xidao"])
    dear = {name: replace(policy, ceiling_nano=1) for name, policy in POLICIES.items()}
    monkeypatch.setattr(hybrid, "POLICIES", dear)
    asked = ["ask", f"Summarise this: {'word ' * 20_000}", "--mode", "hybrid"]  # too long for this machine
    assert cli.main(asked, services) == 1
    assert "could cost up to ¥" in capsys.readouterr().err
    assert gateway.chats == []
    assert cli.main([*asked, "--privacy", "out"], services) == 0
    assert len(gateway.chats) == 1


def test_a_model_that_keeps_failing_is_passed_over_the_next_time(
    keep: Keep, ask: Ask, gateway: GatewayServer, services: Services
) -> None:
    keep(allowed=["xidao"])
    first = ask(CODE)["model"]
    good, gateway.respond = gateway.respond, lambda _request: error(401, "no")
    for _ in range(4):
        assert cli.main(["ask", "Hi!", "--mode", "cloud", "--model", first], services) == 1
    gateway.respond = good
    route = ask(CODE)
    assert (route["backend"], route["model"] == first) == ("gateway", False)
    assert any("answered only 20 %" in line for line in route["trace"])


def test_an_unknown_name_at_the_start_sends_nothing(
    services: Services, keep: Keep, gateway: GatewayServer, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(allowed=["xidao"])
    assert cli.main(["ask", "@quen3-235 Hi!", "--mode", "hybrid"], services) == 1
    assert "@xidao/qwen3-235b" in capsys.readouterr().err
    assert gateway.received == []


def test_a_gateway_that_fails_is_gone_on_from_here(keep: Keep, ask: Ask, gateway: GatewayServer) -> None:
    keep(allowed=["xidao"])
    gateway.respond = lambda _request: error(401, "no")
    route = ask(CODE)
    assert route["backend"] == "local"
    assert route["trace"][-1] == "Before: The key was refused."
    assert len(gateway.chats) == 1


def test_what_was_written_there_is_gone_on_with_here(
    services: Services, keep: Keep, gateway: GatewayServer, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(allowed=["xidao"])
    gateway.respond = lambda _request: Reply([text("Half an "), text("answer")])
    here = FakeBackend([TextDelta(" that is whole."), Finished(FinishReason.STOP, Usage(), Timings())])
    by = replace(services, engine=lambda: here)  # type: ignore[arg-type,return-value]
    assert cli.main(["ask", CODE, "--mode", "hybrid"], by) == 0
    out, err = capsys.readouterr()
    assert out.replace("\n", "") == "Half an answer that is whole."
    assert "goes on" in err
    assert here.requests[0].answer_so_far == "Half an answer"
    with closing(open_database(services.paths.database)) as connection:
        found = list(connection.execute("SELECT attempt, place, outcome FROM usage ORDER BY id"))
    assert found == [(1, "remote", "failed"), (2, "local", "finished")]


def test_a_gateway_is_not_asked_after_a_crash_here_where_that_was_not_allowed(
    services: Services, keep: Keep, gateway: GatewayServer
) -> None:
    keep(allowed=["xidao"])
    by = replace(services, engine=lambda: FakeBackend([EngineCrashed("It ended.")]))  # type: ignore[arg-type,return-value]
    assert cli.main(["ask", "Hi!", "--mode", "hybrid"], by) == 1
    assert gateway.chats == []
    keep(allowed=["xidao"], take_over="anywhere")
    assert cli.main(["ask", "Hi!", "--mode", "hybrid"], by) == 0
    assert len(gateway.chats) == 1


def test_where_both_fail_it_ends_with_the_last_error(
    services: Services, keep: Keep, gateway: GatewayServer, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(allowed=["xidao"], take_over="anywhere")
    gateway.respond = lambda _request: error(401, "no")
    by = replace(services, engine=lambda: FakeBackend([EngineCrashed("It ended.")]))  # type: ignore[arg-type,return-value]
    assert cli.main(["ask", CODE, "--mode", "hybrid"], by) == 1
    assert "Nobody else is there to go on." in capsys.readouterr().err
    assert len(gateway.chats) == 1


NAMED = ("--model", "xidao/qwen3-32b")


@pytest.mark.parametrize(
    ("flags", "backend", "whole"),
    [
        ((*NAMED, "--over-budget", "raise"), "gateway", [True]),
        ((*NAMED, "--over-budget", "shorten"), "gateway", [False]),
        ((*NAMED, "--over-budget", "local"), "local", []),
        (("--over-budget", "raise"), "gateway", [True]),
        (("--over-budget", "local"), "local", []),
        ((), "local", []),
    ],
)
def test_what_is_to_be_done_over_budget_holds_in_the_hybrid_mode_too(
    keep: Keep, ask: Ask, gateway: GatewayServer, flags: tuple[str, ...], backend: str, whole: list[bool]
) -> None:
    keep(allowed=["xidao"], budgets=budgets_written([Budget(Period.DAY, Cost(1_000_000, "CNY"))]))
    assert ask(CODE, *flags)["backend"] == backend
    assert [chat.json["max_tokens"] == LONGEST_WITHIN_BUDGET for chat in gateway.chats] == whole


def test_the_router_reckons_with_the_longest_answer_that_the_settings_allow(
    keep: Keep, ask: Ask, gateway: GatewayServer
) -> None:
    budgets = budgets_written([Budget(Period.DAY, Cost(1_000_000, "CNY"))])
    keep(allowed=["xidao"], budgets=budgets, max_tokens=100)
    assert ask(CODE)["backend"] == "gateway"
    assert gateway.chats[0].json["max_tokens"] == 100
