"""Reads the benchmark tables from resources/catalogue/benchmarks.toml."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from models.facts import Benchmark, BenchmarkTable, Row
from models.sources import Source, named_source
from models.toml_table import Table, read_table

_MOST = {"percent": 100.0, "stars": 5.0}


def read_tables(
    path: Path, sources: Mapping[str, Source], models: Collection[str]
) -> tuple[BenchmarkTable, ...]:
    """All tables; raises CatalogueError for a row of a model that isn't there, or with too few scores."""
    top = read_table(path)
    tables = tuple(_table(table, sources, models) for table in top.tables("table"))
    top.done()
    return tables


def _table(table: Table, sources: Mapping[str, Source], models: Collection[str]) -> BenchmarkTable:
    benchmarks = tuple(_benchmark(column) for column in table.tables("benchmarks"))
    read = BenchmarkTable(
        id=table.text("id"),
        title=table.text("title"),
        benchmarks=benchmarks,
        rows=tuple(_row(row, benchmarks, models) for row in table.tables("rows")),
        source=named_source(table, "source", sources),
    )
    table.done()
    return read


def _benchmark(table: Table) -> Benchmark:
    benchmark = Benchmark(table.text("id"), table.text("name"), table.one_of("unit", tuple(_MOST), "percent"))
    table.done()
    return benchmark


def _row(table: Table, benchmarks: tuple[Benchmark, ...], models: Collection[str]) -> Row:
    row = Row(table.text("model"), table.scores("scores", len(benchmarks)), table.flag("thinking"))
    if row.model not in models:
        table.fail("model", f"no model has the id “{row.model}”")
    for benchmark, score in zip(benchmarks, row.scores, strict=True):
        if not 0 <= score <= _MOST[benchmark.unit]:
            table.fail("scores", f"{score} {benchmark.unit} can’t be right for {benchmark.name}")
    table.done()
    return row
