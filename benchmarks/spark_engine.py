"""Measure regenqc on Spark beside what Spark itself costs: `python -m benchmarks.spark_engine --batches 45600`.

The yardstick is an identity `mapInArrow` over the same columns with a grouped count: every row goes from Spark to Python
and back, and nothing is judged. Everything runs in one session, in turn, round after round; medians count. Seconds are
wall time; processor seconds are those of the driver, of Java and of all workers together, which other work on the machine
disturbs less. The files that Spark gives are compared with those of the local engine, byte by byte.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from benchmarks.machine import machine_line
from benchmarks.processes import time_process
from regenqc import evaluate as evaluate_locally
from regenqc import load_specification, read_batches, read_results, simulate
from regenqc.evaluation.disposition import DISPOSITION_SCHEMA
from regenqc.evaluation.output import EvaluationOutput
from regenqc.evaluation.table_files import TableFiles
from regenqc.spark import evaluate
from regenqc.spark.output import SparkOutput
from regenqc.spark.states import from_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyspark.sql import DataFrame, SparkSession

    from regenqc.spark import SparkEvaluation

AS_OF = "2026-06-30T00:00:00Z"
SPECIFICATIONS = ("example/hipsc-bank", "example/hipsc-progenitors")
SAVED = Path(__file__).resolve().parents[1] / "docs" / "benchmarks" / "spark.json"
TABLES = ("dispositions", "findings")


@dataclass(slots=True)
class Figure:
    """What one thing took, round by round."""

    seconds: list[float] = field(default_factory=list)
    processor_seconds: list[float] = field(default_factory=list)

    def measure(self, work: Callable[[], object]) -> None:
        """Do the work once and note what it took."""
        started, processor = time.perf_counter(), _processor_seconds()
        work()
        self.seconds.append(time.perf_counter() - started)
        self.processor_seconds.append(_processor_seconds() - processor)


def main() -> None:
    """Run the sizes named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spark_engine", description=__doc__)
    parser.add_argument(
        "--batches", type=int, nargs="+", default=[45_600], help="lots; 45600 are 1.0 million results, 456000 are 10"
    )
    parser.add_argument("--runs", type=int, default=3, help="counted rounds, after one that is not")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--memory", default="4g", help="of the Java process")
    parser.add_argument("--save", action="store_true", help=f"save the figures as {SAVED.name} under docs/benchmarks")
    options = parser.parse_args()
    figures: dict[str, Any] = {"machine": machine_line(), "cores": options.cores}
    print(figures["machine"])
    started = time.perf_counter()
    session = _session(options.cores, options.memory)
    figures["spark"] = session.version
    figures["start seconds"] = time.perf_counter() - started
    print(f"Spark {session.version}, local[{options.cores}], started in {figures['start seconds']:.1f} s")
    with tempfile.TemporaryDirectory(prefix="regenqc-bench-") as temporary:
        figures["sizes"] = [
            _size(session, Path(temporary), batches=batches, runs=options.runs) for batches in sorted(options.batches)
        ]
    if len(figures["sizes"]) > 1:
        figures["bytes per lot"] = _bytes_per_lot(*figures["sizes"][-2:])
        print(f"each lot more takes: {_listed(figures['bytes per lot'], 'bytes')}")
    if options.save:
        SAVED.parent.mkdir(parents=True, exist_ok=True)
        SAVED.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _session(cores: int, memory: str) -> SparkSession:
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(f"local[{cores}]").appName("benchmark")
    settings = {
        "spark.driver.memory": memory,
        "spark.log.level": "ERROR",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _size(session: SparkSession, work: Path, *, batches: int, runs: int) -> dict[str, Any]:
    export = work / f"export-{batches}"
    simulate(batches=batches, seed=1, out=export, file_format="parquet")
    path, listed = str(export / "results.parquet"), str(export / "batches.parquet")
    rows = pq.ParquetFile(path).metadata.num_rows
    specifications = [load_specification(name) for name in SPECIFICATIONS]
    out = work / "out"

    def identity() -> None:
        frame = _numbered(session, path)
        frame.mapInArrow(_identity, frame.schema).groupBy("batch_id").count().groupBy().sum("count").collect()

    def frame_to_tables() -> None:
        evaluation = evaluate(
            _numbered(session, path), specifications, batches=listed, as_of=AS_OF, row_number="row", source="file"
        )
        _write_tables(evaluation, out / "frame")

    def files_to_tables() -> None:
        evaluation = evaluate(path, specifications, batches=listed, as_of=AS_OF)
        _write_tables(evaluation, out / "files")

    def files_to_everything() -> None:
        results, table = read_results(path), read_batches(listed)
        with SparkOutput(out / "spark", results=results, batches=table) as output:
            evaluation = evaluate(results, specifications, batches=table, as_of=AS_OF, rows_folder=output.rows_folder)
            output.finish(evaluation)

    def local_to_everything() -> None:
        results, table = read_results(path), read_batches(listed)
        with EvaluationOutput(out / "local", results=results, batches=table) as output:
            output.finish(evaluate_locally(results, specifications, batches=table, as_of=AS_OF, on_rows=output.on_rows))

    steps = {
        "identity mapInArrow and grouped count": identity,
        "DataFrame to dispositions and findings": frame_to_tables,
        "files to dispositions and findings": files_to_tables,
        "files to every output file": files_to_everything,
        "local engine, every output file": local_to_everything,
    }
    found = {name: Figure() for name in steps}
    for round_ in range(runs + 1):
        for name, step in steps.items():
            shutil.rmtree(out, ignore_errors=True) if step is frame_to_tables else None
            found[name].measure(step)
        if round_ == 0:
            cold = {name: figure.seconds.pop() for name, figure in found.items()}
            for figure in found.values():
                figure.processor_seconds.clear()
    same = _same_bytes(out)
    peaks = {name: _peak_megabytes(process) for name, process in _processes().items()}
    peaks["local process"] = _local_peak(path, listed, out / "process")
    shutil.rmtree(export)
    yardstick = found["identity mapInArrow and grouped count"]
    print(f"\n{rows:,} results, {batches:,} lots; {runs} rounds; files equal byte by byte: {same}")
    print(f"  peak memory: {_listed(peaks, 'MB')}")
    figures: dict[str, Any] = {"results": rows, "lots": batches, "same bytes": same, "peak MB": peaks, "steps": {}}
    for name, figure in found.items():
        figures["steps"][name] = {
            "seconds": median(figure.seconds),
            "shortest": min(figure.seconds),
            "longest": max(figure.seconds),
            "processor seconds": median(figure.processor_seconds),
            "first round seconds": cold[name],
            "ratio": median(figure.seconds) / median(yardstick.seconds),
            "processor ratio": median(figure.processor_seconds) / median(yardstick.processor_seconds),
        }
        own = figures["steps"][name]
        print(
            f"  {name:<40}{own['seconds']:>8.2f} s ({own['shortest']:.2f} to {own['longest']:.2f}), "
            f"{own['ratio']:.2f} ×; processor {own['processor seconds']:>7.2f} s, {own['processor ratio']:.2f} ×; "
            f"first round {own['first round seconds']:.1f} s"
        )
    return figures


def _local_peak(path: str, listed: str, out: Path) -> float:
    """Return the peak memory of the local engine in a process of its own, with every output file."""
    arguments = ["evaluate", path, "--batches", listed, "--as-of", AS_OF, "--out", str(out), "--json"]
    arguments += [part for name in SPECIFICATIONS for part in ("--spec", name)]
    return time_process(arguments, runs=1, before=lambda: shutil.rmtree(out, ignore_errors=True)).peak_megabytes


def _bytes_per_lot(smaller: dict[str, Any], larger: dict[str, Any]) -> dict[str, float]:
    lots = larger["lots"] - smaller["lots"]
    return {
        name: (peak - smaller["peak MB"][name]) * 2**20 / lots
        for name, peak in larger["peak MB"].items()
        if name != "Java"  # Java takes what it is given
    }


def _listed(values: dict[str, float], unit: str) -> str:
    return ", ".join(f"{name} {value:,.0f} {unit}" for name, value in values.items())


def _identity(batches: Iterator[Any]) -> Iterator[Any]:
    yield from batches


def _numbered(session: SparkSession, path: str) -> DataFrame:
    from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's own documents use

    frame = session.read.parquet(path)
    return frame.select("*", (F.col("_metadata.row_index") + 1).alias("row"), F.lit(path).alias("file"))


def _write_tables(evaluation: SparkEvaluation, folder: Path) -> None:
    """Write dispositions and findings as the local engine does, in the order of the ranges."""
    folder.mkdir(parents=True)
    finished = evaluation.finished(TABLES).persist()
    evaluation.counts_in(finished)  # all ranges at once; afterwards they are fetched one by one
    with TableFiles(folder) as files:
        for row in finished.where("name <> 'counts'").toLocalIterator(prefetchPartitions=True):
            table = from_bytes(row["content"])
            plain = table.cast(DISPOSITION_SCHEMA) if row["name"] == "dispositions" else table
            for batch in plain.to_batches():
                files.write(row["name"], batch)
    finished.unpersist()
    evaluation.close()


def _same_bytes(out: Path) -> bool:
    names = ["dispositions.csv", "dispositions.parquet", "findings.csv", "findings.parquet"]
    wanted = {
        "frame": names,
        "files": names,
        "spark": [*names, "verdicts.parquet", "refused.csv", "report.html"],
    }
    return all(
        _digest(out / folder / name) == _digest(out / "local" / name) for folder in wanted for name in wanted[folder]
    )


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


# ---- the process tree, as Linux accounts for it ------------------------------------------------------------------------


def _tree() -> dict[int, list[str]]:
    """Return the fields of /proc/PID/stat behind the command, of this process and all below it."""
    found: dict[int, list[str]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = entry.read_text()
        except OSError:  # it has ended meanwhile
            continue
        found[int(entry.parent.name)] = text.rpartition(")")[2].split()
    kept, waiting = {}, [os.getpid()]
    while waiting:
        process = waiting.pop()
        kept[process] = found[process]
        waiting += [other for other, fields in found.items() if int(fields[1]) == process]
    return kept


def _processor_seconds() -> float:
    ticks = sum(int(value) for fields in _tree().values() for value in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def _processes() -> dict[str, int]:
    """Return the processes whose memory counts: Java, and the largest worker."""
    named: dict[str, list[int]] = {}
    for process in _tree():
        command = Path(f"/proc/{process}/cmdline").read_bytes()
        name = "Java" if b"java" in command.split(b"\0")[0] else "worker" if b"pyspark.daemon" in command else "driver"
        named.setdefault(name, []).append(process)
    return {name: max(processes, key=_peak_megabytes) for name, processes in named.items()}


def _peak_megabytes(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    main()
