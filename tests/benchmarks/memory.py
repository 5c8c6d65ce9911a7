"""What models take against what was said before they were loaded."""

from __future__ import annotations

import tempfile
from pathlib import Path

from models.local.measures import Measures
from tests.benchmarks.another_model import write_another
from tests.benchmarks.players import STARTER, Ours, request_for, row
from tests.benchmarks.rows import Row


def bench_memory() -> list[Row]:
    """Measured over predicted memory of the worker, once its context is full."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "another.gguf"
        write_another(STARTER, other)
        for model, name in ((STARTER, "starter, Llama in Q4_1"), (other, "12 layers of a Qwen3 in F16")):
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
