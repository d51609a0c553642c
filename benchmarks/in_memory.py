"""Polars and DuckDB expressions on rows that are in memory and decoded already: what the verdict kernel of regenqc does.

Run as `python -m benchmarks.in_memory ENGINE TASK REPORT RUNS` in a process of its own, so that the number of threads can be
set. Rows come as integers and doubles, criteria and limits as small tables; what is measured gives every row its verdicts
and every batch its cells. Karyotypes, identities and what counts only together get a mark, as in the kernel.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.peers.task import Task
from benchmarks.processes import run_module

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["IN_MEMORY", "in_memory_figures"]

IN_MEMORY = ("Polars", "DuckDB")


def in_memory_figures(task: Path, *, engine: str, threads: int, runs: int) -> dict[str, float]:
    """Return rows and median seconds of one engine on decoded rows.

    Args:
        task: file with the task; the rows are decoded from it before the clock runs.
        engine: one of `IN_MEMORY`.
        threads: that the engine may use.
        runs: counted runs in one process.
    """
    with tempfile.TemporaryDirectory(prefix="regenqc-memory-") as folder:
        report = Path(folder) / "report.json"
        environment = {"POLARS_MAX_THREADS": str(threads)}
        run_module(
            "benchmarks.in_memory", [engine, str(task), str(report), str(threads), str(runs)], environment=environment
        )
        figures: dict[str, float] = json.loads(report.read_text(encoding="utf-8"))
    return figures


def _polars(rows: Any, criteria: Any, bounds: Any, _: int) -> Callable[[], int]:
    import polars as pl

    from benchmarks.peers.polars_settle import bits_of
    from benchmarks.peers.polars_verdicts import KINDS, verdict_of_number

    kind, form, standing, word = pl.col("kind"), pl.col("form"), pl.col("standing"), pl.col("word")
    by_word = (
        pl.when(pl.col("conforming_words") & word != 0).then(1).when(pl.col("failing_words") & word != 0).then(4)
        .when(pl.col("open_words") & word != 0).then(3).otherwise(0)
    )  # fmt: skip
    value = (
        pl.when(form.is_between(2, 7) & pl.col("has_limit")).then(verdict_of_number(form, pl.col("number")))
        .when(form == 1).then(by_word).otherwise(3)
    )  # fmt: skip
    verdict = (
        pl.when((standing == 5) | (form == 0)).then(0)
        .when(standing.is_between(2, 3) | (kind == 0)).then(3)
        .when(kind >= KINDS["karyotype"]).then(8)
        .when(kind == KINDS["report_only"]).then(1)
        .otherwise(value).cast(pl.UInt8)
    )  # fmt: skip
    query = (
        rows.lazy()
        .join(criteria.lazy(), on=["product", "line"])
        .join(bounds.lazy(), on=["slot", "unit"], how="left")
        .select("b", "spec", "mask", verdict=verdict)
        .group_by("b", "spec")
        .agg(bits_of("mask", "verdict"))
    )
    return lambda: int(query.collect(engine="streaming").height)


def _duckdb(rows: Any, criteria: Any, bounds: Any, threads: int) -> Callable[[], int]:
    import duckdb

    from benchmarks.peers.duckdb_rows import VERDICT_OF_NUMBER

    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")
    connection.execute("SET preserve_insertion_order = false")
    for name, frame in (("rows", rows), ("criteria", criteria), ("bounds", bounds)):
        connection.register("given", frame)
        connection.execute(f"CREATE TABLE {name} AS FROM given")
    query = f"""
        SELECT b, spec, bit_or(CASE verdict WHEN 1 THEN mask ELSE 0 END), bit_or(CASE verdict WHEN 2 THEN mask ELSE 0 END),
               bit_or(CASE verdict WHEN 3 THEN mask ELSE 0 END), bit_or(CASE verdict WHEN 4 THEN mask ELSE 0 END)
        FROM (
            SELECT b, spec, mask, CASE
                WHEN standing = 5 OR form = 0 THEN 0 WHEN standing BETWEEN 2 AND 3 OR kind = 0 THEN 3 WHEN kind >= 3 THEN 8
                WHEN kind = 2 THEN 1 WHEN form BETWEEN 2 AND 7 AND has_limit THEN {VERDICT_OF_NUMBER}
                WHEN form = 1 THEN CASE WHEN (conforming_words & word) <> 0 THEN 1 WHEN (failing_words & word) <> 0 THEN 4
                    WHEN (open_words & word) <> 0 THEN 3 ELSE 0 END
                ELSE 3 END AS verdict
            FROM rows JOIN criteria USING (product, line) LEFT JOIN bounds USING (slot, unit)
        ) GROUP BY b, spec
    """

    def run() -> int:
        connection.execute("CREATE OR REPLACE TABLE cells AS " + query)
        return int(connection.execute("SELECT count(*) FROM cells").fetchall()[0][0])

    return run


def _decoded(task: Task) -> tuple[Any, Any, Any]:
    """Return rows, criteria and limits as frames of numbers."""
    import polars as pl

    from benchmarks.peers.polars_decode import decode
    from benchmarks.peers.polars_keys import criteria_of, unpack
    from benchmarks.peers.polars_lazy import load
    from benchmarks.peers.polars_text import mask_of

    rules = load(task)
    decoded = decode(task, rules)
    parts = unpack(pl.col("key"), decoded.widths)
    signs = rules["units"].group_by("unit").agg(pl.col("never_negative").any())
    said = decoded.readings.select("reading", "form", "number", word=mask_of(pl.col("word")))
    rows = decoded.rows.with_columns(**{name: parts[name] for name in ("product", "line", "unit", "standing")})
    rows = rows.join(said, on="reading").select(
        "b", "form", "number", "word", product=pl.col("product").cast(pl.UInt16), line=pl.col("line").cast(pl.UInt16),
        unit=pl.col("unit").cast(pl.UInt16), standing=pl.col("standing").cast(pl.UInt8),
    )  # fmt: skip
    criteria = criteria_of(decoded, rules).select(
        "spec", "slot", "conforming_words", "open_words", "failing_words", "has_limit", "mask", "kind",
        product=pl.col("product").cast(pl.UInt16), line=pl.col("line").cast(pl.UInt16),
    )  # fmt: skip
    bounds = rules["bounds"].join(signs, on="unit").with_columns(unit=(pl.col("unit") + 1).cast(pl.UInt16))
    return rows, criteria, bounds


def _main(engine: str, task: str, report: str, threads: str, runs: str) -> None:
    rows, criteria, bounds = _decoded(Task.read(Path(task)))
    work = {"Polars": _polars, "DuckDB": _duckdb}[engine](rows, criteria, bounds, int(threads))
    work()
    seconds = []
    for _ in range(int(runs)):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    Path(report).write_text(json.dumps({"rows": rows.height, "seconds": median(seconds)}), encoding="utf-8")


if __name__ == "__main__":
    _main(*sys.argv[1:])
