"""The command as a user runs it: cold processes that write every output file."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from benchmarks.exports import AS_OF, repeated, results_in
from benchmarks.processes import time_process
from benchmarks.specification_sets import standard

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.workloads import Place

__all__ = ["command_figures"]

_MIDDLE, _TIMES = 1_000_000, 20


def command_figures(place: Place, *, runs: int) -> list[dict[str, Any]]:
    """Time `regenqc --help` and `regenqc evaluate` on one lot, a million results and, where wanted, twenty million.

    Args:
        place: of exports, and whether large ones are wanted.
        runs: counted runs of everything but the largest, which runs once.
    """
    exports: list[tuple[Path, int]] = [(place.one_lot(), runs), (place.export(_MIDDLE), runs)]
    if place.is_large:
        large = place.folder / f"repeated-{_TIMES}"
        if not large.exists():
            repeated(large, place.export(_MIDDLE), _TIMES)
        exports.append((large, 0))
    return [_timed("regenqc --help", ["--help"], None, runs), *(_evaluated(*entry, place.folder) for entry in exports)]


def _evaluated(export: Path, runs: int, work: Path) -> dict[str, Any]:
    suffix = "csv" if (export / "results.csv").exists() else "parquet"
    arguments = ["evaluate", str(export / f"results.{suffix}"), "--batches", str(export / f"batches.{suffix}")]
    arguments += ["--as-of", AS_OF, "--out", str(work / "out")]
    arguments += [part for entry in standard() for part in ("--spec", entry.id)]
    title = f"regenqc evaluate, {results_in(export):,} results from {suffix}, every output file"
    return _timed(title, arguments, work / "out", runs)


def _timed(title: str, arguments: list[str], out: Path | None, runs: int) -> dict[str, Any]:
    def clear() -> None:
        if out is not None:
            shutil.rmtree(out, ignore_errors=True)

    figure = time_process(arguments, runs=runs, before=clear)
    clear()
    print(
        f"    {title}: median {figure.median_seconds:.2f} s of {len(figure.seconds)} "
        f"({min(figure.seconds):.2f} to {max(figure.seconds):.2f}), peak {figure.peak_megabytes:,.0f} MB"
    )
    return {"command": title, "seconds": list(figure.seconds), "peak MB": figure.peak_megabytes}
