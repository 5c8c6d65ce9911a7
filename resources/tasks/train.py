"""Makes weights.bin from en.txt and zh.txt, and tells how well it does on the prompts it did not see.

    python resources/tasks/train.py [--check]

An averaged perceptron that also learns from narrow wins. All of it is counting with whole numbers in a
fixed order, so the same prompts give the same bytes on every machine; --check compares instead of writing.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
if str(HERE.parents[1]) not in sys.path:
    sys.path.insert(0, str(HERE.parents[1]))

from models.tasks import BUCKETS, LEARNED, Task, TaskModel, features, judge, packed  # noqa: E402

WEIGHTS, SCORES = HERE / "weights.bin", HERE / "scores.json"
EPOCHS, MARGIN, SEED = 20, 300, 7
HELD_OUT_EVERY = 4
_LABELS = {"chat": Task.CHAT, "code": Task.CODE, "math": Task.MATH, "chinese": Task.CHINESE}
_LABELS["translation"] = Task.TRANSLATION


class Prompt(NamedTuple):
    """One labelled prompt; every fourth of a label in a language is held out."""

    language: str
    task: Task
    text: str
    held_out: bool


def prompts() -> list[Prompt]:
    """All of them, in the files' order."""
    return [prompt for language in ("en", "zh") for prompt in _read(language)]


def _read(language: str) -> list[Prompt]:
    found: list[Prompt] = []
    task, number = Task.CHAT, 0
    for line in (HERE / f"{language}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            task, number = _LABELS[line[2:]], 0
        elif line:
            number += 1
            found.append(Prompt(language, task, line.replace("\\n", "\n"), number % HELD_OUT_EVERY == 0))
    return found


def trained(examples: Sequence[Prompt]) -> list[list[int]]:
    """A row of numbers from -127 to 127 for each of LEARNED."""
    rows = [[0] * BUCKETS for _ in LEARNED]
    totals = [[0] * BUCKETS for _ in LEARNED]
    seen = [(sorted(features(one.text)), LEARNED.index(one.task)) for one in examples]
    order = list(range(len(seen)))
    left = EPOCHS * len(seen)
    shuffled = random.Random(SEED)  # noqa: S311 - an order, no secret
    for _ in range(EPOCHS):
        shuffled.shuffle(order)
        for number in order:
            found, right = seen[number]
            sums = [sum(map(row.__getitem__, found)) for row in rows]
            rival = max((i for i in range(len(LEARNED)) if i != right), key=sums.__getitem__)
            if sums[right] - sums[rival] <= MARGIN:
                for change, index in ((1, right), (-1, rival)):
                    for bucket in found:
                        rows[index][bucket] += change
                        totals[index][bucket] += change * left
            left -= 1
    return _small(totals)


def _small(totals: Sequence[Sequence[int]]) -> list[list[int]]:
    largest = max(max(map(abs, row)) for row in totals)
    return [[(number * 127 + largest // 2) // largest for number in row] for row in totals]


def scores(model: TaskModel, examples: Sequence[Prompt]) -> dict[str, float]:
    """The share of held-out prompts that are judged right, in per cent, for each language."""
    found = {}
    for language in ("en", "zh"):
        asked = [one for one in examples if one.held_out and one.language == language]
        right = sum(judge(one.text, model).task is one.task for one in asked)
        found[language] = round(100 * right / len(asked), 1)
    return found


def main() -> int:
    every = prompts()
    data = packed(trained([one for one in every if not one.held_out]))
    if "--check" in sys.argv:
        same = WEIGHTS.read_bytes() == data
        print("The weights are what the prompts make." if same else "The weights are not from these prompts.")
        return 0 if same else 1
    WEIGHTS.write_bytes(data)
    told = {"prompts": len(every), "held_out": sum(one.held_out for one in every)}
    told |= {
        f"{language}_percent": value for language, value in scores(TaskModel.read(WEIGHTS), every).items()
    }
    SCORES.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print(told)
    return 0


if __name__ == "__main__":
    sys.exit(main())
