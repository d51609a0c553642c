"""Time whole processes: wall time and peak memory as the operating system accounts for them."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["ProcessFigure", "time_process"]


@dataclass(frozen=True, slots=True)
class ProcessFigure:
    """Wall seconds of every run, and the largest peak memory in megabytes."""

    seconds: tuple[float, ...]
    peak_megabytes: float

    @property
    def median_seconds(self) -> float:
        """Return the median wall time."""
        return median(self.seconds)


def time_process(arguments: Sequence[str], *, runs: int, before: Callable[[], None] = lambda: None) -> ProcessFigure:
    """Run `regenqc` with these arguments several times, after one run that is not counted.

    Args:
        arguments: of the command.
        runs: counted runs.
        before: called before each run, outside the measured time.
    """
    seconds, peak = [], 0.0
    for run in range(runs + 1):
        before()
        started = time.perf_counter()
        process = subprocess.run(
            [sys.executable, "-c", _LAUNCHER, *arguments], capture_output=True, text=True, check=False
        )
        elapsed = time.perf_counter() - started
        if process.returncode not in {0, 1}:
            raise SystemExit(f"regenqc {' '.join(arguments)} left with {process.returncode}: {process.stderr}")
        if run:
            seconds.append(elapsed)
            peak = max(peak, int(process.stderr.splitlines()[-1]) / 1024)
    return ProcessFigure(tuple(seconds), peak)


# The peak is read by the process itself: what the operating system reports afterwards includes the memory of the process
# that started it. On Linux VmHWM, elsewhere the resource usage.
_LAUNCHER = """
import sys
from pathlib import Path
import atexit
from regenqc.cli.main import main

def report():
    status = Path("/proc/self/status")
    if status.exists():
        lines = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        print(lines[0].split()[1], file=sys.stderr)
    else:
        import resource
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)

atexit.register(report)
main()
"""
