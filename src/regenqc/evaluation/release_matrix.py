"""One lot, every market: dispositions of batches by several specifications, and the reasons of every one that is not eligible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from regenqc.vocabulary import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from regenqc.specification.model import Specification

__all__ = ["MatrixRow", "Obstacle", "ReleaseMatrix", "make_release_matrix"]


class Judged(Protocol):
    """What an evaluation offers, wherever it ran."""

    @property
    def specifications(self) -> Sequence[Specification]:
        """Specifications, in order."""
        ...

    def disposition_batches(self) -> Iterator[pa.RecordBatch]:
        """Dispositions, sorted."""
        ...

    def finding_batches(self, *, only: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Findings of some batches, or of all, sorted."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """One batch at one stage: a disposition by each specification, empty where that has no requirement there."""

    batch_id: str
    stage: str
    dispositions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """What keeps batches from being eligible under one specification.

    Args:
        specification: identifier.
        stage: where.
        reason: reason code.
        requirements: that are open for that reason.
        batches: how many batches have it.
    """

    specification: str
    stage: str
    reason: str
    requirements: tuple[str, ...]
    batches: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseMatrix:
    """Batches by specifications, for the first batches of a run."""

    specifications: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    obstacles: tuple[Obstacle, ...]
    left_out: int


def make_release_matrix(evaluation: Judged, *, batches: int = 20) -> ReleaseMatrix:
    """Set the dispositions of the first batches side by side.

    Args:
        evaluation: by any number of specifications, in one pass over the data.
        batches: how many batches to show at most; `left_out` counts the others.

    Example:
        >>> import pandas, regenqc
        >>> from regenqc.evaluation import evaluate
        >>> results = pandas.DataFrame({"batch_id": ["B1"], "test": ["viability"], "result": ["90"], "unit": ["%"]})
        >>> packs = [regenqc.load_specification(name) for name in ("us/investigational", "kr/product")]
        >>> judged = evaluate(results, packs, stage="drug_product_release", as_of="2026-11-01T00:00:00Z")
        >>> make_release_matrix(judged).rows[0].dispositions
        ('hold', 'hold')
    """
    names = tuple(dict.fromkeys(entry.id for entry in evaluation.specifications))
    cells: dict[str, dict[str, dict[str, str]]] = {}
    left_out: set[str] = set()
    for part in evaluation.disposition_batches():
        for row in part.select(["batch_id", "stage", "spec_id", "disposition"]).to_pylist():
            if row["batch_id"] not in cells and len(cells) >= batches:
                left_out.add(row["batch_id"])
                continue
            cells.setdefault(row["batch_id"], {}).setdefault(row["stage"], {})[row["spec_id"]] = row["disposition"]
    order = [stage.value for stage in Stage]
    rows = tuple(
        MatrixRow(batch_id=batch, stage=stage, dispositions=tuple(found.get(name, "") for name in names))
        for batch, stages in cells.items()
        for stage, found in sorted(stages.items(), key=lambda item: order.index(item[0]) if item[0] in order else -1)
    )
    return ReleaseMatrix(
        specifications=names, rows=rows, obstacles=_obstacles(evaluation, set(cells)), left_out=len(left_out)
    )


def _obstacles(evaluation: Judged, shown: set[str]) -> tuple[Obstacle, ...]:
    found: dict[tuple[str, str, str], tuple[dict[str, None], set[str]]] = {}
    columns = ["batch_id", "stage", "spec_id", "requirement_id", "reason_code", "verdict"]
    for part in evaluation.finding_batches(only=sorted(shown)):
        rows: list[dict[str, Any]] = part.select(columns).to_pylist()
        for row in rows:
            if row["verdict"] == "alert":
                continue
            requirements, batches = found.setdefault((row["spec_id"], row["stage"], row["reason_code"]), ({}, set()))
            requirements[row["requirement_id"]] = None
            batches.add(row["batch_id"])
    return tuple(
        Obstacle(specification=name, stage=stage, reason=reason, requirements=tuple(requirements), batches=len(batches))
        for (name, stage, reason), (requirements, batches) in found.items()
    )
