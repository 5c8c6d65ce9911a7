"""The two that are compared: a bare loop over llama.cpp, and the local backend; and what they are asked."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from models.local.worker import SPINS

# Both wait for their threads alike, so that what is compared is the loop; OpenMP reads it when it is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))

import llama_cpp.llama_cpp as llama

from models.chat import ChatRequest, Finished, Message, Role, Sampling, TextDelta, Thinking
from models.hardware import usable_threads
from models.local.backend import LocalBackend
from models.local.engine.context import context_params
from models.local.engine.log import Log
from models.local.engine.model import Model
from models.local.ladder import Rung
from models.local.measures import Measures
from models.local.process import default_command
from models.local.states import Shelf
from models.local.stopflag import StopFlag
from tests.benchmarks.rows import Row

STARTER = Path(__file__).resolve().parents[2] / "resources/starter/SmolLM2-135M-Instruct.Q4_1.gguf"
CONTEXT = 8192


class Bare:
    """What `llama_decode` does without anything around it: the measure of the possible."""

    def __init__(self, flash: int | None = None) -> None:
        self._flash = flash

    def __enter__(self) -> Bare:
        """With our own settings of llama.cpp, or with its defaults and this kind of flash attention."""
        self._model = Model.load(str(STARTER), Log(), StopFlag(), lambda _done: None)
        params = context_params(usable_threads(), Rung(CONTEXT))
        if self._flash is not None:
            params.n_ubatch, params.flash_attn_type = 512, self._flash
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
        one = (llama.llama_token * 1)()
        llama.llama_memory_clear(llama.llama_get_memory(self._context), True)
        begun = time.perf_counter()
        self._read(tokens)
        one[0] = llama.llama_sampler_sample(self._greedy, self._context, -1)
        first = time.perf_counter()
        batch = llama.llama_batch_get_one(one, 1)
        for _ in range(count - 1):
            llama.llama_decode(self._context, batch)
            one[0] = llama.llama_sampler_sample(self._greedy, self._context, -1)
        return first - begun, (count - 1) / (time.perf_counter() - first)

    def after(self, tokens: list[int], count: int) -> float:
        """Seconds to the first token once all but the last so many tokens are evaluated."""
        memory = llama.llama_get_memory(self._context)
        llama.llama_memory_clear(memory, True)
        self._read(tokens[:-count])
        begun = time.perf_counter()
        self._read(tokens[-count:])
        llama.llama_sampler_sample(self._greedy, self._context, -1)
        return time.perf_counter() - begun

    def _read(self, tokens: list[int]) -> None:
        for start in range(0, len(tokens), 512):
            part = tokens[start : start + 512]
            batch = (llama.llama_token * len(part))(*part)
            llama.llama_decode(self._context, llama.llama_batch_get_one(batch, len(part)))

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

    def __init__(
        self,
        shelf: Shelf | None = None,
        *,
        model: Path = STARTER,
        context: int = CONTEXT,
        rung: int = 0,
        measures: Path | None = None,
        spins: int = SPINS,
    ) -> None:
        self._command = ("env", f"GOMP_SPINCOUNT={spins}", *default_command())
        self._shelf, self._model, self._context, self._rung = shelf, model, context, rung
        self._measures = Measures(measures) if measures else None

    def __enter__(self) -> Ours:
        self._runner = asyncio.Runner()
        self._backend = LocalBackend(
            lambda _id: self._model,
            threads=usable_threads(),
            context=lambda _id: self._context,
            command=self._command,
            shelf=lambda: self._shelf,
            measures=self._measures,
        )
        self._backend._fallback._rungs[str(self._model)] = self._rung
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

    def stop(self, request: ChatRequest, event: type) -> float:
        """Seconds from stopping an answer after its third such event to a worker that is free."""
        return self._runner.run(self._stop(request, event))

    async def _stop(self, request: ChatRequest, kind: type) -> float:
        stream, seen = self._backend.stream(request), 0
        async for event in stream:
            seen += isinstance(event, kind)
            if seen == 3:
                break
        begun = time.perf_counter()
        await stream.aclose()
        return time.perf_counter() - begun

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


def request_for(system: str, question: str, tokens: int) -> ChatRequest:
    messages = (Message(Role.SYSTEM, system), Message(Role.USER, question))
    return ChatRequest("starter", messages, Sampling(temperature=0, max_tokens=tokens))


def next_turn(request: ChatRequest, answer: str) -> ChatRequest:
    """The turn after that."""
    said, question = Message(Role.ASSISTANT, answer), Message(Role.USER, "Which ship was the last?")
    return replace(request, messages=(*request.messages, said, question))


def row(
    name: str,
    values: Sequence[float],
    unit: str,
    target: str | None = None,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Row:
    """The median of these values, and whether that is as it should be."""
    value = statistics.median(values)
    ok = None
    if target is not None:
        ok = (at_least is None or value >= at_least) and (at_most is None or value <= at_most)
    return {"name": name, "value": value, "unit": unit, "target": target, "ok": ok, "runs": list(values)}
