"""Run engines in turn, round after round, so that what else happens on the machine meets them all alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.agreement import compare
from benchmarks.engines import REGENQC
from benchmarks.processes import run_engine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.agreement import Agreement
    from benchmarks.engines import Engine
    from benchmarks.processes import EngineRun

__all__ = ["EngineFigure", "run_rounds"]


@dataclass(frozen=True, slots=True)
class EngineFigure:
    """What one engine did in all rounds.

    Args:
        engine: name.
        runs: counted runs.
        agreement: with regenqc, `None` for regenqc itself.
    """

    engine: str
    runs: tuple[EngineRun, ...]
    agreement: Agreement | None

    def median_of(self, name: str) -> float:
        """Return the median of one part of the runs, by the name of the field."""
        return median(getattr(run, name) for run in self.runs)

    @property
    def spread(self) -> tuple[float, float]:
        """Return the shortest and the longest work."""
        return min(run.work for run in self.runs), max(run.work for run in self.runs)

    @property
    def peak_megabytes(self) -> float:
        """Return the largest peak of memory."""
        return max((run.peak_megabytes for run in self.runs), default=math.nan)


def run_rounds(
    engines: Sequence[Engine], task: Path, outcomes: Path, *, runs: int, tell: bool = True
) -> list[EngineFigure]:
    """Return the figures of engines doing the same task.

    Every engine runs once before the counted rounds; what it finds there is compared with what regenqc finds.

    Args:
        engines: regenqc first.
        task: file with the task.
        outcomes: folder for what the engines find.
        runs: counted rounds.
        tell: print every engine that is done with its first run.
    """
    agreements: dict[str, Agreement | None] = {}
    for engine in engines:
        folder = outcomes / engine.module
        run_engine(engine.module, task, outcome=folder)
        agreements[engine.name] = None
        if engine is not REGENQC:
            agreements[engine.name] = compare(outcomes / REGENQC.module, folder, names=(REGENQC.name, engine.name))
        if tell:
            print(f"    {engine.name} has run once", flush=True)
    found: dict[str, list[EngineRun]] = {engine.name: [] for engine in engines}
    for _ in range(runs):
        for engine in engines:
            found[engine.name].append(run_engine(engine.module, task))
    return [EngineFigure(name, tuple(entries), agreements[name]) for name, entries in found.items()]
