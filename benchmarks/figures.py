"""Figures as they are saved, and as they are printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.engines import REGENQC

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.rounds import EngineFigure
    from benchmarks.workloads import Case

__all__ = ["case_figures", "print_case", "slopes"]


def case_figures(case: Case, found: Sequence[EngineFigure]) -> dict[str, Any]:
    """Return what is saved of a case."""
    own = found[0].median_of("work")
    return {
        "workload": case.workload,
        "label": case.label,
        "results": case.results,
        "specifications": case.specifications,
        "engines": [_engine_figures(figure, results=case.results, own=own) for figure in found],
    }


def _engine_figures(figure: EngineFigure, *, results: int, own: float) -> dict[str, Any]:
    work = figure.median_of("work")
    shown: dict[str, Any] = {
        "engine": figure.engine,
        "work s": work,
        "work s, shortest and longest": figure.spread,
        "times regenqc": work / own,
        "results/s": results / work,
        "import s": figure.median_of("imported"),
        "rules s": figure.median_of("rules"),
        "processor s": figure.median_of("processor"),
        "whole process s": figure.median_of("whole"),
        "peak MB": figure.peak_megabytes,
        "runs": len(figure.runs),
    }
    if figure.agreement is not None:
        shown["agreement"] = {
            "dispositions": figure.agreement.dispositions,
            "findings": figure.agreement.findings,
            "differing": figure.agreement.differing,
        }
    return shown


def print_case(figures: dict[str, Any]) -> None:
    """Print a case as a table."""
    print(
        f"    {'engine':<20}{'work s':>9}{'shortest':>10}{'longest':>9}{'× regenqc':>11}{'results/s':>13}"
        f"{'import s':>10}{'rules s':>9}{'process s':>11}{'CPU s':>8}{'peak MB':>9}  agreement"
    )
    for entry in figures["engines"]:
        shortest, longest = entry["work s, shortest and longest"]
        print(
            f"    {entry['engine']:<20}{entry['work s']:>9.3f}{shortest:>10.3f}{longest:>9.3f}{entry['times regenqc']:>11.2f}"
            f"{entry['results/s']:>13,.0f}{entry['import s']:>10.2f}{entry['rules s']:>9.2f}{entry['whole process s']:>11.2f}"
            f"{entry['processor s']:>8.2f}{entry['peak MB']:>9,.0f}  {_said(entry)}",
            flush=True,
        )


def _said(entry: dict[str, Any]) -> str:
    if entry["engine"] == REGENQC.name:
        return ""
    agreement = entry["agreement"]
    if agreement["differing"]:
        return f"{agreement['differing']:,} entries differ"
    return f"{agreement['dispositions']:,} dispositions and {agreement['findings']:,} findings equal"


def slopes(cases: Sequence[dict[str, Any]], name: str = "work s") -> dict[str, list[float]]:
    """Return for every engine by how much more than the size its time grows from one size to the next; 1 is linear."""
    found: dict[str, list[float]] = {}
    before: dict[str, tuple[int, float]] = {}
    for case in cases:
        for entry in case["engines"]:
            earlier = before.get(entry["engine"])
            if earlier is not None:
                growth = (entry[name] / earlier[1]) / (case["results"] / earlier[0])
                found.setdefault(entry["engine"], []).append(growth)
            before[entry["engine"]] = (case["results"], entry[name])
    return found
