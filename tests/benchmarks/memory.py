"""What models take against what was said before they were loaded."""

from __future__ import annotations

import ctypes
import os
import tempfile
from pathlib import Path

import llama_cpp.llama_cpp as llama

from models.local.measures import Measures
from tests.benchmarks.players import STARTER, Ours, request_for, row
from tests.benchmarks.rows import Row


def bench_memory() -> list[Row]:
    """Measured over predicted memory of the worker, once its context is full."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "requantised.gguf"
        _requantise(STARTER, other)
        for model, name in ((STARTER, "starter"), (other, "the same in Q4_0")):
            offs = []
            for context in (1024, 2048, 4096):
                for rung in (0, 1):
                    offs.append(_measured_over_predicted(model, context, rung, Path(folder)))
            worst = max(offs, key=lambda ratio: abs(ratio - 1))
            found = row(f"memory measured over predicted, {name}", [worst], "×", "0.92–1.08", at_least=0.92)
            found["ok"] = abs(worst - 1) <= 0.08
            found["runs"] = offs
            rows.append(found)
    return rows


def _requantise(source: Path, target: Path) -> None:
    params = llama.llama_model_quantize_default_params()
    params.ftype, params.allow_requantize = llama.LLAMA_FTYPE_MOSTLY_Q4_0, True
    if llama.llama_model_quantize(os.fsencode(source), os.fsencode(target), ctypes.byref(params)):
        raise RuntimeError("the model could not be quantised")


def _measured_over_predicted(model: Path, context: int, rung: int, folder: Path) -> float:
    measures = folder / f"{context}-{rung}-{model.stem}.json"
    filling = "The sea is deep. " * (context // 5 - 120)
    with Ours(model=model, context=context, rung=rung, measures=measures) as ours:
        ours.ask(request_for("You are kind.", filling, 8))
        measure = Measures(measures).of(model)
    if measure is None or not measure.predicted_bytes:
        raise RuntimeError("nothing was measured")
    return measure.memory_bytes / measure.predicted_bytes


bench_memory.runs = 1  # type: ignore[attr-defined]
