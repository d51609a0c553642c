"""Time whole processes: wall time and peak memory as the operating system accounts for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["EngineRun", "ProcessFigure", "run_engine", "run_module", "time_process"]

_ROOT = Path(__file__).resolve().parents[1]
# No engine may ask the network for anything, or report what it does.
_ENVIRONMENT = {"GX_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", "PYTHONUTF8": "1"}


@dataclass(frozen=True, slots=True)
class ProcessFigure:
    """Wall seconds of every run, and the largest peak memory in megabytes."""

    seconds: tuple[float, ...]
    peak_megabytes: float

    @property
    def median_seconds(self) -> float:
        """Return the median wall time."""
        return median(self.seconds)


@dataclass(frozen=True, slots=True)
class EngineRun:
    """One run of one engine in a fresh process, in seconds and megabytes.

    Args:
        imported: importing the engine and its libraries.
        rules: loading specifications or rule tables.
        work: from files to dispositions and findings in memory.
        processor: processor time of the work, over all cores.
        whole: wall time of the process, its start and end included.
        peak_megabytes: until the work was done.
        notes: what the engine leaves out, or has a near form of.
    """

    imported: float
    rules: float
    work: float
    processor: float
    whole: float
    peak_megabytes: float
    notes: tuple[str, ...]


def run_engine(module: str, task: Path, *, outcome: Path | None = None) -> EngineRun:
    """Do one task with one engine in a fresh process.

    Args:
        module: of `benchmarks.peers`.
        task: file with the task.
        outcome: folder for dispositions and findings; nothing is written without it.

    Raises:
        SystemExit: the engine failed.
    """
    with tempfile.TemporaryDirectory(prefix="regenqc-run-") as folder:
        report = Path(folder) / "report.json"
        arguments = [module, str(task), str(report), *([str(outcome)] if outcome else [])]
        whole = run_module("benchmarks.worker", arguments)
        figures = json.loads(report.read_text(encoding="utf-8"))
    return EngineRun(
        imported=figures["import seconds"],
        rules=figures["rules seconds"],
        work=figures["work seconds"],
        processor=figures["processor seconds"],
        whole=whole,
        peak_megabytes=figures["peak MB"],
        notes=tuple(figures["notes"]),
    )


def run_module(module: str, arguments: Sequence[str], *, environment: dict[str, str] | None = None) -> float:
    """Run a module of the benchmark in a fresh process and return its wall time.

    Raises:
        SystemExit: it failed.
    """
    own = {**os.environ, **_ENVIRONMENT, **(environment or {})}
    started = time.perf_counter()
    process = subprocess.run(
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False, cwd=_ROOT, env=own
    )
    elapsed = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"{module} {' '.join(arguments)} left with {process.returncode}:\n{process.stderr[-4000:]}")
    return elapsed


def time_process(arguments: Sequence[str], *, runs: int, before: Callable[[], None] = lambda: None) -> ProcessFigure:
    """Run `regenqc` with these arguments several times, after one run that is not counted.

    Args:
        arguments: of the command.
        runs: counted runs; 0 for a single run, which counts.
        before: called before each run, outside the measured time.
    """
    seconds, peak = [], 0.0
    for run in range(runs + 1):
        before()
        started = time.perf_counter()
        process = subprocess.run(
            [sys.executable, "-c", _LAUNCHER, *arguments], capture_output=True, text=True, check=False, cwd=_ROOT
        )
        elapsed = time.perf_counter() - started
        if process.returncode not in {0, 1}:
            raise SystemExit(f"regenqc {' '.join(arguments)} left with {process.returncode}: {process.stderr}")
        if run or not runs:
            seconds.append(elapsed)
            peak = max(peak, float(process.stderr.splitlines()[-1]))
    return ProcessFigure(tuple(seconds), peak)


# The peak is read by the process itself: what the operating system reports afterwards includes the memory of the process
# that started it.
_LAUNCHER = """
import sys
import atexit
from benchmarks.worker import peak_megabytes
from regenqc.cli.main import main

atexit.register(lambda: print(peak_megabytes(), file=sys.stderr))
main()
"""
