"""Results outside their limits, and what became of them: failures, invalidations, retests, corrections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from regenqc.review.latest import latest_findings, latest_results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.decision.evaluation_files import EvaluationFiles
    from regenqc.review.lots import LotsOfPeriod

__all__ = ["Failures", "RequirementFailures", "failures_of"]

_SHOWN: Final = (
    "batch_id", "stage", "test", "result", "unit", "status", "retest_of", "revision", "investigation_id", "invalidated_by",
    "assignable_cause",
)  # fmt: skip
# What rows say that are neither invalidated, nor revised, nor a retest.
_PLAIN: Final = {
    "status": ("", "verified", "preliminary", "unverified", "cancelled"),
    "retest_of": ("",),
    "revision": ("", "0", "1"),
}
_WORST: Final = ("fails", "inconclusive", "missing", "alert")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementFailures:
    """Cells of one requirement at one stage that do not simply conform, by verdict, and the lots that fail."""

    stage: str
    requirement_id: str
    limit: str
    counts: dict[str, int]
    failing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """What did not go as specified.

    Args:
        requirements: those with the most failures first.
        findings: every failing cell, by lot.
        invalidated: rows with that status.
        retests: rows that retest another.
        revised: rows with a revision above the first.
    """

    requirements: tuple[RequirementFailures, ...]
    findings: tuple[dict[str, Any], ...]
    invalidated: tuple[dict[str, Any], ...]
    retests: tuple[dict[str, Any], ...]
    revised: int


def failures_of(evaluations: Sequence[EvaluationFiles], lots: LotsOfPeriod) -> Failures:
    """Return the failures of the lots of a period, as the latest evaluation saw them.

    Args:
        evaluations: in any order.
        lots: those of the period count.
    """
    findings = latest_findings(evaluations, lots.lots)
    rows = [row for table in latest_results(evaluations, lots.lots) for row in _remarkable(table)]
    cells: dict[tuple[str, str, str, str], str] = {}
    limits: dict[tuple[str, str], str] = {}
    for row in findings:
        key = (row["stage"], row["requirement_id"], row["batch_id"], row["spec_id"])
        cells[key] = min(cells.get(key, "alert"), row["verdict"], key=_rank)
        limits.setdefault((row["stage"], row["requirement_id"]), row["limit"])
    grouped: dict[tuple[str, str], dict[str, list[str]]] = {}
    for (stage, requirement, batch_id, _), verdict in cells.items():
        grouped.setdefault((stage, requirement), {}).setdefault(verdict, []).append(batch_id)
    order = {batch_id: number for number, batch_id in enumerate(lots.lots)}
    requirements = [
        RequirementFailures(
            stage=stage,
            requirement_id=requirement,
            limit=limits[stage, requirement],
            counts={verdict: len(several) for verdict, several in by_verdict.items()},
            failing=tuple(sorted(set(by_verdict.get("fails", ())), key=order.__getitem__)),
        )
        for (stage, requirement), by_verdict in grouped.items()
    ]
    requirements.sort(
        key=lambda each: ([-each.counts.get(word, 0) for word in _WORST], each.stage, each.requirement_id)
    )
    return Failures(
        requirements=tuple(requirements),
        findings=tuple(
            sorted((row for row in findings if row["verdict"] == "fails"), key=lambda row: order[row["batch_id"]])
        ),
        invalidated=tuple(row for row in rows if row.get("status") == "invalidated"),
        retests=tuple(row for row in rows if row.get("retest_of")),
        revised=sum(row.get("revision", "") not in {"", "0", "1"} for row in rows),
    )


def _remarkable(results: pa.Table) -> list[dict[str, Any]]:
    """Return the rows that were invalidated, revised, or retest another."""
    kept = None
    for name, plain in _PLAIN.items():
        if name in results.column_names:
            usual = pc.is_in(results[name].cast(pa.string()), value_set=pa.array([*plain, None], pa.string()))
            kept = pc.invert(usual) if kept is None else pc.or_(kept, pc.invert(usual))
    if kept is None:
        return []
    rows = results.select([name for name in _SHOWN if name in results.column_names]).filter(kept).to_pylist()
    return [{name: value or "" for name, value in row.items()} for row in rows]


def _rank(verdict: str) -> int:
    return _WORST.index(verdict) if verdict in _WORST else len(_WORST)
