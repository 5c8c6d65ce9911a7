"""Loads a model on the graphics card and on the processor, and compares; README.md says how to run it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from models.chat import ChatRequest, Finished, Message, Notice, Role, Sampling, TextDelta
from models.errors import AppError
from models.local.backend import LocalBackend

ROOT = Path(__file__).resolve().parents[2]
STARTER = ROOT / "resources" / "starter" / "SmolLM2-135M-Instruct.Q4_1.gguf"
QUESTION = Message(Role.USER, "Write a long story about the sea. " + "The wind is strong today. " * 40)
SAME_CHARACTERS = 40


def main() -> int:
    """Print what was found; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.gpu.check")
    parser.add_argument("model", type=Path, nargs="?", default=STARTER)
    try:
        return asyncio.run(_check(parser.parse_args().model.absolute()))
    except AppError as error:
        say(error.one_line())
        return 1


async def _check(model: Path) -> int:
    backend = LocalBackend(lambda _id: model)
    try:
        info = await backend.describe()
        for device in info.devices:
            say(f"{device.name}: {device.description}, {device.kind}, {device.free_bytes / 1e9:.1f} GB free")
        if not info.gpu_offload:
            say("This build of llama.cpp uses no graphics card: see README.md.")
            return 1
        on_card = await _answer(backend)
        backend._fallback._card_failures = 2  # as if it had failed twice
        on_processor = await _answer(backend)
    finally:
        await backend.aclose()
    return _judge(on_card, on_processor)


async def _answer(backend: LocalBackend) -> tuple[str, Finished]:
    text, end = "", None
    request = ChatRequest("m", (QUESTION,), Sampling(temperature=0, max_tokens=200))
    async for event in backend.stream(request):
        match event:
            case Notice(words):
                say(words)
            case TextDelta(words):
                text += words
            case Finished():
                end = event
    if end is None:
        raise RuntimeError("an answer without an end")
    return text, end


def _judge(on_card: tuple[str, Finished], on_processor: tuple[str, Finished]) -> int:
    for name, (_, end) in (("card", on_card), ("processor", on_processor)):
        t = end.timings
        say(
            f"{name}: {t.gpu_layers} layers on the card, prompt {t.prompt_tps or 0:.0f} tokens/s, "
            f"answer {t.decode_tps or 0:.1f} tokens/s, {(t.memory_bytes or 0) / 1e6:.0f} MB of memory"
        )
    faults = []
    if not on_card[1].timings.gpu_layers:
        faults.append("no layer went to the card")
    if on_processor[1].timings.gpu_layers:
        faults.append("after two failures the card is still used")
    if on_card[0][:SAME_CHARACTERS] != on_processor[0][:SAME_CHARACTERS]:
        faults.append("the answers begin differently")
    for fault in faults:
        say(f"not as it must be: {fault}")
    return 1 if faults else 0


def say(line: str) -> None:
    """A line of the report."""
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
