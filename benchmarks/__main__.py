"""Measure regenqc beside its peers: the same files, to the same verdicts, in the same run.

Every engine runs in processes of its own, in turn with the others; medians count. Every disposition and every finding of
every engine is compared with those of regenqc, and a single one that differs ends the run with exit code 1.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.commands import command_figures
from benchmarks.engines import ENGINES, engine_named
from benchmarks.exports import AS_OF
from benchmarks.figures import case_figures, print_case, slopes
from benchmarks.floor import READERS, bandwidth, decoding_seconds
from benchmarks.in_memory import IN_MEMORY, in_memory_figures
from benchmarks.karyotypes import time_karyotypes
from benchmarks.kernel import time_kernel
from benchmarks.machine import machine_line
from benchmarks.rounds import run_rounds
from benchmarks.specification_sets import standard
from benchmarks.statistics import time_statistics
from benchmarks.workloads import TITLES, Case, Place, cases_of, wanted_engines

if TYPE_CHECKING:
    from benchmarks.agreement import Agreement

SAVED = Path(__file__).resolve().parents[1] / "docs" / "benchmarks"
_KERNEL_RUNS = 15
_ROWS_OF_A_STATISTIC = 1_000_000
_KARYOTYPES = 100_000


def main() -> None:
    """Run the workloads named on the command line."""
    options = _options()
    engines = wanted_engines([engine_named(name).name for name in options.engines])
    left_out = [engine.name for engine in ENGINES if not engine.is_installed]
    figures: dict[str, Any] = {
        "machine": machine_line(),
        "versions": {engine.name: engine.versions for engine in engines},
        "notes": {},
        "cases": [],
    }
    print(figures["machine"])
    for engine in engines:
        print(f"{engine.name}: {engine.versions}")
    if left_out:
        print(f"not installed and left out: {', '.join(left_out)}")
    with tempfile.TemporaryDirectory(prefix="regenqc-bench-") as temporary:
        place = Place(Path(options.work or temporary), options.results, engines, is_large=options.large)
        disagreements = [
            disagreement
            for workload in options.workloads
            for disagreement in _run(workload, place, figures, runs=options.runs)
        ]
    print()
    for note, names in figures["notes"].items():
        print(f"{', '.join(names)}: {note}")
    if options.save:
        _save(figures, options.save)
    if disagreements:
        print("\nTHE ENGINES DISAGREE")
        print("\n".join(disagreements))
        raise SystemExit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--results", type=int, default=1_000_000, help="results of the main size, e.g. 10000000")
    parser.add_argument("--runs", type=int, default=5, help="counted runs of every engine")
    parser.add_argument(
        "--workloads",
        type=str.upper,
        default="".join(TITLES),
        help="letters: " + "; ".join(f"{k} {v}" for k, v in TITLES.items()),
    )
    parser.add_argument("--engines", nargs="*", default=[], help="by name; all that are installed when left out")
    parser.add_argument("--large", action="store_true", help="in E and R also 10^8 results")
    parser.add_argument(
        "--work", help="folder for exports, which are used again; needs 3 GB at 10^7 results, 5 GB with --large"
    )
    parser.add_argument(
        "--save",
        nargs="?",
        type=Path,
        const=SAVED,
        help="save figures and plots in this folder, docs/benchmarks when left out",
    )
    options = parser.parse_args()
    unknown = set(options.workloads) - set(TITLES)
    if unknown:
        parser.error(f"there is no workload {', '.join(sorted(unknown))}")
    return options


def _run(workload: str, place: Place, figures: dict[str, Any], *, runs: int) -> list[str]:
    """Run one workload, add to the figures, and return what engines disagree about."""
    print(f"\n{workload}  {TITLES[workload]}")
    disagreements: list[str] = []
    done: list[dict[str, Any]] = []
    for case in cases_of(workload, place):
        print(f"  {case.label}: {case.results:,} results, {case.specifications:,} specifications", flush=True)
        if workload == "K":
            figures["kernel"] = _kernel(case)
            continue
        outcomes = place.folder / "outcomes" / case.task.parent.name
        found = run_rounds(case.engines, case.task, outcomes, runs=runs)
        shutil.rmtree(outcomes)
        own = case_figures(case, found)
        print_case(own)
        done.append(own)
        for figure in found:
            for note in figure.runs[0].notes:
                names = figures["notes"].setdefault(note, [])
                names += [figure.engine] if figure.engine not in names else []
            disagreements += _disagreement(case, figure.engine, figure.agreement)
        if workload in {"P", "C"}:
            own["floor"] = _decoding(case, runs=runs)
    figures["cases"] += done
    if workload == "E":
        figures["commands"] = command_figures(place, runs=runs)
    if workload == "G":
        figures["science"] = _science(runs=runs)
    if workload == "R" and len(done) > 1:
        for engine, growth in slopes(done).items():
            print(f"  {engine}: time grows by {', '.join(f'{value:.2f}' for value in growth)} × the size")
    return disagreements


def _disagreement(case: Case, engine: str, agreement: Agreement | None) -> list[str]:
    if agreement is None or agreement.is_complete:
        return []
    title = f"{case.workload}, {case.label}: {engine} and regenqc differ in {agreement.differing:,} entries"
    return [title, *(f"    {example}" for example in agreement.examples)]


def _kernel(case: Case) -> dict[str, Any]:
    """Time the kernel, expressions of others on the same rows, and plain reading of the bytes."""
    own = time_kernel(case.folder, specifications=standard(), as_of=AS_OF, runs=_KERNEL_RUNS)
    for name, value in own.items():
        print(f"    regenqc  {name:<28}{value:>18,.1f}")
    figures: dict[str, Any] = {"regenqc": own, "peers": {}}
    best = max(value for name, value in own.items() if name.startswith("compiled"))
    for engine in IN_MEMORY:
        for threads in (1, 2):
            found = in_memory_figures(case.task, engine=engine, threads=threads, runs=5)
            speed = found["rows"] / found["seconds"]
            figures["peers"][f"{engine}, {threads} thread{'s' * (threads > 1)}"] = speed
            print(f"    {engine}, {threads} thread(s){speed:>30,.0f} results/s, regenqc on one {best / speed:,.1f} ×")
    megabytes = own["input bytes per row"] * own["rows"] / 1e6
    figures["floor"] = bandwidth(megabytes, runs=_KERNEL_RUNS)
    reading = figures["floor"]["read GB/s"] * 1e9 / own["input bytes per row"]
    print(
        f"    floor    {megabytes:,.0f} MB of kernel input: read {figures['floor']['read GB/s']:.1f} GB/s, "
        f"copy {figures['floor']['copy GB/s']:.1f} GB/s; reading the bytes once {reading / best:.1f} × as fast as the kernel"
    )
    return figures


def _decoding(case: Case, *, runs: int) -> dict[str, float]:
    path = next(case.folder.glob("results.*"))
    found = {reader: decoding_seconds(path, reader=reader, runs=runs) for reader in READERS}
    for reader, seconds in found.items():
        print(f"    floor    {reader} decodes the file alone in {seconds:.3f} s")
    return found


def _science(*, runs: int) -> dict[str, Any]:
    """Time statistics over a million rows each, and karyotypes."""
    seconds = time_statistics(rows=_ROWS_OF_A_STATISTIC, runs=runs)
    for name, value in seconds.items():
        print(f"    {name:<44}{value:>10.3f} s for a million")
    texts = time_karyotypes(texts=_KARYOTYPES, runs=runs)
    for name, value in texts.items():
        print(f"    karyotypes: {name:<34}{value:>14,.2f}")
    return {"statistics, s for a million": seconds, "karyotypes": texts}


def _save(figures: dict[str, Any], folder: Path) -> None:
    from benchmarks.plot import draw

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "figures.json").write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    draw(figures, folder)
    print(f"\nsaved under {folder}")


if __name__ == "__main__":
    main()
