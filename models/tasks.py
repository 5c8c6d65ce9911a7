"""What kind of work a message asks for: rules on the text first, then a small linear model.

The model looks at which character n-grams occur, hashed into buckets; resources/tasks/ has its weights,
the labelled prompts that they are from, the script that makes them, and the score that they reach.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from zlib import crc32

from models.task_rules import CHINESE, CODE, HAN, KANA_OR_HANGUL, MATH, PROGRAM, TRANSLATION

BUCKETS = 1 << 14
HEAD, TAIL = 400, 200
_LONGEST_GRAM = 5
_MAGIC = b"inshore-tasks-1\n"


class Task(StrEnum):
    """The kinds, as people read them."""

    CHAT = "chat"
    CODE = "code"
    MATH = "math and reasoning"
    CHINESE = "Chinese"
    TRANSLATION = "translation"
    DOCUMENT = "long document"
    IMAGE = "image"


LEARNED = (Task.CHAT, Task.CODE, Task.MATH, Task.CHINESE, Task.TRANSLATION)
"""What the linear model tells apart, in the order of its weights; the others are told by rules."""

_DOCUMENT_TOKENS = 4000
_DOCUMENT_CHARACTERS = 12_000
_SEEN = 1200
_SIGNS = (
    (Task.TRANSLATION, TRANSLATION, "it asks for another language"),
    (Task.CODE, CODE, "it speaks of programs"),
    (Task.MATH, MATH, "it speaks of mathematics"),
    (Task.CHINESE, CHINESE, "it speaks of Chinese"),
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A task, and in a few words what told it."""

    task: Task
    why: str


class TaskModel:
    """The linear model. A row of small numbers for each of LEARNED, one number for each bucket."""

    def __init__(self, rows: tuple[memoryview, ...]) -> None:
        self._rows = rows

    @classmethod
    def read(cls, path: Path) -> TaskModel:
        """Raises OSError, or ValueError if the file is not one of these."""
        data = path.read_bytes()
        body = memoryview(data)[len(_MAGIC) :]
        if not data.startswith(_MAGIC) or len(body) != len(LEARNED) * BUCKETS:
            raise ValueError(f"{path.name} does not hold the weights of tasks")
        numbers = body.cast("b")
        return cls(tuple(numbers[i * BUCKETS : (i + 1) * BUCKETS] for i in range(len(LEARNED))))

    def judge(self, text: str) -> Task:
        """The likeliest task; the first of LEARNED where nothing tells them apart."""
        found = list(features(text))
        sums = [sum(map(row.__getitem__, found)) for row in self._rows]
        return LEARNED[sums.index(max(sums))]


def packed(rows: list[list[int]]) -> bytes:
    """The file's bytes for rows of numbers from -127 to 127."""
    return _MAGIC + b"".join(bytes(number & 0xFF for number in row) for row in rows)


def features(text: str) -> set[int]:
    """The buckets of all n-grams of a text's head and tail, from one to five characters."""
    looked_at = text if len(text) <= HEAD + TAIL else f"{text[:HEAD]} {text[-TAIL:]}"
    plain = re.sub(r"\d", "0", f" {' '.join(looked_at.lower().split())} ")
    grams = {
        plain[start : start + size]
        for size in range(1, _LONGEST_GRAM + 1)
        for start in range(len(plain) - size + 1)
    }
    grams.add(f"\0{language_of(looked_at)}")  # what is likely before a word is read
    return {crc32(gram.encode("utf-8", "surrogatepass")) % BUCKETS for gram in grams}


def judge(text: str, model: TaskModel | None, *, images: int = 0, attached_tokens: int = 0) -> Judgement:
    """What a message asks for. Without a model the rules alone decide.

    At most 3 ms, however long the text.
    """
    if images:
        return Judgement(Task.IMAGE, "a picture is attached")
    if attached_tokens >= _DOCUMENT_TOKENS:
        return Judgement(Task.DOCUMENT, "a long document is attached")
    seen = text if len(text) <= _SEEN else f"{text[: _SEEN - TAIL]}\n{text[-TAIL:]}"
    if PROGRAM.search(seen):
        return Judgement(Task.CODE, "program text is in it")
    chinese = language_of(seen) == "zh"
    if len(text) >= (_DOCUMENT_TOKENS if chinese else _DOCUMENT_CHARACTERS):
        return Judgement(Task.DOCUMENT, "the text is long")
    for task, sign, why in _SIGNS:
        if sign.search(seen) and not (chinese and task is Task.CHINESE):
            return Judgement(task, why)
    if model is not None:
        return Judgement(model.judge(seen), "its wording")
    return Judgement(Task.CHINESE if chinese else Task.CHAT, "nothing else tells")


def language_of(text: str) -> str:
    """Such as "en"; "zh" where much is in Chinese characters and nothing is Japanese or Korean."""
    return "zh" if _han_share(text) >= 0.2 else "en"


def _han_share(text: str) -> float:
    looked_at = text if len(text) <= HEAD + TAIL else f"{text[:HEAD]} {text[-TAIL:]}"
    letters = sum(map(str.isalpha, looked_at))
    if not letters or KANA_OR_HANGUL.search(looked_at):
        return 0.0
    return len(HAN.findall(looked_at)) / letters
