"""The engine through worker and pipe against a bare loop on the same library, model and threads."""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from subprocess import Popen

import llama_cpp.llama_cpp as llama

from models.chat import ChatRequest, Progress, TextDelta
from models.local.states import Shelf
from tests.benchmarks.players import Bare, Ours, next_turn, request_for, row
from tests.benchmarks.rows import Row

RUNS = 5
TOKENS = 160
DEFAULT_SPINS = 300_000  # libgomp's
CODE = "\n".join(
    f"def step_{i}(value, total):\n    result = value * {i} + total\n    if result > {i * 10}:\n"
    f"        return result - {i}\n    return total"
    for i in range(12)
)
COPY = (
    "Rename the variable `result` to `outcome` in this code. Write the whole code again.\n"
    f"```python\n{CODE}\n```"
)
PROSE = "Write a very long story about the sea."
LONG_STORY = "".join(f"On day {day} the ship {day * 7} sailed {day * 13} miles. " for day in range(210))


def bench_decode() -> list[Row]:
    """Tokens a second from the first word to the last, 160 of them."""
    request = request_for("Write a very long story about the sea.", "Tell a tale.", TOKENS)
    ratios, speeds = [], []
    for _ in range(RUNS):  # where the system puts a process's memory moves its speed by some percent
        with Bare() as bare, Ours() as ours:
            for number in range(5):
                theirs, speed = _in_turn(bare, ours, request, ours_first=bool(number % 2))
                if number:
                    ratios.append(speed / theirs)
                    speeds.append(speed)
    return [
        row("decode speed against a bare loop", ratios, "×", "≥ 0.97", at_least=0.97),
        row("decode speed", speeds, "tokens/s"),
    ]


def _in_turn(bare: Bare, ours: Ours, request: ChatRequest, *, ours_first: bool) -> tuple[float, float]:
    """The speeds of both. Whoever comes second is up to 2 % slower here, be it a second bare loop."""
    if ours_first:
        _, speed = ours.answer(request)
    _, theirs = bare.answer(request, TOKENS)
    if not ours_first:
        _, speed = ours.answer(request)
    return theirs, speed


def bench_waiting() -> list[Row]:
    """What it costs that the engine's threads wait gently, and what it saves beside a busy program."""
    request = request_for("Write a very long story about the sea.", "Tell a tale.", 40)
    with Ours() as gentle, Ours(spins=DEFAULT_SPINS) as busy:
        alone = [_ratio(gentle, busy, request) for _ in range(RUNS + 1)][1:]
        with Popen([sys.executable, "-c", "while True: pass"]) as other:
            try:
                beside = [_ratio(gentle, busy, request) for _ in range(RUNS)]
            finally:
                other.kill()
    return [
        row("gentle waiting against OpenMP's own, alone", alone, "×"),
        row("gentle waiting against OpenMP's own, beside a busy program", beside, "×"),
    ]


def _ratio(one: Ours, other: Ours, request: ChatRequest) -> float:
    return one.answer(request)[1] / other.answer(request)[1]


def bench_first_token() -> list[Row]:
    """Seconds to the first token of a prompt of 50 tokens, none of them seen before."""
    ratios, times = [], []
    with Bare() as bare, Ours() as ours:
        for number in range(RUNS + 1):
            request = request_for(f"{number * 11111} is a number. Speak of it kindly.", "Say something.", 1)
            theirs, _ = bare.answer(bare.padded(request, 50), 1)
            ours_s, _ = ours.answer(bare.padded(request, 50))
            ratios.append(ours_s / theirs)
            times.append(ours_s * 1000)
    return [
        row("first token of a 50-token prompt against a bare loop", ratios[1:], "×", "≤ 1.10", at_most=1.10),
        row("first token of a 50-token prompt", times[1:], "ms"),
    ]


def bench_second_turn() -> list[Row]:
    """A second question after 4,000 tokens, against evaluating nothing but its new tokens in a bare loop."""
    ratios, more, times = [], [], []
    with Bare() as bare, Ours() as ours:
        for number in range(5):
            first = request_for(f"You are kind {number}.", LONG_STORY, 24)
            _, answer, before = ours.ask(first)
            seconds, _, after = ours.ask(next_turn(first, answer))
            history = (before.usage.prompt_tokens or 0) + (before.usage.completion_tokens or 0)
            total, kept = after.usage.prompt_tokens or 0, after.usage.cached_tokens or 0
            more.append((total - kept) - (total - history))
            ratios.append(seconds / bare.after(bare.tokens(next_turn(first, answer)), total - history))
            times.append(seconds * 1000)
    name = "second turn after 4,000 tokens"
    return [
        row(f"{name}: evaluated beyond the new ones", more, "tokens", "≤ 8", at_most=8),
        row(f"{name}: first token against a bare loop", ratios, "×", "≤ 1.15", at_most=1.15),
        row(f"{name}: first token", times, "ms"),
    ]


def bench_long_decode() -> list[Row]:
    """Tokens a second after 4,000 tokens, against a bare loop with llama.cpp's own defaults."""
    request = request_for("You are kind.", LONG_STORY, 40)
    ratios = []
    with Ours() as ours:
        ours.answer(request)
        for _ in range(2):
            with Bare(flash=llama.LLAMA_FLASH_ATTN_TYPE_AUTO) as bare:
                _, theirs = bare.answer(request, 40)
            _, speed = ours.answer(request)
            ratios.append(speed / theirs)
    return [row("decode speed after 4,000 tokens against llama.cpp’s defaults", ratios, "×")]


def bench_guessing() -> list[Row]:
    """Guessing from the conversation’s own words against the plain loop: code to copy, and free prose."""
    rows = []
    with Bare() as bare, Ours() as ours:
        for name, question, least in (("copy-heavy", COPY, 1.3), ("free prose", PROSE, 0.97)):
            request = request_for("You are a helpful assistant.", question, 400)
            ratios = []
            for _ in range(4):
                begun = time.perf_counter()
                first, _, end = ours.ask(request)
                count = end.usage.completion_tokens or 0
                speed = (count - 1) / (time.perf_counter() - begun - first)
                _, theirs = bare.answer(request, count)
                ratios.append(speed / theirs)
            target = f"≥ {least}"
            rows.append(row(f"{name} answer against a bare loop", ratios[1:], "×", target, at_least=least))
    return rows


def bench_stop() -> list[Row]:
    """From Stop to a worker that is free."""
    reading, writing = [], []
    with Ours() as ours:
        for number in range(5):
            story = request_for(f"You are kind {number}.", LONG_STORY, 500)
            reading.append(ours.stop(story, Progress) * 1000)
            writing.append(ours.stop(request_for("Be kind.", PROSE, 500), TextDelta) * 1000)
    return [
        row("stop while the prompt is read", reading, "ms", "≤ 100", at_most=100),
        row("stop while the answer is written", writing, "ms", "≤ 100", at_most=100),
    ]


def bench_restart() -> list[Row]:
    """The next message of a 4,000-token conversation after a restart against evaluating it anew."""
    first = replace(request_for("You are kind.", LONG_STORY, 24), cache_key="1")
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(f"{folder}/states", f"{folder}/state.key")
        with Ours(shelf) as ours:
            anew, answer, _ = ours.ask(first)
            begun = time.perf_counter()
        closing = time.perf_counter() - begun
        with Ours(shelf) as ours:
            restored, _, end = ours.ask(next_turn(first, answer))
    total, kept = end.usage.prompt_tokens or 0, end.usage.cached_tokens or 0
    return [
        row("restart with 4,000 tokens: faster than anew", [anew / restored], "×", "≥ 20", at_least=20),
        row("restart with 4,000 tokens: first token", [restored * 1000], "ms"),
        row("restart with 4,000 tokens: reused", [100 * kept / total], "%", "> 95", at_least=95),
        row("restart with 4,000 tokens: saving and closing", [closing * 1000], "ms"),
    ]


for _bench in (
    bench_decode,
    bench_first_token,
    bench_second_turn,
    bench_long_decode,
    bench_guessing,
    bench_stop,
    bench_restart,
):
    _bench.runs = 1  # type: ignore[attr-defined]
