"""One engine at work in a process of its own: `python -m benchmarks.worker MODULE TASK REPORT [FOLDER]`.

Times are taken apart: importing the engine and its libraries, loading the small tables of rules, and the work from the
files to dispositions and findings in memory. The peak of memory is read when the work is done; only then are the tables
written to FOLDER, if one is given, for comparison.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.peers.task import Task

if TYPE_CHECKING:
    import pyarrow as pa

    from benchmarks.peers.task import Outcome

__all__ = ["main", "peak_megabytes", "write_outcome"]


def main(module: str, task_path: str, report: str, folder: str = "") -> None:
    """Do one task with one engine and report its times."""
    task = Task.read(Path(task_path))
    started = time.perf_counter()
    engine: Any = import_module(f"benchmarks.peers.{module}")
    imported = time.perf_counter()
    rules = engine.load(task)
    loaded = time.perf_counter()
    processor = time.process_time()
    outcome = engine.judge(task, rules)
    done = time.perf_counter()
    figures = {
        "import seconds": imported - started,
        "rules seconds": loaded - imported,
        "work seconds": done - loaded,
        "processor seconds": time.process_time() - processor,
        "peak MB": peak_megabytes(),
        "notes": engine.NOTES,
    }
    if folder:
        write_outcome(engine.comparable(outcome) if hasattr(engine, "comparable") else outcome, Path(folder))
    Path(report).write_text(json.dumps(figures), encoding="utf-8")


def peak_megabytes() -> float:
    """Return the most memory that this process has held.

    On Linux VmHWM, because the resource usage there includes the memory of the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = [line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM")]
        return int(lines[0].split()[1]) / 1024
    divisor = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / divisor


def write_outcome(outcome: Outcome, folder: Path) -> None:
    """Write dispositions and findings as plain text columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    for name in ("dispositions", "findings"):
        table = pa.table(getattr(outcome, name))
        columns = {column: _text(table[column]) for column in table.column_names}
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    chunks = [
        chunk.dictionary.cast(pa.string()).take(chunk.indices)
        if pa.types.is_dictionary(chunk.type)
        else chunk.cast(pa.string())
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks, type=pa.string())


if __name__ == "__main__":
    main(*sys.argv[1:])
