"""Time `regenqc trend` on a million results: processor seconds of reading, charting and finding signals, and of writing.

Run `python -m benchmarks.trends`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

from regenqc.intake import read_batches, read_results
from regenqc.simulation import simulate
from regenqc.trends.analysis import analyse
from regenqc.trends.output import write_analysis

__all__ = ["time_trends"]

# Lots of the synthetic product that have about a million results.
_BATCHES = 33_160


def time_trends(*, batches: int, runs: int, seed: int = 11) -> dict[str, float]:
    """Return the median processor seconds of an analysis with and without attributes of lots, and of its files.

    Args:
        batches: lots to make.
        runs: counted runs, after one that is not.
        seed: of the lots.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(batches=batches, seed=seed, out=folder / "lots", file_format="parquet")
        results = read_results(str(folder / "lots" / "results.parquet"))
        listed = read_batches(str(folder / "lots" / "batches.parquet"))
        plain, compared, written = [], [], []
        for _ in range(runs + 1):
            started = time.process_time()
            analysis = analyse(results)
            plain.append(time.process_time() - started)
            started = time.process_time()
            analyse(results, batches=listed)
            compared.append(time.process_time() - started)
            started = time.process_time()
            write_analysis(analysis, folder / "out", results=results, batches=None)
            written.append(time.process_time() - started)
        return {
            "results": analysis.history.rows_read,
            "points": len(analysis.points.batch),
            "signals": len(analysis.signals),
            "analysis, s": median(plain[1:]),
            "analysis with attributes of lots, s": median(compared[1:]),
            "every file, s": median(written[1:]),
        }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trends", description=__doc__)
    parser.add_argument("--batches", type=int, default=_BATCHES, help="lots to make")
    parser.add_argument("--runs", type=int, default=3, help="counted runs")
    options = parser.parse_args()
    for name, value in time_trends(batches=options.batches, runs=options.runs).items():
        print(f"{name:<40}{value:>14,.2f}" if isinstance(value, float) else f"{name:<40}{value:>14,}")


if __name__ == "__main__":
    main()
