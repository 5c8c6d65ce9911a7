"""The engine through worker and pipe against a bare loop on the same library, model and threads."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import llama_cpp.llama_cpp as llama

from models.chat import ChatRequest, Finished, Message, Role, Sampling, TextDelta, Thinking
from models.hardware import usable_threads
from models.local.backend import LocalBackend
from models.local.engine.log import Log
from models.local.engine.model import Model
from models.local.states import Shelf
from models.local.stopflag import StopFlag
from tests.benchmarks.rows import Row

STARTER = Path(__file__).resolve().parents[2] / "resources/starter/SmolLM2-135M-Instruct.Q4_1.gguf"
RUNS = 5
TOKENS = 160
CONTEXT = 8192
LONG_STORY = "".join(f"On day {day} the ship {day * 7} sailed {day * 13} miles. " for day in range(210))


def bench_decode() -> list[Row]:
    """Tokens a second from the first word to the last, 160 of them."""
    request = _request("Write a very long story about the sea.", "Tell a tale.", TOKENS)
    ratios, speeds = [], []
    with Bare() as bare, Ours() as ours:
        for _ in range(RUNS + 1):
            _, theirs = bare.answer(request, TOKENS)
            _, speed = ours.answer(request)
            ratios.append(speed / theirs)
            speeds.append(speed)
    return [
        _row("decode speed against a bare loop", ratios[1:], "×", "≥ 0.97", at_least=0.97),
        _row("decode speed", speeds[1:], "tokens/s"),
    ]


def bench_first_token() -> list[Row]:
    """Seconds to the first token of a prompt of 50 tokens, none of them seen before."""
    ratios, times = [], []
    with Bare() as bare, Ours() as ours:
        for number in range(RUNS + 1):
            request = _request(f"{number * 11111} is a number. Speak of it kindly.", "Say something.", 1)
            theirs, _ = bare.answer(bare.padded(request, 50), 1)
            ours_s, _ = ours.answer(bare.padded(request, 50))
            ratios.append(ours_s / theirs)
            times.append(ours_s * 1000)
    return [
        _row("first token of a 50-token prompt against a bare loop", ratios[1:], "×", "≤ 1.10", at_most=1.10),
        _row("first token of a 50-token prompt", times[1:], "ms"),
    ]


def bench_second_turn() -> list[Row]:
    """What is evaluated for a second question after 4,000 tokens."""
    first = _request("You are kind.", LONG_STORY, 24)
    with Ours() as ours:
        _, answer, before = ours.ask(first)
        seconds, _, after = ours.ask(_next(first, answer))
    history = (before.usage.prompt_tokens or 0) + (before.usage.completion_tokens or 0)
    total, kept = after.usage.prompt_tokens or 0, after.usage.cached_tokens or 0
    more = (total - kept) - (total - history)
    return [
        _row(
            "second turn after 4,000 tokens: evaluated beyond the new ones",
            [more],
            "tokens",
            "≤ 8",
            at_most=8,
        ),
        _row("second turn after 4,000 tokens: first token", [seconds * 1000], "ms"),
    ]


def bench_restart() -> list[Row]:
    """The next message of a 4,000-token conversation after a restart against evaluating it anew."""
    first = replace(_request("You are kind.", LONG_STORY, 24), cache_key="1")
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(f"{folder}/states", f"{folder}/state.key")
        with Ours(shelf) as ours:
            anew, answer, _ = ours.ask(first)
            begun = time.perf_counter()
        closing = time.perf_counter() - begun
        with Ours(shelf) as ours:
            restored, _, end = ours.ask(_next(first, answer))
    total, kept = end.usage.prompt_tokens or 0, end.usage.cached_tokens or 0
    return [
        _row("restart with 4,000 tokens: faster than anew", [anew / restored], "×", "≥ 20", at_least=20),
        _row("restart with 4,000 tokens: first token", [restored * 1000], "ms"),
        _row("restart with 4,000 tokens: reused", [100 * kept / total], "%", "> 95", at_least=95),
        _row("restart with 4,000 tokens: saving and closing", [closing * 1000], "ms"),
    ]


for _bench in (bench_decode, bench_first_token, bench_second_turn, bench_restart):
    _bench.runs = 1  # type: ignore[attr-defined]


class Bare:
    """What `llama_decode` does without anything around it: the measure of the possible."""

    def __enter__(self) -> Bare:
        self._model = Model.load(str(STARTER), Log(), StopFlag(), lambda _done: None)
        params = llama.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = CONTEXT, 512, 512
        params.n_threads = params.n_threads_batch = usable_threads()
        params.n_outputs_max = 1
        params.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_AUTO
        self._context = llama.llama_init_from_model(self._model.pointer, params)
        self._greedy = llama.llama_sampler_init_greedy()
        return self

    def __exit__(self, *_error: object) -> None:
        llama.llama_sampler_free(self._greedy)
        llama.llama_free(self._context)
        self._model.close()

    def answer(self, request: ChatRequest, count: int) -> tuple[float, float]:
        """Seconds to the first token, and tokens a second after it."""
        tokens = self.tokens(request)
        prompt = (llama.llama_token * len(tokens))(*tokens)
        one = (llama.llama_token * 1)()
        llama.llama_memory_clear(llama.llama_get_memory(self._context), True)
        begun = time.perf_counter()
        llama.llama_decode(self._context, llama.llama_batch_get_one(prompt, len(tokens)))
        one[0] = llama.llama_sampler_sample(self._greedy, self._context, -1)
        first = time.perf_counter()
        batch = llama.llama_batch_get_one(one, 1)
        for _ in range(count - 1):
            llama.llama_decode(self._context, batch)
            one[0] = llama.llama_sampler_sample(self._greedy, self._context, -1)
        return first - begun, (count - 1) / (time.perf_counter() - first)

    def tokens(self, request: ChatRequest) -> list[int]:
        return self._model.tokens(self._model.template.render(request.messages, Thinking.AUTO))

    def padded(self, request: ChatRequest, count: int) -> ChatRequest:
        """The request with as many words more as make its prompt so many tokens long."""
        system, question = request.messages
        while len(self.tokens(request)) < count:
            question = Message(Role.USER, question.text + " now")
            request = ChatRequest(request.model, (system, question), request.sampling)
        return request


class Ours:
    """The local backend, measured where its events arrive."""

    def __init__(self, shelf: Shelf | None = None) -> None:
        self._shelf = shelf

    def __enter__(self) -> Ours:
        self._runner = asyncio.Runner()
        self._backend = LocalBackend(
            lambda _id: STARTER,
            threads=usable_threads(),
            context=lambda _model: CONTEXT,
            shelf=lambda: self._shelf,
        )
        self._runner.run(self._backend.warm_up("starter"))
        return self

    def __exit__(self, *_error: object) -> None:
        self._runner.run(self._backend.aclose())
        self._runner.close()

    def answer(self, request: ChatRequest) -> tuple[float, float]:
        """Seconds from the question to the first word, and tokens a second after it."""
        return self._runner.run(self._answer(request))

    def ask(self, request: ChatRequest) -> tuple[float, str, Finished]:
        """Seconds from the question to the first word, the answer, and its end."""
        return self._runner.run(self._ask(request))

    async def _ask(self, request: ChatRequest) -> tuple[float, str, Finished]:
        begun, first, words, end = time.perf_counter(), 0.0, "", None
        async for event in self._backend.stream(request):
            if isinstance(event, TextDelta):
                first = first or time.perf_counter()
                words += event.text
            elif isinstance(event, Finished):
                end = event
        if end is None:
            raise RuntimeError("an answer without an end")
        return first - begun, words, end

    async def _answer(self, request: ChatRequest) -> tuple[float, float]:
        begun, first, tokens = time.perf_counter(), 0.0, 0
        async for event in self._backend.stream(request):
            if isinstance(event, TextDelta):
                first = first or time.perf_counter()
            elif isinstance(event, Finished):
                tokens = event.usage.completion_tokens or 0
        wanted = request.sampling.max_tokens
        if tokens != wanted:
            raise RuntimeError(f"{tokens} tokens instead of {wanted}")
        return first - begun, (tokens - 1) / (time.perf_counter() - first)


def _request(system: str, question: str, tokens: int) -> ChatRequest:
    messages = (Message(Role.SYSTEM, system), Message(Role.USER, question))
    return ChatRequest("starter", messages, Sampling(temperature=0, max_tokens=tokens))


def _next(request: ChatRequest, answer: str) -> ChatRequest:
    """The turn after that."""
    said, question = Message(Role.ASSISTANT, answer), Message(Role.USER, "Which ship was the last?")
    return replace(request, messages=(*request.messages, said, question))


def _row(
    name: str,
    values: Sequence[float],
    unit: str,
    target: str | None = None,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Row:
    value = statistics.median(values)
    ok = None
    if target is not None:
        ok = (at_least is None or value >= at_least) and (at_most is None or value <= at_most)
    return {"name": name, "value": value, "unit": unit, "target": target, "ok": ok, "runs": list(values)}


def main() -> None:
    """Print the rows."""
    for row in [*bench_decode(), *bench_first_token(), *bench_second_turn(), *bench_restart()]:
        runs = " ".join(f"{value:.3f}" for value in row["runs"])
        print(f"{row['name']}: {row['value']:.3f} {row['unit']} {row['target'] or ''} {row['ok']} [{runs}]")


if __name__ == "__main__":
    main()
