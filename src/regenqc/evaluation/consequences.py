"""What has to be done because a result that was allowed to follow the release has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from regenqc.evaluation.evidence import ROW_BITS
from regenqc.evaluation.plan import STAGES
from regenqc.vocabulary import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.plan import Plan
    from regenqc.evaluation.settlement import SettledPart

__all__ = ["CONSEQUENCE_FILE", "consequence_batches"]

CONSEQUENCE_FILE: Final = pa.schema(
    [
        ("batch_id", pa.string()),
        ("spec_id", pa.string()),
        ("requirement_id", pa.string()),
        ("stage", pa.string()),
        ("action", pa.string()),
        ("within", pa.string()),
        ("citation", pa.string()),
        ("triggered_by_row", pa.int64()),
        ("source", pa.string()),
    ]
)


def consequence_batches(
    part: SettledPart,
    *,
    plan: Plan,
    rank: NDArray[np.int64],
    batch_ids: pa.StringArray,
    sources: Sequence[str],
    stage: int | None,
) -> Iterator[pa.RecordBatch]:
    """Yield the consequences of failing cells of some batches in order of batch, specification, stage and requirement.

    Args:
        part: settled cells of the batches.
        plan: slots of all specifications.
        rank: position of each batch code in the order of identifiers.
        batch_ids: identifier by batch code.
        sources: names of the sources.
        stage: the only stage wanted, `None` for all.
    """
    if not any(requirement.consequences for entry in plan.judged_by for requirement in entry.requirements):
        return
    failed: list[tuple[int, int, int, int, int, int]] = []
    for cells, judged_by in zip(part.settled, part.judged_by, strict=True):
        for column in cells.columns:
            if column.requirement >= 0 and (stage is None or column.stage == stage):
                rows = np.flatnonzero(column.verdict == Verdict.FAILS)
                batches = cells.batches[rows]
                failed += [
                    (rank_of, by, column.stage, column.requirement, batch, cells.specification)
                    for rank_of, by, batch in zip(
                        rank[batches].tolist(), judged_by[rows].tolist(), batches.tolist(), strict=True
                    )
                    if plan.judged_by[by].requirements[column.requirement].consequences
                ]
    if not failed:
        return
    first = _first_rows(part.findings, plan)
    names = [*sources, "(computed)"]
    entries = []
    for _, by, place, number, batch, family in sorted(failed):
        requirement = plan.judged_by[by].requirements[number]
        row = first.get((batch, family, number))
        # Rows of a table whose rows nobody numbered lie below zero.
        where = (None, "") if row is None or row < 0 else (row & ((1 << ROW_BITS) - 1), names[row >> ROW_BITS])
        if row is not None and row >> ROW_BITS == len(sources):
            where = (None, names[-1])  # computed rows have no number
        common = (batch_ids[batch].as_py(), plan.judged_by[by].id, requirement.id, STAGES[place].value)
        entries += [
            (*common, entry.action, entry.within or "", entry.citation, *where) for entry in requirement.consequences
        ]
    columns = [
        pa.array(column, type=entry.type)
        for column, entry in zip(zip(*entries, strict=True), CONSEQUENCE_FILE, strict=True)
    ]
    yield pa.record_batch(columns, schema=CONSEQUENCE_FILE)


def _first_rows(findings: pa.Table, plan: Plan) -> dict[tuple[int, int, int], int]:
    """Return the first failing row of every batch, family of specifications and requirement."""
    numbers = np.flatnonzero(findings["verdict"].to_numpy() == Verdict.FAILS)
    first: dict[tuple[int, int, int], int] = {}
    columns = (findings[name].to_numpy()[numbers].tolist() for name in ("batch", "slot", "row"))
    for batch, slot, row in zip(*columns, strict=True):
        entry = plan.slots[slot]
        key = (batch, entry.specification, entry.requirement)
        first[key] = min(row, first.get(key, row))
    return first
