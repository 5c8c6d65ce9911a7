"""What kind of work a message asks for."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from models.task_rules import HAN
from models.tasks import BUCKETS, LEARNED, Task, TaskModel, judge, language_of, packed

FOLDER = Path(__file__).resolve().parents[2] / "resources" / "tasks"


@pytest.fixture(scope="module")
def train() -> ModuleType:
    spec = importlib.util.spec_from_file_location("inshore_train", FOLDER / "train.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["inshore_train"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def model() -> TaskModel:
    return TaskModel.read(FOLDER / "weights.bin")


def test_nine_of_ten_unseen_prompts_are_judged_right_in_each_language(
    train: ModuleType, model: TaskModel
) -> None:
    found = train.scores(model, train.prompts())
    assert found["en"] >= 90
    assert found["zh"] >= 90
    told = json.loads((FOLDER / "scores.json").read_text(encoding="utf-8"))
    assert {"en": told["en_percent"], "zh": told["zh_percent"]} == found


def test_no_prompt_is_there_twice(train: ModuleType) -> None:
    texts = [prompt.text for prompt in train.prompts()]
    assert len(set(texts)) == len(texts)


def test_the_prompts_are_in_their_language(train: ModuleType) -> None:
    share = {"en": 0, "zh": 0}
    for prompt in train.prompts():
        share[prompt.language] += (HAN.search(prompt.text) is not None) == (prompt.language == "zh")
    counts = {language: sum(p.language == language for p in train.prompts()) for language in share}
    assert all(share[language] >= 0.9 * counts[language] >= 300 for language in share)


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("```\nx = 1\n```", Task.CODE),
        ("Traceback (most recent call last):", Task.CODE),
        ("Translate this: bonjour", Task.TRANSLATION),
        ("请翻译：good morning", Task.TRANSLATION),
        ("What is the derivative of x^2?", Task.MATH),
        ("解方程 x+1=2", Task.MATH),
        ("What does 缘分 mean?", Task.CHINESE),
        ("word " * 3000, Task.DOCUMENT),
        ("字" * 4000, Task.DOCUMENT),
        ("今天天气怎么样", Task.CHINESE),
        ("hello", Task.CHAT),
        ("", Task.CHAT),
    ],
)
def test_rules_tell_what_is_plain_even_without_the_model(text: str, task: Task) -> None:
    assert judge(text, None).task is task


def test_what_is_attached_counts_first() -> None:
    assert judge("def f():", None, images=1).task is Task.IMAGE
    assert judge("hello", None, attached_tokens=9000).task is Task.DOCUMENT


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("hello", "en"),
        ("你好", "zh"),
        ("你好 hello world, how are you", "en"),
        ("ありがとう 日本語", "en"),
        ("", "en"),
    ],
)
def test_the_language_is_told_by_its_characters(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "to be or not " * 8000,
        "说一个 " * 25_000,
        "say " * 25_000,
        " \n" * 50_000,
        " " * 100_000,
        "中a" * 590,
    ],
    ids=["one letter", "English", "Chinese", "a rule’s word", "blank lines", "blanks", "mixed"],
)
def test_a_judgement_takes_no_time_however_long_the_text(text: str, model: TaskModel) -> None:
    """The limit only tells a slow way; the benchmarks hold the 3 ms."""
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        judge(text, model)
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.1


def test_broken_weights_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(packed([[0] * BUCKETS for _ in LEARNED])[:-1])
    with pytest.raises(ValueError, match="does not hold"):
        TaskModel.read(path)
