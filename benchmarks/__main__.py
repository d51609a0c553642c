"""Measure regenqc and print what was measured; `python -m benchmarks --batches 60000`."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.kernel import time_kernel
from benchmarks.machine import machine_line
from benchmarks.processes import ProcessFigure, time_process
from regenqc import load_specification, simulate

AS_OF = "2026-06-30T00:00:00Z"
SPECIFICATIONS = ("example/hipsc-bank", "example/hipsc-progenitors")
SAVED = Path(__file__).resolve().parents[1] / "docs" / "benchmarks"


def main() -> None:
    """Run the benchmarks named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--batches", type=int, default=45_600, help="lots of the middle size (45600 are 1.0 million results)"
    )
    parser.add_argument("--large", type=int, default=0, help="lots of the memory run (912000 are 20 million results)")
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each process")
    parser.add_argument("--save", action="store_true", help="save the figures under docs/benchmarks")
    options = parser.parse_args()
    figures: dict[str, Any] = {"machine": machine_line()}
    print(figures["machine"])
    with tempfile.TemporaryDirectory(prefix="regenqc-bench-") as temporary:
        work = Path(temporary)
        figures["start"] = _start(work, runs=options.runs)
        middle = work / "middle"
        simulate(batches=options.batches, seed=1, out=middle, file_format="parquet")
        figures["kernel"] = time_kernel(
            middle, specifications=[load_specification(name) for name in SPECIFICATIONS], as_of=AS_OF, runs=15
        )
        for name, value in figures["kernel"].items():
            print(f"kernel  {name:<24} {value:>16,.1f}" + ("  results/s" if "," in name else ""))
        figures["parquet"] = _evaluate(middle, work, runs=options.runs)
        if options.large:
            large = work / "large"
            simulate(batches=options.large, seed=1, out=large, file_format="parquet")
            figures["large parquet"] = _evaluate(large, work, runs=1)
    if options.save:
        SAVED.mkdir(parents=True, exist_ok=True)
        (SAVED / "engine.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _start(work: Path, *, runs: int) -> dict[str, Any]:
    help_ = time_process(["--help"], runs=runs)
    _say("regenqc --help", help_)
    export = _twenty_rows(work)
    one = time_process(
        ["evaluate", str(export), "--spec", "example/car-t-ari-0001", "--out", str(work / "one")],
        runs=runs,
        before=lambda: shutil.rmtree(work / "one", ignore_errors=True),
    )
    _say("evaluate, one batch of 20 rows, cold process", one)
    return {
        "help seconds": help_.median_seconds,
        "one batch seconds": one.median_seconds,
        "one batch MB": one.peak_megabytes,
    }


def _twenty_rows(work: Path) -> Path:
    from regenqc.resources import packaged_path

    lines = (packaged_path("sample_data") / "published" / "ari-0001" / "results.csv").read_text().splitlines()
    own = [line for line in lines[1:] if line.startswith(lines[1].split(",")[0])]
    export = work / "one.csv"
    export.write_text("\n".join([lines[0], *(own * 20)[:20]]) + "\n")
    return export


def _evaluate(folder: Path, work: Path, *, runs: int) -> dict[str, Any]:
    import pyarrow.parquet as pq

    rows = pq.ParquetFile(folder / "results.parquet").metadata.num_rows
    out = work / "out"
    arguments = ["evaluate", str(folder / "results.parquet"), "--batches", str(folder / "batches.parquet")]
    arguments += [part for name in SPECIFICATIONS for part in ("--spec", name)]
    arguments += ["--as-of", AS_OF, "--out", str(out), "--json"]
    figure = time_process(arguments, runs=runs, before=lambda: shutil.rmtree(out, ignore_errors=True))
    _say(f"evaluate, {rows:,} rows of Parquet to every output file", figure)
    return {
        "rows": rows,
        "seconds": figure.median_seconds,
        "seconds per million rows": figure.median_seconds / rows * 1e6,
        "peak MB": figure.peak_megabytes,
    }


def _say(what: str, figure: ProcessFigure) -> None:
    print(
        f"{what}: median {figure.median_seconds:.2f} s of {len(figure.seconds)} "
        f"({min(figure.seconds):.2f} to {max(figure.seconds):.2f}), peak {figure.peak_megabytes:,.0f} MB"
    )


if __name__ == "__main__":
    main()
