"""What the machine can do: bandwidth on as many bytes as the kernel reads, and decoding of the same files by others alone.

Run as `python -m benchmarks.floor decode READER FILE REPORT` in a process of its own for each decoding.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.peers.task import RESULT_COLUMNS
from benchmarks.processes import run_module

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["READERS", "bandwidth", "decoding_seconds"]


def bandwidth(megabytes: float, *, runs: int) -> dict[str, float]:
    """Return how many gigabytes a second one core reads, and copies, of a block of that size.

    Reading is the sum of unsigned integers of 64 bits; copying counts every byte once, although it is read and written.
    """
    source = np.ones(max(1, round(megabytes * 1e6 / 8)), dtype=np.uint64)
    target = np.zeros_like(source)
    gigabytes = source.nbytes / 1e9
    return {
        "read GB/s": gigabytes / _median_seconds(lambda: np.add.reduce(source), runs=runs),
        "copy GB/s": gigabytes / _median_seconds(lambda: np.copyto(target, source), runs=runs),
    }


def _median_seconds(work: Callable[[], object], *, runs: int) -> float:
    work()
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return median(seconds)


def _read_with_pyarrow(path: str, columns: list[str]) -> None:
    if path.endswith(".csv"):
        import pyarrow as pa
        from pyarrow import csv

        types = dict.fromkeys(columns, pa.string())
        options = csv.ConvertOptions(include_columns=columns, column_types=types, strings_can_be_null=False)
        for _ in csv.open_csv(path, convert_options=options):
            pass
        return
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path, read_dictionary=columns)
    for number in range(file.num_row_groups):
        file.read_row_group(number, columns=columns)


def _read_with_duckdb(path: str, columns: list[str]) -> None:
    import duckdb

    source = (
        f"read_csv('{path}', all_varchar = true, header = true)" if path.endswith(".csv") else f"read_parquet('{path}')"
    )
    lengths = ", ".join(f"sum(strlen({name}))" for name in columns)
    duckdb.connect().execute(f"SELECT {lengths} FROM {source}").fetchall()


READERS = {"pyarrow": _read_with_pyarrow, "DuckDB": _read_with_duckdb}


def decoding_seconds(path: Path, *, reader: str, runs: int) -> float:
    """Return the median time in which a reader decodes what the rules ask of a file, in fresh processes and nothing else."""
    seconds = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="regenqc-floor-") as folder:
            report = Path(folder) / "report.json"
            run_module("benchmarks.floor", ["decode", reader, str(path), str(report)])
            seconds.append(json.loads(report.read_text(encoding="utf-8"))["seconds"])
    return median(seconds)


def _decode(reader: str, path: str, report: str) -> None:
    columns = list(RESULT_COLUMNS)
    # The library is imported before the clock runs.
    __import__("duckdb" if reader == "DuckDB" else "pyarrow.csv" if path.endswith(".csv") else "pyarrow.parquet")
    started = time.perf_counter()
    READERS[reader](path, columns)
    Path(report).write_text(json.dumps({"seconds": time.perf_counter() - started}), encoding="utf-8")


if __name__ == "__main__":
    _decode(*sys.argv[2:])
