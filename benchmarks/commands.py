"""The command as a user runs it: cold processes that write every output file."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.exports import AS_OF, results_in
from benchmarks.processes import time_process
from benchmarks.specification_sets import standard
from regenqc.simulation import simulate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.workloads import Place

__all__ = ["command_figures", "example_export"]

_MIDDLE = 1_000_000
_SEED: Final = 11
# Batches of the example product that have about as many results, and the specifications that judge them.
_EXAMPLE_BATCHES: Final = (33_160, 663_000)
_EXAMPLE: Final = ("example/hipsc-bank", "example/hipsc-progenitors")


def command_figures(place: Place, *, runs: int) -> list[dict[str, Any]]:
    """Time `regenqc --help` and `regenqc evaluate` on one lot, a million results and, where wanted, a hundred million.

    Large histories are judged twice: those that peers can judge, and the example product with everything it asks for.

    Args:
        place: of exports, and whether large ones are wanted.
        runs: counted runs of everything but the largest, which runs once.
    """
    own = tuple(entry.id for entry in standard())
    judged: list[tuple[Path, tuple[str, ...], int]] = [
        (place.one_lot(), own, runs),
        (place.export(_MIDDLE), own, runs),
        (example_export(place.folder, _EXAMPLE_BATCHES[0]), _EXAMPLE, runs),
    ]
    if place.is_large:
        judged += [(place.largest(), own, 0), (example_export(place.folder, _EXAMPLE_BATCHES[1]), _EXAMPLE, 0)]
    return [_timed("regenqc --help", ["--help"], None, runs), *(_evaluated(*entry, place.folder) for entry in judged)]


def example_export(folder: Path, batches: int) -> Path:
    """Return the folder of a simulated export of the example product, as `regenqc simulate` writes it."""
    export = folder / f"example-{batches}"
    if not export.exists():
        with tempfile.TemporaryDirectory(prefix=".example-", dir=folder) as temporary:
            simulate(batches=batches, seed=_SEED, out=Path(temporary) / "export", file_format="parquet")
            (Path(temporary) / "export").rename(export)
    return export


def _evaluated(export: Path, specifications: Sequence[str], runs: int, work: Path) -> dict[str, Any]:
    suffix = "csv" if (export / "results.csv").exists() else "parquet"
    arguments = ["evaluate", str(export / f"results.{suffix}"), "--batches", str(export / f"batches.{suffix}")]
    arguments += ["--as-of", AS_OF, "--out", str(work / "out")]
    arguments += [part for entry in specifications for part in ("--spec", entry)]
    product = " of the example product" if specifications == _EXAMPLE else ""
    title = f"regenqc evaluate, {results_in(export):,} results{product} from {suffix}, every output file"
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
