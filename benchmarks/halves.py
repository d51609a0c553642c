"""Measure what two processes for one evaluation would take: `python -m benchmarks.halves --results 10000000`.

Workload P is judged by one process; then its halves, over a clean cut, by two at once, without putting what they found in
order again. The steps are measured alone as well: of what is not done twice nothing can be saved. Each runs in a fresh process
and in turn; medians count.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from threading import Thread
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.exports import AS_OF, results_in, simulated
from benchmarks.machine import machine_line
from benchmarks.specification_sets import standard
from regenqc.evaluation.clean_cuts import find_clean_cuts
from regenqc.evaluation.engine import CHUNK_ROWS, evaluate
from regenqc.evaluation.findings import FINDING_COLUMNS
from regenqc.evaluation.kernel import load_compiled
from regenqc.intake.batches import read_batches
from regenqc.intake.parts import rows_between
from regenqc.intake.table import read_results
from regenqc.specification.attributes import attributes_used

if TYPE_CHECKING:
    from regenqc.evaluation.clean_cuts import CleanCuts
    from regenqc.intake.table import ResultTable

_ROOT = Path(__file__).resolve().parents[1]
ONE, BOTH, CUT, FIRST, SECOND = "one process", "two processes", "look for the cut", "first half", "second half"
_STEPS: Final = (ONE, BOTH, CUT, FIRST, SECOND)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.halves", description=__doc__)
    parser.add_argument("--results", type=int, default=1_000_000, help="results of the export, about")
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each step")
    parser.add_argument("--work", type=Path, help="folder for the export; kept")
    parser.add_argument("--child", choices=_STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--export", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _measure(options.child, options.export)
        return
    with tempfile.TemporaryDirectory(prefix="regenqc-bench-") as temporary:
        export = simulated((options.work or Path(temporary)) / f"parquet-{options.results}", options.results)
        print(machine_line())
        print(f"{results_in(export):,} results")
        _print(export, runs=options.runs)


def _print(export: Path, *, runs: int) -> None:
    found: dict[str, list[dict[str, float]]] = {step: [] for step in _STEPS}
    for _ in range(runs):
        for step, figures in found.items():
            arguments = [sys.executable, "-m", "benchmarks.halves", "--child", step, "--export", str(export)]
            done = subprocess.run(arguments, capture_output=True, text=True, check=True, cwd=_ROOT)
            figures.append(json.loads(done.stdout.splitlines()[-1]))
    for step, figures in found.items():
        seconds, processor = (median(each[key] for each in figures) for key in ("seconds", "processor seconds"))
        print(f"    {step}: {seconds:.1f} s, processor {processor:.1f} s")


def _measure(step: str, export: Path) -> None:
    """Take one step and print its time; what a half needs to know of the cut is found beforehand."""
    table = read_results(export / "results.parquet")
    cuts = _cuts(table) if step in {FIRST, SECOND} else None
    started, before = time.perf_counter(), _processor_seconds()
    if cuts is not None:
        half = [FIRST, SECOND].index(step)
        _judge(_half(table, cuts, half), export, (cuts.batch_ids[1], half == 1))
    elif step == CUT:
        _cuts(table)
    elif step == ONE:
        _judge(table, export, None)
    else:
        _judge_both(table, export)
    figures = {"seconds": time.perf_counter() - started, "processor seconds": _processor_seconds() - before}
    print(json.dumps(figures))


def _processor_seconds() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in (own, children))


def _cuts(table: ResultTable) -> CleanCuts:
    cuts = find_clean_cuts(table, parts=2, rows=CHUNK_ROWS)
    if cuts is None:
        raise SystemExit("The export has no clean cut.")
    return cuts


def _judge_both(table: ResultTable, export: Path) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        # The other process starts, and loads the kernel, while this one looks where to cut.
        loaded = pool.submit(load_compiled)
        Thread(target=load_compiled, daemon=True).start()
        cuts = _cuts(table)
        other = pool.submit(_judge, _half(table, cuts, 1), export, (cuts.batch_ids[1], True))
        _judge(_half(table, cuts, 0), export, (cuts.batch_ids[1], False))
        loaded.result()
        other.result()


def _half(table: ResultTable, cuts: CleanCuts, half: int) -> ResultTable:
    return rows_between(table, cuts.edges[half], cuts.edges[half + 1], counts=cuts.counts)


def _judge(results: ResultTable, export: Path, share: tuple[pa.StringArray, bool] | None) -> None:
    """Judge results to dispositions and findings in memory.

    Args:
        results: whole, or a half.
        export: where the batch table is.
        share: batches of the second half, and whether it is judged; batches without results belong to the first.
    """
    specifications = standard()
    listed = read_batches(export / "batches.parquet", only=attributes_used(specifications))
    if share is not None:
        is_in_second = pc.is_in(pa.array(listed.batch_ids, type=pa.string()), value_set=share[0])
        listed = listed.part(np.flatnonzero(is_in_second.to_numpy(zero_copy_only=False) == share[1]))
    evaluation = evaluate(results, specifications, batches=listed, as_of=AS_OF)
    pa.Table.from_batches(evaluation.finding_batches(), schema=FINDING_COLUMNS)


if __name__ == "__main__":
    main()
