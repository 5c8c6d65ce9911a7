"""`make bench`: measures what MODULES list, prints a table and writes build/bench.json.

    python -m tests.benchmarks [--only WORD] [--runs 5]

Every function named `bench_…` in a listed module takes nothing and returns rows. It is called five times
and the row with the median value counts, with that run's own verdict; a function that repeats its
measurement itself carries `runs = 1`. Exits 1 when a benchmark crashed; a missed target only shows.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import statistics
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.benchmarks.rows import Row

MODULES = (
    "tests.benchmarks.download",
    "tests.benchmarks.engine",
    "tests.benchmarks.gateway",
    "tests.benchmarks.manager",
    "tests.benchmarks.memory",
    "tests.benchmarks.policy",
    "tests.benchmarks.usage",
    "tests.benchmarks.window",
)
REPORT = Path(__file__).resolve().parents[2] / "build" / "bench.json"
MEDIAN_OF = 5


Bench = Callable[[], Sequence[Row]]


def main() -> int:
    options = arguments()
    rows: list[Row] = []
    crashed = []
    for name, bench in benches():
        if options.only in name:
            print(f"{name} …", file=sys.stderr, flush=True)
            try:
                rows += medians(bench, options.runs)
            except Exception:  # noqa: BLE001 - reported, and the others still run
                crashed.append(name)
                traceback.print_exc()
    print(table(rows))
    write(rows, crashed)
    for name in crashed:
        print(f"crashed: {name}")
    return 1 if crashed else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--only", default="", metavar="WORD", help="benchmarks whose name contains WORD")
    parser.add_argument("--runs", type=int, default=MEDIAN_OF, help="how often each is repeated (default 5)")
    return parser.parse_args()


def benches() -> Iterator[tuple[str, Bench]]:
    """The listed modules' benchmarks, in the order in which they are written."""
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        for name, found in vars(module).items():
            if name.startswith("bench_") and callable(found):
                yield f"{module_name.rpartition('.')[2]}.{name.removeprefix('bench_')}", found


def medians(bench: Bench, runs: int) -> list[Row]:
    """Of each row the one with the median value, and all values beside it."""
    taken = [bench() for _ in range(min(runs, getattr(bench, "runs", runs)))]
    return [median(same) for same in zip(*taken, strict=True)]


def median(same: Sequence[Row]) -> Row:
    values = [row["value"] for row in same]
    middle = statistics.median_low(values)
    row = same[values.index(middle)]
    return {**row, "runs": row.get("runs", values)}


def table(rows: Sequence[Row]) -> str:
    heads = ("what", "value", "unit", "target", "")
    cells = [heads, *map(cells_of, rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(heads))]
    return "\n".join("  ".join(aligned(line, widths)).rstrip() for line in cells)


def cells_of(row: Row) -> tuple[str, str, str, str, str]:
    return row["name"], figure(row["value"]), row["unit"], row["target"] or "", verdict(row)


def aligned(line: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for i, (cell, width) in enumerate(zip(line, widths, strict=True)):
        yield cell.rjust(width) if i == 1 else cell.ljust(width)


def figure(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def verdict(row: Row) -> str:
    if row["ok"] is None:
        return ""
    return "ok" if row["ok"] else "MISSED"


def write(rows: Sequence[Row], crashed: Sequence[str]) -> None:
    report = {
        "written_at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "machine": platform.platform(),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "rows": list(rows),
        "crashed": list(crashed),
    }
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\nThe median of {MEDIAN_OF} runs where not said otherwise; all values are in {REPORT}")


if __name__ == "__main__":
    sys.exit(main())
