"""Time the verdict kernel alone, on the rows and the specifications of the synthetic product."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from regenqc.evaluation import evaluate, judge, kernel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from regenqc.specification import Specification

__all__ = ["time_kernel"]

_ROW_COLUMNS = ("batch", "line", "reading", "unit", "standing")


def time_kernel(folder: Path, *, specifications: Sequence[Specification], as_of: str, runs: int) -> dict[str, Any]:
    """Return rows per second of the compiled and the plain kernel on one core.

    The arguments are those of a real evaluation of `folder`, caught on their way into the kernel: units, rounding,
    censored results, words, alert limits, missing and superseded rows, rows handed on to karyotype, identity, replicates
    and derived results. Three orders of the same rows: as exported (shuffled within 20 lots), by batch, and by test.
    """
    caught: list[tuple[Any, ...]] = []
    original = judge.kernel_for

    def catching(rows: int, *, compiled: bool | None = None) -> Any:
        del compiled
        chosen = original(rows, compiled=True)

        def call(*arguments: Any) -> int:
            caught.append(arguments)
            return int(chosen(*arguments))

        return call

    judge.kernel_for = catching
    try:
        evaluate(
            str(folder / "results.parquet"),
            list(specifications),
            batches=str(folder / "batches.parquet"),
            as_of=as_of,
            chunk_rows=1_000_000,
        )
    finally:
        judge.kernel_for = original
    arguments = max(caught, key=lambda entry: entry[0].batch.size)
    rows = arguments[0]
    kept = np.flatnonzero(rows.standing != kernel.REFUSED)
    compiled = kernel.kernel_for(0, compiled=True)
    figures: dict[str, Any] = {"rows": int(kept.size)}
    orders = {
        "as exported": kept,
        "by batch": kept[np.lexsort((rows.line[kept], rows.batch[kept]))],
        "by test": kept[np.argsort(rows.line[kept], kind="stable")],
    }
    for name, order in orders.items():
        figures[f"compiled, {name}"] = kept.size / median(_times(compiled, _ordered(arguments, order), runs=runs))
    few = kept[:20_000]
    figures["reading the same bytes"] = kept.size / median(_times(_read, (arguments[0],), runs=runs))
    figures["plain, as exported"] = few.size / median(_times(kernel.judge_rows, _ordered(arguments, few), runs=1))
    bytes_read = sum(getattr(rows, name).nbytes for name in _ROW_COLUMNS)
    figures["input bytes per row"] = bytes_read / rows.batch.size
    return figures


def _ordered(arguments: tuple[Any, ...], order: np.ndarray) -> tuple[Any, ...]:
    rows = arguments[0]
    columns = {name: getattr(rows, name)[order] for name in _ROW_COLUMNS}
    return (rows._replace(**columns), *arguments[1:])


def _times(function: Any, arguments: tuple[Any, ...], *, runs: int) -> list[float]:
    function(*arguments)
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - started)
    return times


def _read(rows: Any) -> int:
    return sum(int(getattr(rows, name).sum()) for name in _ROW_COLUMNS)
