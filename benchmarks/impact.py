"""Measure a change of a specification against history: `python -m benchmarks.impact --batches 663000`.

The same history is judged by one version alone, by two versions in one process, and by `regenqc spec impact`, each in a fresh
process and in turn; medians count. The history is simulated from a seed; the change tightens one limit. It is that of the
example product, or with `--history benchmark` that of the specifications of the other workloads, which ask for fewer
results of a lot: `--history benchmark --batches 1000000`.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.commands import example_export
from benchmarks.exports import AS_OF, RESULTS_PER_LOT, results_in, simulated
from benchmarks.machine import machine_line
from benchmarks.specification_sets import PRODUCT
from regenqc.resources import packaged_path
from regenqc.specification import load_specification

ROOT = Path(__file__).resolve().parents[1]
SAVED = ROOT / "docs" / "benchmarks"
OLD = "example/hipsc-progenitors"
EXAMPLE, BENCHMARK = "example", "benchmark"
ONE, TWO, COMMAND = "one version alone", "two versions, one process", "regenqc spec impact"


def main() -> None:
    """Print the figures, and save them where asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.impact", description=__doc__)
    parser.add_argument(
        "--batches", type=int, default=33_160, help="lots of the history, with some thirty results each, or 22.8"
    )
    parser.add_argument(
        "--history", choices=[EXAMPLE, BENCHMARK], default=EXAMPLE, help="thirty results of a lot, or 22.8"
    )
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each")
    parser.add_argument("--work", type=Path, help="folder for the history; kept")
    parser.add_argument("--save", action="store_true", help="write docs/benchmarks/impact.json")
    parser.add_argument("--child", choices=[ONE, TWO, COMMAND], help=argparse.SUPPRESS)
    parser.add_argument("--export", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _judge(options.child, options.export, versions=_versions(options.export.parent, options.history))
        return
    with tempfile.TemporaryDirectory(prefix="regenqc-bench-") as temporary:
        work = options.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        if options.history == EXAMPLE:
            export = example_export(work, options.batches)
        else:
            export = simulated(work / f"benchmark-{options.batches}", round(options.batches * RESULTS_PER_LOT))
        _write_tightened(*_versions(work, options.history))
        _print(export, options.batches, history=options.history, runs=options.runs, is_saved=options.save)


def _print(export: Path, batches: int, *, history: str, runs: int, is_saved: bool) -> None:
    found: dict[str, list[dict[str, float]]] = {ONE: [], TWO: [], COMMAND: []}
    for _ in range(runs):
        for name, figures in found.items():
            arguments = [sys.executable, "-m", "benchmarks.impact", "--child", name, "--export", str(export)]
            arguments += ["--history", history]
            done = subprocess.run(arguments, capture_output=True, text=True, check=True, cwd=ROOT)
            figures.append(json.loads(done.stdout.splitlines()[-1]))
    print(machine_line())
    print(f"{results_in(export):,} results of {batches:,} lots")
    medians = {
        name: {key: median(each[key] for each in figures) for key in figures[0]} for name, figures in found.items()
    }
    for name, figure in medians.items():
        print(
            f"    {name}: {figure['seconds']:.1f} s, processor {figure['processor seconds']:.1f} s, "
            f"peak of a process {figure['peak MB']:,.0f} MB"
            + (
                f", {figure['changed']:,.0f} of {figure['judged']:,.0f} dispositions change"
                if figure["changed"]
                else ""
            )
        )
    for key in ("seconds", "processor seconds"):
        print(f"    two versions over one, {key}: {medians[TWO][key] / medians[ONE][key]:.2f}")
    if is_saved:
        document = {
            "machine": machine_line(),
            "history": history,
            "results": results_in(export),
            "lots": batches,
            "medians": medians,
        }
        (SAVED / "impact.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _versions(folder: Path, history: str) -> tuple[Path, Path]:
    """Return the files of the version in force, and of the one that is to replace it, in a folder."""
    if history == BENCHMARK:
        return ROOT / PRODUCT, folder / "tightened-benchmark.toml"
    return packaged_path("specs") / f"{OLD}.toml", folder / "tightened.toml"


def _write_tightened(old: Path, new: Path) -> None:
    before = 'min = "80", unit = "%"'
    new.write_text(old.read_text(encoding="utf-8").replace(before, 'min = "87", unit = "%"', 1), encoding="utf-8")


def _judge(name: str, export: Path, *, versions: tuple[Path, Path]) -> None:
    files = {"batches": export / "batches.parquet", "as_of": AS_OF}
    changed = judged = 0
    started = time.perf_counter()
    if name == COMMAND:
        arguments = ["spec", "impact", *map(str, versions), "--json"]
        arguments += [
            "--results",
            str(export / "results.parquet"),
            "--batches",
            str(files["batches"]),
            "--as-of",
            AS_OF,
        ]
        done = subprocess.run(
            [sys.executable, "-m", "regenqc", *arguments], capture_output=True, text=True, check=False
        )
        told = json.loads(done.stdout)
        changed, judged = len(told["changed"]), told["judged"]
    elif name == TWO:
        from regenqc.evaluation.impact import assess_impact

        impact = assess_impact(export / "results.parquet", *map(load_specification, versions), **files)
        changed, judged = len(impact.changed), impact.judged
    else:
        from regenqc.evaluation import evaluate

        judged = evaluate(
            export / "results.parquet", load_specification(versions[0]), **files
        ).disposition_table.num_rows
    seconds = time.perf_counter() - started
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    processor = sum(each.ru_utime + each.ru_stime for each in (own, children))
    peak = max(own.ru_maxrss, children.ru_maxrss) / 1024
    figures = {
        "seconds": seconds,
        "processor seconds": processor,
        "peak MB": peak,
        "changed": changed,
        "judged": judged,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
