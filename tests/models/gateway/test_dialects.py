"""How gateways are told whether to think, and what a profile may say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from models.chat import Thinking
from models.errors import BadInput, ModelNotFound
from models.gateway.counting import estimate, read_usage
from models.gateway.dialects import thinking_fields
from models.gateway.providers import connect, read_profiles, split_id, tidy_address
from models.gateway.repeats import RepeatTrimmer
from models.gateway.sse import Caps, EventReader
from models.toml_table import CatalogueError
from tests.gateway_server.asking import PROFILES

ON, OFF, AUTO = Thinking.ON, Thinking.OFF, Thinking.AUTO


@pytest.mark.parametrize(
    ("profile", "thinking", "budget", "fields"),
    [
        ("xidao", ON, 500, {"enable_thinking": True}),
        ("xidao", ON, 0, {"enable_thinking": False}),
        ("bailian", ON, 500, {"enable_thinking": True, "thinking_budget": 500}),
        ("bailian", OFF, 500, {"enable_thinking": False}),
        ("vllm", ON, None, {"chat_template_kwargs": {"enable_thinking": True}}),
        (
            "llama-server",
            ON,
            64,
            {"chat_template_kwargs": {"enable_thinking": True}, "thinking_budget_tokens": 64},
        ),
        ("deepseek", OFF, None, {"thinking": {"type": "disabled"}}),
        ("openrouter", ON, 900, {"reasoning": {"max_tokens": 900}}),
        ("openrouter", OFF, None, {"reasoning": {"enabled": False}}),
        ("mistral", ON, None, {"reasoning_effort": "high"}),
        ("mistral", OFF, None, {"reasoning_effort": "none"}),
        ("huggingface", ON, 9, {}),
    ],
)
def test_the_switch_in_each_dialect(
    profile: str, thinking: Thinking, budget: int | None, fields: dict[str, Any]
) -> None:
    assert thinking_fields(PROFILES[profile], "qwen3", thinking, budget) == fields


@pytest.mark.parametrize("profile", PROFILES)
def test_auto_says_nothing(profile: str) -> None:
    assert thinking_fields(PROFILES[profile], "qwen3", AUTO, 100) == {}


def test_deepseek_on_ones_own_server_has_another_variable() -> None:
    fields = thinking_fields(PROFILES["sglang"], "deepseek-ai/DeepSeek-V3.1", ON, None)
    assert fields == {"chat_template_kwargs": {"thinking": True}}


def test_the_shipped_profiles() -> None:
    assert next(iter(PROFILES)) == "xidao"
    assert set(PROFILES) > {"bedrock", "azure", "tensorrt-llm", "other"}
    for profile in PROFILES.values():
        assert profile.self_hosted != profile.needs_key or profile.id == "other"
        assert profile.data_policy.endswith(".")


@pytest.mark.parametrize(
    "line",
    ['thinking = "telepathy"', 'thinking = "effort"', 'base_url = "http://a.example"', "colour = 1"],
)
def test_a_profile_that_cannot_be_is_refused(line: str, tmp_path: Path) -> None:
    text = '[[profile]]\nid = "a"\nname = "A"\ndata_policy = "-"\nprices = "-"\nas_of = "2026-11"\n'
    more = line if line.startswith("thinking") else f'thinking = "none"\n{line}'
    file = tmp_path / "providers.toml"
    file.write_text(text + more)
    with pytest.raises(CatalogueError):
        read_profiles(file)


def test_names_of_models() -> None:
    assert split_id("xidao/qwen3-235b") == ("xidao", "qwen3-235b")
    assert split_id("home/Qwen/Qwen3-32B") == ("home", "Qwen/Qwen3-32B")
    assert PROFILES["xidao"].wire_name("qwen3-235b") == "xidao/qwen3-235b"
    assert PROFILES["xidao"].own_name("xidao/qwen3-235b") == "qwen3-235b"
    assert PROFILES["vllm"].wire_name("Qwen/Qwen3-32B") == "Qwen/Qwen3-32B"
    for wrong in ("qwen3", "/x", "x/", "A B/x"):
        with pytest.raises(ModelNotFound):
            split_id(wrong)


def test_addresses() -> None:
    assert tidy_address(" https://a.example/v1/chat/completions/ ") == "https://a.example/v1"
    assert tidy_address("a.example/v1") == "https://a.example/v1"
    assert PROFILES["azure"].address(resource="mine") == "https://mine.services.ai.azure.com/openai/v1"
    for wrong in ("", "ftp://a", "https://", "https://a b", "http://[x"):
        with pytest.raises(BadInput):
            tidy_address(wrong)
    with pytest.raises(BadInput):
        PROFILES["azure"].address(resource="evil.example/")
    with pytest.raises(BadInput, match="region"):
        connect(PROFILES["bedrock"])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_wherever_they_are_cut(size: int) -> None:
    stream = "\ufeff: hi\r\ndata: ä🙂\r\n\r\nevent: x\ndata: 1\ndata: 2\n\ndata:3\r\rdata: [DONE]".encode()
    reader, found = EventReader(Caps()), []
    for start in range(0, len(stream), size):
        found += list(reader.feed(stream[start : start + size]))
    assert [*found, *reader.finish()] == ["ä🙂", "1\n2", "3", "[DONE]"]


@pytest.mark.parametrize(
    ("pieces", "new"),
    [
        (["and its waves", " are high"], " high"),
        (["The sea is wide, and its waves are", " high"], " high"),
        ([" high", " and"], " high and"),
        (["are"], "are"),
    ],
)
def test_what_is_said_once_more_is_left_out(pieces: list[str], new: str) -> None:
    trimmer = RepeatTrimmer("The sea is wide, and its waves are")
    assert "".join(trimmer.feed(piece) for piece in pieces) + trimmer.finish() == new


def test_counting() -> None:
    assert (estimate(""), estimate("abcd"), estimate("中文字")) == (0, 1, 2)
    assert read_usage(None) is None
    told = read_usage({"prompt_tokens": 5, "prompt_cache_hit_tokens": 3})
    assert told is not None
    assert (told.cached_tokens, told.completion_tokens) == (3, None)
